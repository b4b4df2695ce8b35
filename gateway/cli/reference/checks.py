"""docs/reference/checks.md: every kind of finding, what it says in both languages, and what to do about it."""

import re

from gateway.cli.reference.kinds import kinds
from gateway.cli.reference.markdown import page, words
from gateway.core.messages import chinese

_INTRO = """
What `gateway check`, `gateway test` and a start of `gateway run` may say of the files that people write. Each finding
names its file, line and column, marks the exact value, and ends with the name of its section here.
"""


def checks_page() -> str:
    """The page. The heading of a kind is its anchor: `checks.md#unknown_key`."""
    return page("Findings", _INTRO, *(_section(kind, sentences) for kind, sentences in kinds().items()))


def _section(kind: str, sentences: tuple[str, ...]) -> str:
    said = [*sentences, chinese()[kind]]
    quoted = "\n".join(f"> {_shown(sentence)}  " for sentence in said)
    return f"## {kind}\n\n{quoted}\n\n{words('checks')[kind]}"


def _shown(sentence: str) -> str:
    """A sentence with its places in italics: {name} is filled in when it is said."""
    return re.sub(r"\{(\w+)(?:!r)?\}", lambda match: f"*{match[1].replace('_', ' ')}*", sentence)
