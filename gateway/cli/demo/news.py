"""What happened in the demo since one last looked: faults as they are injected, tickets as they are born and grow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from gateway.cli.demo.script import site_time
from gateway.cli.demo.verdict import Expected
from gateway.cli.look import STYLES
from gateway.cli.screen import word
from gateway.core.clock import ScaledClock
from gateway.core.messages import Language, printable, say

FAULT_STYLE = "bold magenta"


@dataclass(slots=True)
class News:
    """Remembers what it has told."""

    faults: Sequence[Expected]
    clock: ScaledClock
    language: Language
    _told_faults: int = field(default=0, init=False)
    _levels: dict[str, str] = field(default_factory=dict, init=False)

    def since(self, wall: float, tickets: Iterable[Mapping[str, Any]]) -> list[tuple[float, Text]]:
        """What is new at a wall time, in order of site time; `tickets` are the daemon's own, in any order."""
        happened = [fault for fault in self.faults if fault.injected_at <= wall]
        new_faults = happened[self._told_faults :]
        self._told_faults = len(happened)
        new = [(site_time(self.clock, fault.injected_at), self._fault(fault)) for fault in new_faults]
        for ticket in tickets:
            known = self._levels.get(ticket["id"])
            if known != ticket["level"]:
                self._levels[ticket["id"]] = ticket["level"]
                time = ticket["detected_at"] if known is None else site_time(self.clock, wall)
                new.append((time, self._ticket(ticket, escalated=known is not None)))
        return sorted(new, key=lambda item: item[0])

    def _fault(self, fault: Expected) -> Text:
        words = {"fault": word("fault", fault.fault, self.language), "device": fault.device}
        return Text(say("fault_injected", "fault: {fault} at {device} injected", words, self.language), FAULT_STYLE)

    def _ticket(self, ticket: Mapping[str, Any], *, escalated: bool) -> Text:
        level = word("level", ticket["level"], self.language)
        words = {"level": level, "title": printable(ticket["title"])}
        told = say("ticket_born", "{level} ticket: {title}", words, self.language)
        if escalated:
            told = say("ticket_escalated", "now {level}: {title}", words, self.language)
        return Text(told, STYLES[ticket["level"]])
