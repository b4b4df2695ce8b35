"""What a maintenance engineer writes, and what comes out of it: `Pack`, `Rule`, `LevelCondition` and `Transition`.

What the conditions mean is decided in `expression`, what happens over time in `tracker`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from rules.duration import Hours, Seconds

LevelName = Literal["yellow", "red"]
LEVELS: tuple[LevelName, LevelName] = ("yellow", "red")
ANY_PROFILE = "*"

Texts = dict[Literal["zh", "en"], str]
"""One text per language; titles are templates over points, ratings and `device`."""


def in_all_languages(written: Any) -> Any:
    """A text alone stands for every language."""
    return {"zh": written, "en": written} if isinstance(written, str) else written


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
    title: Texts = Field(default_factory=dict)
    advice: Texts = Field(default_factory=dict)
    basis: Told = Field(default_factory=dict)
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
        return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:12]


class Pack(Written):
    """One YAML file: rules for the devices of one profile, or of any (`*`). A rule may name another profile."""

    profile: str
    rules: tuple[Rule, ...]

    def rules_of(self, profile: str) -> dict[int, Rule]:
        """The rules that apply to a profile, by their position in the file."""
        return {
            i: rule for i, rule in enumerate(self.rules) if (rule.profile or self.profile) in (profile, ANY_PROFILE)
        }


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one rule on one device.

    `since` is when the condition behind the change began to hold. `evidence` is what the points that the rule names
    showed at `time`, unknown ones left out. A cleared alert carries the level that it had.
    """

    time: float
    rule: str
    row: int
    change: Literal["fired", "escalated", "cleared"]
    level: LevelName
    since: float
    evidence: Mapping[str, float]


def _one_line(text: str) -> str:
    return " ".join(text.split())
