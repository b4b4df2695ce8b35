"""What the property company's software may say, as JSON, and how it becomes a callback or a complaint.

Keys that are not known are passed over, since other software adds its own; a known key of a wrong type is an error.
"""

from datetime import datetime
from statistics import fmean
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gateway.core.casework import Callback, Complaint, Happening
from gateway.core.messages import printable

EARLIEST, LATEST = 946_684_800.0, 4_102_444_800.0
"""2000 and 2100: no time that is meant lies beyond."""


def _moment(value: Any) -> Any:
    """Seconds since 1970 of an ISO 8601 time with its offset, or of a number of seconds."""
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            time = datetime.min  # noqa: DTZ901 - has no offset, so it is refused below
        if time.tzinfo is None:
            raise ValueError("a time is written 2026-03-15T08:01:05+08:00, with its offset, or in seconds since 1970")
        value = time.timestamp()
    if isinstance(value, float | int) and not EARLIEST <= value < LATEST:
        raise ValueError("a time lies between 2000 and 2100, in seconds since 1970, not milliseconds")
    return value


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
Moment = Annotated[float, BeforeValidator(_moment)]
Text = Annotated[str, Field(max_length=2000), AfterValidator(lambda text: "\n".join(map(printable, text.split("\n"))))]
Short = Annotated[str, Field(max_length=128), AfterValidator(printable)]
Reference = Annotated[str, Field(max_length=500), AfterValidator(printable)]
Share = Annotated[float, Field(ge=0, le=100)]


class _Statement(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, allow_inf_nan=False)


class Satisfaction(_Statement):
    """A resident's marks, 0 to 100 each; what was not asked is absent."""

    solve: Share | None = None
    speed: Share | None = None
    attitude: Share | None = None

    @property
    def score(self) -> float | None:
        """The mean of the marks that there are."""
        marks = [mark for mark in (self.solve, self.speed, self.attitude) if mark is not None]
        return fmean(marks) if marks else None


class Event(_Statement):
    """Something happened to a ticket."""

    id: Id
    event: Happening
    at: Moment
    by: Short | None = None
    progress_pct: Share | None = None
    eta_min: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    text: Text | None = None
    evidence: Annotated[tuple[Reference, ...], Field(max_length=20, strict=False)] | None = None
    satisfaction: Satisfaction | None = None
    verdict: Literal["done", "normal", "false"] | None = None

    @model_validator(mode="after")
    def _a_survey_has_marks(self) -> Self:
        if self.event is Happening.SURVEY and (self.satisfaction is None or self.satisfaction.score is None):
            raise ValueError("a survey needs satisfaction with solve, speed or attitude")
        return self

    def callback(self, ticket: str) -> Callback:
        """The same, about a ticket."""
        return Callback(
            id=self.id,
            ticket=ticket,
            event=self.event,
            at=self.at,
            by=(self.by or "").strip(),
            percent=self.progress_pct,
            minutes_left=self.eta_min,
            text=self.text or "",
            evidence=self.evidence or (),
            score=self.satisfaction.score if self.satisfaction and self.event is Happening.SURVEY else None,
            verdict=self.verdict or "done",
        )


class Grievance(_Statement):
    """A resident complained about a device."""

    id: Id
    asset_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    at: Moment
    text: Text | None = None

    def complaint(self) -> Complaint:
        """The same, not yet matched to a ticket."""
        return Complaint(self.id, self.asset_id, self.at, self.text or "")
