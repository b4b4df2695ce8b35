"""Why something that a person asked for is not done: one sentence, in either language."""

from gateway.core.messages import Language, fill, say


class Denied(Exception):
    """It is not done. Like a finding: a kind, the English, the words in it."""

    def __init__(self, kind: str, english: str, **words: object) -> None:
        super().__init__(fill(english, words))
        self.kind, self.words = kind, words
        self._english = english

    def sentence(self, language: Language) -> str:
        """Why, and what to do about it."""
        return say(self.kind, self._english, self.words, language)


class Missing(Denied):
    """It is not done because what it is about is not there."""
