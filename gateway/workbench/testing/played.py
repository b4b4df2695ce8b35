"""What became of the tests of one file: for the screen, for machines, for the report that a build server reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.play import Verdict, play
from gateway.workbench.testing.report import as_data
from gateway.workbench.testing.suite import Suite


@dataclass(frozen=True, slots=True)
class Played:
    """One file and its verdicts, by their place in the file."""

    suite: Suite
    verdicts: Mapping[int, Verdict]
    seconds: Mapping[int, float]
    """How long each test took."""
    deselected: int
    """Tests whose name was not asked for."""

    @property
    def failed(self) -> bool:
        """Whether the file could not be run or a test of it failed."""
        return self.suite.broken or any(not verdict.passed for verdict in self.verdicts.values())

    def json(self) -> dict[str, Any]:
        """All of it for machines."""
        return {
            "file": str(self.suite.path),
            "problems": [finding.json() for finding in self.suite.findings],
            "deselected": self.deselected,
            "tests": [
                {
                    "name": verdict.test.name,
                    "line": self.suite.line(place),
                    "passed": verdict.passed,
                    "seconds": round(self.seconds[place], 3),
                    "failures": as_data(verdict),
                }
                for place, verdict in self.verdicts.items()
            ],
        }


def play_file(suite: Suite, kit: Kit, words: str, timer: Callable[[], float]) -> Played:
    """Play the tests whose name has all the words, in any case; none of a broken file. `timer` gives seconds."""
    verdicts, seconds = dict[int, Verdict](), dict[int, float]()
    asked = {} if suite.broken else {i: test for i, test in suite.tests.items() if _has(test.name, words)}
    for place, test in asked.items():
        began = timer()
        verdicts[place] = play(test, suite.subjects[test.profile], kit)
        seconds[place] = max(0.0, timer() - began)
    return Played(suite, verdicts, seconds, 0 if suite.broken else len(suite.tests) - len(asked))


def _has(name: str, words: str) -> bool:
    return all(word in name.casefold() for word in words.casefold().split())
