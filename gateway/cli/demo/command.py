"""`gateway demo`: a simulated property, the production daemon, a dispatch API, six faults, a verdict."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.screen import FAILED, ConfigPath, chosen_language, failures, load_or_exit
from gateway.core.messages import Language, machine_language
from gateway.core.plugins import discover


def demo(
    config: ConfigPath = Path("config.yaml"),
    speed: Annotated[float, typer.Option(min=1, max=120, help="How fast the property's time runs.")] = 60.0,
    seconds: Annotated[float, typer.Option(min=10, help="How long the demo plays, in real time.")] = 90.0,
    seed: Annotated[int, typer.Option(help="Chooses one of many similar properties.")] = 7,
    keep: Annotated[bool, typer.Option("--keep", help="Go on after the table until interrupted.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the table for machines.")] = None,
    down: Annotated[
        float, typer.Option(min=0, help="The dispatch API is down for the first seconds of the faults.")
    ] = 0.0,
    lang: Annotated[Language | None, typer.Option("--lang", help="The machine's language if not given.")] = None,
) -> None:
    """Run a whole simulated property. Exit status 0 only if every fault got its ticket, once, and nothing else did."""
    from gateway.cli.demo import play, stage  # noqa: PLC0415 - with the simulators they take half a second to import

    if json_file is not None and not os.access(json_file.parent, os.W_OK):
        raise typer.BadParameter(f"{json_file.parent} is not a folder that can be written", param_hint="--json")
    stage.provide_secrets()
    site = load_or_exit(config, discover(), lang=lang)
    language = chosen_language(lang, machine_language())
    asked = play.Play(site, config, speed, seconds, seed, down, language, json_file, keep)
    with failures(language):
        good = play.perform(asked)
    raise typer.Exit(0 if good else FAILED)
