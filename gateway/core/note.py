"""One sentence that a reader of some result must know, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.core.messages import Language, say


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence: its kind, its English, and the words in it."""

    kind: str
    english: str
    context: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, language: Language) -> str:
        """The note in a language."""
        return say(self.kind, self.english, self.context, language)
