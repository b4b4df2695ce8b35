"""`gateway schema`: the JSON Schema of a file that people write, so that an editor can help."""

from typing import Annotated

import typer

from gateway.cli.screen import console, print_json
from gateway.core.plugins import discover
from gateway.core.schemas import SCHEMAS


def schema(
    name: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(SCHEMAS)}. All of them if not given.")] = None,
) -> None:
    """Print the JSON Schema of config.yaml, of profiles or of rule packs."""
    if name is not None and name not in SCHEMAS:
        raise typer.BadParameter(f"one of: {', '.join(SCHEMAS)}", param_hint="NAME")
    plugins = discover()
    made = {each: SCHEMAS[each](plugins) for each in ([name] if name else SCHEMAS)}
    print_json(console(), made[name] if name else made)
