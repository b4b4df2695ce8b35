"""Reads rule packs and checks each rule against the profiles and devices that it will watch."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pydantic_core import InitErrorDetails, PydanticCustomError

from gateway.core import yamlfile
from gateway.core.document import Document, KeyPath
from gateway.core.explain import explain, nearest, validated
from gateway.core.findings import Finding
from gateway.core.library import unknown_profile
from rules.book import check_rules
from rules.lint.conflicts import conflicts
from rules.lint.defaults import lint_rules
from rules.lint.pace import pace_problems
from rules.rule import ANY_PROFILE, Pack, Rule
from rules.vocabulary import Vocabulary


class Pace(NamedTuple):
    """How often the fastest device of a profile delivers, and how often rules look."""

    period_s: float
    tick_s: float


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of rules. Of a file that is wrong in part, `pack` has the good rules, so that all problems are told."""

    document: Document
    pack: Pack
    places: tuple[int, ...]
    """Where each rule of the pack stands in the file."""
    named: bool
    """The configuration lists the file itself, not its folder."""

    def rules(self) -> Iterator[tuple[KeyPath, Rule]]:
        """Each rule and its path in the file."""
        for place, rule in zip(self.places, self.pack.rules, strict=True):
            yield ("rules", place), rule


@dataclass(slots=True)
class Packs:
    """The rule files that can be read, and what is wrong with them and the others."""

    files: list[PackFile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def rules_for(self, profile: str) -> tuple[Rule, ...]:
        """The rules that watch the devices of a profile, in the order of the files."""
        return tuple(rule for file in self.files for rule in file.pack.rules_of(profile).values())


def read_packs(config: Document, folder: Path, entries: Iterable[str]) -> Packs:
    """Read the packs that the configuration lists: files, or folders of them (their *.test.yaml are not packs)."""
    packs = Packs()
    for index, entry in enumerate(entries):
        path = folder / entry
        if not path.exists():
            problem = PydanticCustomError("no_rules_there", "there is no file or folder {path}", {"path": str(path)})
            packs.findings.append(config.finding(problem, ("rules", index)))
            continue
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            if not file.name.endswith(".test.yaml"):
                _read(packs, yamlfile.read(file), named=not path.is_dir())
    packs.findings += _duplicate_ids(packs.files)
    return packs


def check_packs(
    packs: Packs,
    profiles: Collection[str],
    policies: Collection[str],
    vocabularies: Mapping[str, Vocabulary],
    pace: Mapping[str, Pace] = MappingProxyType({}),
) -> list[Finding]:
    """What is wrong with the rules, given all profiles and policies, and the words of each profile in use."""
    found = [
        finding
        for file in packs.files
        for finding in (*_names(file, profiles, policies), *_seasons(file), *_conditions(file, vocabularies, pace))
    ]
    # A rule for every profile is checked once per profile and says the same each time.
    return list({(f.file, f.line, f.column, f.kind, f.message()): f for f in found}.values())


def _read(packs: Packs, document: Document, *, named: bool) -> None:
    packs.findings += document.problems
    if document.data is None:
        return
    pack, problems = validated(Pack, document)
    packs.findings += problems
    if pack is not None:
        packs.files.append(PackFile(document, pack, tuple(range(len(pack.rules))), named))
    elif isinstance(profile := document.at(("profile",)), str):
        good = dict(_good_rules(document))
        packs.files.append(PackFile(document, Pack(profile=profile, rules=tuple(good.values())), tuple(good), named))


def _good_rules(document: Document) -> Iterator[tuple[int, Rule]]:
    raw = document.at(("rules",))
    for index in range(len(raw) if isinstance(raw, list) else 0):
        rule, problems = validated(Rule, document, ("rules", index))
        if not problems:
            yield index, rule


def _duplicate_ids(files: Iterable[PackFile]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for file in files:
        for place, rule in file.rules():
            path = (*place, "id")
            if rule.id in first:
                context = {"id": rule.id, "place": first[rule.id]}
                problem = PydanticCustomError("duplicate_rule", "{id} is already the rule of {place}", context)
                yield file.document.finding(problem, path)
            first.setdefault(rule.id, f"{file.document.path}:{file.document.line(path)}")


def _names(file: PackFile, profiles: Collection[str], policies: Collection[str]) -> Iterator[Finding]:
    """Profiles and policies that do not exist."""
    known = {*profiles, ANY_PROFILE}
    if file.pack.profile not in known:
        yield file.document.finding(unknown_profile(file.pack.profile, profiles), ("profile",))
    for place, rule in file.rules():
        if rule.profile is not None and rule.profile not in known:
            yield file.document.finding(unknown_profile(rule.profile, profiles), (*place, "profile"))
        if rule.policy is not None and rule.policy not in policies:
            context = {"name": rule.policy, **nearest(rule.policy, policies)}
            problem = PydanticCustomError("unknown_policy", "there is no policy {name}", context)
            yield file.document.finding(problem, (*place, "policy"))


def _seasons(file: PackFile) -> Iterator[Finding]:
    """Rules ahead of no season."""
    if file.document.at(("season",)) is not None:
        return
    for place, rule in file.rules():
        if rule.ahead_s is not None and rule.season is None:
            problem = PydanticCustomError("ahead_of_nothing", "neither this rule nor its file has a season")
            yield file.document.finding(problem, (*place, "ahead"), "key")


def _conditions(file: PackFile, vocabularies: Mapping[str, Vocabulary], pace: Mapping[str, Pace]) -> Iterator[Finding]:
    """What the rules themselves find wrong, contradictory or pointless, in their expressions and texts."""
    for profile, vocabulary in vocabularies.items():
        rules = file.pack.rules_of(profile)
        places = [file.places[index] for index in rules]
        errors = check_rules(list(rules.values()), vocabulary)
        # A rule that is there twice has been told with the place of the first one.
        yield from (f for f in explain(_in_file(errors, places), file.document) if f.kind != "duplicate_rule")
        wrong = {error.get("loc", (0,))[0] for error in errors}
        right = {index: rule for index, rule in enumerate(rules.values()) if index not in wrong}
        found = conflicts(right, vocabulary)
        severe = [conflict.details for conflict in found if conflict.severe]
        remarks = [conflict.details for conflict in found if not conflict.severe]
        if profile in pace:
            remarks += pace_problems(right, vocabulary, *pace[profile])
        yield from explain(_in_file(severe, places), file.document)
        yield from explain(_in_file(remarks, places), file.document, severity="warning")
    pointless = _in_file(lint_rules(file.pack.rules), file.places)
    yield from explain(pointless, file.document, severity="warning")


def _in_file(errors: Iterable[InitErrorDetails], places: Sequence[int]) -> list[InitErrorDetails]:
    """The errors of some of a file's rules, located in the file."""
    located = []
    for error in errors:
        index, *rest = error.get("loc", (0,))
        loc = ("rules", places[int(index)], *rest)
        located.append(InitErrorDetails(type=error["type"], loc=loc, input=error.get("input")))
    return located
