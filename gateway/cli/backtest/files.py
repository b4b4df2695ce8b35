"""Files that a backtest writes, and what stands in their way."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.cli.screen import Failed, console, print_json

STDOUT = "-"


def refuse_unwritable(*files: str | None) -> None:
    """Raises Failed if there is no place for a file: better before hours of work than after."""
    for file in files:
        if file is None or file == STDOUT:
            continue
        if Path(file).is_dir():
            raise Failed("file_is_folder", "{file} is a folder, not a file", file=file)
        if not Path(file).parent.is_dir():
            raise Failed("no_folder_for", "there is no folder {folder}", folder=Path(file).parent)


def write_plain(file: str, everything: Mapping[str, Any]) -> None:
    """A value for machines, to a file or to the screen. Raises Failed."""
    if file == STDOUT:
        print_json(console(), everything)
        return
    whole = json.dumps(everything, ensure_ascii=False, indent=2)
    write(file, lambda path: path.write_text(f"{whole}\n", encoding="utf-8"))


def write(file: str, how: Callable[[Path], object]) -> None:
    """Let something write a file. Raises Failed."""
    try:
        how(Path(file))
    except OSError as error:
        raise Failed("not_written", "{file} cannot be written: {reason}", file=file, reason=error.strerror) from error
