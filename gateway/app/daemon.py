"""The daemon, in the order in which things happen: take the state, warm up, run everything, keep what is left."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from math import inf
from pathlib import Path

from gateway.app import build, checkpoint
from gateway.app.charts import Charts
from gateway.app.housekeeping import Housekeeping
from gateway.app.notes import DriverNotes
from gateway.app.outward import Outward
from gateway.app.pages import LocalPages
from gateway.app.reload import Reloads
from gateway.app.round import Round
from gateway.app.status import View
from gateway.app.supervisor import Supervisor
from gateway.app.tally import Tally
from gateway.app.warmup import warm
from gateway.core import systemd
from gateway.core.clock import RunningClock, SteadyClock
from gateway.core.config import Config, Loaded, load
from gateway.core.plugins import Plugins
from gateway.core.types import Closing
from gateway.delivery.lifeboat import Lifeboat
from gateway.delivery.records import Saved
from gateway.delivery.refuge import open_store
from gateway.history.influx.copy import InfluxHistory
from gateway.history.local import LocalHistory
from gateway.history.recorder import Recorder
from gateway.pipeline import assembly
from gateway.pipeline.board import Board
from gateway.pipeline.engine import Engine
from gateway.pipeline.lessons import lessons_of
from gateway.pipeline.silent import silent
from gateway.tickets.desk import Desk
from gateway.tickets.terms import Terms
from gateway.web.metrics import registry

log = logging.getLogger(__name__)

HISTORY_FILE = "history.db"
TOKEN_FILE = "control.token"  # noqa: S105 - a file name
LONGEST_WARM_UP_S = 600.0
"""What systemd is asked to wait for each fleet; a year of history of hundreds of devices takes minutes."""


class Daemon:
    """One site's gateway."""

    def __init__(
        self, config: Config, plugins: Plugins, clock: RunningClock, read: Callable[[], Loaded] | None = None
    ) -> None:
        """`read` reads the configuration again; without it, the file that this one came from is read."""
        self._config = config
        self._read = read or partial(load, config.path, plugins=plugins)
        self._reload_asked = asyncio.Event()
        self._plugins = plugins
        self._clock = SteadyClock(clock)
        self._engines = assembly.engines(config, plugins)
        self._board = Board(config.fleets, config.tick_s)
        openers = build.openers(config, plugins, self._clock)
        self._supervisors = [Supervisor(name, opener, self._clock) for name, opener in openers.items()]

    def reload(self) -> None:
        """Take the configuration over as it is written now, as soon as the site is being watched."""
        self._reload_asked.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch the site until `stop` is set. Raises StateInUse or StorageFailed if the state cannot be had."""
        async with AsyncExitStack() as stack:
            writer = Lifeboat(open_store(self._config.state_folder))
            stack.push_async_callback(writer.close)
            saved = await writer.load()
            self._clock.resume(saved.saved_at or 0.0)
            firing, unclaimed = self._restore(saved)
            desk = self._desk(saved)
            await self._warm_up(saved.closings, stop)
            if stop.is_set():
                return
            local = LocalHistory(self._config.state_folder / HISTORY_FILE, self._config.history.local, self._clock)
            histories = self._open_histories(local, stack)
            outward = await Outward.opened(self._config, self._plugins, writer, self._clock, stack)
            sinks = [history.append for history in histories]
            alive = systemd.pat_watchdog
            round_ = Round(self._board, self._engines, desk, writer, self._clock, sinks, outward.wake, alive)
            round_.leapt = self._clock.leapt
            desk.damaged(saved.damaged, self._clock.now())
            round_.resume(firing, unclaimed, self._clock.now())
            reloads = Reloads(self._config, self._read, round_, local, self._clock, self._reload_asked)
            chores = Housekeeping(self._config.state_folder, self._engines.values(), writer, self._clock)
            notes = DriverNotes(self._config.state_folder, self._supervisors)
            notes.recall()
            tally = Tally(writer, outward, self._clock)
            parts = (self._clock, self._supervisors, histories, chores, reloads)
            pages = LocalPages(self._config.web.bind, control_token(self._config.state_folder), self._clock)
            view = View(self._config, self._board, round_, outward, writer, *parts, pages, tally, saved.damaged)
            stack.push_async_callback(_keep, round_, chores, notes)
            jobs = {"round": round_.run(self._config.tick_s), "housekeeping": chores.run(), **outward.jobs(round_)}
            jobs["tally"] = tally.run()
            jobs["charts"] = Charts(self._config, round_, local).run()
            jobs |= {"notes": notes.run(), "reload": reloads.run(), "pages": pages.run(view, registry(view.samples))}
            await self._work(stop, jobs)

    async def _work(self, stop: asyncio.Event, jobs: Mapping[str, Coroutine[None, None, None]]) -> None:
        """Everything at once, each under its name, until it is time to stop."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(s.run(self._board), name=f"connection {s.name}") for s in self._supervisors]
            tasks += [group.create_task(job, name=name) for name, job in jobs.items()]
            log.info("site=%s devices=%d ready", self._config.site.id, len(self._config.devices))
            systemd.notify("READY=1")
            await stop.wait()
            systemd.notify("STOPPING=1")
            for task in tasks:
                task.cancel()

    def _restore(self, saved: Saved) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """Give every rule its state back; returns the alerts (rule, device) that are active, and states nobody took."""
        unclaimed = {(state.rule, state.device) for state in saved.rule_states}
        place = {device: (e, row) for e in self._engines.values() for row, device in enumerate(e.fleet.ids)}
        firing = set()
        for state in saved.rule_states:
            engine, row = place.get(state.device, (None, 0))
            if engine is None:
                continue
            if not engine.book.restore(state.rule, row, state.fingerprint, state.body):
                log.info("rule=%s device=%s changed since the last run; it starts anew", state.rule, state.device)
                continue
            unclaimed.remove((state.rule, state.device))
            if state.body["level"]:
                firing.add((state.rule, state.device))
        return firing, unclaimed

    async def _warm_up(self, closings: Sequence[Closing], stop: asyncio.Event) -> None:
        """Bring every fleet up to the present, lessons of people included, which no checkpoint may have seen yet.

        What was learnt is kept at once: a kill must not cost it again.
        """
        folder = self._config.state_folder
        for profile, engine in self._engines.items():
            systemd.notify(f"STATUS=warming up {profile}\nEXTEND_TIMEOUT_USEC={LONGEST_WARM_UP_S * 1e6:.0f}")
            learnt_until, now = self._take_up_learnt(engine), self._clock.now()
            engine.teach(lessons_of(engine.fleet, closings), -inf if learnt_until is None else learnt_until)
            await asyncio.to_thread(warm, folder / HISTORY_FILE, engine, self._board, learnt_until, now, stop.is_set)
            await checkpoint.keep(folder, engine)
        for name, profile, problem in silent(self._engines.values()):
            log.warning("model=%s profile=%s knows nothing: %s", name, profile, problem)
        self._board.begin(self._clock.now())

    def _take_up_learnt(self, engine: Engine) -> float | None:
        file = build.checkpoint_file(self._config.state_folder, engine.fleet)
        learnt_until = checkpoint.read(file, engine.fleet, engine.detectors, self._clock.now())
        if learnt_until is None:
            engine.detectors = assembly.detectors(self._config, engine.fleet, self._plugins)
        return learnt_until

    def _desk(self, saved: Saved) -> Desk:
        terms = Terms.of(self._config, saved.silences)
        return Desk(terms, self._config.all_rules, [*saved.open_tickets, *saved.closed_lately], saved.entries)

    def _open_histories(self, local: LocalHistory, stack: AsyncExitStack) -> list[Recorder]:
        settings, folder = self._config.history, self._config.state_folder
        histories: list[Recorder] = [local]
        if settings.influxdb is not None:
            histories.append(InfluxHistory(folder / "influxdb", settings.influxdb, self._config.site.id, self._clock))
        for history in histories:
            history.open()
            stack.push_async_callback(asyncio.to_thread, history.close)
        return histories


async def _keep(round_: Round, chores: Housekeeping, notes: DriverNotes) -> None:
    """The last things before the state closes: pending timers, unsaved tickets, what was learnt."""
    round_.keep_pending()
    await round_.save()
    if round_.part.state != "ok":
        log.error("stopped with %d messages that could not be stored", round_.unsaved)
    await notes.keep()
    await chores.keep_learnt()


def control_token(state_folder: Path) -> str:
    """The token that changes tickets, new at every start, readable by the owner of the state folder alone."""
    token, path = secrets.token_urlsafe(32), state_folder / TOKEN_FILE
    try:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(token)
    except OSError as error:
        with suppress(OSError, UnicodeDecodeError):
            token = path.read_text() or token  # on a read-only disk the last one is still the owner's alone
        log.warning("token=%s cannot be written: %s; a command may not change a ticket", path.name, error.strerror)
    return token
