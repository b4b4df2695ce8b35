"""Says in words why a reading is the most probable one. Pure."""

from collections.abc import Iterator, Sequence

import numpy as np

from drivers.encoding import WideOrder
from drivers.modbus.doctor.reading import Conduct, Reason, Value

_ALIKE_WITHIN = 0.15
_NEAR = 12  # registers
_CONDUCT: dict[Conduct, Reason] = {
    "steady": Reason("doctor_steady", "does not change"),
    "grows": Reason("doctor_grows", "only grows, like a counter"),
    "smooth": Reason("doctor_smooth", "changes smoothly"),
    "jumps": Reason("doctor_jumps", "jumps"),
}


def reasons(value: Value, others: Sequence[Value], order: WideOrder | None) -> tuple[Reason, ...]:
    """The evidence for the best reading, the strongest first."""
    if value.text:
        return (Reason("doctor_text", "every byte is a letter, a digit or a sign"),)
    if value.empty:
        return (Reason("doctor_zero", "holds 0, which every type can be"),)
    return tuple(_all(value, others, order))


def _all(value: Value, others: Sequence[Value], order: WideOrder | None) -> Iterator[Reason]:
    yield from _display(value)
    if value.met is not None:
        words = {"quantity": value.met.quantity.name, "scale": value.met.scale}
        english = "could be {quantity}" if value.met.scale == 1.0 else "could be {quantity} with scale {scale}"
        yield Reason("doctor_met" if value.met.scale == 1.0 else "doctor_met_scaled", english, words)
    if _is_mark(value):
        yield Reason("doctor_mark", "this pattern mostly means that there is no value")
        return
    peers = [str(other.address) for other in others if _alike(value, other)]
    if peers:
        yield Reason("doctor_alike", "as large as {addresses}", {"addresses": peers[:3]})
    if value.width > 1 and order is not None and value.best.candidate.order == order:
        same = sum(other.width > 1 and not other.empty and not other.text for other in others)
        count = sum(
            other.width > 1 and not other.empty and not other.text and _order(other) == order for other in others
        )
        if same > 1:
            words = {"order": order, "count": count, "total": same}
            yield Reason("doctor_order", "{order} like {count} of {total} wide values", words)
    if not value.best.whole and _decimal(value):
        yield Reason("doctor_decimal", "a decimal number of few digits")
    if value.conduct in _CONDUCT:
        yield _CONDUCT[value.conduct]
    if len(value.best.candidates) > 1:
        others_too = [str(candidate) for candidate in value.best.candidates[1:3]]
        yield Reason("doctor_twin", "{types} reads the same", {"types": others_too})


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


def _order(value: Value) -> str:
    return value.best.candidate.order


def _alike(value: Value, other: Value) -> bool:
    """Whether another value nearby is of the same type and about as large."""
    if other is value or other.table != value.table or other.text or other.empty:
        return False
    if abs(other.address - value.address) > _NEAR or other.best.candidate != value.best.candidate:
        return False
    return abs(other.best.last - value.best.last) <= _ALIKE_WITHIN * abs(value.best.last)


def _is_mark(value: Value) -> bool:
    """All ones, or the highest or lowest signed number."""
    word, rest = int(value.words[-1, 0]), value.words[-1, 1:]
    return (word in (0xFFFF, 0x7FFF) and bool((rest == 0xFFFF).all())) or (
        word == 0x8000 and not rest.any() and value.best.whole
    )


def _decimal(value: Value) -> bool:
    last = value.best.last
    return any(np.float32(round(last, digits)) == np.float32(last) for digits in range(4))
