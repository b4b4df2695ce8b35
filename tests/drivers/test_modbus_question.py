import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.question import ForbiddenFunctionError, Question, Verdict, without_late


def frame(transaction: int, unit: int, body: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, 1 + len(body), unit) + body


def ask(transaction: int = 7, unit: int = 3, function: int = 3, count: int = 2) -> bytes:
    return frame(transaction, unit, struct.pack(">BHH", function, 0, count))


GOOD = frame(7, 3, b"\3\4\1\2\3\4")
LATE = frame(6, 9, b"\3\2\0\0")


@pytest.mark.parametrize("function", [code for code in range(256) if code not in (1, 2, 3, 4)])
def test_no_question_can_be_made_that_does_not_read(function: int) -> None:
    with pytest.raises(ForbiddenFunctionError):
        Question(ask(function=function))


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        pytest.param(GOOD, Verdict.ANSWER, id="answer"),
        pytest.param(frame(7, 3, b"\x83\2"), Verdict.ANSWER, id="exception"),
        pytest.param(LATE + GOOD, Verdict.ANSWER, id="answer after a late one"),
        pytest.param(LATE, Verdict.LATE, id="late answer"),
        pytest.param(LATE + LATE, Verdict.LATE, id="late answers"),
        pytest.param(GOOD[:3], Verdict.PART, id="part of the header"),
        pytest.param(GOOD[:-1], Verdict.PART, id="part of the data"),
        pytest.param(LATE + GOOD[:8], Verdict.PART, id="part after a late one"),
        pytest.param(frame(7, 3, b"\x83\2")[:8], Verdict.PART, id="part of an exception"),
        pytest.param(frame(8, 3, b"\3\4\1\2\3\4"), Verdict.TRANSACTION, id="next transaction"),
        pytest.param(frame(0, 3, b"\3\4\1\2\3\4"), Verdict.TRANSACTION, id="no transaction"),
        pytest.param(GOOD[:2] + b"\0\1" + GOOD[4:], Verdict.PROTOCOL, id="protocol"),
        pytest.param(frame(7, 4, b"\3\4\1\2\3\4"), Verdict.UNIT, id="unit"),
        pytest.param(frame(7, 3, b"\4\4\1\2\3\4"), Verdict.FUNCTION, id="function"),
        pytest.param(frame(7, 3, b"\x84\2"), Verdict.FUNCTION, id="exception to another function"),
        pytest.param(frame(7, 3, b"\3\2\1\2"), Verdict.LENGTH, id="short"),
        pytest.param(frame(7, 3, b"\3\6\1\2\3\4\5\6"), Verdict.LENGTH, id="long"),
        pytest.param(frame(7, 3, b"\3\xfa\1\2\3\4"), Verdict.LENGTH, id="byte count lies"),
        pytest.param(GOOD[:4] + b"\xff\xff" + GOOD[6:], Verdict.LENGTH, id="length lies"),
        pytest.param(frame(7, 3, b"\x83"), Verdict.LENGTH, id="exception without a code"),
        pytest.param(GOOD + frame(8, 3, b"\3\4\1\2\3\4"), Verdict.SURPLUS, id="two answers"),
        pytest.param(frame(7, 3, b"\x83\2") + GOOD, Verdict.SURPLUS, id="exception and answer"),
    ],
)
def test_verdicts(data: bytes, verdict: Verdict) -> None:
    assert Question(ask()).judge(data) is verdict


def test_bits_are_counted_in_bytes() -> None:
    question = Question(ask(function=1, count=9))
    assert question.judge(frame(7, 3, b"\1\2\xff\1")) is Verdict.ANSWER
    assert question.judge(frame(7, 3, b"\1\1\xff")) is Verdict.LENGTH


def test_what_comes_when_nobody_waits() -> None:
    question = Question(ask())
    assert question.judge_unasked(GOOD) is Verdict.LATE
    assert question.judge_unasked(GOOD + GOOD) is Verdict.LATE
    assert question.judge_unasked(frame(8, 3, b"\3\4\1\2\3\4")) is Verdict.SURPLUS
    assert question.judge_unasked(b"hello") is Verdict.SURPLUS


@pytest.mark.parametrize("late", [1, 6, 0xFF, 0x100, 0xFFFE])
def test_a_late_answer_that_comes_in_parts_is_waited_for(late: int) -> None:
    answer = frame(late, 3, b"\3\4\1\2\3\4")
    for cut in range(1, len(answer)):
        assert Question(ask(0xFFFF)).judge(answer[:cut]) is Verdict.PART
        assert Question(ask(late)).judge_unasked(answer[:cut]) is Verdict.PART


@given(st.binary(max_size=600))
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    question = Question(ask())
    assert question.judge(data) in Verdict
    assert question.judge_unasked(data) in Verdict
    assert data.endswith(without_late(data, 7))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_an_answer_with_one_changed_byte_is_no_answer_unless_the_byte_is_data(position: int, change: int) -> None:
    damaged = bytearray(GOOD)
    damaged[position] ^= change
    verdict = Question(ask()).judge(bytes(damaged))
    assert (verdict is Verdict.ANSWER) == (position >= 9)


@given(st.sampled_from([GOOD, LATE + GOOD, frame(7, 3, b"\x83\6")]), st.data())
def test_however_an_answer_is_cut_it_is_never_doubted(whole: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(whole) - 1))
    question = Question(ask())
    assert question.judge(whole[:cut]) in (Verdict.PART, Verdict.LATE)
    assert question.judge(whole) is Verdict.ANSWER
