"""The metrics page is what a Prometheus can read, whatever the names of parts are."""

from collections.abc import Iterable

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from gateway.web.metrics import Sample, counts
from tests.web.conftest import Shown

ODD = ['a "quoted" one', "back\\slash", "two\nlines", "泵房", "", "a=b,c{}"]


async def read(pages: ClientSession) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    async with pages.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = text_string_to_metric_families(await answer.text())
        return {
            sample.name: {
                tuple(sorted(other.labels.items())): other.value
                for other in family.samples
                if other.name == sample.name
            }
            for family in families
            for sample in family.samples
        }


async def test_counters_and_gauges(pages: ClientSession, shown: Shown) -> None:
    shown.figures = [Sample("rounds", "Rounds evaluated.", 7), Sample("open_tickets", "Open.", 2, counter=False)]
    said = await read(pages)
    assert said == {"gateway_rounds_total": {(): 7.0}, "gateway_open_tickets": {(): 2.0}}


async def test_labels_may_have_any_character(pages: ClientSession, shown: Shown) -> None:
    shown.figures = counts("degraded", "1 if the part is.", dict.fromkeys(ODD, 1.0), "part", counter=False)
    said = await read(pages)
    assert {labels[0][1] for labels in said["gateway_degraded"]} == set(ODD)


async def test_samples_of_one_name_are_one_family_in_whatever_order_they_come(
    pages: ClientSession, shown: Shown
) -> None:
    def sample(name: str, what: str) -> Sample:
        return Sample(name, "Help.", 1, labels=(("what", what),))

    shown.figures = [sample("a", "x"), sample("b", "x"), sample("a", "y")]
    async with pages.get("/metrics") as answer:
        text = await answer.text()
    assert text.count("# TYPE gateway_a_total counter") == 1
    assert len((await read(pages))["gateway_a_total"]) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, -1.5, True])
async def test_any_number_can_be_shown(pages: ClientSession, shown: Shown, value: float) -> None:
    shown.figures = [Sample("x", "X.", value, counter=False)]
    assert repr((await read(pages))["gateway_x"][()]) == repr(float(value))


async def test_nothing_to_show(pages: ClientSession, shown: Shown) -> None:
    shown.figures = []
    assert await read(pages) == {}


def test_counts_makes_one_sample_for_each_key() -> None:
    made: Iterable[Sample] = counts("decisions", "Help.", {"a": 1.0, "b": 2.0}, "reason")
    assert [(s.labels, s.value, s.counter) for s in made] == [
        ((("reason", "a"),), 1.0, True),
        ((("reason", "b"),), 2.0, True),
    ]
