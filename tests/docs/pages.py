"""The pages of this repository and the fenced blocks in them, for the tests of the documentation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")])

_FENCE = re.compile(r"^( *)```(\w*)(?: +title=(\S+))?[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its language, the title that says what it is, and its text."""

    page: Path
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)} {self.title or self.language}"


def fences(*titles: str, page: str = "") -> list[Fence]:
    """Blocks with one of these titles, of all pages or of one."""
    return [fence for each in PAGES if each.match(page or "*") for fence in blocks(each) if fence.title in titles]


def blocks(page: Path) -> Iterator[Fence]:
    """Every fenced block of a page."""
    for match in _FENCE.finditer(page.read_text("utf-8")):
        yield Fence(page, match[2], match[3] or "", match[4])


def prose(page: Path) -> str:
    """A page without its blocks and its inline code."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text("utf-8")))


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page make, as GitHub names them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
