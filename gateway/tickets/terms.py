"""What a desk goes by: the site's names, its time rules and ladder, whom to tell, what counts as a common cause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Self

from drivers.device import Device, Profile
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.casework import Silence
from gateway.core.config import Config
from gateway.core.messages import Language
from gateway.core.policy import Policy
from gateway.core.ticket_settings import CommonCause, Step, TicketSettings
from gateway.core.types import Level, Ticket
from gateway.core.wording import LetterName
from gateway.core.worktime import CLOCK_ONLY, WorkingHours
from gateway.tickets.causes import ALONE, Topology
from gateway.tickets.explanation import Voice
from gateway.tickets.letters import Letters
from gateway.tickets.pauses import Pauses
from rules.rule import Rule

AT_ONCE = TicketSettings(common_cause=CommonCause.model_validate({"within": "0s"}))
"""Tickets are told at once, and to the dispatch API alone."""


OUR_OWN = ("repeat.*", "management.*", "gateway.*", "common.*")
"""Kinds of tickets that no rule made: nothing of a device is behind them."""


@dataclass(frozen=True, slots=True)
class Terms:
    """All of it. With no more than a site and policies it is a desk that tells everything at once."""

    site: str
    language: Language
    policies: Mapping[str, Policy]
    site_name: str = ""
    zone: tzinfo = UTC
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    settings: TicketSettings = AT_ONCE
    hours: WorkingHours = CLOCK_ONLY
    topology: Topology = field(default_factory=lambda: Topology(()))
    pauses: Pauses = Pauses(UTC_ALMANAC)  # noqa: RUF009 - frozen
    letters: Letters = field(default_factory=Letters)
    voice: Voice = field(init=False)
    """How the site speaks."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "voice", Voice(self.language, self.zone, self.profiles))

    @classmethod
    def of(cls, config: Config, silences: Iterable[Silence] = ()) -> Self:
        """The terms of a site."""
        site, settings = config.site, config.tickets
        return cls(
            site=site.id,
            language=site.language,
            policies=config.policies,
            site_name=site.name,
            zone=site.zone,
            profiles=config.profiles,
            devices={device.id: device for device in config.devices},
            settings=settings,
            hours=settings.working_hours(site.almanac),
            topology=Topology(config.devices, (*ALONE, *OUR_OWN)),
            letters=Letters(config.wording),
            pauses=Pauses(site.almanac, settings.quiet, settings.maintenance, tuple(silences)),
        )

    def renewed(self, config: Config) -> "Terms":
        """The terms of the site as it is configured now; what people have silenced stays so."""
        return Terms.of(config, self.pauses.silences)

    def with_silence(self, silence: Silence) -> "Terms":
        """The same, with something more that is to be held back; one of the same id takes the old one's place."""
        others = (each for each in self.pauses.silences if each.id != silence.id)
        return replace(self, pauses=replace(self.pauses, silences=(*others, silence)))

    @property
    def common(self) -> CommonCause:
        """What counts as a common cause."""
        return self.settings.common_cause

    def letter(self, name: LetterName, ticket: Ticket, now: float) -> str:
        """What residents are to be told. Nobody is promised anybody's arrival before somebody has said when."""
        device = self.devices.get(ticket.device)
        more = {"device": device.name} if device and device.name else {}
        if name == "entrapment" and ticket.expected_at is None:
            more["eta"] = ""
        site = self.site_name or self.site
        return self.letters.letter(name, ticket, site, self.language, now, self.zone, **more)

    def policy(self, ticket: Ticket) -> Policy:
        """The time rules of a ticket; none of a policy that is no longer there."""
        return self.policies.get(ticket.policy) or Policy()

    def due(self, policy: str, now: float) -> dict[str, float]:
        """When each limit of a policy falls for what begins now."""
        return (self.policies.get(policy) or Policy()).due(now, self.hours)

    def steps(self, ticket: Ticket) -> tuple[Step, ...]:
        """The ladder of a ticket: its policy's own, or the site's."""
        named = {step.step: step for step in self.settings.ladder}
        own = self.policy(ticket).ladder
        return tuple(named.get(name) or Step(step=name) for name in own) or self.settings.ladder

    def step(self, ticket: Ticket) -> Step:
        """The step of the ladder that a ticket has reached."""
        steps = self.steps(ticket)
        return steps[min(ticket.step, len(steps) - 1)]

    def channels(self, ticket: Ticket) -> tuple[str, ...]:
        """Through what people are told of a ticket: what its level asks for, and its step of the ladder."""
        notify = self.settings.notify
        by_level = notify.red if ticket.level is Level.RED else notify.yellow
        return tuple(dict.fromkeys((*by_level, *self.policy(ticket).subscribers, *self.step(ticket).channels)))


def refuse_unknown_policies(rules: Mapping[str, Rule], policies: Mapping[str, Policy]) -> None:
    """Raise ValueError for a rule whose policy is missing."""
    unknown = {rule.policy for rule in rules.values() if rule.policy} - policies.keys()
    if unknown:
        raise ValueError(f"no such policy: {', '.join(sorted(unknown))}")
