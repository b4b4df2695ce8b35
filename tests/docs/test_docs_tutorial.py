"""The tutorial of the first rule, word by word: its files are saved, its commands run, and they show what it shows.

`pytest --update` writes what the commands show today into the page.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs/tutorial/first-rule.md"

_STEP = re.compile(
    r"Save this as\s+`(?P<path>[^`]+)`.*?```\w+ title=\w+\n(?P<file>.*?)^```"
    r"|^```sh title=run\n(?P<run>.*?)^```(?P<gap>\n\n```text title=shows\n)?(?(gap)(?P<shows>.*?)^```)",
    re.MULTILINE | re.DOTALL,
)


def follow(page: str, folder: Path) -> Iterator[tuple[re.Match[str], str]]:
    """Do what a reader does; yields each command with what it printed."""
    (folder / "gateway").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway.cli.main "$@"\n')
    (folder / "gateway").chmod(0o700)
    place = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    for step in _STEP.finditer(page):
        if step["path"]:
            (folder / step["path"]).write_text(step["file"], "utf-8")
            continue
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", step["run"]],
            cwd=folder,
            env=os.environ | place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{step['run']}\n{done.stdout}\n{done.stderr}"
        yield step, done.stdout.rstrip() + "\n"


@pytest.mark.timeout(180)
def test_it_does_what_it_says(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text("utf-8")
    shown = [(step.span("shows"), printed) for step, printed in follow(page, tmp_path) if step["gap"]]
    assert len(shown) == page.count("```text title=shows")
    now = page
    for (begin, end), printed in reversed(shown):
        now = now[:begin] + printed + now[end:]
    if request.config.getoption("--update"):
        PAGE.write_text(now, "utf-8")
    else:
        assert page == now
