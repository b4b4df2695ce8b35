"""`gateway tickets ack`, `progress`, `resolve`, `reject`, `close` and `resend`: what a person does to a ticket."""

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from pydantic import ValidationError

from gateway.cli.either import done, either, misused, opened
from gateway.cli.offline import Offline
from gateway.cli.screen import AskedLanguage, ConfigPath, Failed, StatePath, failures
from gateway.core.config import Config
from gateway.core.messages import say
from gateway.core.types import Verdict
from gateway.web.deeds import ON_TICKETS, wrong

IdArgument = Annotated[str, typer.Argument(help="The ticket's id, as `gateway tickets list` shows it.")]
DEFAULT = Path("config.yaml")

NormalSaid = Annotated[bool, typer.Option("--normal", help="Worth a look, but from now on this is usual here.")]
FalseSaid = Annotated[bool, typer.Option("--false", help="Nothing was wrong.")]
Evidence = Annotated[
    list[str] | None,
    typer.Option("--evidence", metavar="REF", help="Where a photograph or a report is; may be given several times."),
]
Percent = Annotated[float | None, typer.Option(help="How far the work is, 0 to 100.")]
Minutes = Annotated[float | None, typer.Option(help="How many minutes it will still take.")]
Said = Annotated[str, typer.Option("--text", help="What is to be said about it.")]
Why = Annotated[str, typer.Option("--reason", help="Why it is not accepted.")]

DONE: Mapping[str, tuple[str, str]] = {
    "ack": ("done_ack", "{ticket}: acknowledged"),
    "progress": ("done_progress", "{ticket}: progress noted"),
    "resolve": ("done_resolve", "{ticket}: the work is done; the readings are watched from now on"),
    "reject": ("done_reject", "{ticket}: not accepted; it is open again, one step higher"),
    "resend": ("done_resend", "{ticket}: will be sent again"),
    Verdict.DONE: ("done_close", "{ticket}: closed"),
    Verdict.NORMAL: ("done_close_normal", "{ticket}: closed; this is normal from now on"),
    Verdict.FALSE: ("done_close_false", "{ticket}: closed; nothing was wrong"),
}


def ack(ticket: IdArgument, config: ConfigPath = DEFAULT, state: StatePath = None, lang: AskedLanguage = None) -> None:
    """Someone has seen it."""
    _act(ticket, "ack", {}, config, state, lang)


def progress(
    ticket: IdArgument,
    percent: Percent = None,
    minutes: Minutes = None,
    text: Said = "",
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    lang: AskedLanguage = None,
) -> None:
    """How far the work is, and when it will be done."""
    _, language = opened(config, state, lang)
    if percent is None and minutes is None and not text.strip():
        misused("progress_of_nothing", "progress needs --percent, --minutes or --text", language)
    if percent is not None and not 0.0 <= percent <= 100.0:
        misused("bad_percent", "--percent is a number from 0 to 100, not {given}", language, given=percent)
    if minutes is not None and not 0.0 <= minutes <= 1e6:
        misused("bad_minutes", "--minutes is a number from 0 on, not {given}", language, given=minutes)
    _act(ticket, "progress", {"percent": percent, "minutes_left": minutes, "text": text}, config, state, lang)


def resolve(
    ticket: IdArgument, config: ConfigPath = DEFAULT, state: StatePath = None, lang: AskedLanguage = None
) -> None:
    """The work is done: from now on the readings are watched, and the ticket opens again if it comes back."""
    _act(ticket, "resolve", {}, config, state, lang)


def reject(
    ticket: IdArgument,
    reason: Why = "",
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    lang: AskedLanguage = None,
) -> None:
    """The work is not accepted, or nobody takes it on: the ticket begins again, one step higher."""
    _, language = opened(config, state, lang)
    if not reason.strip():
        misused("rejected_for_nothing", "say with --reason why it is not accepted", language)
    _act(ticket, "reject", {"text": reason}, config, state, lang)


def close(
    ticket: IdArgument,
    evidence: Evidence = None,
    normal: NormalSaid = False,
    false: FalseSaid = False,
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    lang: AskedLanguage = None,
) -> None:
    """It is over: the work is done, or what was seen is normal from now on, or nothing was wrong."""
    if normal and false:
        _, language = opened(config, state, lang)
        english = "--normal and --false exclude each other: either it was worth a look, or nothing was wrong"
        misused("two_verdicts", english, language)
    verdict = Verdict.NORMAL if normal else Verdict.FALSE if false else Verdict.DONE
    _act(ticket, "close", {"verdict": verdict, "evidence": evidence or []}, config, state, lang)


def resend(
    ticket: IdArgument, config: ConfigPath = DEFAULT, state: StatePath = None, lang: AskedLanguage = None
) -> None:
    """Send messages again that the dispatch API refused."""
    _act(ticket, "resend", {}, config, state, lang)


def _act(
    ticket: str, action: str, said: Mapping[str, Any], config: Path, state: Path | None, lang: AskedLanguage
) -> None:
    site, language = opened(config, state, lang)
    with failures(language):
        runs = _done(site, ticket, action, {"by": getpass.getuser(), **said})
    kind, english = DONE[said.get("verdict", action)]
    done(say(kind, english, {"ticket": ticket}, language), language, daemon_runs=runs)


def _done(site: Config, ticket: str, action: str, said: Mapping[str, Any]) -> bool:
    """Do it; returns whether a daemon runs that tells the dispatch API at once. Raises Failed and Denied."""
    missing = Failed("no_open_ticket", "there is no open ticket {ticket}", ticket=ticket)
    if action == "resend":
        missing = Failed("nothing_to_resend", "no message of ticket {ticket} waits or was refused", ticket=ticket)

    def stopped(state: Offline) -> None:
        if action != "resend":
            _say_offline(state, ticket, action, said)
        elif not state.resend(ticket):
            raise missing

    path = f"/api/tickets/{quote(ticket, safe='')}/{action}"
    return either(site, lambda pages: pages.act(path, said), stopped, missing)[1]


def _say_offline(state: Offline, ticket: str, action: str, said: Mapping[str, Any]) -> None:
    event, kind = ON_TICKETS[action]
    try:
        deed = kind.model_validate(said)
    except ValidationError as error:
        raise Failed("not_taken", "this cannot be said: {said}", said=wrong(error, kind)) from error
    state.act(deed.callback(ticket, event))
