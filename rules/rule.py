"""What a maintenance engineer writes, and what comes out of it: `Pack`, `Rule`, `LevelCondition` and `Transition`.

What the conditions mean is decided in `expression`, what happens over time in `tracker`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from rules.duration import DAY_S, Hours, Seconds, written
from rules.season import MonthDay

LevelName = Literal["yellow", "red"]
LEVELS: tuple[LevelName, LevelName] = ("yellow", "red")
ANY_PROFILE = "*"
_LONGEST_AHEAD_S = 300 * DAY_S

Status = Literal["verified", "unverified", "practice", "learnt"]
"""How far the figure behind a rule is checked.

`verified`: the standard's or the maker's own text was read. `unverified`: the standard is known, the figure is from
memory. `practice`: engineering practice or a maker's setting. `learnt`: the site itself has learnt it. A rule with
several figures has the status of the weakest.
"""

Texts = dict[Literal["zh", "en"], str]
"""One text per language; titles are templates over points, ratings and `device`."""


def in_all_languages(written: Any) -> Any:
    """A text alone stands for every language."""
    return {"zh": written, "en": written} if isinstance(written, str) else written


def whole_days(seconds: float | None) -> float | None:
    """A time ahead of a season, in seconds: whole days, and less than a year."""
    if seconds is not None and (seconds % DAY_S or not DAY_S <= seconds <= _LONGEST_AHEAD_S):
        words = {"value": written(seconds)}
        raise PydanticCustomError(
            "bad_ahead", "{value} is not a number of days from 1d to 300d; write it as 30d", words
        )
    return seconds


Told = Annotated[Texts, BeforeValidator(in_all_languages, json_schema_input_type=str | Texts)]
"""A text for everybody, such as a link, or one per language."""

Condition = Annotated[
    str,
    Field(
        examples=[
            "bearing_temp > 70",
            "running and flow < 0.5 and power < 0.45 * rated_power",
            "avg(vibration, 5m) > 4.5 mm/s",
            "rises(running, 1h) > 20",
            "score.usual > 0.55 and running",
        ]
    ),
]
"""The text of a condition."""


class Written(BaseModel):
    """Base of everything a person writes: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LevelCondition(Written):
    """When a level holds, for how long it must hold, and at which hours it counts at all."""

    when: Condition
    for_s: Seconds = Field(default=0.0, alias="for")
    between: Hours | None = None


class Season(Written):
    """A part of the year at the site, both days included; it may pass New Year."""

    first: Annotated[MonthDay, Field(alias="from")]
    last: Annotated[MonthDay, Field(alias="to")]


class Rule(Written):
    """One condition at one or two levels. `kind` is what counts as the same kind of problem."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    kind: Annotated[str, Field(alias="class", pattern=r"^[A-Za-z0-9._-]{0,64}$")] = ""
    profile: str | None = None
    yellow: LevelCondition | None = None
    red: LevelCondition | None = None
    clear: Condition | None = None
    keep_s: Seconds = Field(default=0.0, alias="keep")
    latch: bool = False
    season: Season | None = None
    ahead_s: Annotated[Seconds | None, AfterValidator(whole_days), Field(alias="ahead")] = None
    per: Literal["device", "site"] = "device"
    doubts: tuple[str, ...] = ()
    title: Texts = Field(default_factory=dict)
    advice: Texts = Field(default_factory=dict)
    basis: Told = Field(default_factory=dict)
    status: Status | None = None
    guide: Told = Field(default_factory=dict)
    policy: str | None = None

    @model_validator(mode="after")
    def _has_a_level(self) -> Self:
        if not self.levels:
            raise PydanticCustomError("no_level", "rule {id} has neither yellow nor red", {"id": self.id})
        return self

    @property
    def levels(self) -> dict[LevelName, LevelCondition]:
        """The levels that the rule defines, lowest first."""
        defined = {"yellow": self.yellow, "red": self.red}
        return {name: level for name in LEVELS if (level := defined[name])}

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition as it is written: of the levels, lowest first, and of clearing."""
        return (*(level.when for level in self.levels.values()), *([self.clear] if self.clear else []))

    @property
    def fingerprint(self) -> str:
        """Short hash of what decides alerts and whose ticket they are; only a rule that still has it takes state up."""
        levels = {name: (_one_line(x.when), x.for_s, x.between) for name, x in self.levels.items()}
        decisive = [levels, _one_line(self.clear or ""), self.keep_s, self.kind or self.id]
        if self.season or self.per == "site":
            decisive.append([self.season and [self.season.first, self.season.last], self.ahead_s, self.per])
        return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:12]


class Pack(Written):
    """One YAML file: rules for the devices of one profile, or of any (`*`). A rule may name another profile.

    Its season is that of all its rules that have none of their own.
    """

    profile: str
    season: Season | None = None
    rules: tuple[Rule, ...]

    def rules_of(self, profile: str) -> dict[int, Rule]:
        """The rules that apply to a profile, by their position in the file, each with its season."""
        return {
            i: rule.model_copy(update={"season": rule.season or self.season}) if self.season else rule
            for i, rule in enumerate(self.rules)
            if (rule.profile or self.profile) in (profile, ANY_PROFILE)
        }


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one rule on one device.

    `since` is when the condition behind the change began to hold. `evidence` is what the points that the rule names
    showed at `time`, unknown ones left out. `doubts` are those of the rule's that are named by the way in which its
    condition was true. A cleared alert carries the level that it had.
    """

    time: float
    rule: str
    row: int
    change: Literal["fired", "escalated", "cleared"]
    level: LevelName
    since: float
    evidence: Mapping[str, float]
    doubts: tuple[str, ...] = ()


def _one_line(text: str) -> str:
    return " ".join(text.split())
