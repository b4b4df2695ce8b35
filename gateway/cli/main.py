"""The command line: a list of commands, each in a file of its own."""

import typer

from gateway.cli import tickets
from gateway.cli.backtest.command import backtest
from gateway.cli.bench import bench
from gateway.cli.check import check
from gateway.cli.demo.command import demo
from gateway.cli.evaluate.command import evaluation
from gateway.cli.probe.command import probe
from gateway.cli.reload import reload
from gateway.cli.run import run
from gateway.cli.schema import schema
from gateway.cli.simulate import simulate
from gateway.cli.status import status
from gateway.cli.test import rule_tests
from gateway.cli.train.command import train
from gateway.cli.why import why

app = typer.Typer(
    name="gateway",
    help="Watches elevators, pumps and power in a property and opens tickets before a resident complains.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a traceback must not show secrets
)

app.command()(run)
app.command()(demo)
app.command()(check)
app.command("test")(rule_tests)
app.command()(backtest)
app.command("evaluate")(evaluation)
app.command()(train)
app.command()(status)
app.command()(reload)
app.command()(why)
app.add_typer(tickets.app, name="tickets")
app.command()(probe)
app.command()(simulate)
app.command()(schema)
app.command()(bench)


if __name__ == "__main__":
    app()
