"""The caret stands under the exact character, whatever the quoting."""

import pytest

from gateway.core.caret import source_span
from gateway.core.yamlfile import parse


@pytest.mark.parametrize(
    "written",
    [
        "flow < bad_name and x",
        "'flow < bad_name and x'",
        '"flow < bad_name and x"',
        '"flo\\u0077 < \\tbad_name and x"',
        "'it''s'' < bad_name'",
        "|\n    flow <\n      bad_name and x\n",
        ">-\n    flow <\n    bad_name and x\n",
        "flow <\n    bad_name\n    and x",
        '"flow < \\\n    bad_name"',
        "!!str flow < bad_name",
        "!!str 'flow < bad_name'",
    ],
)
def test_a_part_of_a_value_is_found_in_its_source(written: str) -> None:
    document = parse(f"rule:\n  when: {written}\n")
    value = document.data["rule"]["when"]
    start, end = document.span(("rule", "when"))
    source = document.text[start:end]
    at = value.index("bad_name")
    first, last = source_span(source, value, at, at + len("bad_name"))
    assert source[first:last] == "bad_name"


def test_the_end_of_a_value_is_just_behind_it() -> None:
    assert source_span("a +", "a +", 3, 3) == (3, 4)
    assert source_span('""', "", 0, 0) == (2, 3)
