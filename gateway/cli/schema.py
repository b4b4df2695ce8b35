"""`gateway schema`: the JSON Schema of a file that people write, so that an editor can help."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.editor import NAMES, editor_schema
from gateway.cli.screen import Failed, console, failures, print_json, print_line
from gateway.core.messages import machine_language
from gateway.core.plugins import discover
from gateway.core.schemas import Schema


def schema(
    name: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(NAMES)}. All of them if not given.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write NAME.schema.json to this folder instead of the screen.")
    ] = None,
) -> None:
    """Print the JSON Schema of config.yaml, of profiles, of rule packs or of rule tests, for editors."""
    if name is not None and name not in NAMES:
        raise typer.BadParameter(f"one of: {', '.join(NAMES)}", param_hint="NAME")
    plugins = discover()
    made = {each: editor_schema(each, plugins) for each in ([name] if name else NAMES)}
    if out is None:
        print_json(console(), made[name] if name else made)
        return
    with failures(machine_language()):
        for each, content in made.items():
            print_line(console(), str(_written(out / f"{each}.schema.json", content)))


def _written(file: Path, content: Schema) -> Path:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        words = {"file": file, "reason": error.strerror}
        raise Failed("not_written", "{file} cannot be written: {reason}", **words) from error
    return file
