"""The verdicts of rule tests as JUnit XML, the form in which build servers read tests.

The elements are those of the schema that Jenkins publishes (junit-10); `file` and `line` of a test are read by GitLab
and CircleCI, and passed over by others.
"""

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from gateway.core.findings import summary
from gateway.core.messages import Language
from gateway.workbench.testing.played import Played
from gateway.workbench.testing.report import explain, sentences

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(files: Sequence[Played], language: Language) -> str:
    """One suite for each file that has something to tell; a file that cannot be run is an error."""
    suites = [_suite(file, language) for file in files if file.suite.broken or file.verdicts]
    root = ET.Element("testsuites", {"name": "gateway test", **_totals(suites)})
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(file: Played, language: Language) -> ET.Element:
    path = _clean(str(file.suite.path))
    cases = [_broken(file, language)] if file.suite.broken else list(_cases(file, language))
    counts = {
        "tests": f"{len(cases)}",
        "failures": f"{sum(case.find('failure') is not None for case in cases)}",
        "errors": f"{int(file.suite.broken)}",
        "skipped": "0",
        "time": f"{sum(file.seconds.values()):.3f}",
    }
    suite = ET.Element("testsuite", {"name": path, "file": path, **counts})
    suite.extend(cases)
    return suite


def _cases(file: Played, language: Language) -> Iterable[ET.Element]:
    for place, verdict in file.verdicts.items():
        case = _case(file, verdict.test.name, file.suite.line(place), file.seconds[place])
        if not verdict.passed:
            message = "; ".join(line for failure in verdict.failures for line in sentences(failure, language))
            drawn = "\n".join(explain(verdict, file.suite.subjects[verdict.test.profile], language))
            ET.SubElement(case, "failure", {"message": _clean(message), "type": "expectation"}).text = _clean(drawn)
        yield case


def _broken(file: Played, language: Language) -> ET.Element:
    findings = file.suite.findings
    case = _case(file, file.suite.path.name, findings[0].line, 0.0)
    error = ET.SubElement(case, "error", {"message": _clean(summary(findings, language)), "type": findings[0].kind})
    error.text = _clean("\n\n".join(finding.show(language) for finding in findings))
    return case


def _case(file: Played, name: str, line: int, seconds: float) -> ET.Element:
    path = _clean(str(file.suite.path))
    place = {"classname": path, "file": path, "line": f"{line}"}
    return ET.Element("testcase", {"name": _clean(name), "time": f"{seconds:.3f}", **place})


def _totals(suites: Iterable[ET.Element]) -> dict[str, str]:
    listed = list(suites)
    counts = {key: sum(int(suite.get(key, "0")) for suite in listed) for key in ("tests", "failures", "errors")}
    seconds = sum(float(suite.get("time", "0")) for suite in listed)
    return {**{key: f"{count}" for key, count in counts.items()}, "time": f"{seconds:.3f}"}


def _clean(text: str) -> str:
    """The text with a replacement character for each one that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
