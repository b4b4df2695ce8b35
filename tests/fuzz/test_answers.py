"""Answers that were broken at random: none is taken for what it is not, and no right one is refused.

A second or two in the suite; ten million with scripts/fuzz answers, which says how many were tried.
"""

import logging
import os
import time
from collections import Counter
from random import Random

import numpy as np
import pytest

from drivers.modbus.question import Question, Verdict
from tests.fuzz.answers import ASKED, Asked, only_late, told, values
from tests.fuzz.breaking import Breaker

log = logging.getLogger(__name__)

FRAMES = int(os.environ.get("FUZZ_FRAMES", "100000"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
_AT_MOST_S = 1e-4
"""For each, with everything that this test does beside it."""


@pytest.mark.timeout(60 + FRAMES * _AT_MOST_S)
def test_no_broken_answer_is_taken_for_a_right_one() -> None:
    breaker, verdicts, began, decoded = Breaker(SEED), Counter[str](), time.perf_counter(), 0
    for number in range(FRAMES):
        transaction = number % 65535 + 1
        asked = ASKED[number % len(ASKED)]
        question = Question(asked.question(transaction))
        data = breaker.answer(asked, transaction)
        verdict = question.judge(data)
        said = told(data, transaction, asked)
        verdicts[verdict] += 1
        assert (verdict is Verdict.ANSWER) == (said is not None), _shown(asked, transaction, data, verdict)
        if said:
            check_values(asked, said)
            decoded += 1
        unasked = question.judge_unasked(data)
        assert (unasked is Verdict.LATE) == only_late(data, transaction), _shown(asked, transaction, data, unasked)
    took_s = time.perf_counter() - began
    log.info("seed %d: %d frames in %.0f s, %d of them right and decoded", SEED, FRAMES, took_s, decoded)
    log.info("wrong value accepted 0, right answer refused 0, uncaught 0")
    log.info("%s", ", ".join(f"{verdict}: {count}" for verdict, count in verdicts.most_common()))
    assert {Verdict.ANSWER, Verdict.LATE, Verdict.PART} < set(verdicts)


def test_a_right_answer_in_pieces_is_waited_for() -> None:
    random = Random(SEED)
    for asked in ASKED:
        question = Question(asked.question(300))
        late = b"".join(ASKED[i].answer(297 + i, random) for i in range(3))
        for answer in (asked.answer(300, random), asked.refusal(300, 2)):
            for before in (b"", late):
                whole = before + answer
                for end in range(len(before) + 1, len(whole)):
                    assert question.judge(whole[:end]) is Verdict.PART, whole[:end].hex()
                assert question.judge(whole) is Verdict.ANSWER


def check_values(asked: Asked, data: bytes) -> None:
    found, right = asked.decoder.decode([data]), np.array(values(data, asked))
    assert found.tobytes() == right.tobytes() or np.array_equal(found, right, equal_nan=True), (
        found,
        right,
        data.hex(),
    )


def _shown(asked: Asked, transaction: int, data: bytes, verdict: Verdict) -> str:
    return f"{asked.question(transaction).hex()} -> {data.hex()}: {verdict}"
