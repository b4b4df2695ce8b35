"""Texts of a CSV file as numbers and as times."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, tzinfo

import numpy as np

from gateway.core.types import Floats
from gateway.history.partial import UNKNOWN

_NO_VALUE = {"", "nan", "null", "none", "na", "n/a", "-", "--"}
_WORDS = {"true": 1.0, "false": 0.0}
_EARLIEST_S, _LATEST_S = 315_532_800.0, 4_102_444_800.0  # 1980 and 2100: what is outside is another kind of number
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0.0, 1.0))  # from that number on it counts ns, µs, ms, s
_MOMENT = re.compile(r".[-/:]")  # a sign within: no number
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?")

NOT_A_NUMBER = float("-inf")
"""Stands where a text is no number."""
NOT_A_TIME = float("nan")


def numbers(texts: Sequence[str]) -> Floats:
    """The numbers [N]; UNKNOWN for the usual ways to write no value, NOT_A_NUMBER for anything else."""
    try:
        values = np.array([float(text) if text else UNKNOWN for text in texts])
    except ValueError:
        values = np.array([_number(text) for text in texts])
    values[np.isnan(values) | np.isposinf(values)] = UNKNOWN
    return values


def times(texts: Sequence[str], zone: tzinfo) -> Floats:
    """Seconds since 1970 [N]; a time without an offset is local to the zone. NOT_A_TIME where it cannot be read."""
    try:
        seconds = _scaled(np.array([float(text) for text in texts]))
    except ValueError:
        known = {text: _time(text, zone) for text in set(texts)}
        seconds = np.array([known[text] for text in texts])
    seconds[~((seconds >= _EARLIEST_S) & (seconds < _LATEST_S))] = NOT_A_TIME
    return seconds


def _number(text: str) -> float:
    word = text.strip().lower()
    if word in _NO_VALUE:
        return UNKNOWN
    try:
        return _WORDS[word] if word in _WORDS else float(word)
    except ValueError:
        return NOT_A_NUMBER


def _scaled(stamps: Floats) -> Floats:
    """Seconds, of numbers that count seconds, milliseconds, microseconds or nanoseconds; sizes tell them apart."""
    scale = np.ones_like(stamps)
    for least, per_second in reversed(_UNITS):
        scale[stamps >= least] = per_second
    return stamps / scale


def _time(text: str, zone: tzinfo) -> float:
    text = text.strip()
    with suppress(ValueError, OverflowError):
        if not _MOMENT.search(text):
            return float(_scaled(np.array([float(text)]))[0])
        moment = _moment(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    return NOT_A_TIME


def _moment(text: str) -> datetime:
    """ISO 8601, or as spreadsheets write it, such as 2026/3/15 8:01. Raises ValueError."""
    match = _SLASHED.fullmatch(text)
    if match is None:
        return datetime.fromisoformat(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    return datetime(year, month, day, hour, minute, second, int(float(match[7] or 0) * 1e6))  # noqa: DTZ001 - as written
