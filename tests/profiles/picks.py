"""Which raw numbers a simulated device holds: usual ones, impossible ones, and those that mean "no value"."""

import math

from tests.profiles.scenes import Pick, Room, held, marks, span


def usual(turn: int) -> Pick:
    """Possible numbers, another one for each point and turn; the codes of a map one after the other."""

    def pick(room: Room) -> float:
        if room.codes:
            return room.codes[turn % len(room.codes)]
        share = (0.618 * (room.index + 1) + turn / 3) % 1.0
        raw = held(room.point, room.lowest + (0.02 + 0.96 * share) * (room.highest - room.lowest))
        if room.point.type[0] == "f":
            return raw
        return min(max(raw, math.ceil(room.lowest)), math.floor(room.highest))

    return pick


def above(room: Room) -> float:
    """A number over what is possible, or a code that nobody knows, if the type has one."""
    return _beyond(room, room.highest, +1)


def below(room: Room) -> float:
    """A number under what is possible, if the type has one."""
    return _beyond(room, room.lowest, -1)


def first_sentinel(room: Room) -> float:
    """The first number that means "no value"."""
    return next((first for first, _ in marks(room.point)), usual(1)(room))


def last_sentinel(room: Room) -> float:
    """The last number that means "no value"."""
    return [usual(1)(room), *(last for _, last in marks(room.point))][-1]


def all_ones(room: Room) -> float:
    """What a device without a sensor often shows: every bit set."""
    if room.point.type[0] == "f":
        return math.nan
    return -1 if room.point.type[0] == "s" else span(room.point)[1]


def _beyond(room: Room, limit: float, side: int) -> float:
    first, last = span(room.point)
    if room.point.map is not None:
        return next(code for code in range(1000) if code not in room.codes)
    if room.point.type[0] == "f":
        return held(room.point, limit + side * max(1.0, 0.001 * abs(limit)))
    raw = math.floor(limit) + 2 if side > 0 else math.ceil(limit) - 2  # two, because the limit may be rounded
    raw = min(max(raw, int(first)), int(last))
    return usual(0)(room) if room.lowest <= raw <= room.highest else raw
