"""Reads a unit by a profile and says of each point whether that makes sense; and which profiles a unit could have."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from drivers.codec import Decoder
from drivers.modbus.doctor.bedside import Bedside
from drivers.modbus.knowledge import Knowledge, Layout
from drivers.modbus.point import ModbusPoint
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.wire import ReadError
from drivers.plan import Read

Verdict = Literal["fits", "out of range", "no value", "refused"]

_ENOUGH = 0.8  # of a profile's points must make sense for a guess
_LEAST_NUMBERS = 2  # different values other than 0; a device full of zeros fits every profile


@dataclass(frozen=True, slots=True)
class Fit:
    """One point: what its registers hold, what the profile makes of it, and whether that can be."""

    point: ModbusPoint
    words: tuple[int, ...]
    value: float
    verdict: Verdict
    reason: str = ""


async def fits(bedside: Bedside, profile: ModbusProfile) -> list[Fit]:
    """Read every point of a profile once. Raises Unreachable."""
    reads = Layout.of(profile, Knowledge()).reads
    answers: list[bytes | None] = []
    reasons: dict[int, str] = {}
    for read in reads:
        try:
            answers.append(await bedside.insist(read))
        except ReadError as error:
            answers.append(None)
            reasons |= dict.fromkeys((part.point for part in read.slices), error.reason)
    bare = [replace(encoding, low=-math.inf, high=math.inf) for encoding in profile.encodings]
    values = Decoder(bare, reads).decode(answers)
    words = _words(profile, reads, answers)
    return [
        Fit(
            point,
            words.get(i, ()),
            float(values[i]),
            _verdict(point, float(values[i]), i in reasons),
            reasons.get(i, ""),
        )
        for i, point in enumerate(profile.points)
    ]


async def guesses(bedside: Bedside, profiles: Iterable[ModbusProfile]) -> list[str]:
    """Names of the profiles by which the unit's registers make sense, the best first. Raises Unreachable."""
    found = []
    for profile in profiles:
        first = Layout.of(profile, Knowledge()).reads[0]
        try:
            await bedside.insist(first)
        except ReadError:
            continue
        points = await fits(bedside, profile)
        share = sum(fit.verdict == "fits" for fit in points) / len(points)
        numbers = {fit.value for fit in points if fit.verdict == "fits" and fit.value != 0}
        if share >= _ENOUGH and len(numbers) >= _LEAST_NUMBERS:
            found.append((share, len(numbers), profile.profile))
    return [name for _, _, name in sorted(found, reverse=True)]


def _verdict(point: ModbusPoint, value: float, refused: bool) -> Verdict:  # noqa: FBT001 - a column of its own
    if refused:
        return "refused"
    if math.isnan(value):
        return "no value"
    return "fits" if point.low <= value <= point.high else "out of range"


def _words(
    profile: ModbusProfile, reads: Iterable[Read], answers: Iterable[bytes | None]
) -> dict[int, tuple[int, ...]]:
    """What the registers of each point hold, by column; bits have none."""
    found = {}
    for read, answer in zip(reads, answers, strict=True):
        if answer is None or read.size != 2 * read.count:
            continue
        words = np.frombuffer(answer, ">u2")
        for column, offset in read.slices:
            found[column] = tuple(words[offset : offset + profile.points[column].width].tolist())
    return found
