"""Findings as GitHub's workflow commands: the lines that a workflow prints to mark places in the files of a change."""

from pathlib import Path

from gateway.core.findings import Finding
from gateway.core.messages import Language


def annotation(finding: Finding, language: Language, root: Path) -> str:
    """One line; paths inside `root`, where the repository is checked out, are told relative to it."""
    path = finding.file.absolute()
    places = {
        "file": str(path.relative_to(root) if path.is_relative_to(root) else finding.file),
        "line": str(finding.line),
        "endLine": str(finding.line),
        "col": str(finding.column),
        "endColumn": str(finding.column + finding.length - 1),
        "title": finding.kind,
    }
    told = ",".join(f"{key}={_property(value)}" for key, value in places.items())
    lines = [finding.message(language), finding.hint(language), finding.page]
    return f"::{finding.severity} {told}::{_data(chr(10).join(line for line in lines if line))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
