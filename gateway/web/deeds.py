"""What a person at this machine may say of a ticket, or silence, as JSON. A key that is not known is an error."""

import re
from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gateway.core.casework import Callback, Happening, Silence
from gateway.core.messages import printable
from gateway.core.types import Level
from gateway.web.statements import Reference, Share, Short, Text

_NOT_SHOWN = re.compile(r"[^\w .,:@/+'()-]")


def _by(value: Any) -> str:
    """Who asks, in characters that can stand in a log and in a letter; "local" if the body does not say."""
    return _NOT_SHOWN.sub("", str(value))[:64].strip() or "local"


class Deed(BaseModel):
    """Something a person does."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    by: Annotated[str, BeforeValidator(_by)] = "local"


class OnTicket(Deed):
    """Something a person does to a ticket."""

    def callback(self, ticket: str, event: Happening) -> Callback:
        """The same, about a ticket; the daemon knows when now is."""
        return Callback("", ticket, event, inf, **self.model_dump())


class Closing(OnTicket):
    """What it was, and what shows that it is over."""

    verdict: Literal["done", "normal", "false"] = "done"
    evidence: Annotated[tuple[Reference, ...], Field(max_length=20, strict=False)] = ()


class Progress(OnTicket):
    """How far the work is; one of the three at least."""

    percent: Share | None = None
    minutes_left: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    text: Text = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.percent is None and self.minutes_left is None and not self.text:
            raise ValueError("progress needs percent, minutes_left or text")
        return self


class Rejection(OnTicket):
    """Why the work is not accepted, or not taken on."""

    text: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(printable)]


class Hush(Deed):
    """What is to be held back, for how many seconds, and why."""

    device: Short = ""
    building: Short = ""
    kind: Short = ""
    level: Literal["yellow", "red"] = "yellow"
    for_s: Annotated[float, Field(gt=0)]
    reason: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(printable)]

    def silence(self) -> Silence:
        """The same, before it has an id and an end."""
        scopes = {"device": self.device, "building": self.building, "kind": self.kind}
        return Silence("", self.by, self.reason, 0.0, 0.0, level=Level(self.level), **scopes)


ON_TICKETS: Mapping[str, tuple[Happening, type[OnTicket]]] = {
    "ack": (Happening.ACCEPTED, OnTicket),
    "progress": (Happening.PROGRESS, Progress),
    "resolve": (Happening.RESOLVED, OnTicket),
    "reject": (Happening.REJECTED, Rejection),
    "close": (Happening.CLOSED, Closing),
}
"""What can be done to a ticket: what happens to it, and what is said."""


def wrong(error: ValidationError, kind: type[Deed]) -> str:
    """The first thing that is wrong with what was said."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field, why = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"{field!a:.80} cannot be said here; there are {', '.join(kind.model_fields)}"
    return f"{field}: {why}" if field else why
