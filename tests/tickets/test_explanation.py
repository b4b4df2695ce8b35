"""What a ticket says of a score: by the points' own titles and units, in both languages, whatever is unknown."""

import json
from math import inf, nan
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.device import Point, Profile
from gateway.core.plain import plain
from gateway.tickets.explanation import CHANNELS_KEPT, Voice, explained
from models.detector import Contribution, Explanation

PROFILE = Profile(
    profile="pump",
    driver="modbus",
    points=(
        Point(name="vibration", unit="mm/s", low=0.0, high=50.0, title={"zh": "振动", "en": "vibration"}),
        Point(name="temp", unit="°C", title={"zh": "轴承温度", "en": "bearing temperature"}),
        Point(name="flow", unit="m³/h", title={"en": "flow"}),
    ),
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
T0 = 1_773_561_600.0  # 2026-03-15 16:00 in Shanghai
SINCE = T0 - 3600.0 * 12 - 48 * 60  # 03:12
SHAKEN = Contribution("vibration", 0.72, 2.34, 1.4, 1.08, 1.83)
HOT = Contribution("temp", 0.2, 58.31, 46.0, 43.9, 49.2)
SLOW = Contribution("flow", 0.08, 3.0, 6.0, 4.0, 8.0)
CALM = Contribution("temp", 0.5, 47.0, 46.0, 43.9, 49.2)
EN, ZH = Voice("en", SHANGHAI, {"pump": PROFILE}), Voice("zh", SHANGHAI, {"pump": PROFILE})


def told(voice: Voice, *channels: Contribution, since: float = SINCE) -> dict[str, Any]:
    return explained(Explanation(0.97, since, channels), "pump", T0, voice)


def test_in_english() -> None:
    assert told(EN, SHAKEN, HOT)["text"] == (
        "Unusual since 03:12: vibration 2.3 mm/s, 1.4 mm/s is expected, usually 1.1 to 1.8 mm/s (72% of the score); "
        "bearing temperature 58 °C, 46 °C is expected, usually 44 to 49 °C (20% of the score). It would not have been "
        "reported with vibration below 1.8 mm/s and bearing temperature below 49 °C."
    )


def test_in_chinese() -> None:
    assert told(ZH, SHAKEN, HOT)["text"] == (
        "自 03:12 起异常：振动 2.3 mm/s，预期 1.4 mm/s，通常 1.1 至 1.8 mm/s（占评分 72%）；"
        "轴承温度 58 °C，预期 46 °C，通常 44 至 49 °C（占评分 20%）。"
        "若振动低于 1.8 mm/s 且轴承温度低于 49 °C，就不会报警。"
    )


@pytest.mark.parametrize(
    ("since", "en", "zh"),
    [
        (T0, "Unusual since 16:00: ", "自 16:00 起异常："),
        (T0 - 86400.0, "Unusual since 16:00 on 2026-03-14: ", "自 2026-03-14 16:00 起异常："),
        (nan, "Unusual: ", "异常："),
        (-inf, "Unusual: ", "异常："),
    ],
)
def test_since_when_by_the_clock_on_the_wall(since: float, en: str, zh: str) -> None:
    assert told(EN, HOT, since=since)["text"].startswith(en + "bearing")
    assert told(ZH, HOT, since=since)["text"].startswith(zh + "轴承")


@pytest.mark.parametrize(
    ("channels", "en", "zh", "spared"),
    [
        (
            (SLOW,),
            "with flow above 4 m³/h.",
            "若flow高于 4 m³/h，就不会报警。",
            [{"point": "flow", "above": 4}],
        ),
        (
            (CALM, SHAKEN),
            "with vibration below 1.8 mm/s.",
            "若振动低于",
            [{"point": "vibration", "below": 1.83}],
        ),
        ((CALM, CALM), "their combination is unusual.", "异常的是它们的组合。", []),
        ((CALM,), "what is rare even there.", "少见的情况也报警。", []),
    ],
)
def test_what_it_would_have_taken_not_to_fire(
    channels: tuple[Contribution, ...], en: str, zh: str, spared: list[dict[str, Any]]
) -> None:
    assert told(EN, *channels)["text"].endswith(en)
    assert zh in told(ZH, *channels)["text"]
    assert told(EN, *channels)["spared"] == spared


@pytest.mark.parametrize(
    ("channel", "clause"),
    [
        (
            Contribution("vibration", 1.0, 2.0, 0.4, -0.2, 0.9),
            "vibration 2.0 mm/s, 0.4 mm/s is expected, usually below 0.9 mm/s",
        ),
        (Contribution("temp", 1.0, 2.0, nan, 5.0, inf), "bearing temperature 2 °C, usually above 5 °C"),
        (Contribution("temp", 1.0, inf, 0.0, -inf, nan), "bearing temperature –, 0 °C is expected"),
        (
            Contribution("temp", 1.0, 5.0, 5.0, 5.0, 5.0),
            "bearing temperature 5.000 °C, 5.000 °C is expected, usually 5",
        ),
        (Contribution("temp", 1.0, 1.84, 1.0, 0.0, 1.8399), "bearing temperature 1.8400 °C"),
        (Contribution("temp", 1.0, 1e300, 1.0, 0.0, 2.0), "bearing temperature 1e+300 °C, 1.0 °C is expected"),
        (Contribution("stranger", 1.0, 9.0, 1.0, 0.5, 1.5), "stranger 9.0, 1.0 is expected, usually 0.5 to 1.5"),
    ],
)
def test_a_channel_with_as_many_digits_as_matter_and_only_what_is_known(channel: Contribution, clause: str) -> None:
    assert clause in told(EN, channel)["text"]


def test_what_is_not_told_is_counted_and_what_is_kept_is_bounded() -> None:
    many = [Contribution(f"p{i}", 0.1, 9.0, 1.0, 0.0, 2.0) for i in range(20)]
    whole = told(EN, *many)
    assert "; 17 more points with a small part. It would" in whole["text"]
    assert whole["text"].endswith("and p2 below 2.0 and the others inside their usual range.")
    assert "另有 17 个测点" in told(ZH, *many)["text"]
    assert "; one more point with" in told(EN, *many[:4])["text"]
    assert len(whole["channels"]) == len(whole["spared"]) == CHANNELS_KEPT
    assert len(json.dumps(whole)) < 4000


def test_a_program_finds_every_number_by_its_name() -> None:
    assert told(ZH, SHAKEN)["channels"] == [
        {"point": "vibration", "title": "振动", "unit": "mm/s", "share": 0.72}
        | {"value": 2.34, "expected": 1.4, "low": 1.08, "high": 1.83}
    ]


def test_nothing_is_told_of_nothing_and_all_of_it_is_json() -> None:
    assert told(EN)["text"] == ""
    strange = plain(explained(Explanation(nan, nan, (Contribution("a", nan, nan, inf, nan, -inf),)), "no", T0, EN))
    assert json.loads(json.dumps(strange, allow_nan=False)) == strange
    assert strange["text"].startswith("Unusual: a –")
