"""Where a character of a YAML string stands in the source: quotes, escapes, folding and indentation between the two."""

import re

_UNITS = {
    '"': re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\n|.)|.", re.DOTALL),
    "'": re.compile(r"''|.", re.DOTALL),
}
_ONE_CHARACTER = re.compile(r".", re.DOTALL)
_BLANK_ESCAPES = {"\\n", "\\t", "\\r", "\\ ", "\\_", "\\N", "\\L", "\\P", "\\\n", "\\x20", "\\x09", "\\x0a", "\\u0020"}


def source_span(source: str, value: str, start: int, end: int) -> tuple[int, int]:
    """The part of a scalar's source that became `value[start:end]`; exact for everything but blanks in folded text.

    Folding changes blanks only, so the n-th visible character of the value is the n-th visible one of the source.

    >>> source_span("'it''s > 5'", "it's > 5", 5, 6)
    (7, 8)
    """
    if source.startswith("!"):
        tag = source.split(maxsplit=1)[0]
        start_at = len(source) - len(source[len(tag) :].lstrip())
    else:
        start_at = 0
    style = source[start_at : start_at + 1]
    visible = [match.span() for match in _units(style).finditer(source, *_inside(source, start_at, style))
               if not match[0].isspace() and match[0] not in _BLANK_ESCAPES]  # fmt: skip
    before = sum(not char.isspace() for char in value[:start])
    within = sum(not char.isspace() for char in value[start:end])
    if before >= len(visible):
        last = visible[-1][1] if visible else len(source)
        return last, last + 1
    first = visible[before][0]
    return first, visible[min(before + max(within, 1), len(visible)) - 1][1]


def _units(style: str) -> re.Pattern[str]:
    return _UNITS.get(style, _ONE_CHARACTER)


def _inside(source: str, start: int, style: str) -> tuple[int, int]:
    """The source without its quotes or its block header."""
    if style in {'"', "'"}:
        return start + 1, len(source) - 1
    if style in {"|", ">"}:
        newline = source.find("\n", start)
        return (newline + 1 if newline >= 0 else len(source)), len(source)
    return start, len(source)
