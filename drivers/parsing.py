"""JSON payload -> the value in it: parses what a stranger sent, and refuses what has two meanings."""

import json
from typing import Any

from pydantic_core import from_json

from drivers.refused import Refused


def parse(payload: bytes) -> Any:
    """The JSON value in a payload; `Refused` unless it is exactly one, in UTF-8, without repeated keys.

    NaN and Infinity pass as floats: collectors write them for a dead sensor, and the other points are still good.
    """
    try:
        message = from_json(payload, allow_inf_nan=False)
    except ValueError:
        return parse_slowly(payload)  # knows what is wrong, and lets NaN pass
    return message if _repeats_no_key(message, payload) else parse_slowly(payload)


def parse_slowly(payload: bytes) -> Any:
    """As `parse`, by the standard library: it takes twice as long, but it sees repeated keys."""
    try:
        text = payload.decode()
        message = _DECODER.decode(text)
        if "\\u" in text:
            from_json(text)  # refuses escaped lone surrogates, which the standard library lets pass
    except RecursionError:
        raise Refused("json", "nested too deep") from None
    except UnicodeDecodeError as error:
        raise Refused("json", f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise Refused("json", f"not JSON: {error.msg} at character {error.pos}") from None
    except Refused:
        raise
    except ValueError:
        raise Refused("json", "a number with thousands of digits, or half of an escaped character") from None
    return message


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("json", "a key is repeated in one object")
    return members


_DECODER = json.JSONDecoder(object_pairs_hook=_once)
_HOLD_COLONS = frozenset({dict, list, str})


def _repeats_no_key(message: Any, payload: bytes) -> bool:
    """Whether that is certain. Of a repeated key pydantic keeps the last; the colon of the first is then left over."""
    if type(message) not in _HOLD_COLONS:
        return True
    return payload.count(b":") == _colons(message) and b"\\u003" not in payload  # an escaped colon


def _colons(value: dict[str, Any] | list[Any] | str) -> int:
    """How many colons it takes to write a JSON value, but for those within keys."""
    if isinstance(value, str):
        return value.count(":")
    members, colons = (value.values(), len(value)) if isinstance(value, dict) else (value, 0)
    return colons + sum([_colons(member) for member in members if type(member) in _HOLD_COLONS])
