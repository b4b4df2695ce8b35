"""Whatever happens in whatever order, a desk keeps its promises; and a restart changes nothing that anybody can see."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from drivers.device import Device
from gateway.core.casework import Callback, Happening, Silence
from gateway.core.types import Level, Ticket, Verdict
from gateway.tickets.causes import ALONE, Topology
from gateway.tickets.desk import Desk
from gateway.tickets.terms import OUR_OWN, Terms
from rules.rule import LevelName
from tests.tickets.desks import POLICIES, site, terms
from tests.tickets.model_promises import Promises
from tests.tickets.model_site import ALL, DEVICES, LIFTS, PASSES_S, SAID_AT_S, SETTINGS, Site


class Life(Promises, RuleBasedStateMachine):
    """Two sites to which the same happens; only the first is restarted."""

    @initialize(written=st.sampled_from(SETTINGS), apart=st.booleans())
    def opens(self, written: dict[str, Any], *, apart: bool) -> None:
        self.apart = apart
        self.sites = [Site(Desk(self.terms(written, site(LIFTS)), ALL)) for _ in range(2)]
        self.active: dict[tuple[str, str], LevelName] = {}
        self.changed_at: dict[tuple[str, str], float] = {}
        self.judged: set[tuple[str, str]] = set()
        self.before: dict[str, Ticket] = {}
        self.checked = self.decided = 0

    def terms(self, written: dict[str, Any], devices: dict[str, Device]) -> Terms:
        """Of a site with these devices, which share nothing if they stand apart."""
        topology = Topology(() if self.apart else devices.values(), (*ALONE, *OUR_OWN))
        return terms(written, LIFTS, devices=devices, topology=topology)

    def both(self, act: Callable[[Site], Any]) -> None:
        for each in self.sites:
            act(each)

    def transition(self, device: str, name: str, level: LevelName) -> None:
        """What a tracker could say next of this rule and device, if the level is what the readings ask for."""
        if name not in self.site.desk.rules or device not in self.site.desk.terms.devices:
            return
        if self.changed_at.get((name, device)) == self.site.now:  # readings of one device have times of their own
            self.both(lambda each: each.passes(0.001))
        self.changed_at[name, device] = self.site.now
        known = self.active.get((name, device))
        if known is None:
            change, now = "fired", level
        elif known == "yellow" and level == "red":
            change, now = "escalated", level
        else:
            change, now = "cleared", known
        doubts = self.site.desk.rules[name].doubts  # of a reading on which all rules rest
        self.both(lambda each: each.happens(device, name, change, now, doubts, a=1.0))
        self.both(Site.settles)
        self.judged.discard((name, device))
        if change == "cleared":
            del self.active[name, device]
        else:
            self.active[name, device] = now

    @rule(device=st.sampled_from(DEVICES), name=st.sampled_from(sorted(ALL)), level=st.sampled_from(["yellow", "red"]))
    def an_alert_changes(self, device: str, name: str, level: LevelName) -> None:
        self.transition(device, name, level)

    @rule(
        devices=st.lists(st.sampled_from(DEVICES), min_size=3, max_size=9, unique=True),
        name=st.sampled_from(["offline", "stopped", "hot"]),
        level=st.sampled_from(["yellow", "red"]),
        apart_s=st.sampled_from([0.0, 0.5, 5.0]),
    )
    def many_change(self, devices: list[str], name: str, level: LevelName, apart_s: float) -> None:
        for device in devices:
            self.transition(device, name, level)
            self.both(lambda each: each.passes(apart_s))

    @rule(seconds=st.sampled_from(PASSES_S))
    def time_passes(self, seconds: float) -> None:
        self.both(lambda each: each.passes(seconds))

    @precondition(lambda self: self.site.kept)
    @rule(
        number=st.integers(0, 30),
        event=st.sampled_from(list(Happening)),
        late_s=st.sampled_from(SAID_AT_S),
        more=st.fixed_dictionaries(
            {},
            optional={
                "percent": st.sampled_from([0.0, 50.0]),
                "minutes_left": st.just(12.0),
                "evidence": st.just(("photo.jpg",)),
                "score": st.sampled_from([79.0, 80.0]),
                "verdict": st.sampled_from([str(each) for each in Verdict]),
            },
        ),
        twice=st.booleans(),
    )
    def the_company_says(
        self, number: int, event: Happening, late_s: float, more: dict[str, Any], *, twice: bool
    ) -> None:
        ticket = self.some(number)
        said = Callback(f"{event}-{self.site.now}", ticket, event, self.site.now + late_s, "wang", **more)
        self.both(lambda each: each.decides(each.desk.hear(said, each.now)))
        if twice and event not in {Happening.REJECTED, Happening.SURVEY}:
            count = len(self.site.messages)
            self.both(lambda each: each.decides(each.desk.hear(said, each.now)))
            assert len(self.site.messages) == count

    @precondition(lambda self: self.site.kept)
    @rule(number=st.integers(0, 30), verdict=st.sampled_from(list(Verdict)), evidence=st.sampled_from([(), ("p",)]))
    def somebody_closes_here(self, number: int, verdict: Verdict, evidence: tuple[str, ...]) -> None:
        ticket = self.some(number)
        self.both(lambda each: each.decides(each.desk.close(ticket, "li", each.now, verdict, evidence)))

    @precondition(lambda self: self.site.kept)
    @rule(number=st.integers(0, 30))
    def somebody_acknowledges_here(self, number: int) -> None:
        ticket = self.some(number)
        self.both(lambda each: each.decides(each.desk.acknowledge(ticket, "li", each.now)))

    @rule(
        device=st.sampled_from(["", "EL-0", "PM-1"]),
        kind=st.sampled_from(["", "elevator.*"]),
        level=st.sampled_from(list(Level)),
        lasts_s=st.sampled_from([-1.0, 60.0, 7200.0]),
        number=st.integers(0, 2),
    )
    def somebody_silences(self, device: str, kind: str, level: Level, lasts_s: float, number: int) -> None:
        now = self.site.now
        said = Silence(f"s{number}", "li", "", now, now + lasts_s, device, "", kind, level)
        self.both(lambda each: each.desk.silence(said))
        self.both(Site.settles)

    @rule(seconds=st.sampled_from([1.0, 3600.0]))
    def the_clock_leaps(self, seconds: float) -> None:
        def leap(each: Site) -> None:
            each.now += seconds
            each._keep(each.desk.leap(seconds))
            each.settles()

        self.both(leap)

    @rule(
        gone=st.sets(st.sampled_from(sorted(ALL)), max_size=2),
        lost=st.sets(st.sampled_from(DEVICES), max_size=1),
        written=st.sampled_from(SETTINGS),
        soft=st.sampled_from([None, "1h", "3h"]),
    )
    def it_is_reloaded(self, gone: set[str], lost: set[str], written: dict[str, Any], soft: str | None) -> None:
        rules = {name: each for name, each in ALL.items() if name not in gone}
        devices = {name: each for name, each in site(LIFTS).items() if name not in lost}
        policies = {name: each for name, each in POLICIES.items() if name not in gone}
        for name in ("soft", "yellow_48h"):
            if name in policies:
                policies[name] = policies[name].model_copy(
                    update={"close_when_clear": float(soft[0]) * 3600.0 if soft else None}
                )
        kept = {key for key in self.active if key[0] in rules and key[1] in devices}

        def follow(each: Site) -> None:
            now = self.terms(written, devices)
            pauses = replace(now.pauses, silences=each.desk.terms.pauses.silences)
            now = replace(now, policies=policies, pauses=pauses)
            each._keep(each.desk.follow(now, rules, kept, each.now))
            each.settles()

        self.both(follow)
        self.active = {key: level for key, level in self.active.items() if key in kept}

    @rule()
    def the_gateway_restarts(self) -> None:
        self.site.restarts()
        self.sites[1].settles()

    def some(self, number: int) -> str:
        """One of the last tickets."""
        names = list(self.site.kept)
        return names[-1 - number % len(names)]

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.a_restart_changes_nothing()
        self.what_is_kept_is_what_there_is()
        self.one_open_ticket_per_device_and_kind()
        self.messages_and_lines_have_no_gap()
        self.no_alert_is_forgotten()
        self.what_does_not_fire_is_cleared()
        self.no_limit_is_told_twice()
        self.held_and_members_are_silent()
        self.a_red_is_held_only_by_what_says_red()
        self.back_only_by_reopening()
        self.nothing_is_due()
        self.checked = len(self.site.messages)
        self.decided = len(self.site.decisions)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=40, deadline=None, report_multiple_bugs=False)
