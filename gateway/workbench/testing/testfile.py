"""What a person writes in a rule test: the device, what it measures, and what the rules must make of that.

These are the shapes alone. Whether points and rules exist is checked in `suite`.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.device import Name, Written
from gateway.core.types import Level
from gateway.workbench.testing.series import Samples
from rules.duration import DAY_S, Seconds
from rules.rule import LevelName, Texts
from rules.season import month_day

Change = Literal["fired", "escalated", "cleared"]
CHANGES: tuple[Change, ...] = ("fired", "escalated", "cleared")

MessageEvent = Literal["created", "escalated", "occurred_again", "condition_cleared", "none"]
"""What the dispatch API can be told of a change of a rule; `none`: it need not know."""

SIMULATED_STEP_S = 10.0

_START = re.compile(r"(?:(\d\d-\d\d) +)?([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_Start = Annotated[
    str, Field(pattern=r"^\s*(\d\d-\d\d +)?([01]\d|2[0-3]):[0-5]\d\s*$", examples=["22:30", "05-01 22:30"])
]
_LEAP_YEAR = 2024  # of which tests tell; its first day is a Monday


def start_s(text: Any) -> float:
    """Turn "22:30" into seconds since midnight, "05-01 22:30" into seconds since New Year."""
    if isinstance(text, str) and (match := _START.fullmatch(text.strip())):
        month, day = divmod(month_day(match[1]), 100) if match[1] else (1, 1)
        days = (date(_LEAP_YEAR, month, day) - date(_LEAP_YEAR, 1, 1)).days
        return days * DAY_S + int(match[2]) * 3600.0 + int(match[3]) * 60.0
    raise PydanticCustomError(
        "bad_time_of_day", "{value} is not a time of day; write it as 22:30", {"value": str(text)}
    )


class _Explained(Written):
    """What stands under a key is what an editor shows of it."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class DeviceUnderTest(BaseModel):
    """The one device of a test: its profile, and its ratings as further keys."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(init=False)

    profile: Name
    """The device type."""

    @property
    def ratings(self) -> dict[str, float]:
        """The constants that rules may use."""
        return dict(self.__pydantic_extra__)


class Simulation(_Explained):
    """A simulated machine and the fault that befalls it at `onset`; the test ends with the fault.

    `history` is how much of its normal past the detectors have seen before the test begins.
    """

    plant: str
    """The simulated machine, such as pump-set."""
    fault: str
    """What befalls it, such as dry-run."""
    onset: Seconds
    """When the fault begins, from the beginning of the test."""
    duration: Annotated[Seconds, Field(gt=0)]
    """How long it lasts; the test ends with it."""
    severity: Annotated[float, Field(ge=0, le=1)] = 0.5
    """0, just there, to 1, the worst."""
    seed: int = 0
    """Another seed, another machine."""
    history: Annotated[Seconds, Field(le=90 * DAY_S)] = 14 * DAY_S
    """How much of the machine's normal past the detectors have seen."""


class TicketExpectation(_Explained):
    """What the ticket must say right after the change; what is left out may be anything."""

    level: Level | None = None
    """Yellow or red."""
    kind: Annotated[str | None, Field(alias="class")] = None
    """The class of the problem; the rule's id if the rule has none."""
    policy: str | None = None
    """The time rules that it follows."""
    title: Texts = Field(default_factory=dict)
    """The title, word for word, in zh, en or both."""
    due: dict[Literal["acknowledge", "on_site", "plan", "feedback", "close"], Seconds] = Field(default_factory=dict)
    """Each limit, counted from the change."""
    occurrences: Annotated[int | None, Field(ge=1)] = None
    """How often the problem has occurred on this ticket, the first time included."""
    message: MessageEvent | None = None
    """What the dispatch API is told of the change."""


class Expectation(_Explained):
    """One change of one rule and when it comes, or that the rule never fires.

    With `at` it comes at this sample. Without, it is the first change of this kind that must come `before` one moment,
    `after` another, or at any time; later ones of the same kind are not looked at.
    """

    rule: str
    """The rule's id."""
    fired: LevelName | None = None
    """It fires at this level."""
    escalated: Literal["red"] | None = None
    """Its yellow alert becomes red."""
    cleared: LevelName | None = None
    """Its alert of this level is over."""
    never: Literal[True] | None = None
    """It neither fires nor escalates."""
    at: Seconds | None = None
    """At exactly this sample."""
    before: Seconds | None = None
    """Earlier than this."""
    after: Seconds | None = None
    """Later than this."""
    ticket: TicketExpectation | None = None
    """What the ticket says right after the change."""

    @property
    def change(self) -> Change | None:
        """What the rule does; None if it must do nothing."""
        return next((name for name in CHANGES if getattr(self, name) is not None), None)

    @property
    def level(self) -> LevelName | None:
        """The level at which it does so."""
        return self.fired or self.escalated or self.cleared

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        given = [name for name in (*CHANGES, "never") if getattr(self, name) is not None]
        if not given:
            context = {"choices": [*CHANGES, "never"]}
            raise PydanticCustomError("nothing_expected", "what is expected of {rule}?", {"rule": self.rule} | context)
        moments = [name for name in ("at", "before", "after") if getattr(self, name) is not None]
        rivals = [
            *zip(given[1:], given, strict=False),
            *((name, "never") for name in (*moments, "ticket") if self.never and getattr(self, name) is not None),
            *((name, "at") for name in moments[1:] if self.at is not None),
        ]
        if rivals:
            raise ValidationError.from_exception_data("Expectation", [_beside(*pair) for pair in rivals])
        return self


_PLAYED = ("series", "scores", "health", "others")
"""Keys of samples."""


class RuleTest(_Explained):
    """One test: one device over a stretch of time, and everything that its rules do in it."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """A sentence that says what holds."""
    device: DeviceUnderTest | None = None
    """The device: its profile, and any ratings as further keys."""
    step: Annotated[Seconds, Field(ge=0.1)] = SIMULATED_STEP_S
    """The time between two samples; rules are evaluated at every sample."""
    start: Annotated[float, BeforeValidator(start_s, json_schema_input_type=_Start)] = 0.0
    """Local time of the first sample: of a Monday, such as 22:30, or of a day of the year, such as 05-01 22:30."""
    series: dict[str, Samples] = Field(default_factory=dict)
    """Samples by point, such as 60x10 85x6 _x2 stale. A shorter series goes on as it ended."""
    scores: dict[str, Samples] = Field(default_factory=dict)
    """Samples by detector: what score.NAME is."""
    health: dict[str, Samples] = Field(default_factory=dict)
    """Samples by detector: what health.NAME is."""
    others: dict[str, Samples] = Field(default_factory=dict)
    """Samples by detector: what others.NAME is."""
    simulate: Simulation | None = None
    """A simulated machine instead of series and what detectors say."""
    expect: tuple[Expectation, ...]
    """Everything that must happen; [] if nothing may."""
    ignore: tuple[str, ...] = ()
    """Ids of rules that may fire unnoticed."""

    @model_validator(mode="after")
    def _plays_something(self) -> Self:
        if self.simulate is None:
            if not any(getattr(self, key) for key in _PLAYED):
                context = {"choices": [*_PLAYED, "simulate"]}
                raise PydanticCustomError("nothing_to_play", "what does the device measure?", context)
            if lacking := [key for key in ("device", "step") if key not in self.model_fields_set]:
                raise ValidationError.from_exception_data("RuleTest", [_missing(key) for key in lacking])
        elif played := [key for key in _PLAYED if getattr(self, key)]:
            raise ValidationError.from_exception_data("RuleTest", [_beside(key, "simulate") for key in played])
        return self

    @property
    def profile(self) -> str:
        """The device's profile; a simulated machine has the one of its plant unless the test says otherwise."""
        return self.device.profile if self.device else self.simulate.plant if self.simulate else ""

    @property
    def samples(self) -> int:
        """How many instants are evaluated; the first is at 0."""
        if self.simulate:
            return int((self.simulate.onset + self.simulate.duration) / self.step + 1e-6) + 1
        return max(len(series) for key in _PLAYED for series in getattr(self, key).values())

    @property
    def end_s(self) -> float:
        """The last instant."""
        return (self.samples - 1) * self.step


class RuleTests(_Explained):
    """A whole NAME.test.yaml, which stands beside its NAME.yaml."""

    tests: Annotated[tuple[RuleTest, ...], Field(min_length=1)]
    """The tests, each with a device of its own."""


def _beside(key: str, other: str) -> InitErrorDetails:
    problem = PydanticCustomError("not_beside", "{key} cannot stand beside {other}", {"key": key, "other": other})
    return InitErrorDetails(type=problem, loc=(key,), input=None)


def _missing(key: str) -> InitErrorDetails:
    return InitErrorDetails(type="missing", loc=(key,), input=None)
