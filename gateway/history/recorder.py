"""What the histories have in common: the main path appends and never waits; a thread of their own does the work."""

import threading
from abc import ABC, abstractmethod
from typing import Any

from gateway.core.health import Part
from gateway.core.types import Fresh
from gateway.history.intake import Intake

_CLOSE_S = 10.0


class Recorder(ABC):
    """A history. `open` starts its thread, `append` hands it readings, `close` lets it put away what is left."""

    def __init__(self, name: str, enough: int) -> None:
        """`enough` values (not readings) wake the thread before its time."""
        self._intake = Intake(enough)
        self._writer = threading.Thread(target=self._write, name=name, daemon=True)

    def open(self) -> None:
        """Start the writer."""
        self._writer.start()

    def append(self, fresh: Fresh) -> None:
        """Hand over readings. Takes microseconds and never fails."""
        self._intake.put(fresh)

    def close(self) -> None:
        """Put away what is waiting, where the next start finds it, and end the writer."""
        self._intake.close()
        self._writer.join(_CLOSE_S)

    @abstractmethod
    def stats(self) -> Any:
        """Figures for the metrics page: a dataclass of numbers."""

    @abstractmethod
    def health(self) -> Part:
        """Whether readings are being kept, and if not why and since when."""

    @abstractmethod
    def _write(self) -> None:
        """Work until the intake is closed and empty; runs in the thread."""
