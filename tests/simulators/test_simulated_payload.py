import json
from collections.abc import Callable

import numpy as np
import pytest

from drivers.mqtt import PLUGIN
from drivers.payload import JsonPoint, Layout
from drivers.scalar import Values, parse_scalar
from simulators.payload import payload, scalars
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
    assert payload(profile, "EL-1", TIME, [float("nan")] * len(profile.points)) is None
    message = payload(profile, "EL-1", TIME, [0.0, *[float("nan")] * (len(profile.points) - 1)])
    assert message == {"ts": "2026-03-14T08:00:00.250+08:00", "device": "EL-1", "status": {"mode": "normal"}}


@pytest.mark.parametrize("samples", [{}, {"samples": "data.rows"}])
def test_any_profile_is_read_back(samples: dict[str, str]) -> None:
    points = [
        {"name": "temp", "unit": "°C", "low": -40, "high": 90, "path": "values[1].t", "scale": 0.1, "offset": -40},
        {"name": "humidity", "unit": "%", "low": 0, "high": 100, "path": "values[0]", "scale": 1000},
        {"name": "mode", "path": "state.mode", "map": {"auto": 4, "true": 7}},
        {"name": "running", "low": 0, "high": 1, "path": "values[1].run"},
        {"name": "starts", "low": 0, "high": 1e9},
    ]
    written = {"profile": "sensor", "driver": "mqtt", "stamp": "meta.at", "points": points, **samples}
    profile = PLUGIN.profile.model_validate(written)
    site = SimulatedSite([SimulatedDevice("S-1", profile, "sensor", "broker")], seed=7)
    layout = Layout(profile.points, stamp="meta.at", samples=samples.get("samples"))
    for time in TIME + np.arange(0.0, 86_400.0, 4000.0):
        truth = site.read("S-1", np.array([time]))[0]
        (sample,) = layout.samples(payload(profile, "S-1", float(time), truth.tolist()))
        np.testing.assert_allclose(np.array(layout.row(sample), dtype=np.float64), truth, atol=1e-9)
        assert layout.stamp(sample) == time
        assert ((truth >= profile.low) & (truth <= profile.high)).all()
        assert truth[2] in {4.0, 7.0}


def test_points_with_topics_of_their_own_are_read_back() -> None:
    points = [
        {"name": "temp", "unit": "°C", "low": -40, "high": 90, "scale": 0.1},
        {"name": "door", "map": {"open": 1, "closed": 0}},
        {"name": "running", "low": 0, "high": 1},
        {"name": "level", "unit": "m", "low": 0, "high": 9, "topic": "tank", "path": "v.level"},
        {"name": "volume", "unit": "m³", "low": 0, "high": 1e6, "topic": "tank", "path": "v.volume"},
    ]
    written = {"profile": "sensor", "driver": "mqtt", "format": "scalar", "stamp": "t", "stamp_unit": "ms"}
    profile = PLUGIN.profile.model_validate({**written, "points": points})
    site = SimulatedSite([SimulatedDevice("S-1", profile, "sensor", "broker")], seed=7)
    truth = site.read("S-1", np.array([TIME]))[0]
    messages = scalars(profile, TIME, truth.tolist())
    assert set(messages) == {"temp", "door", "running", "tank"}
    for word, message in messages.items():
        columns = {i: point for i, point in enumerate(profile.points) if (point.topic or point.name) == word}
        read = Values(columns, len(points), "t", "ms")
        arrived = parse_scalar(json.dumps(message).encode())
        for column in columns:
            assert read.row(arrived)[column] == pytest.approx(truth[column], abs=1e-9)
        assert read.stamp(arrived) == (TIME if word == "tank" else None)
    assert scalars(profile, TIME, [float("nan")] * len(points)) == {}
