"""`gateway tickets silence`, `silences` and `unsilence`: what is held back for a while, by whom, and why."""

import getpass
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from gateway.cli.either import done, either, misused, opened, seconds
from gateway.cli.look import STYLES, Json, moment
from gateway.cli.screen import (
    AskedLanguage,
    ConfigPath,
    Failed,
    JsonWanted,
    StatePath,
    aligned,
    console,
    failures,
    print_json,
    print_line,
    word,
)
from gateway.core.casework import Silence
from gateway.core.messages import Language, printable, say
from gateway.core.types import Level

DEFAULT = Path("config.yaml")

_UP_TO = {"yellow": "yellow", "red": "yellow_and_red"}

OfDevice = Annotated[str, typer.Option("--device", help="Only tickets of this device.")]
OfBuilding = Annotated[str, typer.Option("--building", help="Only tickets of devices in this building.")]
OfClass = Annotated[str, typer.Option("--class", help="Only this class of problems; * stands for any characters.")]
UpTo = Annotated[Level, typer.Option("--level", help="The highest level that is held back.")]
For = Annotated[str, typer.Option("--for", metavar="DURATION", help="For how long, such as 4h; 31d at most.")]
Why = Annotated[str, typer.Option("--reason", help="Why; whoever lists the silences reads it.")]


def silence(
    device: OfDevice = "",
    building: OfBuilding = "",
    class_: OfClass = "",
    level: UpTo = Level.YELLOW,
    for_: For = "",
    reason: Why = "",
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    lang: AskedLanguage = None,
) -> None:
    """Hold tickets of some sort back for a while. They are kept, and told when it ends if they are still there."""
    site, language = opened(config, state, lang)
    if not (device or building or class_):
        misused("silence_of_nothing", "say what is to be silent with --device, --building or --class", language)
    if not for_:
        misused("silence_without_end", "say for how long with --for, such as --for 4h", language)
    if not reason.strip():
        misused("silence_for_nothing", "say with --reason why it is to be silent", language)
    lasts_s, by = seconds(for_, language), getpass.getuser()
    asked = Silence("", by, printable(reason.strip()), 0.0, inf, device, building, class_, level)
    scopes = {"device": device, "building": building, "kind": class_, "level": level}
    body = {"by": by, "reason": asked.reason, "for_s": lasts_s, **scopes}
    missing = Failed("no_silences", "the daemon that runs knows no silences")
    with failures(language):
        made, _ = either(
            site,
            lambda pages: pages.act("/api/silences", body),
            lambda stopped: stopped.silence(asked, lasts_s),
            missing,
        )
    words = {"silence": made["id"], "time": moment(made["until"], site.site.zone)}
    done(say("done_silence", "silence {silence} holds until {time}", words, language), language, daemon_runs=True)


def silences(
    config: ConfigPath = DEFAULT, state: StatePath = None, as_json: JsonWanted = False, lang: AskedLanguage = None
) -> None:
    """What is silenced now, until when, by whom and why."""
    site, language = opened(config, state, lang)
    missing = Failed("no_silences", "the daemon that runs knows no silences")
    with failures(language):
        found, _ = either(site, lambda pages: pages.get("/api/silences"), lambda stopped: stopped.silences(), missing)
    if as_json:
        print_json(console(), found)
        return
    for line in silence_lines(found, site.site.zone, language):
        print_line(console(), line)


def unsilence(
    silence: Annotated[str, typer.Argument(help="Its id, as `gateway tickets silences` shows it.")],
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    lang: AskedLanguage = None,
) -> None:
    """End a silence now: what it holds back is told."""
    site, language = opened(config, state, lang)
    path, by = f"/api/silences/{quote(silence, safe='')}/end", getpass.getuser()
    missing = Failed("no_silence", "there is no silence {silence} in force", silence=silence)
    with failures(language):
        _, runs = either(
            site, lambda pages: pages.act(path, {"by": by}), lambda stopped: stopped.unsilence(silence), missing
        )
    sentence = say("done_unsilence", "silence {silence} has ended", {"silence": silence}, language)
    done(sentence, language, daemon_runs=runs)


def silence_lines(found: Sequence[Json], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """A line for each."""
    if not found:
        yield Text(say("no_silences_now", "nothing is silenced", {}, language))
        return
    heads = ("id", "until", "level", "scope", "by", "reason")
    rows = [[Text(word("head", head, language), style="dim") for head in heads]]
    rows += [
        [
            Text(each["id"]),
            Text(moment(each["until"], zone)),
            Text(word("up_to", _UP_TO[each["level"]], language), style=STYLES[each["level"]]),
            Text(say("comma", ", ", {}, language).join(_scopes(each, language))),
            Text(printable(each["by"])),
            Text(printable(each["reason"])),
        ]
        for each in found
    ]
    yield from aligned(rows)


def _scopes(silence: Json, language: Language) -> Iterator[str]:
    """What it is about, such as "building 3"."""
    for name, what in (("device", "device"), ("building", "building"), ("kind", "class")):
        if silence[name]:
            yield f"{word('scope', what, language)} {printable(silence[name])}"
