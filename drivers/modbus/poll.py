"""One poll of one device: its questions in order, and the search for a way around what it refuses."""

import logging

from drivers.modbus.unit import Unit
from drivers.modbus.wire import Fault, ReadError, Wire
from drivers.plan import Read
from drivers.survey import Found, survey

_log = logging.getLogger(__name__)

_NO_SUCH_ADDRESS, _NOT_ACCEPTED = 2, 3
_REFUSED_FOR_A_PART = frozenset({_NO_SUCH_ADDRESS, _NOT_ACCEPTED})


async def poll(wire: Wire, unit: Unit, now: float) -> list[bytes | None]:
    """Ask for everything that is due; the first question that fails ends the poll, unless only that read is refused.

    Returns the answer to each read of the unit's layout, None where it is refused. Raises ReadError.
    """
    if unit.given_up:
        await _probe(wire, unit)
    while True:
        answers, refused = await _ask_all(wire, unit, now)
        if refused is None:
            break
        unit.learn(refused, now)
        _log.info("reading around registers device=%s reads=%s", unit.device.id, unit.shown_reads)
    if unit.texts is None:
        await _read_texts(wire, unit)
    return answers


async def _ask_all(wire: Wire, unit: Unit, now: float) -> tuple[list[bytes | None], Found | None]:
    """The answers; or what was found out about the device, and then all of it has to be asked again."""
    answers: list[bytes | None] = []
    for i, request in enumerate(unit.requests):
        if unit.is_aside(i, now):
            answers.append(None)
            continue
        answer = unit.kept(i, now)
        try:
            answers.append(answer or unit.keep(i, now, await wire.read(request, unit.manners)))
        except ReadError as error:
            if error.fault is not Fault.CONFIG:
                raise
            found = await _search(wire, unit, unit.layout.reads[i]) if _may_be_a_part(error, unit, i) else None
            if found is not None and found.any_answered:
                return [], found
            unit.set_aside(i, now, error)
            answers.append(None)
    return answers, None


def _may_be_a_part(error: ReadError, unit: Unit, read: int) -> bool:
    return error.exception in _REFUSED_FOR_A_PART and len(unit.layout.reads[read].slices) > 1


async def _search(wire: Wire, unit: Unit, read: Read) -> Found:
    """Find the parts of a read that the device does answer."""
    search = survey(read, unit.places)
    answered: bool | None = None
    while True:
        try:
            trial = next(search) if answered is None else search.send(answered)
        except StopIteration as end:
            found: Found = end.value
            return found
        try:
            await wire.read(wire.request(unit.device.unit, trial), unit.manners)
            answered = True
        except ReadError as error:
            if error.fault is not Fault.CONFIG:
                raise
            answered = False


async def _probe(wire: Wire, unit: Unit) -> None:
    """One small read, so that a dead device costs its neighbours little. A refusal is a sign of life."""
    try:
        await wire.read(unit.probe, unit.manners)
    except ReadError as error:
        if error.fault not in (Fault.CONFIG, Fault.BUSY):
            raise


async def _read_texts(wire: Wire, unit: Unit) -> None:
    """Ask who the device is, once. That it does not say so is no fault, and must not cost the others more than that."""
    found = {}
    for text in unit.profile.texts:
        place = text.place(unit.profile.address_base)
        try:
            answer = await wire.read(wire.request(unit.device.unit, place), unit.manners)
        except ReadError as error:
            if error.fault not in (Fault.CONFIG, Fault.BUSY):
                break
        else:
            found[text.name] = text.read(answer)
    unit.texts = found
