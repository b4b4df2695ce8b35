"""`gateway schema`: the JSON Schema of a file that people write, so that an editor can help."""

from typing import Annotated, Any

import typer

from gateway.cli.screen import console, print_json
from gateway.core.plugins import Plugins, discover
from gateway.core.schemas import SCHEMAS
from gateway.workbench.testfile import RuleTests

NAMES = (*SCHEMAS, "tests")


def schema(
    name: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(NAMES)}. All of them if not given.")] = None,
) -> None:
    """Print the JSON Schema of config.yaml, of profiles, of rule packs or of rule tests."""
    if name is not None and name not in NAMES:
        raise typer.BadParameter(f"one of: {', '.join(NAMES)}", param_hint="NAME")
    plugins = discover()
    made = {each: _schema(each, plugins) for each in ([name] if name else NAMES)}
    print_json(console(), made[name] if name else made)


def _schema(name: str, plugins: Plugins) -> dict[str, Any]:
    return RuleTests.model_json_schema() if name == "tests" else SCHEMAS[name](plugins)
