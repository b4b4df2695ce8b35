"""What a person writes in a rule test: the device, what it measures, and what the rules must make of that.

These are the shapes alone. Whether points and rules exist is checked in `suite`.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.device import Name, Written
from gateway.core.types import Level
from gateway.workbench.series import Samples
from rules.duration import DAY_S, Seconds
from rules.rule import LevelName, Texts

Change = Literal["fired", "escalated", "cleared"]
CHANGES: tuple[Change, ...] = ("fired", "escalated", "cleared")

SIMULATED_STEP_S = 10.0

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def time_of_day_s(text: Any) -> float:
    """Turn "22:30" into seconds since midnight."""
    if isinstance(text, str) and (match := _TIME_OF_DAY.fullmatch(text.strip())):
        return int(match[1]) * 3600.0 + int(match[2]) * 60.0
    raise PydanticCustomError(
        "bad_time_of_day", "{value} is not a time of day; write it as 22:30", {"value": str(text)}
    )


class DeviceUnderTest(BaseModel):
    """The one device of a test: its profile, and its ratings as further keys."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(init=False)

    profile: Name

    @property
    def ratings(self) -> dict[str, float]:
        """The constants that rules may use."""
        return dict(self.__pydantic_extra__)


class Simulation(Written):
    """A simulated machine and the fault that befalls it at `onset`; the test ends with the fault.

    `history` is how much of its normal past the detectors have seen before the test begins.
    """

    plant: str
    fault: str
    onset: Seconds
    duration: Annotated[Seconds, Field(gt=0)]
    severity: Annotated[float, Field(ge=0, le=1)] = 0.5
    seed: int = 0
    history: Annotated[Seconds, Field(le=90 * DAY_S)] = 14 * DAY_S


class TicketExpectation(Written):
    """What the ticket must say right after the change; what is left out may be anything."""

    level: Level | None = None
    kind: Annotated[str | None, Field(alias="class")] = None
    policy: str | None = None
    title: Texts = Field(default_factory=dict)
    due: dict[Literal["acknowledge", "on_site", "feedback", "close"], Seconds] = Field(default_factory=dict)
    """Each limit, counted from the change."""


class Expectation(Written):
    """One change of one rule and when it comes, or that the rule never fires.

    With `at` it comes at this sample. Without, it is the first change of this kind that must come `before` one moment,
    `after` another, or at any time; later ones of the same kind are not looked at.
    """

    rule: str
    fired: LevelName | None = None
    escalated: Literal["red"] | None = None
    cleared: LevelName | None = None
    never: Literal[True] | None = None
    at: Seconds | None = None
    before: Seconds | None = None
    after: Seconds | None = None
    ticket: TicketExpectation | None = None

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


class RuleTest(Written):
    """One test: one device over a stretch of time, and everything that its rules do in it."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    device: DeviceUnderTest | None = None
    step: Annotated[Seconds, Field(ge=0.1)] = SIMULATED_STEP_S
    start: Annotated[float, BeforeValidator(time_of_day_s, json_schema_input_type=str)] = 0.0
    """Local time of day of the first sample, in seconds since midnight of a Monday."""
    series: dict[str, Samples] = Field(default_factory=dict)
    scores: dict[str, Samples] = Field(default_factory=dict)
    simulate: Simulation | None = None
    expect: tuple[Expectation, ...]
    ignore: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _plays_something(self) -> Self:
        if self.simulate is None:
            if not (self.series or self.scores):
                context = {"choices": ["series", "scores", "simulate"]}
                raise PydanticCustomError("nothing_to_play", "what does the device measure?", context)
            if lacking := [key for key in ("device", "step") if key not in self.model_fields_set]:
                raise ValidationError.from_exception_data("RuleTest", [_missing(key) for key in lacking])
        elif played := [key for key in ("series", "scores") if getattr(self, key)]:
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
        return max(len(series) for series in (*self.series.values(), *self.scores.values()))

    @property
    def end_s(self) -> float:
        """The last instant."""
        return (self.samples - 1) * self.step


class RuleTests(Written):
    """A whole NAME.test.yaml, which stands beside its NAME.yaml."""

    tests: Annotated[tuple[RuleTest, ...], Field(min_length=1)]


def _beside(key: str, other: str) -> InitErrorDetails:
    problem = PydanticCustomError("not_beside", "{key} cannot stand beside {other}", {"key": key, "other": other})
    return InitErrorDetails(type=problem, loc=(key,), input=None)


def _missing(key: str) -> InitErrorDetails:
    return InitErrorDetails(type="missing", loc=(key,), input=None)
