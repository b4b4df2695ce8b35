"""The shorthand for samples in rule tests: "60x10 85x6 _x2" is ten samples of 60, six of 85, two without a value.

It knows samples, not times: which moment a sample belongs to is decided where a test is played.
"""

import re
from collections.abc import Iterator
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
_NEARLY_X = str.maketrans("*×X", "xxx")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one point, N of them."""

    values: Floats  # [N] NaN: a reading without a value
    heard: NDArray[np.bool_]  # [N] False: no reading at all, what was read before is held until it is stale

    def __len__(self) -> int:
        return len(self.values)

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
    stretches = list(_stretches(text))
    values, heard = (np.concatenate(part) for part in zip(*stretches, strict=True))
    return Series(values, heard)


Samples = Annotated[Series, PlainValidator(parse, json_schema_input_type=str | float)]
"""A series, written in the shorthand."""


def _stretches(text: str) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Values and heard of each word."""
    room = LONGEST
    for found in re.finditer(r"\S+", text):
        word = _WORD.fullmatch(found[0])
        if word is None:
            raise _no_sample(found[0], found.span())
        digits = word["count"] or "1"
        count = int(digits) if len(digits) < 10 else LONGEST + 1
        room -= count
        if room < 0:
            context = {"limit": LONGEST, "span": found.span()}
            raise PydanticCustomError("series_too_long", "a series has at most {limit} samples", context)
        spoken, missing = word["first"] is not None, word["missing"] is not None
        first, slope = (float(word["first"]), float(word["slope"] or 0)) if spoken else (np.nan, 0.0)
        yield first + slope * np.arange(count, dtype=np.float64), np.full(count, spoken or missing, np.bool_)


def _no_sample(word: str, span: tuple[int, int]) -> PydanticCustomError:
    context: dict[str, Any] = {"word": word, "span": span}
    if _WORD.fullmatch(meant := word.translate(_NEARLY_X)):
        context["hint"] = meant
    else:
        context["choices"] = ["60", "60x10", "60+0.5x10", "_x2", "stale"]
    return PydanticCustomError("no_sample", "{word} is not a sample", context)
