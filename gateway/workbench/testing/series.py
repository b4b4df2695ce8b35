"""The shorthand for samples in rule tests: "60x10 85x6 _x2" is ten samples of 60, six of 85, two without a value.

It knows samples, not times: which moment a sample belongs to is decided where a test is played.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from gateway.core.types import Floats

LONGEST = 100_000
"""Most samples of a series; a typo such as 60x10000000 must not fill the memory."""

_WORD = re.compile(
    r"(?:(?P<first>-?\d+(?:\.\d+)?)(?P<slope>[+-]\d+(?:\.\d+)?)?|(?P<missing>_)|stale)(?:x(?P<count>[1-9]\d*))?",
    re.ASCII,
)
_NEARLY = str.maketrans("*×Xｘ，；,;＋－−．", "xxxx    +--.")
_UNKNOWN_WORDS = {"nan", "null", "none", "na", "n/a", "?", "-", "~", "missing", "unknown"}
_SPACED = re.compile(r"[^\sx*×X]+\s*[x*×X]\s*[1-9]\d*")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one point, N of them."""

    values: Floats  # [N] NaN: a reading without a value
    heard: NDArray[np.bool_]  # [N] False: no reading at all, what was read before is held until it is stale
    words: tuple[tuple[tuple[int, int], int], ...] = ()
    """Where each word stands in the text, and how many samples it is."""

    def __len__(self) -> int:
        return len(self.values)

    def place(self, sample: int) -> tuple[int, int] | None:
        """Where the word of a sample stands in the text; None if the series was a plain number."""
        ends = np.cumsum([count for _, count in self.words])
        return self.words[int(np.searchsorted(ends, sample, "right"))][0] if self.words else None

    def over(self, count: int) -> "Series":
        """The first `count` samples; a shorter series goes on as it ended."""
        index = np.minimum(np.arange(count), len(self) - 1)
        return Series(self.values[index], self.heard[index])


UNKNOWN = Series(np.array([np.nan]), np.array([True]))
"""A point that never has a value."""


def parse(text: Any) -> Series:
    """Read the shorthand; a plain number is one sample. Raises PydanticCustomError at the word that is wrong.

    >>> parse("60+0.5x3 _ stale").values
    array([60. , 60.5, 61. ,  nan,  nan])
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return Series(np.array([float(text)]), np.array([True]))
    if not isinstance(text, str) or not text.strip():
        raise PydanticCustomError("empty_series", "a series is samples, such as 60x10 85x6 _x2")
    spans = [found.span() for found in re.finditer(r"\S+", text)]
    stretches = list(_stretches(text, spans))
    values, heard = (np.concatenate(part) for part in zip(*stretches, strict=True))
    return Series(values, heard, tuple(zip(spans, (len(part) for part, _ in stretches), strict=True)))


Samples = Annotated[Series, PlainValidator(parse, json_schema_input_type=str | float)]
"""A series, written in the shorthand."""


def _stretches(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Values and heard of each word."""
    room = LONGEST
    for span in spans:
        word = _WORD.fullmatch(text, *span)
        if word is None:
            raise _no_sample(text, span)
        digits = word["count"] or "1"
        count = int(digits) if len(digits) < 10 else LONGEST + 1
        room -= count
        if room < 0:
            context = {"limit": LONGEST, "span": span}
            raise PydanticCustomError("series_too_long", "a series has at most {limit} samples", context)
        spoken, missing = word["first"] is not None, word["missing"] is not None
        first, slope = (float(word["first"]), float(word["slope"] or 0)) if spoken else (np.nan, 0.0)
        yield first + slope * np.arange(count, dtype=np.float64), np.full(count, spoken or missing, np.bool_)


def _no_sample(text: str, span: tuple[int, int]) -> PydanticCustomError:
    """Say which word is wrong, and what was probably meant by it; spaces around the x belong to the mistake."""
    spaced = next((found for found in _SPACED.finditer(text) if found.start() <= span[0] < found.end()), None)
    begin, end = spaced.span() if spaced and re.search(r"\s", spaced[0]) else span
    word = text[begin:end]
    context: dict[str, Any] = {"word": word, "span": (begin, end)}
    if meant := _meant(word):
        context["hint"] = meant
    else:
        context["choices"] = ["60", "60x10", "60+0.5x10", "_x2", "stale"]
    return PydanticCustomError("no_sample", "{word} is not a sample", context)


def _meant(word: str) -> str:
    """What the word would be in the shorthand; nothing if that is anybody's guess."""
    parts = [_repaired(part) for part in re.sub(r"\s*x\s*", "x", word.translate(_NEARLY)).split()]
    return " ".join(parts) if parts and all(_WORD.fullmatch(part) for part in parts) else ""


def _repaired(word: str) -> str:
    value, x, count = word.partition("x")
    if value.casefold() in _UNKNOWN_WORDS:
        value = "_"
    elif re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", value, re.ASCII):
        value = np.format_float_positional(float(value), trim="-")
    return f"{value.casefold()}{x}{count}"
