"""New rules for a running engine: made ready beside it, then put in its place between two rows.

Rules that have not changed go on as if nothing had happened: alerts, pending time, windows. Windows that nobody has yet
see the past first. Plain functions of rows; when that happens, and what else changes with it, is `reload`'s.
"""

from collections.abc import Callable, Sequence

import numpy as np

from gateway.core.types import Block
from gateway.pipeline.engine import Engine
from gateway.pipeline.warming import Source, recall
from rules.book import Book, State
from rules.rule import Rule
from rules.vocabulary import Vocabulary


class Successor:
    """The next rules of one engine. The engine works on by the old ones until `take_over`."""

    def __init__(self, engine: Engine, rules: Sequence[Rule], words: Vocabulary) -> None:
        """Compile; raises pydantic's ValidationError like a `Book`."""
        self.engine = engine
        self.book = Book(rules, words)
        new = self.book.windows - engine.book.windows
        looked = ((rule.id, Book([rule], words).windows & new) for rule in rules) if new else ()
        self._windows = {rule: windows for rule, windows in looked if windows}
        looking = [rule for rule in rules if rule.id in self._windows]
        self._new = Engine(engine.fleet, engine.detectors, Book(looking, words))  # only `remember` is asked of it

    @property
    def profile(self) -> str:
        """The profile of its devices."""
        return self.engine.fleet.profile.profile

    @property
    def needs_past(self) -> bool:
        """Whether it has windows that the engine has not."""
        return bool(self._windows)

    def see(self, past: Source, until: float, tick_s: float, stopped: Callable[[], bool]) -> None:
        """Show the new windows what they lack of the past, up to the row at `until`; returns early once `stopped`."""
        recall(self._new, past, float(np.nextafter(until, np.inf)), tick_s, stopped)

    def follow(self, block: Block) -> None:
        """Show the new windows a block that the engine has taken."""
        self._new.remember(block)

    def take_over(self) -> list[State]:
        """Put the new rules in force; returns the last states of the rules that are gone or have changed."""
        old = self.engine.book
        before, now = old.fingerprints, self.book.fingerprints
        kept = {rule for rule, fingerprint in now.items() if before.get(rule) == fingerprint}
        ended = old.last_states([rule for rule in before if rule not in kept])
        legacy = old.legacy()
        windows = {**self._new.book.legacy().windows, **legacy.windows}
        self.book.take_over(legacy._replace(windows=windows), kept)
        self.engine.book = self.book
        return ended

    def blind(self) -> list[str]:
        """Rules with windows that are new and, as of the last row that they saw, know nothing of any device."""
        blind = self._new.book.blind_windows()
        return [rule for rule, windows in self._windows.items() if windows & blind]
