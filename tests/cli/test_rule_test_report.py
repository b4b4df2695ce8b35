"""`gateway test --junit`: what a build server reads; and the words of `-k`."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app

CASES = Path(__file__).parents[1] / "cases" / "test"
RUN = CliRunner()
ENGLISH = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

# What the schema that Jenkins publishes (junit-10) allows, with the place of a test, which others read.
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "file"}, {"testcase"}),
    "testcase": ({"name", "classname", "time", "file", "line"}, {"failure", "error"}),
    "failure": ({"message", "type"}, set[str]()),
    "error": ({"message", "type"}, set[str]()),
}
REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}


@pytest.fixture(autouse=True)
def no_site_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    return RUN.invoke(app, ["test", *words], env=ENGLISH)


def report(*cases: str, more: tuple[str, ...] = ()) -> ET.Element:
    run(*(str(CASES / case) for case in cases), "--junit", "report.xml", *more)
    return read()


def read() -> ET.Element:
    return ET.fromstring(Path("report.xml").read_text("utf-8"))  # noqa: S314 - our own


def test_every_element_is_one_of_the_schema() -> None:
    for element in report("late", "passing", "no-pack", "broken-rule", "ticket").iter():
        attributes, children = ALLOWED[element.tag]
        assert REQUIRED.get(element.tag, set()) <= set(element.keys()) <= attributes
        assert {child.tag for child in element} <= children
        if "time" in element.keys():  # noqa: SIM118
            assert re.fullmatch(r"\d+\.\d{3}", element.attrib["time"])


def test_a_failure_is_explained_in_plain_text() -> None:
    root = report("late")
    (suite,) = root
    path = str(CASES / "late" / "pumps.test.yaml")
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) == (path, "4", "3", "0")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "3", "0")
    case = suite[0]
    assert (case.get("name"), case.get("line"), case.get("classname")) == ("five hot minutes raise red", "2", path)
    (failure,) = case
    assert failure.get("message") == "bearing-hot: expected fired red at 15m, got fired red at 16m"
    assert "16m ●" in (failure.text or "")
    assert "\x1b" not in (failure.text or "")
    assert len(suite[3]) == 0


def test_a_file_that_cannot_be_run_is_an_error() -> None:
    root = report("broken-rule", "passing")
    broken, passing = root
    (error,) = broken[0]
    assert (broken.get("errors"), error.get("type"), error.get("message")) == ("1", "unknown_name", "2 errors")
    assert "try: bearing_temp" in (error.text or "")
    assert (passing.get("tests"), passing.get("errors"), root.get("errors")) == ("7", "0", "1")


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    name = r'"a \x1b[31m & <b> \uD83D\uDCA7 \u0000 \uFFFE name"'
    (tmp_path / "pumps.yaml").write_text((CASES / "late" / "pumps.yaml").read_text("utf-8"))
    test = f"{{name: {name}, device: {{profile: pump-set}}, step: 1m, series: {{flow: 1}}, expect: []}}"
    (tmp_path / "pumps.test.yaml").write_text(f"tests: [{test}]\n")
    run(".", "--junit", "report.xml")
    text = Path("report.xml").read_text("utf-8")
    (case,) = read().iter("testcase")
    assert "&amp; &lt;b&gt;" in text or case.find("error") is not None
    assert not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", text)


def test_the_report_is_in_the_language_of_the_screen() -> None:
    root = report("late", more=("--lang", "zh"))
    (failure,) = root[0][0]
    assert "应为" in str(failure.get("message"))


@pytest.mark.parametrize(("path", "said"), [("nowhere/report.xml", "there is no folder nowhere"), (".", "is a folder")])
def test_a_place_that_is_not_there_is_told_before_anything_is_played(path: str, said: str) -> None:
    result = run(str(CASES / "late"), "--junit", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_a_report_that_cannot_be_written_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    result = run(str(CASES / "passing"), "--junit", "report.xml")
    assert (result.exit_code, result.stderr) == (1, "error: report.xml cannot be written: No space left on device\n")


@pytest.mark.parametrize(
    ("words", "counted"),
    [
        ("fine", "1 passed, 3 deselected"),
        ("FINE This", "1 passed, 3 deselected"),
        ("nothing   comes", "1 failed, 3 deselected"),
        ("is", "1 passed, 1 failed, 2 deselected"),
    ],
)
def test_words_choose_tests_in_any_order_and_case(words: str, counted: str) -> None:
    result = run(str(CASES / "late"), "-k", words)
    last = result.output.splitlines()[-1].replace("0 passed, ", "")
    assert last == f"{CASES}/late/pumps.test.yaml: {counted}"
