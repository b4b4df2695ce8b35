"""A book as the engine uses it: transitions with evidence, findings, restarts, warm-up."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from rules.book import Book, State, check_rules
from rules.rule import Rule, Transition
from rules.texts import render
from rules.vocabulary import Vocabulary
from tests.rules.wall import UTC

HOT = {
    "id": "hot",
    "yellow": {"when": "a > 70", "for": "10s"},
    "red": {"when": "a > 80", "for": "5s"},
    "clear": "a < 65",
    "keep": "3s",
    "title": {"en": "{device} {b:.1f}"},
}


def book_of(vocabulary: Vocabulary, *rules: dict[str, Any]) -> Book:
    return Book([Rule.model_validate(rule) for rule in rules], vocabulary)


def feed(book: Book, start: float, a: Sequence[float], device: int = 0) -> list[Transition]:
    """Rows one second apart in which one device shows these values of `a`; the others show 0."""
    values = np.zeros((len(a), 3, 3))
    values[:, device, 0] = a
    return book.update(start + np.arange(len(a), dtype=float), values, np.zeros_like(values), {})


def told(transitions: list[Transition]) -> list[tuple[float, str, str, float]]:
    return [(x.time, x.change, x.level, x.since) for x in transitions]


def test_yellow_escalates_to_red_and_clears_only_below_the_clear_condition(plain: Vocabulary) -> None:
    book = book_of(plain, HOT)
    got = feed(book, 100, [75] * 12 + [85] * 7 + [75] * 5 + [66] * 5 + [60] * 6, device=2)
    assert told(got) == [
        (110, "fired", "yellow", 100),
        (117, "escalated", "red", 112),
        (132, "cleared", "red", 129),
    ]
    assert {x.row for x in got} == {2}
    assert got[0].evidence == {"a": 75.0, "b": 0.0}
    assert got[0].rule == "hot"


def test_unknown_neither_fires_nor_clears_and_is_no_evidence(plain: Vocabulary) -> None:
    book = book_of(plain, HOT)
    nan = float("nan")
    got = feed(book, 0, [75] * 6 + [nan] * 100 + [75] * 6)
    assert told(got) == [(111, "fired", "yellow", 101)]
    assert told(feed(book, 112, [nan] * 50 + [60, 60, nan, 60, 60, 60])) == [(167, "cleared", "yellow", 164)]


def test_transitions_come_in_order_of_time_rule_and_row(plain: Vocabulary) -> None:
    now = {"id": "z", "red": {"when": "a > 70"}}
    book = book_of(plain, now, now | {"id": "a"})
    values = np.full((2, 3, 3), 75.0)
    values[0, 0, 0] = 0
    got = book.update(np.array([1.0, 2.0]), values, np.zeros_like(values), {})
    order = [(x.time, x.rule, x.row) for x in got]
    assert order == [(1, "z", 1), (1, "z", 2), (1, "a", 1), (1, "a", 2), (2, "z", 0), (2, "a", 0)]


def test_between_counts_only_inside_the_hours(plain: Vocabulary) -> None:
    book = book_of(plain, {"id": "day", "yellow": {"when": "a > 70", "for": "10s", "between": "06:00-23:00"}})
    assert told(feed(book, 6 * 3600 - 30, [75] * 60)) == [(6 * 3600 + 10, "fired", "yellow", 6 * 3600)]
    late = book_of(plain, {"id": "day", "yellow": {"when": "a > 70", "for": "10s", "between": "06:00-23:00"}})
    assert feed(late, 23 * 3600 - 5, [75] * 60) == []


def test_scores_are_points_and_evidence(pump: Vocabulary) -> None:
    book = book_of(pump, {"id": "odd", "yellow": {"when": "score.usual > 0.95 and running"}})
    values = np.ones((1, 2, 7))
    (got,) = book.update(np.array([1.0]), values, values * 0, {"score.usual": np.array([[0.5, 0.99]])})
    assert (got.row, got.evidence) == (1, {"running": 1.0, "score.usual": 0.99})


def test_health_is_a_point_and_evidence_and_may_stand_in_a_title(pump: Vocabulary) -> None:
    title = {"en": "{device} is down to {health.usual:.0f} at a score of {score.usual:.2f}"}
    when = "avg(health.usual, 1m) < 60"
    book = book_of(
        pump, {"id": "ill", "yellow": {"when": when, "for": "1m"}, "clear": "health.usual > 80", "title": title}
    )
    values = np.ones((300, 2, 7))
    health = np.stack((np.full(300, np.nan), np.where(np.arange(300) < 200, 40.0, 90.0)), axis=1)
    said = {"score.usual": np.full((300, 2), 0.75), "health.usual": health}
    fired, cleared = book.update(np.arange(300.0), values, values * 0, said)
    assert (fired.row, fired.change, fired.evidence) == (1, "fired", {"score.usual": 0.75, "health.usual": 40.0})
    assert (cleared.row, cleared.change, cleared.time) == (1, "cleared", 200.0)
    assert render(title["en"], {**fired.evidence, "device": "P-1"}) == "P-1 is down to 40 at a score of 0.75"


def test_time_must_increase(plain: Vocabulary) -> None:
    book = book_of(plain, HOT)
    feed(book, 100, [1.0])
    for start in (100, 99):
        with pytest.raises(ValueError, match="increase"):
            feed(book, start, [1.0])
    with pytest.raises(ValueError, match="increase"):
        book.update(np.array([200.0, 200.0]), np.zeros((2, 3, 3)), np.zeros((2, 3, 3)), {})


def test_a_book_with_findings_is_refused_with_all_of_them(plain: Vocabulary) -> None:
    rules = [
        Rule.model_validate({"id": "x", "red": {"when": "aa > 1"}, "clear": "b <", "title": {"zh": "{d}"}}),
        Rule.model_validate({"id": "x", "yellow": {"when": "a > 5 kW"}}),
    ]
    places = [problem["loc"] for problem in check_rules(rules, plain)]
    assert places == [(0, "title", "zh"), (0, "red", "when"), (0, "clear"), (1, "id"), (1, "yellow", "when")]
    with pytest.raises(ValidationError) as refused:
        Book(rules, plain)
    assert [tuple(error["loc"]) for error in refused.value.errors()] == places


def test_an_empty_book_and_an_empty_block(plain: Vocabulary) -> None:
    book = book_of(plain)
    assert feed(book, 1, [1.0]) == []
    assert book.firing().tolist() == [False] * 3
    assert book.update(np.empty(0), np.empty((0, 3, 3)), np.empty((0, 3, 3)), {}) == []
    assert (book.pending_states(), book.horizon_s) == ([], 0.0)


def restored(vocabulary: Vocabulary, states: list[State]) -> Book:
    book = book_of(vocabulary, HOT)
    assert all(book.restore(*state) for state in states)
    return book


def test_downtime_is_not_evidence(plain: Vocabulary) -> None:
    before = book_of(plain, HOT)
    feed(before, 0, [75] * 8)
    states = before.pending_states()
    assert [state[:2] for state in states] == [("hot", 0)]
    after = restored(plain, states)
    assert told(feed(after, 5000, [75] * 10)) == [(5003, "fired", "yellow", 4993)]


def test_a_firing_alert_stays_firing_through_a_restart(plain: Vocabulary) -> None:
    before = book_of(plain, HOT)
    assert before.changed_states() == []
    feed(before, 0, [75] * 12 + [60] * 2)
    ((rule, row, fingerprint, body),) = before.changed_states()
    assert (rule, row, body["level"]) == ("hot", 0, "yellow")
    assert before.changed_states() == []
    after = restored(plain, before.pending_states())
    assert after.firing().tolist() == [True, False, False]
    assert body["risen_at"] == 10.0
    assert told(feed(after, 5000, [60] * 10)) == [(5002, "cleared", "yellow", 4999)]
    assert after.changed_states() == [("hot", 0, fingerprint, {})]
    assert after.pending_states() == []


def test_a_pending_cell_that_came_to_rest_is_forgotten_once(plain: Vocabulary) -> None:
    book = book_of(plain, HOT)
    feed(book, 0, [75] * 3)
    assert book.pending_states()[0][3]["yellow_s"] == 2.0
    feed(book, 3, [0])
    assert [state[3] for state in book.pending_states()] == [{}]
    assert book.pending_states() == []


def test_foreign_states_are_refused(plain: Vocabulary) -> None:
    book = book_of(plain, HOT)
    feed(book, 0, [75] * 3)
    ((rule, row, fingerprint, body),) = book.pending_states()
    other = book_of(plain, HOT | {"keep": "4s"})
    assert not other.restore(rule, row, fingerprint, body)
    assert not book.restore("gone", row, fingerprint, body)
    assert not book.restore(rule, 3, fingerprint, body)
    assert not book.restore(rule, row, fingerprint, {})
    assert not book.restore(rule, row, fingerprint, body | {"level": "purple"})
    assert book.restore(rule, row, fingerprint, body)


def test_warming_fills_windows_and_changes_no_alert(plain: Vocabulary) -> None:
    rule = {"id": "mean", "yellow": {"when": "avg(a, 1m) > 70", "for": "5s"}}
    book = book_of(plain, rule)
    values = np.full((100, 3, 3), 75.0)
    book.warm(np.arange(100.0), values, values * 0, {})
    assert book.pending_states() == []
    assert told(feed(book, 100, [75] * 10))[0] == (105, "fired", "yellow", 100)
    cold = book_of(plain, rule)
    assert told(feed(cold, 100, [75] * 50))[0] == (135, "fired", "yellow", 130)
    assert book.horizon_s == 60


SCORE = {"id": "odd", "yellow": {"when": "score.usual > 0.5"}, "red": {"when": "score.usual > 0.9"}}
LIMIT = {"id": "limit", "yellow": {"when": "a > 70"}}


def watched(scores: Sequence[float], a: float = 0.0) -> Book:
    """A book after rows one second apart; device 1 has these scores."""
    words = Vocabulary(("a", "b", "c"), {}, {}, ("usual",), 3, UTC)
    book = book_of(words, SCORE, LIMIT)
    values, score = np.zeros((len(scores), 3, 3)), np.zeros((len(scores), 3))
    values[:, 1, 0], score[:, 1] = a, scores
    book.update(np.arange(len(scores), dtype=float), values, np.zeros_like(values), {"score.usual": score})
    return book


@pytest.mark.parametrize(
    ("book", "accepted_at", "fires"),
    [
        (watched([0, 0, 0.7, 0.7]), -np.inf, True),
        (watched([0, 0, 0.7, 0.7]), 1.5, True),
        (watched([0, 0, 0.7, 0.7]), 2.5, False),
        (watched([0, 0.7, 0.7, 0.95]), 2.5, True),
        (watched([0, 0.7, 0.95, 0.7]), 2.5, False),
        (watched([0.7, 0, 0.7, 0.7]), 1.5, True),
        (watched([0, 0, 0.7, 0.7], a=75.0), 2.5, True),
    ],
    ids=["never", "before it", "after it", "it became worse", "after it became worse", "it came again", "a limit too"],
)
def test_an_alert_of_a_score_does_not_count_once_a_person_accepted_it(
    book: Book,
    accepted_at: float,
    fires: bool,  # noqa: FBT001 - a table
) -> None:
    accepted = np.array([np.inf, accepted_at, np.inf])
    assert book.firing(accepted).tolist() == [False, fires, False]
    assert book.firing().tolist() == [False, True, False]
    again, heir = watched([0.0]), watched([0.0])
    for state in book.pending_states():
        assert again.restore(*state)
    heir.take_over(book.legacy(), book.fingerprints)
    assert again.firing(accepted).tolist() == heir.firing(accepted).tolist() == [False, fires, False]


def test_when_an_alert_of_an_older_version_rose_is_not_known_so_any_word_of_a_person_counts() -> None:
    book = watched([0.7])
    ((rule, row, fingerprint, body),) = book.pending_states()
    again = watched([0.0])
    assert again.restore(rule, row, fingerprint, {name: held for name, held in body.items() if name != "risen_at"})
    assert again.firing(np.full(3, -np.inf)).tolist() == [False, True, False]
    assert again.firing(np.full(3, 0.0)).tolist() == [False, False, False]
