"""The truth about a simulated property as JSON: labelled intervals, in the site's time, for whoever judges tickets."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway.cli.past import Stretch
from gateway.core.config import Config
from simulators.site import Truth


def truth_file(record: Path) -> Path:
    """Where the truth about a record lies: beside it."""
    return record.with_name(f"{record.name}.truth.json")


def write_truth(path: Path, config: Config, seed: int, stretch: Stretch, truths: Iterable[Truth]) -> None:
    """Write what befell a site in a stretch of time. Raises OSError."""
    zone = config.site.zone
    told = {
        "site": config.site.id,
        "seed": seed,
        "from": _time(stretch.start, zone),
        "until": _time(stretch.end, zone),
        "faults": [truth_json(truth, zone) for truth in truths],
    }
    path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", "utf-8")


def truth_json(truth: Truth, zone: ZoneInfo) -> dict[str, Any]:
    """One fault: when it began, showed, ended and was felt no more, and the kinds of ticket that tell of it."""
    return {
        "fault": truth.fault,
        "device": truth.device,
        "devices": list(truth.devices),
        "channel": truth.channel,
        "severity": truth.severity,
        "family": truth.family,
        "classes": list(dict.fromkeys((truth.rule_class, *truth.also))),
        "onset": _time(truth.onset, zone),
        "shown": {level: _time(moment, zone) for level, moment in truth.shown.items()},
        "failure": None if truth.failure is None else _time(truth.failure, zone),
        "until": _time(truth.until, zone),
        "felt_until": _time(truth.felt_until, zone),
    }


def _time(seconds: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(timespec="milliseconds")
