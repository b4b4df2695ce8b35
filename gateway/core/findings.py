"""What is wrong with a file that a person wrote, and how it is shown: the line, a caret under the value, what is right.

Finding out what is wrong is for others; so is the wording, which `messages` knows in two languages.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gateway.core.messages import Language, fill, printable, say

Severity = Literal["error", "warning"]

_BEFORE_CARET, _WIDEST = 70, 110


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `line` and `column` count from 1, in characters; `source` is the line with its secrets hidden."""

    file: Path
    line: int
    column: int
    length: int
    source: str
    kind: str
    text: str
    """The message in English; may hold {names} of the context."""
    context: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"

    @property
    def page(self) -> str:
        """Where this kind of problem is explained."""
        return f"docs/reference/checks.md#{self.kind}"

    def message(self, language: Language = "en") -> str:
        """What is wrong, in one sentence."""
        return say(self.kind, self.text, self.context, language)

    def hint(self, language: Language = "en") -> str:
        """What would be right, or nothing if the message says so already."""
        if hint := self.context.get("hint"):
            if re.search(rf"(?<!\w){re.escape(str(hint))}(?!\w)", self.message(language)):
                return ""
            return say("try", "try: {hint}", {"hint": hint}, language)
        if choices := self.context.get("choices"):
            return say("one_of", "one of: {choices}", {"choices": choices}, language)
        return ""

    def json(self, language: Language = "en") -> dict[str, str | int]:
        """The finding for machines."""
        return {
            "file": str(self.file),
            "line": self.line,
            "column": self.column,
            "length": self.length,
            "severity": self.severity,
            "kind": self.kind,
            "message": self.message(language),
            "hint": self.hint(language),
            "page": self.page,
        }

    def show(self, language: Language = "en") -> str:
        """The finding for people: place, source line, caret, advice."""
        label = say(f"label_{self.severity}", self.severity, {}, language)
        margin = " " * len(str(self.line))
        lines = [f"{self.file}:{self.line}:{self.column}: {label}: {self.message(language)}"]
        if self.source:
            source, caret = _with_caret(self.source, self.column - 1, self.length)
            lines += [f"  {self.line} | {source}", f"  {margin} | {caret} {self.hint(language)}".rstrip()]
        elif hint := self.hint(language):
            lines.append(f"  {margin} | {hint}")
        lines.append(f"  {margin} = {say('see', 'see {page}', {'page': self.page}, language)}")
        return "\n".join(lines)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """As a reader meets them: file by file in the order of first mention, each from top to bottom."""
    listed = list(findings)
    files = {finding.file: i for i, finding in reversed(list(enumerate(listed)))}
    return sorted(listed, key=lambda finding: (files[finding.file], finding.line, finding.column))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any of them stops the program."""
    return any(finding.severity == "error" for finding in findings)


def summary(findings: Iterable[Finding], language: Language = "en") -> str:
    """How many there are: "2 errors, 1 warning"."""
    listed = list(findings)
    errors = sum(finding.severity == "error" for finding in listed)
    counts = {"error": errors, "warning": len(listed) - errors}
    parts = []
    for severity, count in counts.items():
        if count:
            english = f"{{count}} {severity}{'s' * (count != 1)}"
            parts.append(say(f"count_{severity}", english, {"count": count}, language))
    return fill("{parts}", {"parts": say("comma", ", ", {}, language).join(parts)})


def _with_caret(source: str, start: int, length: int) -> tuple[str, str]:
    """The line and the carets below it, both cut to a width that a terminal shows; wide characters take two carets."""
    cut = max(0, start - _BEFORE_CARET) if len(source) > _WIDEST else 0
    shown = printable(source[cut : cut + _WIDEST])
    start -= cut
    marked = shown[start : start + max(1, length)] or " "
    head, tail = "… " if cut else "", " …" if len(source) > cut + _WIDEST else ""
    return head + shown + tail, " " * _width(head + shown[:start]) + "^" * _width(marked)


def _width(text: str) -> int:
    """How many cells of a terminal the text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
