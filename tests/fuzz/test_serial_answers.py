"""Bytes of a serial line that were broken at random: only a whole frame with the right head and checksum is taken.

A second or two in the suite; millions with scripts/fuzz answers.
"""

import logging
import os
import time
from collections import Counter

import pytest

from drivers.modbus.question import Verdict
from drivers.modbus.question_rtu import SerialQuestion
from tests.fuzz.answers import ASKED, UNIT, Asked
from tests.fuzz.breaking import Breaker
from tests.fuzz.test_answers import SEED, check_values

log = logging.getLogger(__name__)

FRAMES = int(os.environ.get("FUZZ_FRAMES", "100000")) // 2
_AT_MOST_S = 2e-4
"""For each, with everything that this test does beside it."""


def _table() -> list[int]:
    table = []
    for found in range(256):
        for _ in range(8):
            found = found >> 1 ^ (0xA001 if found & 1 else 0)  # noqa: PLW2901 - bit by bit
        table.append(found)
    return table


_TABLE = _table()


def checksum(data: bytes) -> bytes:
    """As Modbus over serial line 1.02 has it."""
    found = 0xFFFF
    for byte in data:
        found = found >> 8 ^ _TABLE[(found ^ byte) & 255]
    return found.to_bytes(2, "little")


def serial(frame: bytes) -> bytes:
    """A frame of Modbus TCP as it is on a serial line."""
    return frame[6:] + checksum(frame[6:])


def told(data: bytes, asked: Asked, question: bytes) -> bytes | None:
    """What a strict reader takes from the bytes: the data, empty for a refusal, None if there is no answer or two."""
    data = data.removeprefix(question)
    found = []
    for at in range(len(data) - 4):
        if data[at] == UNIT and data[at + 1] & 127 == asked.function:
            refused = data[at + 1] > 127
            size = 3 if refused else 3 + asked.size
            whole = data[at : at + size + 2]
            if (
                (refused or data[at + 2] == asked.size)
                and whole[size:] == checksum(whole[:size])
                and len(whole) == size + 2
            ):
                found.append(b"" if refused else whole[3:size])
    return found[0] if len(found) == 1 else None


@pytest.mark.timeout(60 + FRAMES * _AT_MOST_S)
def test_no_broken_serial_answer_is_taken_for_a_right_one() -> None:
    breaker, verdicts, began, decoded = Breaker(SEED, serial), Counter[str](), time.perf_counter(), 0
    for number in range(FRAMES):
        asked = ASKED[number % len(ASKED)]
        sent = serial(asked.question(number % 65535 + 1))
        question = SerialQuestion(sent)
        data = breaker.answer(asked, number % 65535 + 1)
        verdict = question.judge(data)
        said = told(data, asked, sent)
        verdicts[verdict] += 1
        shown = f"{sent.hex()} -> {data.hex()}: {verdict}"
        assert (verdict is Verdict.ANSWER) == (said is not None), shown
        if said is not None:
            assert question.clean(data)[3:-2] == said or not said, shown
        if said:
            check_values(asked, said)
            decoded += 1
    took_s = time.perf_counter() - began
    log.info("seed %d: %d serial frames in %.0f s, %d of them right and decoded", SEED, FRAMES, took_s, decoded)
    log.info("wrong value accepted 0, right answer refused 0, uncaught 0")
    log.info("%s", ", ".join(f"{verdict}: {count}" for verdict, count in verdicts.most_common()))
    assert {Verdict.ANSWER, Verdict.CHECKSUM, Verdict.SURPLUS, Verdict.PART} < set(verdicts)
