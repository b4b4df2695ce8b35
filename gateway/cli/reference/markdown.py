"""The little Markdown that the reference pages need, and the words that people wrote for them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

GENERATED = "<!-- Written by scripts/reference from the program itself. Edit the program, not this page. -->"


def page(title: str, *blocks: str) -> str:
    """A whole page: its title, the note that it is generated, and its blocks a blank line apart."""
    return "\n\n".join([f"# {title}", GENERATED, *(block.strip() for block in blocks if block.strip())]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. A bar or a line break inside a cell must not end the cell."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: object) -> str:
    """Inline code, or nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def anchor(heading: str) -> str:
    """The place that a heading makes on the page, as GitHub names it."""
    kept = (char for char in heading.lower() if char.isalnum() or char in "-_ ")
    return "#" + "".join(kept).replace(" ", "-")


@cache
def words(name: str) -> Mapping[str, Any]:
    """The sentences of words/NAME.yaml."""
    text = files("gateway.cli.reference").joinpath(f"words/{name}.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
