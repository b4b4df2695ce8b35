"""`gateway why`: asks the running daemon why a rule fires on a device, or what is missing for it to fire."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.local import NotThere, Pages
from gateway.cli.screen import (
    AskedLanguage,
    ConfigPath,
    Failed,
    JsonWanted,
    StatePath,
    chosen_language,
    console,
    failures,
    load_or_exit,
    print_json,
    print_line,
)
from gateway.cli.why_view import missing, why_lines
from gateway.core.config import Config
from gateway.core.explain import nearest
from gateway.core.plugins import discover


def why(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    device: Annotated[str, typer.Argument(help="The device's id.")],
    config: ConfigPath = Path("config.yaml"),
    state: StatePath = None,
    as_json: JsonWanted = False,
    lang: AskedLanguage = None,
) -> None:
    """Show each part of a rule's conditions on a device as it is now, and what is missing for the rule to fire."""
    site = load_or_exit(config, discover(), state, need_secrets=False, lang=lang)
    language = chosen_language(lang, site.site.language)
    with failures(language):
        found = _asked(site, rule, device)
    if as_json:
        print_json(console(), {**found, "missing": missing(found, "en")})
        return
    for line in why_lines(found, site.site.zone, language):
        print_line(console(), line)


def _asked(site: Config, rule: str, device: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] | None = Pages(site.web.bind, site.state_folder).get("/api/why", rule=rule, device=device)
    except NotThere as error:
        raise _unwatched(site, rule, device) from error
    if found is None:
        english = "no daemon answers at {bind}; only a running daemon knows how a rule stands"
        raise Failed("why_no_daemon", english, bind=site.web.bind)
    return found


def _unwatched(site: Config, rule: str, device: str) -> Failed:
    """Why the daemon knows nothing of this pair: a slip of the pen, or a rule that it does not have yet."""
    profiles = {each.id: each.profile for each in site.devices}
    if device not in profiles:
        return Failed("why_no_device", "there is no device {name}{hint}", name=device, hint=_hint(device, profiles))
    rules = [each.id for each in site.rules_for(profiles[device])]
    if rule in rules:
        english = "the running daemon does not have the rule {name}; it must take up the new rules first"
        return Failed("why_not_loaded", english, name=rule)
    words = {"name": rule, "device": device, "profile": profiles[device], "hint": _hint(rule, rules)}
    return Failed("why_no_rule", "no rule {name} watches {device}, a {profile}{hint}", **words)


def _hint(name: str, known: Any) -> str:
    close = nearest(name, known)
    return f": {close['hint']}?" if "hint" in close else f": {', '.join(close['choices'])}" if close else ""
