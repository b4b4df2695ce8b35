"""One YAML file in memory: its data, and where each part of it stands, so that a problem can point at it exactly."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic_core import PydanticCustomError

from gateway.core.caret import source_span
from gateway.core.findings import Finding, Severity

KeyPath = tuple[str | int, ...]
"""The keys and indices that lead to a node, such as ("devices", 3, "unit"); () is the whole file."""

Span = tuple[int, int]
"""Start and end, in characters from the beginning of the text."""

Part = Literal["key", "value"]

SECRET_KEY = re.compile(r"password|passwd|passphrase|token|secret|api_?key", re.IGNORECASE)
_SECRET_LINE = re.compile(rf"((?:{SECRET_KEY.pattern})\w*[\"']?\s*:\s*)(?!!secret)\S.*", re.IGNORECASE)
_SECRET_URL = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)")


@dataclass(frozen=True, slots=True)
class SecretRef:
    """`!secret name`: the value lives elsewhere."""

    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its key (of a mapping's entry) and its value."""

    key: Span | None
    value: Span


@dataclass(slots=True)
class Document:
    """A file as it was read. `data` is None if it cannot be read; `problems` is what is wrong with it as YAML."""

    path: Path
    text: str = ""
    data: Any = None
    places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    hidden: set[Span] = field(default_factory=set)

    def known(self, path: KeyPath) -> KeyPath:
        """The node nearest to the path; steps that the file does not have (pydantic's own labels) are skipped."""
        found: KeyPath = ()
        for step in path:
            if (*found, step) in self.places:
                found = (*found, step)
        return found

    def at(self, path: KeyPath) -> Any:
        """The data at the path, None if the file has nothing there."""
        node = self.data
        for step in path:
            if isinstance(node, dict) and isinstance(step, str):
                node = node.get(step)
            elif isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
                node = node[step]
            else:
                return None
        return node

    def replace(self, path: KeyPath, value: Any) -> None:
        """Put a value in the place of another; where it stood stays known."""
        container = self.at(path[:-1])
        if isinstance(container, (dict, list)):
            container[path[-1]] = value  # type: ignore[index] # the path is of this document

    def span(self, path: KeyPath, on: Part = "value") -> Span:
        """Where the node or its key stands; a mapping or list stands where its key does, or where it begins."""
        known = self.known(path)
        place = self.places.get(known, Place(None, (0, 0)))
        nothing = place.value[0] == place.value[1]
        if place.key and (on == "key" or nothing or isinstance(self.at(known), (dict, list))):
            return place.key
        if isinstance(self.at(known), dict):
            first = next((at.key for path, at in self.places.items() if path[:-1] == known and at.key), None)
            return first or place.value
        return place.value

    def line(self, path: KeyPath, on: Part = "value") -> int:
        """The line of a node or its key, from 1."""
        return self.line_and_column(self.span(path, on)[0])[0]

    def line_and_column(self, index: int) -> tuple[int, int]:
        """Line and column of a character, both from 1."""
        return self.text.count("\n", 0, index) + 1, index - self.text.rfind("\n", 0, index)

    def hide(self, path: KeyPath) -> None:
        """Never show this value in a source line."""
        self.hidden.add(self.places[self.known(path)].value)

    def finding(
        self, problem: PydanticCustomError, path: KeyPath = (), on: Part = "value", severity: Severity = "error"
    ) -> Finding:
        """A problem at a node; the context's "span" narrows it to a part of the node's text."""
        span, value = self.span(path, on), self.at(self.known(path))
        inner = (problem.context or {}).get("span")
        if isinstance(inner, (tuple, list)) and isinstance(value, str):
            first, last = source_span(self.text[slice(*span)], value, *inner)
            span = (span[0] + first, span[0] + last)
        return self.finding_at(problem, span, severity)

    def finding_at(self, problem: PydanticCustomError, span: Span, severity: Severity = "error") -> Finding:
        """A problem at a stretch of the text."""
        line, column = self.line_and_column(span[0])
        source = self._safe_line(span[0])
        return Finding(
            file=self.path,
            line=line,
            column=column,
            length=max(1, min(span[1] - span[0], len(source) - column + 1)),
            source=source,
            kind=problem.type,
            text=problem.message_template,
            context=problem.context or {},
            severity=severity,
        )

    def _safe_line(self, index: int) -> str:
        """The line around a character, with every secret in it replaced by stars."""
        begin, end = self.text.rfind("\n", 0, index) + 1, self.text.find("\n", index)
        line = self.text[begin : end if end >= 0 else len(self.text)]
        for first, last in self.hidden:
            left, right = max(first - begin, 0), min(last - begin, len(line))
            if left < right:
                line = line[:left] + "*" * (right - left) + line[right:]
        if self.data is None:
            line = _SECRET_LINE.sub(lambda match: match[1] + "***", line)
        return _SECRET_URL.sub(lambda match: "*" * len(match[0]), line)
