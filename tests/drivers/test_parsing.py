"""The quick way to read a payload against the slow one, which is the standard library's."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.parsing import parse, parse_slowly
from drivers.refused import Refused


def meaning(parsed: Callable[[bytes], Any], payload: bytes) -> str:
    """All that can be told of a value, or the words of its refusal: 1 is not 1.0, -0.0 is not 0.0, NaN is NaN."""
    try:
        return repr(parsed(payload))
    except Refused as refusal:
        return f"refused: {refusal}"


KEYS = ['"a"', '"a"', '"b"', '"a:b"', '""', r'"\u0061"', r'"\u003a"', '"\u00e9"', r'"\""']
ATOMS = [
    *KEYS,
    *["NaN", "Infinity", "-Infinity", "-NaN", "nan", "true", "false", "null", "None", "1e999", "-1e999", "1e-999"],
    *["0", "-0", "-0.0", "-0e0", "01", "1.", ".5", "+1", "1E5", "1e+05", "1e", "-", "0.1", "2.5e-324", "1_0", "1\0"],
    *["9007199254740993", "9223372036854775808", "-9223372036854775809", "1" + "0" * 400, "123456789012345678e-30"],
    *[
        r'"\u003A"',
        r'"\ud83d\ude00"',
        r'"\ud800"',
        r'"\ud800\u0061"',
        r'"\udc00"',
        r'"\u12"',
        r'"\q"',
        r'"\/\b\f\n\r\t"',
    ],
    *['"12:30:00"', '"\x7f"', '"\x1f"', '"\t"', '"', "\ufeff", "'a'", "/**/", ""],
]
HUGE = ["9" * 4_300, "-" + "9" * 4_300, "9" * 4_301, "1." + "0" * 5_000, "1" * 5_000 + ".5", "[" * 150 + "]" * 150]
GAPS = st.sampled_from(["", "", "", " ", "\n\t\r ", "\x0b", "\u00a0"])


def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(st.sampled_from(KEYS), GAPS, inner).map(
        lambda parts: f"{parts[0]}{parts[1]}:{parts[1]}{parts[2]}"
    )
    return st.lists(member, max_size=4).map(lambda members: "{" + ",".join(members) + "}")


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]")


atoms = st.sampled_from(ATOMS) | st.integers().map(str) | st.floats().map(json.dumps) | st.text().map(json.dumps)
written = st.recursive(atoms, lambda inner: objects(inner) | arrays(inner), max_leaves=8)
cut = st.tuples(written.map(str.encode), st.integers(0, 40), st.binary(max_size=2))
payloads = written.map(str.encode) | cut.map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :])


@given(payloads)
def test_the_quick_way_to_read_a_payload_means_the_same_as_the_slow_one(payload: bytes) -> None:
    assert meaning(parse, payload) == meaning(parse_slowly, payload)


@pytest.mark.parametrize("atom", [*ATOMS, *HUGE], ids=lambda atom: atom[:30])
@pytest.mark.parametrize("around", ["%s", "[%s]", '{"a": %s}', '{"b": {"a": %s}, "c": ":"}', '{"a": %s, "a": 1}'])
def test_so_does_all_that_json_parsers_differ_in(atom: str, around: str) -> None:
    payload = (around % atom).encode()
    assert meaning(parse, payload) == meaning(parse_slowly, payload)


@given(st.integers(-(10**20), 10**20), st.integers(0, 30), st.integers(-330, 310))
def test_numbers_are_the_same_to_the_last_bit(digits: int, places: int, power: int) -> None:
    for text in (
        f"{digits}.{abs(digits) % 10**places}",
        f"{digits}e{power}",
        f"{digits}.{places}E{power}",
        str(digits),
    ):
        assert meaning(parse, text.encode()) == meaning(parse_slowly, text.encode())
