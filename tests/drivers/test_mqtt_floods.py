"""Floods against a driver in a process of its own: what they may cost in memory, and that reception goes on."""

import pytest

from benchmarks.mqtt_floods import FLOODS, outcome_of


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_costs_little_memory_and_no_message(flood: str) -> None:
    outcome = await outcome_of(flood)
    assert outcome.readings == [1, 2]
    assert outcome.grown_mib <= 5
    assert outcome.counts["dropped"] == 0
    if flood == "huge_payload":
        assert (outcome.counts["refused_size"], outcome.counts["connections"]) == (1, 1)
    if flood == "unknown_topics":
        assert outcome.counts["unknown_topics"] == 50_000
