"""A person closes a ticket that a score raised, and the detector knows better: at once, and after a kill."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientSession
from numpy.typing import NDArray

from gateway.app import housekeeping
from gateway.app.daemon import TOKEN_FILE
from gateway.app.housekeeping import Housekeeping
from gateway.cli.offline import Offline
from gateway.core.casework import Callback, Happening
from gateway.core.clock import SystemClock
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins
from gateway.delivery import ledger
from gateway.delivery.ledger import read_ledger
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from models.detector import Bools, DetectorPlugin, Explanation, Floats
from models.settings import Settings
from simulators.property_api import PropertyApi
from tests.app.played import Pumps, ask, running, told
from tests.app.small_site import DRY, until
from tests.delivery.made import make_closing

UNUSUAL = "  - {id: unusual, yellow: {when: score.usual > 0.95}}\n"


class Pupil:
    """Finds a current below 1 unusual, until it is told that it is not."""

    warm_up_s = 0.0

    def __init__(self, settings: Settings, points: Sequence[str], devices: int) -> None:
        self.usual = np.zeros(devices, np.bool_)

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        self.scores = np.where(self.usual, 0.0, np.where(values[:, :, 1] < 1.0, 0.99, 0.0))
        return self.scores

    def health(self) -> Floats:
        return 100.0 * (1.0 - self.scores)

    def others(self) -> Floats:
        return np.zeros_like(self.scores)

    def accept(self, rows: Bools) -> None:
        self.usual |= rows

    def explain(self, row: int) -> Explanation:
        return Explanation(0.99, 0.0, ())

    def state(self) -> dict[str, NDArray[Any]]:
        return {"usual": self.usual.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        self.usual[:] = state["usual"][rows]


@pytest.fixture
def taught(plugins: Plugins) -> Plugins:
    return Plugins(plugins.drivers, {"usual": DetectorPlugin("usual", Settings, Pupil)})


@pytest.fixture
def watched(config: Config, taught: Plugins) -> Config:
    pack = config.path.parent / "pack.yaml"
    pack.write_text(pack.read_text() + UNUSUAL)
    loaded = load(config.path, plugins=taught, environment={}).config
    assert loaded is not None
    return loaded


async def close(config: Config, ticket: str, verdict: str) -> None:
    token = (config.state_folder / TOKEN_FILE).read_text()
    url = f"http://{config.web.bind}/api/tickets/{ticket}/close"
    headers, body = {"Authorization": f"Bearer {token}"}, {"by": "li", "verdict": verdict}
    async with ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


@pytest.mark.parametrize(("verdict", "relearns"), [("normal", True), ("false", True), ("done", False)])
async def test_the_detector_relearns_at_once_and_a_kill_does_not_make_it_forget(
    verdict: str,
    relearns: bool,  # noqa: FBT001 - a table
    watched: Config,
    taught: Plugins,
    pumps: Pumps,
    api: PropertyApi,
) -> None:
    async with running(watched, taught):
        pass
    shutil.copytree(watched.state_folder / "models", watched.path.parent / "before")
    pumps.shown["P-1"] = DRY
    async with running(watched, taught) as daemon:
        await until(lambda: len(api.book.orders) == 1)
        (ticket,) = await ask(watched, "/api/tickets")
        assert ticket["evidence"]["values"]["score.usual"] == 0.99
        await close(watched, ticket["id"], verdict)
        await until(lambda: bool(told("closed", api)))
        detector = daemon._engines["played-pump"].detectors["usual"]
        await _rounds(daemon, 3)
        assert detector.state()["usual"].tolist() == [False, relearns]
    ((event,), (kept,)) = told("closed", api), read_ledger(watched.state_folder) or ()
    assert event["body"]["verdict"] == kept.verdict == verdict
    assert (kept.ticket, kept.device, kept.scores, kept.by) == (ticket["id"], "P-1", ("usual",), "li")

    shutil.rmtree(watched.state_folder / "models")  # as if it had been killed before the next checkpoint
    shutil.copytree(watched.path.parent / "before", watched.state_folder / "models")
    async with running(watched, taught) as daemon:
        await _rounds(daemon, 3)
        again = daemon._engines["played-pump"].detectors["usual"]
        assert again.state()["usual"].tolist() == [False, relearns]
    assert len(api.book.orders) == 1, "still the alert that somebody closed"


async def test_what_was_said_while_no_daemon_ran_is_taken_up_at_the_next_start(
    watched: Config, taught: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    pumps.shown["P-1"] = DRY
    async with running(watched, taught):
        await until(lambda: len(api.book.orders) == 1)
    with closing(Store(watched.state_folder)) as store:
        (ticket,) = store.load().open_tickets
        Offline(watched, store).act(Callback("", ticket.id, Happening.CLOSED, 0.0, "li", verdict="normal"))
    async with running(watched, taught) as daemon:
        await _rounds(daemon, 3)
        assert daemon._engines["played-pump"].detectors["usual"].state()["usual"].tolist() == [False, True]
        await until(lambda: bool(told("closed", api)))
    (event,) = told("closed", api)
    assert event["body"]["verdict"] == "normal"


async def test_housekeeping_keeps_the_ledger_for_long_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = SystemClock().now()
    ages = (0.0, ledger.KEEP_S - 1e4, ledger.KEEP_S + 1e4)
    monkeypatch.setattr(housekeeping, "PRUNE_EVERY_S", 0.01)
    store = Store(tmp_path)
    store.commit(Changes(closings=tuple(make_closing(i, closed_at=now - age) for i, age in enumerate(ages))))
    writer = Writer(store)
    task = asyncio.create_task(Housekeeping(tmp_path, (), writer, SystemClock()).run())
    await until(lambda: len(store.load().closings) == 2)
    monkeypatch.setattr(ledger, "MOST", 1)
    await until(lambda: [said.ticket for said in store.load().closings] == [make_closing(0).ticket])
    task.cancel()
    await writer.close()


async def _rounds(daemon: Any, count: int) -> None:
    """Until its engine has taken so many more rows."""
    engine = daemon._engines["played-pump"]
    for _ in range(count):
        seen = engine.book.time
        await until(lambda seen=seen: engine.book.time > seen)  # type: ignore[misc]
