"""One poll of one device: its questions in order, and the search for a way around what it refuses."""

import logging
from collections.abc import Iterator

from drivers.modbus.unit import Unit
from drivers.modbus.wire import Fault, ReadError, Wire
from drivers.plan import Read
from drivers.survey import Found

_log = logging.getLogger(__name__)

_TRIALS = 8  # in one poll; a device that refuses all of 100 points takes hundreds, and its neighbours wait
_NO_SUCH_ADDRESS, _NOT_ACCEPTED = 2, 3
_REFUSED_FOR_A_PART = frozenset({_NO_SUCH_ADDRESS, _NOT_ACCEPTED})


async def poll(wire: Wire, unit: Unit, now: float) -> list[bytes | None]:
    """Ask for everything that is due; the first question that fails ends the poll, unless only that read is refused.

    Returns the answer to each read of the unit's layout, None where it is refused. Raises ReadError.
    """
    if unit.given_up:
        await _probe(wire, unit)
    trials = iter(range(_TRIALS))
    while True:
        answers = await _ask_all(wire, unit, now)
        found = await _search(wire, unit, trials)
        if found is None:
            break
        unit.learn(found, now)
        if found.cuts:
            _log.info("reading around registers device=%s reads=%s", unit.device.id, unit.shown_reads)
    if unit.texts is None:
        await _read_texts(wire, unit)
    return answers


async def _ask_all(wire: Wire, unit: Unit, now: float) -> list[bytes | None]:
    """The answers; what is refused is set aside, and searched if a part of it may be there."""
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
            unit.set_aside(i, now, error, may_be_a_part=error.exception in _REFUSED_FOR_A_PART)
            answers.append(None)
    return answers


async def _search(wire: Wire, unit: Unit, trials: Iterator[int]) -> Found | None:
    """Look for the parts of refused reads that the device does answer, as long as there are trials left.

    Returns what was found out, and then all has to be asked again; None if that is nothing, or not all yet.
    """
    for read, search in list(unit.searches.items()):
        while search.trial is not None:
            if next(trials, None) is None:
                return None
            search.tried(answered=await _is_answered(wire, unit, search.trial))
        if search.found is not None and search.found.any_answered:
            return search.found
        del unit.searches[read]
    return None


async def _is_answered(wire: Wire, unit: Unit, trial: Read) -> bool:
    try:
        await wire.read(wire.request(unit.device.unit, trial), unit.manners)
    except ReadError as error:
        if error.fault is not Fault.CONFIG:
            raise
        return False
    return True


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
