"""Rule tests through the daemon's engine and desk: what samples, silence, scores and tickets come to."""

from collections.abc import Callable

import numpy as np
import pytest

from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.play import Verdict, play
from gateway.workbench.testing.report import sentences
from gateway.workbench.testing.suite import Suite

Play = Callable[[str], Verdict]


def _events(verdict: Verdict) -> list[tuple[float, str, str, str]]:
    return [(e.at, e.transition.rule, e.transition.change, e.transition.level) for e in verdict.events]


def test_the_example_of_the_design(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set, rated_power: 7.5}
        step: 1m
        series: {running: "1x18", bearing_temp: "60x10 85x6 _x2"}
        expect:
          - {at: 15m, rule: hot, fired: red}
    """)
    assert verdict.passed
    assert _events(verdict) == [(900, "hot", "fired", "red")]
    assert list(verdict.seen) == ["running", "bearing_temp"]


def test_a_point_may_fall_silent_while_others_go_on(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set}
        step: 1m
        series: {running: "1x10", bearing_temp: "50 stale", flow: "8x9"}
        expect: []
    """)
    np.testing.assert_array_equal(verdict.seen["bearing_temp"], [50] * 4 + [np.nan] * 6)  # held for three steps
    np.testing.assert_array_equal(verdict.seen["flow"], [8] * 10)


def test_a_missing_sample_is_unknown_at_once_and_ages(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set}
        step: 1m
        series: {flow: "8 _x4 8", running: 1x6}
        expect:
          - {at: 2m, rule: old, fired: yellow}
          - {at: 5m, rule: old, cleared: yellow}
    """)
    assert verdict.passed
    np.testing.assert_array_equal(verdict.seen["flow"], [8] + [np.nan] * 4 + [8])


def test_a_silent_device_is_held_until_it_is_stale(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set}
        step: 1m
        series: {running: "1x5 stale", flow: "8x5 stalex10"}
        ignore: [old]
        expect:
          - {at: 13m, rule: silent, fired: yellow}
    """)
    assert verdict.passed  # last read at 4m, unknown from 8m, silent for 5m


def test_an_unwritten_score_is_unknown(played: Play) -> None:
    text = """
        device: {profile: pump-set}
        step: 5m
        series: {running: 1x6}
        scores: {usual: 0.99}
        expect:
          - {at: 15m, rule: unusual, fired: yellow}
    """
    assert played(text).passed
    assert played(text).seen["score.usual"].tolist() == [0.99] * 6
    without = played(text.replace("scores: {usual: 0.99}", ""))
    assert [failure.actual for failure in without.failures] == [None]


def test_written_health_is_read_like_a_point(suite: Callable[..., Suite], kit: Kit) -> None:
    rules = """
profile: pump-set
rules:
  - {id: ill, yellow: {when: "health.usual < 60 and running", for: 10m}}
"""
    tests = """
  - name: a pump that gets worse
    device: {profile: pump-set}
    step: 5m
    series: {running: 1x8}
    health: {usual: "90x3 40x5"}
    expect:
      - {at: 25m, rule: ill, fired: yellow}
"""
    read = suite(tests, rules)
    assert not read.findings
    (test,) = read.tests.values()
    verdict = play(test, read.subjects["pump-set"], kit)
    assert verdict.passed
    assert verdict.seen["health.usual"].tolist() == [90.0] * 3 + [40.0] * 5
    assert "score.usual" not in verdict.seen
    wrong = suite(tests.replace("90x3", "900x3").replace("usual:", "usuall:"), rules)
    assert [finding.kind for finding in wrong.findings] == ["unread_score"]
    beyond = suite(tests.replace("90x3", "900x3"), rules)
    assert len(beyond.findings) == 1


def test_scores_may_be_all_that_is_played(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set}
        step: 1m
        scores: {usual: 0.99x10}
        expect:
          - {at: 5m, rule: silent, fired: yellow}
    """)
    assert verdict.passed


@pytest.mark.parametrize("start", ["00:00", "23:59"])
def test_the_step_counts_whatever_the_time_of_day(played: Play, start: str) -> None:
    verdict = played(f"""
        device: {{profile: pump-set}}
        step: 100ms
        start: "{start}"
        series: {{bearing_temp: "60x100 85x3001"}}
        expect:
          - {{at: 310s, rule: hot, fired: red}}
    """)
    assert verdict.passed


def test_a_ticket_is_what_the_desk_makes_of_it(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set}
        step: 1m
        series: {bearing_temp: "75x12 85x6"}
        expect:
          - at: 10m
            rule: hot
            fired: yellow
            ticket: {level: yellow, title: {en: pump-set at 75 °C}, policy: yellow_48h, due: {close: 2d}}
          - at: 17m
            rule: hot
            escalated: red
            ticket: {level: red, class: pump.heat, title: {zh: pump-set at 85 ℃}, due: {close: 2d}}
    """)
    (failure,) = verdict.failures
    assert {misfit.field: (misfit.expected, misfit.actual) for misfit in failure.misfits} == {
        "title.zh": ("pump-set at 85 ℃", "pump-set at 85 °C"),
        "class": ("pump.heat", "pump.bearing"),
        "due.close": ("2d", ""),
    }


def test_a_simulated_machine_fails_as_it_would_on_site(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set, rated_power: 7.5}
        simulate: {plant: pump-set, fault: silent-meter, onset: 1h, duration: 20m, history: 2h}
        expect:
          - {rule: silent, fired: yellow, after: 65m, before: 66m}
          - {rule: old, fired: yellow, after: 1h, before: 63m}
    """)
    assert verdict.passed
    assert len(verdict.seen["flow"]) == 481
    assert "score.usual" not in verdict.seen  # two hours are no experience


def test_a_ticket_knows_how_often_and_what_is_told(played: Play) -> None:
    text = """
        device: {profile: pump-set}
        step: 5m
        series: {bearing_temp: "75x4 60x2 75x4 60x2 75x4"}
        expect:
          - {at: 10m, rule: hot, fired: yellow, ticket: {occurrences: 1, message: created}}
          - {at: 25m, rule: hot, cleared: yellow, ticket: {message: condition_cleared}}
          - {at: 40m, rule: hot, fired: yellow, ticket: {occurrences: 2, message: occurred_again}}
          - {at: 55m, rule: hot, cleared: yellow, ticket: {occurrences: 2}}
          - {at: 70m, rule: hot, fired: yellow, ticket: {occurrences: 3, message: none}}
    """
    assert played(text).passed
    wrong = played(text.replace("occurrences: 3, message: none", "occurrences: 4, message: escalated"))
    (failure,) = wrong.failures
    assert sentences(failure, "en") == [
        "hot at 70m: the ticket should count 4 occurrences, but counts 3",
        "hot at 70m: the dispatch API should be told escalated, but is told none",
    ]
    assert "应记 4 次发生" in sentences(failure, "zh")[0]


def test_a_failed_test_knows_where_the_conditions_held(played: Play) -> None:
    verdict = played("""
        device: {profile: pump-set}
        step: 5m
        series: {bearing_temp: "60 75x3 _ 85x3"}
        expect: []
    """)
    yellow, red = verdict.held["hot"]["yellow"], verdict.held["hot"]["red"]
    assert yellow.true.tolist() == [False, True, True, True, False, True, True, True]
    assert yellow.enough.tolist() == [False, False, False, True, False, True, True, True]
    assert (yellow.true | yellow.false).tolist() == [True] * 4 + [False] + [True] * 3
    assert red.enough.tolist() == [False] * 6 + [True] * 2
    assert [event.at for event in verdict.events if event.transition.rule == "hot"] == [900.0, 1800.0]
