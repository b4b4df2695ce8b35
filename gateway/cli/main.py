"""The command line: a list of commands, each in a file of its own that is read when the command is asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
import typer.core

_COMMANDS = {
    "run": "gateway.cli.run:run",
    "demo": "gateway.cli.demo.command:demo",
    "check": "gateway.cli.check:check",
    "test": "gateway.cli.test:rule_tests",
    "backtest": "gateway.cli.backtest.command:backtest",
    "evaluate": "gateway.cli.evaluate.command:evaluation",
    "train": "gateway.cli.train.command:train",
    "status": "gateway.cli.status:status",
    "reload": "gateway.cli.reload:reload",
    "why": "gateway.cli.why:why",
    "probe": "gateway.cli.probe.command:probe",
    "simulate": "gateway.cli.simulate:simulate",
    "schema": "gateway.cli.schema:schema",
    "bench": "gateway.cli.bench:bench",
    "tickets": "gateway.cli.tickets:app",
}
"""The function or group behind each command, in the order of --help."""


class _Commands(Mapping[str, Any]):
    """The commands by name. All of them together take a second to import, one of them half of it."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = _COMMANDS[name].partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            group = found
        else:
            group = typer.Typer(add_completion=False)
            group.command(name)(found)
        command = typer.main.get_command(group)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Group(typer.core.TyperGroup):
    """A group that makes its commands when they are asked for."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Commands()  # type: ignore[assignment] # nothing adds to them

    def list_commands(self, ctx: Any) -> list[str]:
        """See `TyperGroup.list_commands`; names need no import."""
        return list(self.commands)


app = typer.Typer(
    name="gateway",
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a traceback must not show secrets
)


@app.callback()
def gateway() -> None:
    """Watches elevators, pumps and power in a property and opens tickets before a resident complains."""


if __name__ == "__main__":
    app()
