"""docs/reference/packs: a page for each pack that comes with the program, and the list of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import get_args

import yaml

import rules
from drivers.device import Point
from gateway.cli.reference.files import built_in
from gateway.cli.reference.markdown import anchor, code, page, table, words
from gateway.cli.reference.sentence import columns_in, names_in, said_point, sentence, vocabulary_of
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.types import Level
from gateway.tickets.names import status
from gateway.tickets.raising import DEFAULT_POLICY
from gateway.workbench.testing.testfile import RuleTest, RuleTests
from rules.duration import time_of_day, written
from rules.language.limits import Limit, limits
from rules.rule import ANY_PROFILE, LevelName, Pack, Rule, Status

FOLDERS = ("packs", "overlays")
STATUSES: tuple[Status, ...] = get_args(Status)
NEAR_MISSES = 3
"""So many of a rule's near misses are named on its page."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A pack with its tests; `intro` is the comment that opens its file."""

    name: str
    place: str
    intro: str
    pack: Pack
    tests: tuple[RuleTest, ...]

    def firing(self, rule: str) -> list[str]:
        """Names of the tests in which the rule fires or becomes red."""
        return [t.name for t in self.tests if any(e.rule == rule and (e.fired or e.escalated) for e in t.expect)]

    def quiet(self, rule: Rule) -> list[str]:
        """Names of its near misses, those that name it first: all it reads is played, and it may do nothing."""
        found = [test for test in self.tests if _never(test, rule.id) or self._near_miss(test, rule)]
        return [test.name for test in sorted(found, key=lambda test: (not _never(test, rule.id), bool(test.expect)))]

    def _near_miss(self, test: RuleTest, rule: Rule) -> bool:
        profile = rule.profile or self.pack.profile
        if profile not in (ANY_PROFILE, test.profile) or rule.id in test.ignore:
            return False
        points = _profiles().get(profile, {})
        read = {*(names_in(rule.conditions, points) & points.keys()), *columns_in(rule.conditions, points)}
        said = {"score": test.scores, "health": test.health, "others": test.others}
        played = {*test.series, *(f"{what}.{name}" for what, names in said.items() for name in names)}
        return read <= played and all(expected.rule != rule.id for expected in test.expect)


@cache
def shipped() -> tuple[Shipped, ...]:
    """All packs that come with the program, in order of their names."""
    root = Path(rules.__file__).parent
    files = [file for folder in FOLDERS for file in sorted((root / folder).glob("*.yaml"))]
    return tuple(_read(file) for file in files if not file.name.endswith(".test.yaml"))


def pack_pages() -> Mapping[str, Callable[[], str]]:
    """The pages by file name."""
    pages: dict[str, Callable[[], str]] = {f"packs/{each.name}.md": partial(pack_page, each) for each in shipped()}
    return {"packs/index.md": index_page, **pages}


def index_page() -> str:
    """What there is, and how far it is checked."""
    head = ("pack", "devices", "rules", *STATUSES)
    rows = [(f"[{s.name}]({s.name}.md)", _devices(s.pack), str(len(s.pack.rules)), *_counts(s.pack)) for s in shipped()]
    total = [str(sum(int(row[i]) for row in rows)) for i in range(2, len(head))]
    meanings = [(code(each), status(each, "en"), status(each, "zh")) for each in STATUSES]
    blocks = [words("intros")["packs"], table(head, [*rows, ("all", "", *total)])]
    blocks += ["## How far a figure is checked", words("intros")["packs_status"]]
    blocks += [table(("status", "on a ticket", "in Chinese"), meanings)]
    return page("Rule packs", *blocks, words("intros")["packs_override"].replace("PACKS", _with_own()))


def pack_page(shipped: Shipped) -> str:
    """Every rule of a pack."""
    head = ("rule", "level", "figure", "status")
    rows = [row for rule in shipped.pack.rules for row in _overview(rule, _points(shipped.pack, rule))]
    counts = zip(_counts(shipped.pack), STATUSES, strict=True)
    summary = ", ".join(f"{count} {each}" for count, each in counts if count != "0")
    facts = f"Devices: {_devices(shipped.pack)}. Rules: {summary}. Source: `{shipped.place}`; [all packs](index.md)."
    sections = [_section(shipped, rule) for rule in shipped.pack.rules]
    return page(f"Pack {shipped.name}", shipped.intro, facts, table(head, rows), *sections)


def _with_own() -> str:
    """How a site lists the packs with a copy of its own."""
    theirs = [each.place for each in shipped() if each.place.startswith(f"rules/{FOLDERS[0]}/")]
    own = [
        place.replace("rules/packs", "site-rules") if place.endswith("/pump-set.yaml") else place for place in theirs
    ]
    return "\n".join(["rules:", *(f"  - {place}" for place in own)])


def _read(file: Path) -> Shipped:
    text = file.read_text("utf-8")
    opening = [line.removeprefix("#").strip() for line in text.partition("profile:")[0].splitlines()]
    tests = file.with_name(f"{file.stem}.test.yaml")
    found = RuleTests.model_validate(yaml.safe_load(tests.read_text("utf-8"))).tests if tests.exists() else ()
    pack = Pack.model_validate(yaml.safe_load(text))
    return Shipped(file.stem, f"rules/{file.parent.name}/{file.name}", " ".join(opening).strip(), pack, found)


def _never(test: RuleTest, rule: str) -> bool:
    return any(expected.rule == rule and expected.never for expected in test.expect)


@cache
def _profiles() -> Mapping[str, Mapping[str, Point]]:
    found = read_profiles([BUILT_IN], built_in()).profiles
    return {name: {point.name: point for point in profile.points} for name, profile in found.items()}


def _points(pack: Pack, rule: Rule) -> Mapping[str, Point]:
    return _profiles().get(rule.profile or pack.profile, {})


def _devices(pack: Pack) -> str:
    return "all" if pack.profile == ANY_PROFILE else code(pack.profile)


def _counts(pack: Pack) -> list[str]:
    found = Counter(rule.status for rule in pack.rules)
    return [str(found[each]) for each in STATUSES]


def _overview(rule: Rule, points: Mapping[str, Point]) -> Iterator[tuple[str, str, str, str]]:
    vocabulary = vocabulary_of(rule.conditions, points)
    for name, level in rule.levels.items():
        found = limits(level.when, vocabulary)
        figure = "; ".join(map(_figure, found)) or sentence(level.when, points, vocabulary)
        after = f", after {written(level.for_s)}" if level.for_s else ", at once"
        yield f"[{rule.id}]({anchor(rule.id)})", name + after, figure, rule.status or ""


def _figure(limit: Limit) -> str:
    operator = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"}[limit.operator]
    if limit.rating:
        bound = f"{limit.number:g} × {limit.rating}"
    elif limit.unit == "s" and limit.times > 1:
        bound = written(limit.number * limit.times)
    else:
        bound = f"{limit.number:g} {limit.unit or ''}".strip()
    return f"{code(limit.quantity)} {operator} {bound}"


def _section(shipped: Shipped, rule: Rule) -> str:
    points = _points(shipped.pack, rule)
    vocabulary = vocabulary_of(rule.conditions, points)
    facts = [_level(rule, name, sentence(rule.levels[name].when, points, vocabulary)) for name in rule.levels]
    facts.append(_over(rule, sentence(rule.clear, points, vocabulary) if rule.clear else ""))
    named = names_in(rule.conditions, points)
    reads = "; ".join(_reading(name, points) for name in points if name in named)
    facts += [f"**Reads**: {reads}."] if reads else []
    if vocabulary.ratings:
        facts.append(f"**Ratings of the device**: {', '.join(map(code, vocabulary.ratings))}.")
    if rule.doubts:
        facts.append(
            f"**Doubts**, as far as the way in which it fired names them: {', '.join(map(code, rule.doubts))}."
        )
    checked = f"`{rule.status}` ({status(rule.status, 'en')})" if rule.status else "none"
    facts += [f"**Standard**: {rule.basis.get('en', '')}<br>{rule.basis.get('zh', '')}", f"**Status**: {checked}"]
    facts.append(f"**Class**: {code(rule.kind or rule.id)}, **policy**: {_policy(rule)}")
    facts.append(f"**Advice**: {rule.advice.get('en', '')}<br>{rule.advice.get('zh', '')}")
    facts += [f"**Fires in the test**: {_names(shipped.firing(rule.id))}"]
    facts += [f"**Stays quiet in the test**: {_names(shipped.quiet(rule)[:NEAR_MISSES])}"]
    title = f"{rule.title.get('en', rule.id)}<br>{rule.title.get('zh', '')}"
    return "\n\n".join([f"## {rule.id}", title, "\n".join(f"- {fact}" for fact in facts)])


def _level(rule: Rule, name: LevelName, said: str) -> str:
    level = rule.levels[name]
    held = f", for {written(level.for_s)}" if level.for_s else ""
    hours = ", between " + " and ".join(map(time_of_day, level.between)) if level.between else ""
    return f"**{name.capitalize()}**: {said}{held}{hours}.<br>{code(' '.join(level.when.split()))}"


def _over(rule: Rule, said: str) -> str:
    held = f" for {written(rule.keep_s)}" if rule.keep_s else ""
    lowest = next(iter(rule.levels))
    return f"**Over**: when {said}{held}." if said else f"**Over**: when {lowest} is no longer so{held}."


def _reading(name: str, points: Mapping[str, Point]) -> str:
    parts = [said_point(name, points), points[name].title.get("zh", ""), points[name].unit]
    return f"{code(name)} {', '.join(part for part in parts if part)}"


def _policy(rule: Rule) -> str:
    default = " and ".join(f"`{DEFAULT_POLICY[Level(name)]}` ({name})" for name in rule.levels)
    return code(rule.policy) if rule.policy else f"{default}, by level"


def _names(tests: list[str]) -> str:
    return "; ".join(f"“{name}”" for name in tests) or "none yet"
