"""`gateway check`: everything that is wrong with a site's files, at once, without starting anything."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

import typer
from rich.console import Console

from gateway.cli.annotations import annotation
from gateway.cli.line_view import line_lines
from gateway.cli.plan_view import plan_lines, total_line
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
from gateway.core.config import Config, Loaded, load
from gateway.core.findings import has_errors, summary
from gateway.core.lines import LinePlan, line_plans
from gateway.core.messages import Language, say
from gateway.core.plugins import Plugins, discover
from gateway.workbench.plan import SitePlan, site_plan


def check(
    rule: Annotated[str | None, typer.Argument(help="With --explain: only this rule.")] = None,
    config: ConfigPath = Path("config.yaml"),
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Also show what each rule reads, remembers and costs, and each request on a line."
        ),
    ] = False,
    format: Annotated[  # noqa: A002 - the option's name
        Literal["text", "json", "github"],
        typer.Option(help="For people, for machines, as marks on GitHub."),
    ] = "text",
    lang: AskedLanguage = None,
) -> None:
    """Check configuration, profiles and rules without starting. Exit status 1 if anything is wrong."""
    _refuse_what_does_not_fit(rule, format, explain=explain)
    plugins = discover()
    loaded = load(config, plugins=plugins, need_secrets=False)
    language, screen = chosen_language(lang, loaded.language), console()
    plan = _plan(loaded.config, rule) if explain and loaded.config else None
    lines = _lines(loaded.config, plugins) if plan and loaded.config and rule is None else ()
    if format == "json":
        problems = [finding.json(language) for finding in loaded.findings]
        report = {"ok": not has_errors(loaded.findings), "problems": problems, "counts": _counts(loaded)}
        explained = {"plan": plan.json(), "lines": [line.json() for line in lines]} if plan else {}
        print_json(screen, report | explained)
    elif format == "github":
        for finding in loaded.findings:
            print_line(screen, annotation(finding, language, Path.cwd()))
    else:
        show_findings(screen, loaded.findings, language)
        if plan:
            _show_plan(screen, plan, language, whole=rule is None)
            _show_lines(screen, lines, language)
        print_line(screen, _verdict(loaded, language, config))
    if has_errors(loaded.findings):
        raise typer.Exit(FAILED)


def _refuse_what_does_not_fit(rule: str | None, form: str, *, explain: bool) -> None:
    if rule is not None and not explain:
        raise typer.BadParameter("a rule is named only with --explain", param_hint="RULE")
    if explain and form == "github":
        raise typer.BadParameter("--explain has no place in a GitHub workflow", param_hint="--format")


def _show_plan(screen: Console, plan: SitePlan, language: Language, *, whole: bool) -> None:
    for line in plan_lines(plan, language):
        print_line(screen, line)
    if whole:
        print_line(screen, total_line(plan, language))


def _lines(config: Config, plugins: Plugins) -> tuple[LinePlan, ...]:
    return tuple(line_plans(config.connections, config.devices, config.profiles, plugins))


def _show_lines(screen: Console, lines: Sequence[LinePlan], language: Language) -> None:
    if lines:
        print_line(screen, "")
    for line in line_lines(lines, language):
        print_line(screen, line)


def _plan(config: Config, rule: str | None) -> SitePlan:
    known = sorted({each.id for rules in config.rules.values() for each in rules})
    if rule is not None and rule not in known:
        near = get_close_matches(rule, known, 1)
        advice = f"; did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"no rule of this site is called {rule}{advice}", param_hint="RULE")
    plan = site_plan(config, perf_counter)
    return plan.only(rule) if rule else plan


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
    return {"devices": len(config.devices), "profiles": len(config.fleets), "rules": len(config.all_rules)}
