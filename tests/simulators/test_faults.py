from collections.abc import Callable

import numpy as np
import pytest

from simulators.faults import FAULTS, SLOW
from simulators.plant import PLANTS
from simulators.site import Injection, SimulatedDevice, SimulatedSite

MORNING = 1_773_446_400.0  # 2026-03-14 08:00 in Shanghai
ANY = {"silent-meter": "power-meter"}
HOUR = 3600.0
DURATION = {
    "transformer-overload": 2 * HOUR,
    "entrapment": HOUR,
    "dry-run": HOUR,
    "pipe-burst": HOUR,
    "bearing-wear": 15 * 24 * HOUR,
    "sump-pump-failure": HOUR,
}
"""Of some that are looked at for longer than they usually take."""

Devices = Callable[..., SimulatedDevice]


def befallen(
    device: Devices, fault: str, severity: float = 0.6, onset: float = MORNING
) -> tuple[SimulatedSite, Injection]:
    kind = ANY.get(fault, "pump-set") if FAULTS[fault].kind == "*" else FAULTS[fault].kind
    injection = Injection(fault, "X-1", onset, severity, DURATION.get(fault, FAULTS[fault].lasts_s))
    return SimulatedSite([device("X-1", kind)], seed=7, faults=[injection]), injection


def channel(site: SimulatedSite, name: str, times: np.ndarray) -> np.ndarray:
    column = site.devices["X-1"].profile.names.index(name)
    values: np.ndarray = site.read("X-1", times)[:, column]
    return values


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_changes_before_onset_or_long_after(device: Devices, fault: str) -> None:
    site, injection = befallen(device, fault)
    healthy = SimulatedSite([site.devices["X-1"]], seed=7)
    end = injection.onset + injection.duration_s
    times = np.concatenate([injection.onset - np.arange(1.0, 600.0), end + 12 * HOUR + np.arange(60.0)])
    np.testing.assert_array_equal(site.read("X-1", times), healthy.read("X-1", times))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("severity", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("hour", [0.0, 2.53, 11.0, 17.2])
def test_every_fault_shows_at_any_hour_and_stays_possible(
    device: Devices, fault: str, severity: float, hour: float
) -> None:
    site, injection = befallen(device, fault, severity, MORNING + hour * HOUR)
    (truth,) = site.truths()
    if (fault in SLOW and severity == 0.0) or not FAULTS[fault].shown:
        assert truth.shown_at is None  # what does not wear, and what only looks like trouble
        return
    assert truth.shown_at is not None
    assert truth.onset <= truth.shown_at < truth.felt_until
    profile = site.devices["X-1"].profile
    values = site.read("X-1", np.linspace(injection.onset, truth.until, 2000))
    assert ((values >= profile.low) & (values <= profile.high) | np.isnan(values)).all()


@pytest.mark.parametrize(
    ("fault", "after_s", "until_s"),
    [
        ("entrapment", 5.0, 7.0),
        ("dry-run", 1.0, 6.0),
        ("pipe-burst", 5.0, 30.0),
        ("bearing-wear", 1 * 24 * HOUR, 8 * 24 * HOUR),
        ("door-degradation", 3 * 24 * HOUR, 12 * 24 * HOUR),
        ("loose-joint", 1 * HOUR, 15 * 24 * HOUR),
        ("impeller-clog", 3 * 24 * HOUR, 10 * 24 * HOUR),
        ("transformer-overload", 600.0, 2100.0 + 900.0),
        ("phase-loss", 0.0, 1.0),
        ("unbalance-growth", 2 * 24 * HOUR, 15 * 24 * HOUR),
        ("capacitor-failure", 3 * 24 * HOUR, 10 * 24 * HOUR),
        ("harmonic-growth", 20 * 24 * HOUR, 80 * 24 * HOUR),
        ("contact-heating", 20 * 24 * HOUR, 30.1 * 24 * HOUR),
        ("residual-rise", HOUR, 6 * HOUR),
        ("silent-meter", 0.0, 1.0),
        ("sump-pump-failure", 0.0, 1.0),
        ("sump-inflow", 0.0, 900.0),
        ("water-leak", 20.0, 120.0),
        ("leak-cable-cut", 0.0, 1.0),
        ("zone-burst", 5.0, 30.0),
        ("zone-leak", 1 * 24 * HOUR, 10 * 24 * HOUR),
        ("weak-echo", 0.0, 1.0),
    ],
)
def test_faults_show_when_their_physics_says(device: Devices, fault: str, after_s: float, until_s: float) -> None:
    (truth,) = befallen(device, fault)[0].truths()
    assert truth.shown_at is not None
    assert after_s <= truth.shown_at - truth.onset <= until_s


def test_a_burst_follows_the_pump_law(device: Devices) -> None:
    site, injection = befallen(device, "pipe-burst", severity=0.5)
    before, during = (injection.onset + np.array([0.0, 600.0]) + shift for shift in (-600.0, 300.0))
    assert channel(site, "pressure", during).max() < 0.45 * 0.65
    assert (channel(site, "flow", during) > 1.8 * channel(site, "flow", before)).all()
    assert channel(site, "speed_hz", during).min() > 49.0
    assert (channel(site, "current", during) > channel(site, "current", before)).all()


def test_a_worn_bearing_grows_steadily_and_stays_below_the_limits_when_mild(device: Devices) -> None:
    site, injection = befallen(device, "bearing-wear", severity=0.5)
    days = injection.onset + 10 * HOUR + np.arange(15) * 24 * HOUR
    vibration = np.array([np.mean(channel(site, "vibration", day + np.arange(300.0))) for day in days])
    assert (np.diff(vibration) > 0.0).all()
    assert 3.5 < vibration[-1] < 5.1
    assert channel(site, "bearing_temp", days).max() < 70.0


def means(site: SimulatedSite, name: str, onset: float, days: int, *, running: bool = False) -> np.ndarray:
    """The mean of each whole day."""
    each = [onset + day * 24 * HOUR + np.arange(0.0, 24 * HOUR, 60.0) for day in range(days)]
    on = [channel(site, "running", times) > 0.5 if running else np.ones(len(times), np.bool_) for times in each]
    return np.array([channel(site, name, times)[mask].mean() for times, mask in zip(each, on, strict=True)])


def test_a_door_closes_ever_more_slowly_and_reopens_ever_more_often(device: Devices) -> None:
    site, injection = befallen(device, "door-degradation", severity=1.0)
    close, reopens = (means(site, name, injection.onset, 21) for name in ("door_close", "door_reopens"))
    assert (np.diff(close) > 0.0).all()
    assert close[0] == pytest.approx(2.6, abs=0.1)
    assert close[-1] == pytest.approx(4.5, abs=0.15)
    assert reopens[-7:].mean() > 2.0 * reopens[:7].mean()


def test_a_loose_joint_warms_one_phase_with_the_square_of_the_load(device: Devices) -> None:
    site, injection = befallen(device, "loose-joint", severity=1.0)
    healthy = SimulatedSite([site.devices["X-1"]], seed=7)
    last = injection.onset + 29 * 24 * HOUR + np.arange(0.0, 24 * HOUR, 60.0)
    excess, winding = (
        channel(site, name, last) - channel(healthy, name, last) for name in ("joint_c", "winding_temp_c")
    )
    load = channel(site, "load", last)
    assert 20.0 < excess.mean() < 40.0
    assert np.corrcoef(excess, load**2)[0, 1] > 0.9
    np.testing.assert_allclose(winding, 0.4 * excess, atol=0.2)
    np.testing.assert_array_equal(channel(site, "winding_temp_a", last), channel(healthy, "winding_temp_a", last))


def test_a_clogged_impeller_needs_more_speed_and_power_for_the_same_water(device: Devices) -> None:
    site, injection = befallen(device, "impeller-clog", severity=1.0)
    healthy = SimulatedSite([site.devices["X-1"]], seed=7)
    sick, well = (
        {
            name: means(which, name, injection.onset, 10, running=True)
            for name in ("flow", "speed_hz", "power", "vibration")
        }
        for which in (site, healthy)
    )
    np.testing.assert_allclose(sick["flow"], well["flow"])
    assert (sick["speed_hz"] - well["speed_hz"])[-1] == pytest.approx(2.85, abs=0.3)
    assert (sick["power"] / well["power"])[-1] > 1.15
    assert (sick["vibration"] - well["vibration"])[-1] == pytest.approx(0.76, abs=0.1)


def test_an_overload_heats_the_windings_slowly_and_they_cool_slowly(device: Devices) -> None:
    site, injection = befallen(device, "transformer-overload", severity=0.5, onset=MORNING + 11 * HOUR)
    hours = injection.onset + np.array([0.0, 0.5, 2.0, 3.0, 8.0]) * HOUR
    load, winding = channel(site, "load", hours), channel(site, "winding_temp_b", hours)
    assert load[2] == pytest.approx(107.5, abs=2.0)
    assert winding[0] < winding[1] - 5.0 < winding[2] - 20.0
    assert winding[4] < winding[3] < winding[2]
    assert winding[2] < 150.0


@pytest.mark.parametrize(("severity", "level"), [(0.0, "yellow"), (0.2, "yellow"), (0.3, "red"), (1.0, "red")])
def test_an_overload_beyond_the_rating_is_red(device: Devices, severity: float, level: str) -> None:
    (truth,) = befallen(device, "transformer-overload", severity)[0].truths()
    assert truth.level == level


def test_the_passenger_presses_the_button_and_is_rescued_at_the_end(device: Devices) -> None:
    site, injection = befallen(device, "entrapment")
    trapped = injection.onset + np.arange(10.0, HOUR)
    assert (channel(site, "person", trapped) == 1.0).all()
    assert (channel(site, "speed", trapped) == 0.0).all()
    assert np.ptp(channel(site, "floor", trapped)) == 0.0
    assert channel(site, "alarm", trapped)[0] == 0.0
    assert channel(site, "alarm", trapped)[60:].min() == 1.0
    assert channel(site, "alarm", np.array([injection.onset + HOUR]))[0] == 0.0


def test_a_fault_must_fit_its_device(device: Devices) -> None:
    site = SimulatedSite([device("X-1", "pump-set")])
    with pytest.raises(ValueError, match="needs kind elevator, and X-1 is of kind pump-set"):
        site.inject(Injection("entrapment", "X-1", MORNING, 0.5, HOUR))
    with pytest.raises(ValueError, match="not within 0 to 1"):
        site.inject(Injection("dry-run", "X-1", MORNING, 1.5, HOUR))
    with pytest.raises(ValueError, match="never happens"):
        site.inject(Injection("dry-run", "X-1", MORNING, 0.5, 0.0))
    with pytest.raises(KeyError):
        site.inject(Injection("dry-run", "Y-1", MORNING, 0.5, HOUR))


@pytest.mark.parametrize("fault", [name for name in SLOW if name != "door-degradation"])  # whose reopening is chance
@pytest.mark.parametrize("hour", [0.0, 8.0, 19.0])
def test_a_wear_begins_at_nothing(device: Devices, fault: str, hour: float) -> None:
    """A step at onset would be found by any detector at once, and show nothing of how early it finds a wear."""
    site, injection = befallen(device, fault, severity=1.0, onset=MORNING + hour * HOUR)
    healthy = SimulatedSite([site.devices["X-1"]], seed=7)
    times = injection.onset + np.arange(0.0, 600.0, 20.0)
    plant = PLANTS[site.devices["X-1"].kind]
    for column, name in enumerate(site.devices["X-1"].profile.names):
        was = healthy.read("X-1", times)[:, column]
        change = np.abs(site.read("X-1", times)[:, column] - was)
        sigma = plant.sigma(name, was)
        assert (change[sigma > 0.0] < sigma[sigma > 0.0]).all(), name
