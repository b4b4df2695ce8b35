"""How late healthy devices are polled when others on the site are dead, in turn with a site where none is."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, Goal, Result, ratio
from benchmarks.programs import PORTS, allow_sockets, equipment, free_port, last_line
from benchmarks.site import RULES, SiteLoad, write_site
from benchmarks.window import READY_S

GOAL_MS, GOAL_TIMES = 50.0, 2.0
"""The 99th percentile, and how many times what it is when no device is dead."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LatenessLoad:
    """How many devices, each on a connection of its own; the warm-up lets the driver give up those that are dead."""

    devices: int = 500
    points: int = 20
    seconds: float = 20.0
    rounds: int = 3
    warm_up_s: float = 10.0

    @property
    def dead(self) -> tuple[int, ...]:
        """None, one, and half of them."""
        return 0, 1, self.devices // 2


@dataclass(frozen=True, slots=True)
class Punctuality:
    """What was seen of the healthy devices; times in milliseconds after a poll was due."""

    polls: int
    skipped: int
    begin_p50_ms: float
    begin_p99_ms: float
    begin_max_ms: float
    answer_p99_ms: float

    @classmethod
    def of(cls, line: str) -> "Punctuality":
        """Read what `show` wrote."""
        return cls(**json.loads(line))

    def show(self) -> str:
        """One line for the process that asked."""
        return json.dumps(asdict(self))


def lateness(load: LatenessLoad, tell: Tell) -> Result:
    """Measure with none, one and half of the devices dead, in turn. Raises NotMeasured."""
    allow_sockets(load.devices)
    seen: dict[int, list[Punctuality]] = {dead: [] for dead in load.dead}
    with equipment(silent=1) as ports:
        for number in range(1, load.rounds + 1):
            for dead in load.dead:
                tell(f"lateness, round {number} of {load.rounds}: {dead} dead")
                seen[dead].append(_run(load, ports, dead))
    text = f"{SiteLoad(load.devices, load.points)}, {RULES} rules and detector; of the dead, every other one accepts a "
    text += "connection and never answers, the rest refuse it"
    return Result("lateness", text, *_findings(load, seen))


def _findings(
    load: LatenessLoad, seen: Mapping[int, Sequence[Punctuality]]
) -> tuple[tuple[Figure, ...], tuple[Goal, ...]]:
    figures = [figure for dead in load.dead for figure in _figures(dead, seen[dead])]
    quiet = [one.begin_p99_ms for one in seen[0]]
    goals = [Goal("no period missed", not any(one.skipped for rounds in seen.values() for one in rounds))]
    for dead in load.dead:
        late = [one.begin_p99_ms for one in seen[dead]]
        goals.append(Goal(f"{dead} dead: 99 % of polls at most {GOAL_MS:g} ms late", median(late) <= GOAL_MS))
        if dead:
            figures.append(ratio(f"late (p99): {dead} dead over none dead", late, quiet))
            text = f"{dead} dead: at most {GOAL_TIMES:g} times as late as with none dead"
            goals.append(Goal(text, figures[-1].middle <= GOAL_TIMES))
    return tuple(figures), tuple(goals)


def _figures(dead: int, rounds: Sequence[Punctuality]) -> tuple[Figure, ...]:
    return (
        Figure(f"{dead} dead: poll begins late (p50)", "ms", tuple(one.begin_p50_ms for one in rounds)),
        Figure(f"{dead} dead: poll begins late (p99)", "ms", tuple(one.begin_p99_ms for one in rounds)),
        Figure(f"{dead} dead: poll begins late (most)", "ms", tuple(one.begin_max_ms for one in rounds)),
        Figure(f"{dead} dead: values there (p99)", "ms", tuple(one.answer_p99_ms for one in rounds)),
        Figure(f"{dead} dead: polls of the others", "", tuple(float(one.polls) for one in rounds)),
    )


def _run(load: LatenessLoad, ports: Sequence[int], dead: int) -> Punctuality:
    """One round, each device on the port that makes it what it is."""
    lively, silent, closed = ports[:PORTS], ports[PORTS], free_port()
    places = [lively[i % PORTS] for i in range(load.devices - dead)]
    places += [(silent, closed)[i % 2] for i in range(dead)]
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        site = write_site(Path(folder), SiteLoad(load.devices, load.points), places, free_port())
        command = [sys.executable, "-m", "benchmarks.wires.punctuality", str(site), str(dead)]
        timeout_s = READY_S + load.warm_up_s + load.seconds + 60.0
        return Punctuality.of(last_line([*command, str(load.warm_up_s), str(load.seconds)], timeout_s))
