"""`gateway test`: plays the rule tests that stand beside the rules."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from gateway.cli.screen import (
    FAILED,
    AskedLanguage,
    Failed,
    chosen_language,
    console,
    failures,
    load_or_exit,
    print_json,
    print_line,
    show_findings,
)
from gateway.core import yamlfile
from gateway.core.clock import SystemClock
from gateway.core.findings import summary
from gateway.core.messages import Language, machine_language, say
from gateway.core.plugins import discover
from gateway.workbench.testing.junit import junit
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.played import Played, play_file
from gateway.workbench.testing.plot import STYLES
from gateway.workbench.testing.report import explain
from gateway.workbench.testing.suite import SUFFIX, read_suite

DEFAULT_CONFIG, DEFAULT_RULES = Path("config.yaml"), Path("rules/packs")


def rule_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Test files, packs or folders; the site's rules if not given.")
    ] = None,
    words: Annotated[str, typer.Option("-k", help="Only tests with all these words in their name.")] = "",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The site's configuration; config.yaml if it is there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result for machines.")] = False,
    report: Annotated[
        Path | None, typer.Option("--junit", help="Write the result for a build server: JUnit XML.")
    ] = None,
    lang: AskedLanguage = None,
) -> None:
    """Play the rule tests that stand beside the rules. Exit status 1 if any of them fails."""
    if report is not None:
        _check_report(report)
    plugins = discover()
    if config is None and DEFAULT_CONFIG.exists():
        config = DEFAULT_CONFIG
    site = load_or_exit(config, plugins, need_secrets=False) if config else None
    language = chosen_language(lang, site.site.language if site else machine_language())
    kit = Kit.of(site, plugins) if site else Kit.built_in(plugins)
    files = _test_files(paths or _rules_of(config))
    screen = console()
    runs = [_run(file, kit, words, screen, language, quiet=as_json) for file in files]
    if not any(run.verdicts or run.suite.broken for run in runs):
        raise typer.BadParameter(f"no test has a name with {words!r}", param_hint="-k")
    if report is not None:
        _write_report(report, runs, language)
    if as_json:
        print_json(screen, {"passed": not any(run.failed for run in runs), "files": [run.json() for run in runs]})
    elif len(runs) > 1:
        print_line(screen, _total(runs, language))
    if any(run.failed for run in runs):
        raise typer.Exit(FAILED)


def _run(file: Path, kit: Kit, words: str, screen: Console, language: Language, *, quiet: bool) -> Played:
    """Play the tests of a file whose name has the words, and show what is wrong as it turns up."""
    with screen.status(str(file)) if screen.is_terminal and not quiet else nullcontext():
        run = play_file(read_suite(file, kit), kit, words, SystemClock().now)
    if not quiet:
        _show(run, screen, language)
    return run


def _show(run: Played, screen: Console, language: Language) -> None:
    show_findings(screen, run.suite.findings, language)
    for place, verdict in run.verdicts.items():
        if not verdict.passed:
            words = {"place": f"{run.suite.path}:{run.suite.line(place)}", "name": verdict.test.name}
            headline = say("test_failed", "{place}: failed: {name}", words, language)
            screen.print(Text(headline, style="bold red"), soft_wrap=True)
            for line in explain(verdict, run.suite.subjects[verdict.test.profile], language):
                shown = Text(line)
                for signs, style in STYLES.items():
                    shown.highlight_regex(f"[{signs}]+", style)
                screen.print(shown, soft_wrap=True)
            print_line(screen, "")
    if run.suite.broken:
        words = {"file": str(run.suite.path), "problems": summary(run.suite.findings, language)}
        print_line(screen, say("tests_not_run", "{file}: not run: {problems}", words, language))
    elif run.verdicts:
        print_line(screen, f"{run.suite.path}: {_counted([run], language)}")


def _total(runs: Sequence[Played], language: Language) -> str:
    words = {"files": len(runs), "result": _counted(runs, language)}
    return say("tests_total", "{files} files: {result}", words, language)


def _counted(runs: Iterable[Played], language: Language) -> str:
    """How many tests passed and failed: "6 passed, 1 failed"; files that could not be run are counted as well."""
    listed = list(runs)
    verdicts = [verdict.passed for run in listed for verdict in run.verdicts.values()]
    broken = sum(run.suite.broken for run in listed)
    parts = [say("count_passed", "{count} passed", {"count": verdicts.count(True)}, language)]
    if failed := verdicts.count(False):
        parts.append(say("count_failed", "{count} failed", {"count": failed}, language))
    if deselected := sum(run.deselected for run in listed):
        parts.append(say("count_deselected", "{count} deselected", {"count": deselected}, language))
    if broken:
        parts.append(say("count_broken", "{count} not run", {"count": broken}, language))
    return say("comma", ", ", {}, language).join(parts)


def _check_report(path: Path) -> None:
    """Say before the tests are played that there is no place for their report."""
    if path.is_dir() or not path.parent.is_dir():
        what = f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise typer.BadParameter(what, param_hint="--junit")


def _write_report(path: Path, runs: Sequence[Played], language: Language) -> None:
    with failures(language):
        try:
            path.write_text(junit(runs, language), encoding="utf-8")
        except OSError as error:
            words = {"file": path, "reason": error.strerror}
            raise Failed("not_written", "{file} cannot be written: {reason}", **words) from error


def _rules_of(config: Path | None) -> list[Path]:
    """The rule files and folders of a site; without one, the folder that comes with the program."""
    entries = yamlfile.read(config).at(("rules",)) if config else None
    if config and entries:
        return [config.parent / entry for entry in entries]
    if config is None and not DEFAULT_RULES.exists():
        what = (
            f"there is no {DEFAULT_CONFIG} and no {DEFAULT_RULES} here; name test files or folders, or a site with -c"
        )
        raise typer.BadParameter(what, param_hint="PATH")
    return [DEFAULT_RULES]


def _test_files(paths: Iterable[Path]) -> list[Path]:
    """The test files that the paths name: themselves, those of a folder, or the one beside a pack."""
    listed = list(paths)
    found = list(dict.fromkeys(file for path in listed for file in _beside(path)))
    if not found:
        places = ", ".join(str(path) for path in listed)
        raise typer.BadParameter(f"there is no *{SUFFIX} at {places}", param_hint="PATH")
    return found


def _beside(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise typer.BadParameter(f"there is no file or folder {path}", param_hint="PATH")
    if path.is_dir():
        yield from sorted(path.glob(f"*{SUFFIX}"))
    elif path.name.endswith(SUFFIX):
        yield path
    elif (beside := path.with_name(path.stem + SUFFIX)).exists():
        yield beside
