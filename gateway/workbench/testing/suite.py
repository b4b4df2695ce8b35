"""Reads a rule test file with the pack that it tests: all problems of both at once, before anything is played."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.core import yamlfile
from gateway.core.document import Document
from gateway.core.explain import validated
from gateway.core.findings import Finding, has_errors, in_order
from gateway.core.packs import check_packs, read_packs
from gateway.workbench.testing.crosscheck import crosscheck
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.subject import Subject, subjects
from gateway.workbench.testing.testfile import RuleTest, RuleTests

SUFFIX = ".test.yaml"


@dataclass(frozen=True, slots=True)
class Suite:
    """One file of tests. Nothing of it may be played if it is broken."""

    document: Document
    tests: Mapping[int, RuleTest]
    """By their place in the file."""
    subjects: Mapping[str, Subject]
    """By profile."""
    findings: tuple[Finding, ...]

    @property
    def path(self) -> Path:
        """The file."""
        return self.document.path

    @property
    def broken(self) -> bool:
        """Whether anything is wrong with the tests or their pack."""
        return has_errors(self.findings)

    def line(self, place: int) -> int:
        """The line of a test's name."""
        return self.document.line(("tests", place, "name"))


def read_suite(path: Path, kit: Kit) -> Suite:
    """Read NAME.test.yaml and NAME.yaml beside it."""
    document = yamlfile.read(path)
    if document.data is None:
        return Suite(document, {}, {}, tuple(document.problems))
    _, problems = validated(RuleTests, document)
    tests = dict(_good_tests(document))
    packs = read_packs(document, path.parent, [path.name.removesuffix(SUFFIX) + ".yaml"])
    found = subjects(tests.values(), packs, kit)
    words = {name: subject.vocabulary({}) for name, subject in found.items()}
    in_pack = (*packs.findings, *check_packs(packs, kit.profiles, kit.policies, words))
    findings = [
        *document.problems,
        *problems,
        # A rule that cannot be read is not one that a test has misspelt.
        *(() if has_errors(packs.findings) else crosscheck(document, tests, found, kit)),
        # What is only pointless in a pack is the business of `gateway check`.
        *(finding for finding in in_pack if finding.severity == "error"),
    ]
    return Suite(document, tests, found, tuple(in_order(findings)))


def _good_tests(document: Document) -> Iterator[tuple[int, RuleTest]]:
    raw = document.at(("tests",))
    for place in range(len(raw) if isinstance(raw, list) else 0):
        test, _ = validated(RuleTest, document, ("tests", place))
        if test is not None:
            yield place, test
