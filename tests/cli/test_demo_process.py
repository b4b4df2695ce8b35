"""`gateway demo` as a process: what it refuses, how it is interrupted, and that it leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli import shop

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0

Demo = subprocess.Popen[str]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


@contextmanager
def demo(site: Path, *words: str) -> Iterator[Demo]:
    """The demo, whose temporary folders are in the site's folder; ended for good if a test did not end it."""
    command = [sys.executable, "-m", "gateway.cli.main", "demo", "-c", str(site), "--lang", "en", *words]
    environment = os.environ | {"TMPDIR": str(site.parent)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)


def left_behind(site: Path) -> list[str]:
    return [path.name for path in site.parent.iterdir() if path.name not in {"config.yaml", "rules.yaml", "table.json"}]


def watch_for_dry_running(site: Path) -> None:
    pack = site.with_name("rules.yaml")
    rule = "{id: dry, class: pump.dry_run, red: {when: running and flow < 0.5 and pressure < 0.1, for: 10s}}"
    pack.write_text(f"profile: pump-set\nrules:\n  - {rule}\n", "utf-8")
    site.write_text(f"{site.read_text('utf-8')}rules: [rules.yaml]\n", "utf-8")


def children(child: Demo) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()]


def until(holds: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends, what
        time.sleep(0.05)


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_port_that_is_in_use_is_one_sentence(site: Path) -> None:
    port = int(shop.bind_of(site).rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), demo(site) as child:
        out, err = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, out) == (1, "")
    assert err.startswith(f"error: port {port} is in use; ")
    assert err.count("\n") == 1
    assert left_behind(site) == []


def test_a_wrong_configuration_is_explained_and_starts_nothing(site: Path) -> None:
    site.write_text(site.read_text("utf-8").replace("unit: 2", "unti: 2"), "utf-8")
    with demo(site) as child:
        out, err = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, out) == (1, "")
    assert "unti" in err
    assert left_behind(site) == []


def test_real_equipment_is_left_alone(site: Path) -> None:
    site.write_text(site.read_text("utf-8").replace("tcp://127.0.0.1", "tcp://192.0.2.7"), "utf-8")
    with demo(site) as child:
        _, err = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 1
    assert "names 192.0.2.7" in err


@pytest.mark.parametrize("words", [["--speed", "0"], ["--seconds", "5"], ["--json", "/nowhere/table.json"]])
def test_wrong_use_ends_with_two(site: Path, words: list[str]) -> None:
    with demo(site, *words) as child:
        child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 2


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_once_it_ends_in_order(site: Path, number: signal.Signals, status: int) -> None:
    with demo(site) as child:
        until(lambda: len(children(child)) == 2, "both programs run")
        programs = children(child)
        child.send_signal(number)
        out, err = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, err) == (status, "")
    assert out.startswith("The Shop: 2 simulated devices")
    assert not any(runs(pid) for pid in programs)
    assert left_behind(site) == []


def test_impatience_does_not_leave_programs_behind(site: Path) -> None:
    with demo(site) as child:
        until(lambda: len(children(child)) == 2, "both programs run")
        programs = children(child)
        ends = time.monotonic() + PATIENCE_S
        while child.poll() is None and time.monotonic() < ends:  # to its very last moment
            child.send_signal(signal.SIGINT)
            time.sleep(0.005)
        child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130
    assert not any(runs(pid) for pid in programs)


def test_a_program_that_dies_ends_the_demo_and_its_log_is_kept(site: Path) -> None:
    with demo(site) as child:
        until(lambda: len(children(child)) == 2, "both programs run")
        programs = children(child)
        os.kill(programs[0], signal.SIGKILL)
        out, err = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 1
    assert err == "error: the program property was ended by signal 9\n"
    assert not any(runs(pid) for pid in programs)
    (folder,) = left_behind(site)
    assert f"logs and state: {site.parent / folder}" in out
    assert {"property.log", "gateway.log", "state"} <= {path.name for path in (site.parent / folder).iterdir()}


def test_a_good_demo_leaves_only_its_table(site: Path) -> None:
    table = site.parent / "table.json"
    watch_for_dry_running(site)
    with demo(site, "--seconds", "13", "--json", str(table)) as child:
        out, err = child.communicate(timeout=50)
    report = json.loads(table.read_text("utf-8"))
    assert (child.returncode, err) == (0, ""), out
    assert "\x1b" not in out, "a pipe gets no colours and no redrawing"
    assert report["passed"]
    assert [(row["fault"], row["level"], row["verdict"]) for row in report["faults"]] == [("dry-run", "red", "ok")]
    assert report["faults"][0]["shown_at"].startswith("2026-03-16T17:")
    for sentence in ("fault: dry run at P-1 injected", "red ticket: ", "tickets that belong to no fault: none"):
        assert out.count(sentence) == 1
    assert left_behind(site) == []
