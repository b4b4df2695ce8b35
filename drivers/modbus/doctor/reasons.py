"""Says in words why a reading is the most probable one. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from drivers.encoding import WideOrder, lowest_first
from drivers.modbus.doctor.reading import Conduct, Reason, Value
from drivers.modbus.doctor.support import peers

_DIGITS = 6  # a float of 32 bits has seven; a number that uses all of them is any number
_CONDUCT: dict[Conduct, Reason] = {
    "steady": Reason("doctor_steady", "does not change"),
    "grows": Reason("doctor_grows", "only grows, like a counter"),
    "smooth": Reason("doctor_smooth", "changes smoothly"),
    "jumps": Reason("doctor_jumps", "jumps"),
}


class Vote(NamedTuple):
    """How many of the wide values have the order of the device."""

    order: WideOrder
    share: int
    total: int

    @classmethod
    def of(cls, wide: Sequence[Value], order: WideOrder | None) -> "Vote | None":
        """Count; None where it takes no vote."""
        return cls(order, sum(_shares(value, order) for value in wide), len(wide)) if order and len(wide) > 1 else None


def reasons(value: Value, near: Sequence[Value], vote: Vote | None) -> tuple[Reason, ...]:
    """The evidence for the best reading, the strongest first; `near` are the values around it."""
    if value.text:
        return (Reason("doctor_text", "every byte is a letter, a digit or a sign"),)
    if value.empty:
        return (Reason("doctor_zero", "holds 0, which every type can be"),)
    return tuple(_all(value, near, vote))


def _all(value: Value, near: Sequence[Value], vote: Vote | None) -> Iterator[Reason]:
    yield from _display(value)
    if value.met is not None:
        words = {"quantity": value.met.quantity.name, "scale": value.met.scale}
        english = "could be {quantity}" if value.met.scale == 1.0 else "could be {quantity} with scale {scale}"
        yield Reason("doctor_met" if value.met.scale == 1.0 else "doctor_met_scaled", english, words)
    if _is_mark(value):
        yield Reason("doctor_mark", "this pattern mostly means that there is no value")
        return
    if value.conduct in ("grows", "jumps"):
        yield _CONDUCT[value.conduct]
    if alike := peers(value, near):
        yield Reason(
            "doctor_alike", "as large as {addresses}", {"addresses": [str(each.address) for each in alike[:3]]}
        )
    if vote is not None and value.width > 1:
        yield _order(value, vote)
    if not value.best.whole and _decimal(value):
        yield Reason("doctor_decimal", "a decimal number of few digits")
    if value.conduct in ("smooth", "steady"):
        yield _CONDUCT[value.conduct]
    if len(value.best.candidates) > 1:
        too = [str(candidate) for candidate in value.best.candidates[1:3]]
        yield Reason("doctor_twin", "{types} reads the same", {"types": too})


def _order(value: Value, vote: Vote) -> Reason:
    if _shares(value, vote.order):
        return Reason("doctor_order", "{order} like {share} of {total} wide values", vote._asdict())
    return Reason("doctor_other_order", "not {order} like the others", {"order": vote.order})


def _shares(value: Value, order: WideOrder) -> bool:
    """Whether a value is in the order of its device; values of 64 bits have names of their own for it."""
    candidate = value.best.candidate
    return lowest_first(candidate.kind, order) == lowest_first(*candidate)


def _display(value: Value) -> Iterator[Reason]:
    if value.expected is None:
        return
    shown, scale = f"{value.expected.value:g}", value.expected.scale(value.best.last)
    if scale is None:
        yield Reason("doctor_display_not", "no type makes it the display's {shown}", {"shown": shown})
    elif scale == 1.0:
        yield Reason("doctor_display", "fits the display's {shown}", {"shown": shown})
    else:
        english = "fits the display's {shown} with scale {scale}"
        yield Reason("doctor_display_scaled", english, {"shown": shown, "scale": scale})


def _is_mark(value: Value) -> bool:
    """All ones, the highest or lowest signed number, or "not a number"."""
    half = 2.0 ** (16 * value.width - 1)
    signed = any(candidate.kind.startswith("s") for candidate in value.best.candidates)
    return bool((value.words[-1] == 0xFFFF).all() or np.isnan(value.best.last)) or (
        signed and value.best.last in (half - 1, -half)
    )


def _decimal(value: Value) -> bool:
    last, most = value.best.last, 10**_DIGITS
    return any(abs(last) * 10**n < most and np.float32(round(last, n)) == np.float32(last) for n in range(4))
