"""docs/reference/functions.md: the functions of the rule language, from the tables that the language itself uses."""

from collections.abc import Iterator, Mapping

from gateway.cli.reference.markdown import code, page, words
from rules.language.entries import Entry, Unit
from rules.language.functions import FORECAST, KNOWLEDGE, LEARNT, OF_DEVICE, OVER_POINTS, OVER_TIME, WORDS

_UNITS: Mapping[Unit, str] = {
    "same": "that of x",
    "same per second": "that of x, per second",
    "seconds": "s",
    "none": "none",
    "unknown": "not checked",
}


def functions_page() -> str:
    """The page."""
    intros = words("intros")
    return page(
        "Functions of the rule language",
        intros["functions"],
        intros["said"],
        "## Over points\n\nSeveral numbers of the same moment.",
        *_sections(OVER_POINTS),
        intros["over_time"],
        *_sections(OVER_TIME),
        intros["learnt"],
        *_sections(LEARNT),
        intros["of_device"],
        *_sections(OF_DEVICE),
        intros["forecast"],
        *_sections(FORECAST),
        "## About knowledge\n\nWhat is known of a point.",
        *_sections(KNOWLEDGE),
        "## Words\n\nNames without arguments. A point of the same name goes first.",
        *_sections(WORDS),
    )


def _sections(entries: Mapping[str, Entry]) -> Iterator[str]:
    for entry in entries.values():
        facts = (f"Meaning: {entry.doc}", f"Unit: {_UNITS[entry.unit]}", f"Unknown: {entry.unknown or 'never'}")
        yield f"### {code(entry.usage)}\n\n" + "\n".join(f"- {fact}." for fact in facts)
        yield f'```yaml title=condition\nyellow: {{when: "{entry.example}", for: 5m}}\n```'
