from collections.abc import Callable

import numpy as np

from drivers.payload import JsonPoint, Layout
from simulators.payload import payload
from simulators.site import SimulatedDevice, SimulatedSite

TIME = 1_773_446_400.25


def test_the_driver_reads_back_what_the_collector_says(device: Callable[..., SimulatedDevice]) -> None:
    lift = device("EL-1", "elevator")
    site = SimulatedSite([lift], seed=7)
    points = [JsonPoint.model_validate(point.model_dump()) for point in lift.profile.points]
    layout = Layout(points, stamp="ts")
    for time in TIME + np.arange(0.0, 300.0, 7.0):
        truth = site.read("EL-1", np.array([time]))[0]
        message = payload(lift.profile, "EL-1", float(time), truth.tolist())
        assert message is not None
        np.testing.assert_allclose(np.array(layout.row(message), dtype=np.float64), truth, atol=1e-5)
        assert layout.stamp(message) == time
        assert message["status"]["door"] in {"closed", "open", "opening", "closing"}
        assert message["status"]["levelled"] in {True, False}


def test_silence_is_no_message_and_an_unknown_value_is_left_out(device: Callable[..., SimulatedDevice]) -> None:
    profile = device("EL-1", "elevator").profile
    assert payload(profile, "EL-1", TIME, [float("nan")] * 18) is None
    message = payload(profile, "EL-1", TIME, [0.0, *[float("nan")] * 17])
    assert message == {"ts": "2026-03-14T08:00:00.250+08:00", "device": "EL-1", "status": {"mode": "normal"}}
