"""What holds of a desk at every moment, whatever has happened: the promises that its model is held to."""

from collections import Counter, defaultdict

from gateway.core.types import Hold, Level, Message, Status, Ticket, Verdict
from gateway.tickets.limits import RANK, wakes_at
from rules.rule import LevelName
from tests.tickets.model_site import ALL, Site


class Promises:
    """Held against the first of two sites to which the same happens; only that one is restarted."""

    sites: list[Site]
    apart: bool
    active: dict[tuple[str, str], LevelName]
    judged: set[tuple[str, str]]
    before: dict[str, Ticket]
    checked: int
    decided: int

    @property
    def site(self) -> Site:
        return self.sites[0]

    def a_restart_changes_nothing(self) -> None:
        """But the order of tickets within one moment, and what is concluded from many tickets: that is looked for at
        other moments, and of tickets that share a cause another one may become the parent.
        """
        if not self.apart:
            return
        one, two = (
            sorted(
                (message.key, message.event, message.created_at)
                for message in each.messages
                if message.body["ticket"]["rule"] in ALL
            )
            for each in self.sites
        )
        assert one == two, set(one) ^ set(two)

    def what_is_kept_is_what_there_is(self) -> None:
        for each in self.sites:
            for ticket in each.desk._shelf:
                assert each.kept[ticket.id] == ticket, ticket.id

    def one_open_ticket_per_device_and_kind(self) -> None:
        count = Counter(
            (each.device, each.kind) for each in self.site.kept.values() if each.status is not Status.CLOSED
        )
        assert not [key for key, number in count.items() if number > 1]

    def messages_and_lines_have_no_gap(self) -> None:
        told, lines = defaultdict[str, list[Message]](list), defaultdict[str, list[int]](list)
        for message in self.site.messages:
            told[message.ticket].append(message)
        for entry in self.site.entries:
            lines[entry.ticket].append(entry.number)
        for ticket in self.site.kept.values():
            assert [each.number for each in told[ticket.id]] == list(range(ticket.messages))
            created = [each.number for each in told[ticket.id] if each.event == "created"]
            assert created == ([0] if ticket.messages else [])
            assert lines[ticket.id] == list(range(ticket.lines))

    def no_alert_is_forgotten(self) -> None:
        self._judge()
        for name, device in self.active.keys() - self.judged:
            of = ALL[name].kind or name
            ticket = self.site.desk._shelf.at(device, of)
            assert ticket is not None, (name, device)
            assert name in ticket.firing, (name, ticket)
            if ticket.status is Status.CLOSED:
                assert ticket.watched_until is not None
                assert ticket.watched_until > self.site.now
            elif ticket.parent:
                parent = self.site.desk.ticket(ticket.parent)
                assert parent is not None
                assert parent.status is not Status.CLOSED
                assert parent.messages
                assert [each.cleared_at for each in parent.members if each.ticket == ticket.id] == [None]
                assert parent.cleared_at is None
                assert RANK[parent.status] < RANK[Status.RESOLVED] or parent.watched_until is not None
            elif ticket.held is not None:
                assert ticket.held_until is not None
                assert ticket.held_until > self.site.now
            else:
                assert ticket.messages
                assert RANK[ticket.status] < RANK[Status.RESOLVED] or ticket.watched_until is not None

    def what_does_not_fire_is_cleared(self) -> None:
        for ticket in self.site.desk._shelf:
            assert all((name, ticket.device) in self.active for name in ticket.firing), ticket
            if ticket.rule in ALL and not ticket.firing and not ticket.members:
                assert ticket.cleared_at is not None, ticket

    def no_limit_is_told_twice(self) -> None:
        told = Counter(
            (message.ticket, message.body["limit"], message.body["ticket"]["reopened"], message.level)
            for message in self.site.messages
            if message.event == "overdue" and not message.body["again"]
        )
        assert not [key for key, number in told.items() if number > 1]

    def held_and_members_are_silent(self) -> None:
        for decision in self.site.decisions[self.decided :]:
            ticket = decision.ticket
            assert ticket is None or not decision.messages or (ticket.held is None and not ticket.parent)
            assert ticket is None or not ticket.parent or "entrapment" not in ticket.kind

    def a_red_is_held_only_by_what_says_red(self) -> None:
        for ticket in self.site.desk._shelf:
            if ticket.held is not None and ticket.level is Level.RED:
                assert ticket.held in {Hold.MAINTENANCE, Hold.SILENCE}
                assert ticket.held is not Hold.MAINTENANCE or ticket.device == "EL-1"

    def back_only_by_reopening(self) -> None:
        for ticket in self.site.kept.values():
            before = self.before.get(ticket.id)
            if before is not None and RANK[ticket.status] < RANK[before.status]:
                assert ticket.reopened > before.reopened
        self.before = dict(self.site.kept)

    def nothing_is_due(self) -> None:
        desk = self.site.desk
        assert desk.next_at > self.site.now
        waking = [wakes_at(each, desk.terms.policies.get(each.policy)) for each in desk._shelf]
        assert desk.next_at == min(waking, default=float("inf"))

    def _judge(self) -> None:
        for decision in self.site.decisions[self.decided :]:
            closing, ticket = decision.closing, decision.ticket
            if closing is not None and ticket is not None and closing.verdict is not Verdict.DONE:
                at = (ticket.device, ticket.kind)
                self.judged |= {(name, place) for name, place in self.active if (place, ALL[name].kind or name) == at}
