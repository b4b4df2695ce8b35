"""What follows from the stream of tickets: the same kind too often, and work on tickets that needs a look itself.

All of it is read from the ledger's lines, those from before a restart included.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from gateway.core.casework import Entry
from gateway.core.ticket_settings import Management
from gateway.core.types import Ticket, Verdict
from gateway.tickets.kpi import Alarm, Thresholds, Watch
from gateway.tickets.raising import own
from gateway.tickets.repeats import Repeat, Repeats, case_of, repeat_of
from gateway.tickets.terms import Terms
from gateway.tickets.words import management_words, repeat_words

LOOK_EVERY_S = 600.0
"""What only the passing of time makes true is looked for that often; what a new line makes true, within a minute."""
_SOON_S = 60.0


class Stream:
    """The ledger lines of some days, and what has been made of them."""

    def __init__(self, terms: Terms, entries: Iterable[Entry] = ()) -> None:
        known = sorted(entries, key=lambda entry: entry.at)
        self._repeats = Repeats(terms.settings.repeats.count, terms.settings.repeats.within)
        self._repeats.recall(known)
        self._lines = deque(known)
        self._began_at = known[0].at if known else None
        self._looked_at = float("-inf")
        self._is_new = True

    def follow(self, terms: Terms) -> None:
        """Count by other settings from now on."""
        repeats = terms.settings.repeats
        if (self._repeats.count, self._repeats.within_s) != (repeats.count, repeats.within):
            self._repeats = Repeats(repeats.count, repeats.within)
            self._repeats.recall(self._lines)

    def note(self, entry: Entry, terms: Terms) -> Ticket | None:
        """Take a new line; the ticket for too many of a kind, if this was the one too many."""
        self._lines.append(entry)
        self._forget(terms, entry.at)
        self._began_at = entry.at if self._began_at is None else self._began_at
        self._is_new = True
        if entry.event == "closed":
            verdict = Verdict(entry.said.get("verdict", Verdict.DONE))
            self._repeats.closed(entry.ticket, verdict, entry.at, repeat_of(entry))
        case = case_of(entry)
        repeat = self._repeats.note(case) if case is not None else None
        return None if repeat is None else _repeated(repeat, terms, entry.at)

    def watch(self, terms: Terms, now: float) -> list[Ticket]:
        """Tickets about the work on tickets, if it is time to look."""
        management = terms.settings.management
        if management == OFF or now - self._looked_at < (_SOON_S if self._is_new else LOOK_EVERY_S):
            return []
        self._looked_at, self._is_new = now, False
        watch = Watch(_thresholds(management), terms.pauses.almanac)
        recent = [line for line in self._lines if line.at >= now - watch.lookback_s]
        alarms = watch.look(recent, now, self._began_at if self._began_at is not None else now)
        return [_management(alarm, terms, now) for alarm in alarms]

    def _forget(self, terms: Terms, now: float) -> None:
        """Let go what is too old for anything."""
        lookback_s = Watch(_thresholds(terms.settings.management), terms.pauses.almanac).lookback_s
        oldest = now - max(lookback_s, terms.settings.repeats.within)
        while self._lines and self._lines[0].at < oldest:
            self._lines.popleft()


OFF = Management(response=None, surge_percent=None, timeouts=None)
"""Nobody watches the work on tickets."""


def _thresholds(management: Management) -> Thresholds:
    surge = None if management.surge_percent is None else management.surge_percent / 100.0
    return Thresholds(management.response, management.response_days, surge, management.timeouts)


def _repeated(repeat: Repeat, terms: Terms, now: float) -> Ticket:
    scope, cases = repeat.scope, repeat.cases
    is_device = scope.of == "device"
    device = terms.devices.get(scope.name) if is_device else None
    name = (device.name or device.id) if device else scope.name
    title, advice = repeat_words(scope.of, name, scope.kind, len(cases), terms.language)
    subject = scope.name if is_device else f"building:{scope.name}"
    evidence = {
        "repeat": dict(scope.said()),
        "cases": [{"ticket": each.ticket, "device": each.device, "at": each.at} for each in cases],
    }
    ticket = own(terms, "repeats", f"repeat.{scope.kind}", subject, title, now, advice=advice, evidence=evidence)
    location = device.location if device else {"building": scope.name} if not is_device else {}
    return replace(ticket, location=location)


def _management(alarm: Alarm, terms: Terms, now: float) -> Ticket:
    title, advice = management_words(alarm.kind, dict(alarm.numbers), terms.language)
    evidence = {"alarm": alarm.key, **alarm.numbers}
    kind = f"management.{alarm.kind}"
    return own(terms, "management", kind, terms.site, title, now, advice=advice, evidence=evidence)
