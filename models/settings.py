"""What a person may set of the usual detector."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def duration_s(text: Any) -> Any:
    """Turn "60s", "1.5h" or "3d" into seconds; a number other than 0 needs its unit."""
    if isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        return float(match[1]) * _UNITS_S[match[2]]
    if text in (0, "0"):
        return 0.0
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise PydanticCustomError(
            "duration_without_unit", "{value} has no unit; did you mean {value}s or {value}m?", {"value": text}
        )
    raise PydanticCustomError(
        "bad_duration",
        "{value!r} is not a duration; write a number and s, m, h, d or w, such as 60s",
        {"value": text},
    )


Duration = Annotated[float, BeforeValidator(duration_s, json_schema_input_type=str)]


class Settings(BaseModel):
    """Settings of `usual`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: Annotated[Duration, Field(ge=0.0, le=900.0)] = 60.0
    """Site time over which readings are averaged before they are judged; 0 judges every row."""

    warm_up: Annotated[Duration, Field(gt=0.0)] = 7 * 86400.0
    """Site time with fresh readings before a device has a score: a week, so that a weekend has been seen, too."""
