"""A trained model that went bad overnight: the site starts, the rules go on, health and the log say why."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.core.config import Config
from gateway.core.detectors import Use
from gateway.core.plugins import Plugins
from gateway.pipeline.silent import Silent, detector
from models.detector import DetectorPlugin
from models.trained.detector import PLUGIN, Trained, TrainedSettings
from simulators.property_api import PropertyApi
from tests.app.played import Pumps, ask, running
from tests.app.small_site import LOW, until
from tests.models.made import POINTS, plant, train


async def test_the_rules_go_on(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi, caplog: pytest.LogCaptureFixture
) -> None:
    settings = TrainedSettings(bundle=config.path.parent / "absent.json")
    models = {**config.models, "trained": Use("trained", ("played-pump",), settings)}
    with caplog.at_level(logging.WARNING):
        async with running(replace(config, models=models), plugins):
            pumps.shown["P-1"] = LOW
            await until(lambda: len(api.book.orders) == 1)
            status = await ask(config, "/api/status")
            parts = {part["part"]: part for part in status["parts"]}
            assert parts["model trained played-pump"]["state"] == "degraded"
            assert parts["model trained played-pump"]["reason"] == f"没有模型文件 {settings.bundle}"
            assert status["scores"]["P-1"] == {"usual": None, "trained": None}
    said = [record.getMessage() for record in caplog.records if "model=trained" in record.getMessage()]
    assert said == [f"model=trained profile=played-pump knows nothing: there is no bundle {settings.bundle}"]


def test_a_silent_detector_knows_nothing() -> None:
    silent = detector(PLUGIN, TrainedSettings(bundle=Path("absent.json")), "thing", POINTS, 2)
    assert isinstance(silent, Silent)
    assert silent.problem.type == "bundle_absent"
    values = np.ones((3, 2, 5))
    scores = silent.update(np.arange(3.0), values, np.zeros_like(values), np.zeros(2, dtype=np.bool_))
    assert scores.shape == (3, 2)
    assert np.isnan(scores).all()
    assert silent.explain(0).channels == ()
    assert silent.state() == {}
    silent.restore({"anything": np.ones(2)}, np.arange(2))
    silent.accept(np.ones(2, dtype=np.bool_))


def test_a_bundle_of_another_profile_is_not_put_to_work(tmp_path: Path) -> None:
    train(tmp_path / "thing.json", POINTS, plant(7.0, devices=1))
    settings = TrainedSettings(bundle=tmp_path / "thing.json")
    assert isinstance(detector(PLUGIN, settings, "thing", POINTS, 1), Trained)
    other = detector(PLUGIN, settings, "other", POINTS, 1)
    assert isinstance(other, Silent)
    assert other.problem.type == "bundle_of_other_profile"


def test_a_bundle_that_goes_bad_between_the_check_and_the_making(tmp_path: Path) -> None:
    settings = TrainedSettings(bundle=tmp_path / "absent.json")
    unchecked = DetectorPlugin("trained", TrainedSettings, Trained)
    assert isinstance(detector(unchecked, settings, "thing", POINTS, 1), Silent)
