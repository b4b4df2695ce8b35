"""How a training looks on a screen, and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from gateway.cli.screen import aligned, word
from gateway.core.config import Config
from gateway.core.messages import Language, say
from gateway.workbench.backtest.figures import roughly
from gateway.workbench.training import Trained
from models.trained.trial import Rate

_MODELS = {"forest": "isolation forest", "t2": "PCA, T²", "q": "PCA, Q", "together": "together: the score"}


def plain(found: Trained, file: Path, language: Language) -> dict[str, Any]:
    """Everything for machines."""
    return {
        "bundle": str(file),
        "profile": found.bundle.manifest.profile,
        **asdict(found.report),
        "origin": found.report.origin.model_dump(),
        "notes": [note.sentence(language) for note in found.notes],
    }


def screen(found: Trained, file: Path, config: Config, language: Language) -> Iterator[Text]:
    """What data went in, which points count, how often the model alarms without cause, and how to use it."""
    yield from _data(found, config, language)
    yield Text()
    yield from _table(found, language)
    for note in found.notes:
        yield Text()
        label = say("label_note", "note", {}, language)
        yield Text(f"{label}: {note.sentence(language)}", style="yellow")
    yield Text()
    yield Text(say("train_written", "written: {file}; to use it, in config.yaml:", {"file": file}, language))
    profile = found.bundle.manifest.profile
    path = file.name if file.parent == config.path.parent else file.absolute()
    yield Text(f"models:\n  trained: {{detector: trained, bundle: {path}, profiles: [{profile}]}}")


def _data(found: Trained, config: Config, language: Language) -> Iterator[Text]:
    report, zone = found.report, config.site.zone
    origin = report.origin
    start, end = (f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}" for at in (origin.first, origin.last))
    words = {
        "profile": found.bundle.manifest.profile,
        "devices": origin.devices,
        "start": start,
        "end": end,
        "length": roughly(origin.last - origin.first),
    }
    english = "{profile}, devices: {devices}, {start} to {end} ({length})"
    yield Text(say("train_range", english, words, language), style="bold")
    words = {"used": f"{report.used:,}", "rows": f"{origin.rows:,}", "unknown": f"{100.0 * report.unknown:.2g}"}
    english = "device-minutes: {used}, {unknown} % of their values unknown; fitted on {rows} of the first half"
    yield Text(say("train_data", english, words, language))
    yield Text(say("train_points", "looks at {points}", {"points": ", ".join(report.features)}, language))
    if report.left_out:
        kinds = dict.fromkeys(report.left_out.values())
        named = {kind: [name for name, why in report.left_out.items() if why == kind] for kind in kinds}
        texts = [f"{', '.join(names)} ({word('kind', kind, language)})" for kind, names in named.items()]
        yield Text(say("train_left_out", "leaves out {points}", {"points": "; ".join(texts)}, language))


def _table(found: Trained, language: Language) -> Iterator[Text]:
    report = found.report
    words = {
        "length": roughly(report.origin.last - report.origin.calibrated_until),
        "weeks": f"{report.held_back_weeks:.1f}",
    }
    english = "false alarms in the last {length}, held back from fit and calibration: {weeks} device-weeks"
    yield Text(say("train_alarms", english, words, language))
    heads = ("model", "score", "alarms", "per_device_week", "promised")
    rows = [[Text(word("head", head, language), style="dim") for head in heads]]
    rows += [_row(rate, language) for rate in report.rates]
    yield from aligned(rows, right={1, 2, 3, 4})


def _row(rate: Rate, language: Language) -> list[Text]:
    name = say(f"model_{rate.model}", _MODELS[rate.model], {}, language)
    figures = (f"{rate.score:g}", f"{rate.alarms}", f"{rate.per_device_week:.2f}", f"{rate.promised:.2f}")
    return [Text(name, style="bold" if rate.model == "together" else ""), *map(Text, figures)]
