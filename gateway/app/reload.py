"""Takes the next configuration over while the site is being watched: all of it or nothing.

Everything that can fail happens in a thread, beside the rounds: reading, checking, compiling, showing new windows the
past. What is left is one step between two rounds, in which engines, desk and the states to be stored change together.
A configuration that is wrong, or differs in what only a restart can take over, changes nothing; health says why.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from pydantic_core import PydanticCustomError

from drivers.device import Clock
from gateway.app.difference import difference, need_restart
from gateway.app.reload_report import Report
from gateway.app.round import Round
from gateway.app.succession import Successor
from gateway.core import systemd
from gateway.core.config import Config, Loaded
from gateway.core.document import Document
from gateway.core.findings import Finding
from gateway.core.health import Part
from gateway.core.types import Block
from gateway.history.local import LocalHistory
from gateway.history.past import NoPast
from gateway.history.recording import Recording
from gateway.tickets.terms import refuse_unknown_policies

log = logging.getLogger(__name__)

LONGEST_FLUSH_S = 10.0
"""How long new windows wait for the last seconds of the history; without them they have a small gap."""
_FAILURES = (
    *(OSError, MemoryError, sqlite3.Error),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError),
)
"""What getting ready may run into. Nothing has changed by then, and nobody's readings may suffer from it."""

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Reloads:
    """The reloads of one daemon, one after the other."""

    def __init__(
        self,
        config: Config,
        read: Callable[[], Loaded],
        round_: Round,
        history: LocalHistory,
        clock: Clock,
        asked: asyncio.Event,
    ) -> None:
        """`read` reads the configuration again, with all that it names; `asked` is set to have that done."""
        self._config, self._read = config, read
        self._round, self._history, self._clock = round_, history, clock
        self._since = clock.now()
        self._asked = asked
        self._waiting: list[asyncio.Future[Report]] = []
        self._stopping = threading.Event()
        self._last: Report | None = None
        self._part = Part("configuration")

    async def reload(self) -> Report:
        """Have it done, and wait for what becomes of it."""
        report: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
        self._waiting.append(report)
        self._asked.set()
        return await report

    def health(self) -> Part:
        """Degraded since a reload was refused, until one is accepted."""
        return self._part

    def shown(self) -> Mapping[str, Any]:
        """Since when which rules are in force, and the last reload, for the status page."""
        last = None if self._last is None else self._last.json(self._config.site.language)
        return {"since": self._since, "rules": len(self._round.desk.rules), "reload": last}

    async def run(self) -> None:
        """Reload whenever it was asked for, until cancelled; however often during a reload, once more after it."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            waiting, self._waiting = self._waiting, []
            systemd.notify_reloading()
            report = await self._reload()
            self._note(report)
            systemd.notify("READY=1\nSTATUS=" + (self._part.reason or "watching"))
            for each in waiting:
                if not each.done():
                    each.set_result(report)

    async def _reload(self) -> Report:
        try:
            loaded = await self._aside(self._read)
            config, findings = loaded.config, loaded.findings
            if config is None:
                return Report(self._clock.now(), accepted=False, findings=findings)
            if sections := need_restart(self._config, config):
                text = "{sections} changed, which only a restart takes over"
                problem = PydanticCustomError("restart_needed", text, {"sections": sections})
                return self._refused(problem, *findings)
            successors = await self._aside(self._compiled, config)
            await self._show_the_past(successors)
        except _FAILURES as error:
            log.exception("reload failed")
            reason = {"reason": f"{type(error).__name__}: {error}"}
            return self._refused(PydanticCustomError("reload_failed", "it cannot be taken over: {reason}", reason))
        finally:
            self._round.follow = None
        report = self._accept(config, successors, findings)
        await self._round.save()
        return report

    def _compiled(self, config: Config) -> list[Successor]:
        refuse_unknown_policies(config.all_rules, config.policies)
        engines = self._round.engines.values()
        words = {fleet.profile.profile: config.vocabulary(fleet) for fleet in config.fleets}
        profiles = {engine.fleet.profile.profile: engine for engine in engines}
        return [Successor(engine, config.rules_for(name), words[name]) for name, engine in profiles.items()]

    async def _show_the_past(self, successors: list[Successor]) -> None:
        """Show new windows the history, which may take long; then what came meanwhile, up to the very last row."""
        new = {each.profile: each for each in successors if each.needs_past}
        if not new:
            return
        await self._replay(new)
        heard: list[Block] = []
        self._round.follow = heard.append
        await self._replay(new)
        for block in heard:
            if block.fleet.profile.profile in new:
                new[block.fleet.profile.profile].follow(block)

    async def _replay(self, new: Mapping[str, Successor]) -> None:
        until = {profile: each.engine.book.time for profile, each in new.items()}
        await self._aside(self._see, new, until)

    def _see(self, new: Mapping[str, Successor], until: Mapping[str, float]) -> None:
        if not self._history.settle(LONGEST_FLUSH_S):
            log.warning("reload: the history is late; the new windows miss its last seconds")
        try:
            with Recording(self._history.path) as past:
                for profile, each in new.items():
                    each.see(past, until[profile], self._round.board.tick_s, self._stopping.is_set)
        except (FileNotFoundError, sqlite3.Error, NoPast) as error:
            log.warning("reload: the history cannot be read: %s; the new windows start empty", error)

    def _accept(self, config: Config, successors: list[Successor], findings: tuple[Finding, ...]) -> Report:
        """Change everything at once: there is no `await` in here, nor between the last block heard and this."""
        now = self._clock.now()
        blind = tuple(rule for each in successors for rule in each.blind())
        cleared = self._round.succeed(successors, config.all_rules, self._round.desk.terms.renewed(config), now)
        changes = difference(self._config, config)
        self._config, self._since = config, now
        return Report(now, accepted=True, findings=findings, difference=changes, cleared=tuple(cleared), blind=blind)

    def _refused(self, problem: PydanticCustomError, *others: Finding) -> Report:
        finding = Document(self._config.path).finding(problem)
        return Report(self._clock.now(), accepted=False, findings=(finding, *others))

    def _note(self, report: Report) -> None:
        self._last = report
        report.tell()
        reason = "" if report.accepted else report.reason(self._config.site.language)
        since = None if report.accepted else self._part.since or report.at
        self._part = Part("configuration", "ok" if report.accepted else "degraded", reason, since)

    async def _aside(self, work: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        """Do it in a thread; whoever is cancelled tells the thread."""
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except asyncio.CancelledError:
            self._stopping.set()
            raise
