"""From registers to values: weighs all readings of all addresses together, and gives the most probable map. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter

import numpy as np

from drivers.encoding import WideOrder
from drivers.modbus.doctor import habits, likelihood, texts
from drivers.modbus.doctor.candidates import CANDIDATES, Decoded, Floats, Words, decoded
from drivers.modbus.doctor.quantities import Expected, recognised
from drivers.modbus.doctor.reading import Reading, Value, conduct
from drivers.modbus.doctor.reasons import Vote, reasons
from drivers.modbus.doctor.segments import Sums, best_cut, sums
from drivers.modbus.doctor.support import nearby, supported, voltages
from drivers.plan import Table

_ROUNDS = 2  # of learning which types this device uses
_EXPECTED = 25.0  # what the display shows outweighs all else
_BEGINS = 200.0  # where a person says that a value begins, one does
_NEGLIGIBLE = -700.0
_LONGEST = 1000  # registers that are weighed at once
_CONTEXT = 8  # registers beside what may be a text

Expectations = Mapping[tuple[Table, int], Expected | None]
"""Where a value begins, and what the display shows of it, if that is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Neighbouring registers that can be read, sampled S times."""

    table: Table
    address: int
    words: Words  # [S, N]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The values in order of their addresses, and how probable each order of bytes is for the whole device."""

    values: tuple[Value, ...]
    orders: Mapping[WideOrder, float]

    @property
    def wide(self) -> list[Value]:
        """Values wider than a register that say something about the order."""
        return [value for value in self.values if value.width > 1 and not value.text and not value.empty]

    @property
    def order(self) -> WideOrder | None:
        """The most probable order; None if no value has more than one register."""
        return max(self.orders.items(), key=itemgetter(1))[0] if self.wide else None


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Registers without holes and texts, with all that is asked of them."""

    table: Table
    address: int
    words: Words
    found: tuple[Decoded, ...]
    emit: Floats  # [N, K]
    alike: Floats  # [N, K]
    telling: Floats  # [N, K], 0 where a value is 0: it says nothing about its type

    def sums(self, prior: Floats) -> Sums:
        """Over all ways to cut it, under each hypothesis."""
        parities = (self.address + np.arange(len(self.emit))) % 2
        return sums(self.emit[:, None, :] + habits.parity()[:, parities].swapaxes(0, 1), self.alike, prior)


def diagnose(stretches: Iterable[Stretch], expectations: Expectations | None = None) -> Diagnosis:
    """Say what the registers of a device most likely mean; `expectations` are what its display shows."""
    expected = expectations or {}
    told: list[Value] = []
    runs: list[_Run] = []
    for stretch in stretches:
        for part in chain.from_iterable(map(_parts, _pieces(stretch))):
            if isinstance(part, Value):
                told.append(part)
            else:
                runs.append(_run(part, expected))
    orders, begins = _weigh(runs)
    for run, begin in zip(runs, begins, strict=True):
        told += _values(run, begin, expected)
    return _explained(sorted(told, key=lambda value: (value.table, value.address)), orders)


def _explained(values: Sequence[Value], orders: Mapping[WideOrder, float]) -> Diagnosis:
    """With what others support of it, and the reasons."""
    around, mains = nearby(values), voltages(values)
    found = [replace(value, met=supported(value, near, mains)) for value, near in zip(values, around, strict=True)]
    diagnosis = Diagnosis(tuple(found), orders)
    vote = Vote.of(diagnosis.wide, diagnosis.order)
    told = (
        replace(value, reasons=reasons(value, near, vote)) for value, near in zip(found, nearby(found), strict=True)
    )
    return replace(diagnosis, values=tuple(told))


def _pieces(stretch: Stretch) -> Iterator[Stretch]:
    """A long stretch in pieces that fit into memory; a value that lies across two of them is missed."""
    for start in range(0, stretch.words.shape[1], _LONGEST):
        yield replace(stretch, address=stretch.address + start, words=stretch.words[:, start : start + _LONGEST])


def _parts(stretch: Stretch) -> Iterator[Value | Stretch]:
    """The texts, and what lies between them."""
    start = 0
    for run in texts.find(stretch.words):
        if not _is_text(stretch, run):
            continue
        if run.offset > start:
            yield replace(stretch, address=stretch.address + start, words=stretch.words[:, start : run.offset])
        end = run.offset + run.width
        yield Value(stretch.table, stretch.address + run.offset, stretch.words[:, run.offset : end], (), text=run.text)
        start = end
    if start < stretch.words.shape[1]:
        yield replace(stretch, address=stretch.address + start, words=stretch.words[:, start:])


def _is_text(stretch: Stretch, run: texts.Run) -> bool:
    """Whether letters explain the registers better than any numbers do, together with some of their neighbours."""
    first, end = max(0, run.offset - _CONTEXT), run.offset + run.width + _CONTEXT
    words = stretch.words[:1, first:end]
    before, after = words[:, : run.offset - first], words[:, run.offset - first + run.width :]
    sides = sum(_evidence(replace(stretch, words=side)) for side in (before, after) if side.size)
    return sides + run.evidence > _evidence(replace(stretch, words=words))


def _evidence(stretch: Stretch) -> float:
    """Log probability of registers that are numbers."""
    run = _run(stretch, {})
    return float(np.logaddexp.reduce(habits.of_devices() + run.sums(habits.of_values()).run))


def _run(stretch: Stretch, expected: Expectations) -> _Run:
    size = stretch.words.shape[1]
    found = tuple(decoded(stretch.words, candidate) for candidate in CANDIDATES)
    emit = np.full((size, len(CANDIDATES)), -np.inf)
    alike, telling = np.zeros_like(emit), np.zeros_like(emit)
    for k, (each, candidate) in enumerate(zip(found, CANDIDATES, strict=True)):
        if fitting := each.values.shape[1]:
            emit[:fitting, k] = likelihood.of_samples(each, candidate)
            alike[:fitting, k] = likelihood.alike(each, likelihood.of_first(each, candidate), candidate)
            telling[:fitting, k] = each.values.any(axis=0)
    run = _Run(stretch.table, stretch.address, stretch.words, found, emit, alike, telling)
    for (table, address), wanted in expected.items():
        if table == run.table and 0 <= address - run.address < size:
            _expect(run, address - run.address, wanted)
    return run


def _expect(run: _Run, place: int, wanted: Expected | None) -> None:
    """Let what the display shows decide: a value begins here, and a scale makes it fit."""
    for k, candidate in enumerate(CANDIDATES):
        run.emit[max(0, place - candidate.width + 1) : place, k] -= _BEGINS
        if wanted is not None and place + candidate.width <= len(run.emit):
            scale = wanted.scale(float(run.found[k].values[-1, place]))
            cost = 0.0 if scale is None else 0.7 * abs(np.log10(scale))
            run.emit[place, k] += -_EXPECTED if scale is None else _EXPECTED - cost


def _weigh(runs: Sequence[_Run]) -> tuple[dict[WideOrder, float], Iterator[Floats]]:
    """Probability of each order; and for each run the log probability [N, K] that a value begins at an address."""
    prior = habits.of_values()
    for _ in range(_ROUNDS):
        prior = habits.learnt(sum((_seen(run, prior) for run in runs), np.zeros_like(prior)))
    weights = habits.of_devices() + sum((run.sums(prior).run for run in runs), np.zeros(len(habits.HYPOTHESES)))
    weights -= np.logaddexp.reduce(weights)
    # One run after the other: the sums of a large device would fill the memory.
    begins = (np.logaddexp.reduce(weights[:, None, None] + run.sums(prior).begins, axis=0) for run in runs)
    return habits.by_order(weights), begins


def _seen(run: _Run, prior: Floats) -> Floats:
    """How many values of each type are expected in a run under each hypothesis, [O, K]."""
    return np.asarray((np.exp(run.sums(prior).begins) * run.telling).sum(axis=1))


def _values(run: _Run, begins: Floats, expected: Expectations) -> Iterator[Value]:
    for place, width in best_cut(np.exp(begins)):
        address = run.address + place
        readings = _readings(run, place, begins[place], width)
        value = Value(run.table, address, run.words[:, place : place + width], readings)
        best = readings[0]
        met = None if value.empty else recognised(best.last, whole=best.whole)
        yield replace(value, met=met, expected=expected.get((run.table, address)))


def _readings(run: _Run, place: int, begins: Floats, width: int) -> tuple[Reading, ...]:
    """All readings at an address, those that read the same as one; the best of the chosen width leads."""
    groups: dict[tuple[int, bytes], list[int]] = {}
    for k in np.argsort(-begins, kind="stable"):
        values = run.found[k].values[:, place] if np.isfinite(begins[k]) else np.full(1, np.nan)
        if np.isfinite(values).all() or run.emit[place, k] > likelihood.IMPOSSIBLE:
            key = CANDIDATES[k].width, (values + 0.0).tobytes()
            groups.setdefault(key, []).append(int(k))
    ranked = sorted(groups.items(), key=lambda item: (item[0][0] != width, -_share(begins, item[1])))
    best, *rest = [_reading(run, place, begins, columns) for _, columns in ranked]
    return (best, *sorted(rest, key=lambda reading: -reading.share))


def _share(begins: Floats, columns: Sequence[int]) -> float:
    return float(np.logaddexp.reduce(begins[list(columns)]))


def _reading(run: _Run, place: int, begins: Floats, columns: Sequence[int]) -> Reading:
    values = run.found[columns[0]].values[:, place]
    candidates = [CANDIDATES[k] for k in columns]
    if conduct(values) == "grows":  # counters have no sign
        candidates.sort(key=lambda candidate: candidate.kind.startswith("s"))
    share = float(np.exp(max(_NEGLIGIBLE, _share(begins, columns))))
    return Reading(tuple(candidates), values, min(1.0, share))
