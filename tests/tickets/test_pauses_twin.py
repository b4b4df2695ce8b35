"""Pauses against a twin that steps along the minutes and looks at the clock on the wall each time."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import Device
from gateway.core.almanac import Almanac
from gateway.core.casework import Silence
from gateway.core.ticket_settings import MaintenanceWindow
from gateway.core.types import Level
from gateway.tickets.pauses import Pauses
from rules.duration import hours_s

BERLIN = ZoneInfo("Europe/Berlin")
LIFT = Device(id="EL-1-1", profile="elevator", on="broker", location={"building": "1"})
STEP_S = 300
"""Everything here begins and ends on such a step."""


def window(**keys: Any) -> MaintenanceWindow:
    return MaintenanceWindow.model_validate({"name": "work", **keys})


FIVE_MINUTES = st.integers(0, 287).map(lambda n: f"{n // 12:02}:{n % 12 * 5:02}")
BETWEEN = st.tuples(FIVE_MINUTES, FIVE_MINUTES).filter(lambda h: h[0] != h[1]).map("-".join)
DAYS = st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, max_size=4)
WINDOWS = st.builds(
    window,
    between=BETWEEN,
    days=DAYS,
    weeks=st.lists(st.integers(1, 5), min_size=1),
    levels=st.sampled_from([["yellow"], ["yellow", "red"]]),
)
CHANGES = [
    int(datetime.fromisoformat(day).replace(tzinfo=BERLIN).timestamp()) // STEP_S
    for day in ("2026-03-27", "2026-10-23", "2026-06-12")
]
STEPS = st.tuples(st.sampled_from(CHANGES), st.integers(0, 4 * 288)).map(lambda s: (s[0] + s[1]) * STEP_S)


def _twin(
    zone: ZoneInfo, quiet: str | None, windows: Sequence[MaintenanceWindow], ends: float, level: Level, now: int
) -> bool:
    """Whether something holds the ticket back at one moment, by the clock on the wall."""
    wall = datetime.fromtimestamp(now, zone)
    time, day = f"{wall:%H:%M}", wall.date()
    found = now < ends and level is Level.YELLOW
    for each in windows:
        start, end = (f"{int(s) // 3600:02}:{int(s) % 3600 // 60:02}" for s in each.between)
        if level not in each.levels:
            continue
        found |= _shows(each, day) and start <= time and (time < end or end < start)
        found |= _shows(each, day - timedelta(days=1)) and time < end < start
    if quiet and level is Level.YELLOW:
        start, end = quiet.split("-")
        found |= start <= time < end if start < end else time >= start or time < end
    return found


def _shows(each: MaintenanceWindow, day: date) -> bool:
    return f"{day:%a}".lower() in each.days and (day.day + 6) // 7 in each.weeks


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(["Europe/Berlin", "Asia/Shanghai"]),
    st.none() | BETWEEN,
    st.lists(WINDOWS, max_size=3),
    st.integers(-100, 300),
    st.sampled_from(Level),
    STEPS,
)
def test_it_is_what_stepping_along_the_minutes_gives(
    name: str,
    quiet: str | None,
    windows: list[MaintenanceWindow],
    silent: int,
    level: Level,
    now: int,
) -> None:
    zone, ends = ZoneInfo(name), float(now + silent * STEP_S)
    pauses = Pauses(
        Almanac(zone),
        hours_s(quiet) if quiet else None,
        windows,
        [Silence("S-1", "Li", "works", made_at=0.0, until=ends)],
    )
    found = pauses.hold(LIFT, "noise", level, float(now))
    assert (found is not None) == _twin(zone, quiet, windows, ends, level, now)
    if found is not None:
        moment = now
        while _twin(zone, quiet, windows, ends, level, moment) and moment < found[1]:
            moment += STEP_S
        assert found[1] == moment
        assert not _twin(zone, quiet, windows, ends, level, moment) or moment >= now + 31 * 86400
