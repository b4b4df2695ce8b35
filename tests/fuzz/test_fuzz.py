"""Conditions and rule files that were broken at random: each is refused at a place or does something harmless, soon.

A few seconds in the suite; an hour with scripts/fuzz, which says how many were tried.
"""

import logging
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from random import Random

import numpy as np
import pytest

from drivers.device import Profile
from gateway.core.findings import Finding
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.packs import check_packs, read_packs
from gateway.core.plugins import discover
from gateway.core.yamlfile import parse, read
from rules.duration import DAY_S
from rules.language.expression import compile_condition
from rules.vocabulary import Bools, Floats, Frame, Vocabulary
from rules.windows.window import Windows
from tests.fuzz.mutation import mutants
from tests.fuzz.watchman import COMPILING, READING, watching
from tests.rules.test_language import HOSTILE
from tests.rules.wall import UTC

log = logging.getLogger(__name__)

SECONDS = float(os.environ.get("FUZZ_SECONDS", "4"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
AT_MOST_S = 0.1
"""Of processor time for each."""
PACKS = Path(__file__).parents[2] / "rules" / "packs"
DEVICES = 2


def keep_on(attempt: Callable[[str], None], corpus: list[str], harmless: Collection[str]) -> None:
    """Try mutants until the time is over. A failure names its text."""
    ends, count, longest_s = time.monotonic() + SECONDS, 0, 0.0
    for text in mutants(corpus, Random(SEED)):
        took_s, seen = tried(attempt, text, harmless)
        if took_s > AT_MOST_S or seen:  # Python may have loaded a part of itself, or swept; it will not do so again
            took_s, seen = tried(attempt, text, harmless)
        assert took_s <= AT_MOST_S, f"{took_s:.3f} s for {text!r}"
        assert not seen, f"{seen} beside {text!r}"
        count, longest_s = count + 1, max(longest_s, took_s)
        if time.monotonic() > ends:
            break
    log.info("seed %d: %d tried in %.0f s, the longest took %.0f ms", SEED, count, SECONDS, longest_s * 1000)


def tried(attempt: Callable[[str], None], text: str, harmless: Collection[str]) -> tuple[float, list[str]]:
    """Seconds of processor time, and what happened to the machine."""
    began = time.process_time()
    with watching(harmless) as seen:
        try:
            attempt(text)
        except Exception as error:
            raise AssertionError(f"uncaught beside {text!r}") from error
    return time.process_time() - began, seen


def vocabulary(profile: Profile) -> Vocabulary:
    return Vocabulary(
        profile.names,
        {point.name: point.unit for point in profile.points},
        {"rated_power": np.array([7.5, np.nan])},
        ("usual",),
        DEVICES,
        UTC,
        {point.name: (point.low, point.high) for point in profile.points},
    )


def profiles() -> dict[str, Profile]:
    return read_profiles([BUILT_IN], discover()).profiles


def packs() -> list[Path]:
    return [file for file in sorted(PACKS.glob("*.yaml")) if not file.name.endswith(".test.yaml")]


def conditions() -> list[str]:
    """Every condition of the packs, and the hostile ones."""
    read_ = read_packs(parse("a: 1"), PACKS, [file.name for file in packs()])
    rules = [rule for file in read_.files for _, rule in file.rules()]
    written = [text for rule in rules for text in (*(x.when for x in rule.levels.values()), rule.clear) if text]
    return [*written, *(text[:200] for text in HOSTILE)]


@pytest.mark.timeout(SECONDS + 60)
def test_broken_conditions_are_refused_at_a_place_or_harmless() -> None:
    words = vocabulary(profiles()["pump-set"])
    random = np.random.default_rng(SEED)
    shape = (3, DEVICES, len(words.points))

    def with_gaps(x: Floats, gaps: Bools) -> Floats:
        x[gaps] = np.nan
        return x

    frames = [
        Frame(
            DAY_S * 20000 + 60.0 * np.arange(first, first + 3, dtype=np.float64),
            with_gaps(random.normal(50, 50, shape), random.random(shape) < 0.2),
            np.full(shape, 5.0),
            {said: 100.0 * random.random(shape[:2]) for said in words.said},
            UTC,
        )
        for first in (0, 3)
    ]

    def attempt(text: str) -> None:
        windows: Windows = {}
        condition, problems = compile_condition(text, words, windows)
        for problem in problems:
            start, end = (problem.context or {})["span"]
            assert 0 <= start < end <= max(1, len(text)), problem
            assert problem.message()
        assert (condition is None) == bool(problems)
        if condition:
            with np.errstate(all="ignore"):
                for frame in frames:
                    for standing in windows.values():
                        standing.feed(frame)
                    true, false = condition.truth.true(frame), condition.truth.false(frame)
                    assert not (frame.full(true) & frame.full(false)).any(), "both true and false"

    keep_on(attempt, conditions(), COMPILING)


@pytest.mark.timeout(SECONDS + 60)
def test_broken_rule_files_are_refused_at_a_line_or_harmless(tmp_path: Path) -> None:
    known = profiles()
    words = {name: vocabulary(profile) for name, profile in known.items()}
    file = tmp_path / "pack.yaml"
    corpus = [piece for path in packs() for piece in _rules_apart(path.read_text("utf-8"))]

    def attempt(text: str) -> None:
        raw = text.encode("utf-8", "surrogatepass")
        file.write_bytes(raw)
        broken = read_packs(read(file), tmp_path, [file.name])
        found: list[Finding] = [*broken.findings, *check_packs(broken, known, ["red_strict", "yellow_48h"], words)]
        for finding in found:
            assert finding.line >= 1
            assert finding.column >= 1
            assert finding.show("zh")
            assert finding.show("en")

    keep_on(attempt, corpus, [*COMPILING, *READING])


def _rules_apart(pack: str) -> list[str]:
    """A pack as packs of one rule, short enough to be tried often."""
    head, _, rules = pack.partition("rules:\n")
    return [f"{head}rules:\n  - id:{rule}" for rule in rules.split("  - id:")[1:]]
