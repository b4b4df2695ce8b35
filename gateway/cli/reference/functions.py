"""docs/reference/functions.md: the functions of the rule language, from the tables that the language itself uses."""

from collections.abc import Mapping
from typing import Any

from gateway.cli.reference.markdown import code, page, table, words
from rules.functions import KNOWLEDGE, OVER_POINTS, OVER_TIME, WORDS


def functions_page() -> str:
    """The page."""
    return page(
        "Functions of the rule language",
        words("intros")["functions"],
        "## Over points\n\nSeveral numbers of the same moment.",
        _table(OVER_POINTS),
        words("intros")["over_time"],
        _table(OVER_TIME),
        "## About knowledge\n\nWhat is known of a point.",
        _table(KNOWLEDGE),
        "## Words\n\nNames without arguments; true or false, never unknown.",
        _table(WORDS),
    )


def _table(entries: Mapping[str, Any]) -> str:
    return table(("written", "meaning"), [(code(entry.usage), entry.doc) for entry in entries.values()])
