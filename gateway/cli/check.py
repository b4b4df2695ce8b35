"""`gateway check`: everything that is wrong with a site's files, at once, without starting anything."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.cli.screen import (
    FAILED,
    AskedLanguage,
    ConfigPath,
    chosen_language,
    console,
    print_json,
    print_line,
    show_findings,
)
from gateway.core.config import Loaded, load
from gateway.core.findings import has_errors, summary
from gateway.core.messages import Language, say
from gateway.core.plugins import discover


def check(
    config: ConfigPath = Path("config.yaml"),
    format: Annotated[Literal["text", "json"], typer.Option(help="For people or for machines.")] = "text",  # noqa: A002 - the option's name
    lang: AskedLanguage = None,
) -> None:
    """Check configuration, profiles and rules without starting. Exit status 1 if anything is wrong."""
    loaded = load(config, plugins=discover(), need_secrets=False)
    language, screen = chosen_language(lang, loaded.language), console()
    if format == "json":
        problems = [finding.json(language) for finding in loaded.findings]
        print_json(screen, {"ok": not has_errors(loaded.findings), "problems": problems, "counts": _counts(loaded)})
    else:
        show_findings(screen, loaded.findings, language)
        print_line(screen, _verdict(loaded, language, config))
    if has_errors(loaded.findings):
        raise typer.Exit(FAILED)


def _verdict(loaded: Loaded, language: Language, path: Path) -> str:
    """One line: "13 devices, 5 profiles, 24 rules: no problems"."""
    found = summary(loaded.findings, language) or say("no_problems", "no problems", {}, language)
    if loaded.config is None:
        return f"{path}: {found}"
    counts = _counts(loaded)
    english = ", ".join(f"{count} {name if count != 1 else name[:-1]}" for name, count in counts.items())
    return say("summary", f"{english}: {{verdict}}", {**counts, "verdict": found}, language)


def _counts(loaded: Loaded) -> dict[str, int]:
    config = loaded.config
    if config is None:
        return {}
    rules = {rule.id for rules in config.rules.values() for rule in rules}
    return {"devices": len(config.devices), "profiles": len(config.fleets), "rules": len(rules)}
