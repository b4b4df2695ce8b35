"""What the doctor found, for machines."""

import math
from collections.abc import Sequence
from typing import Any

from drivers.modbus.doctor.diagnosis import Expectations
from drivers.modbus.doctor.examination import Examination
from drivers.modbus.doctor.extent import Extent
from drivers.modbus.doctor.fitting import Fit
from drivers.modbus.doctor.proposal import manual_number, proposal
from drivers.modbus.doctor.reading import Reading, Value
from drivers.modbus.doctor.scan import Seen
from drivers.modbus.profile import ModbusProfile
from gateway.cli.probe.words import told
from gateway.core.messages import Language

_READINGS = 3  # of each value; all of them for the points asked for


def examined(found: Examination, line: str, wanted: Expectations, language: Language) -> dict[str, Any]:
    """Everything about one unit."""
    return {
        "line": line,
        "unit": found.unit,
        "latency_s": _figure(found.latency_s),
        "requests": found.requests,
        "samples": found.samples,
        "tables": [_table(extent) for extent in found.extents],
        "mirrored": found.mirrored,
        "order": found.diagnosis.order,
        "orders": {order: round(share, 6) for order, share in found.diagnosis.orders.items()},
        "values": [_value(value, (value.table, value.address) in wanted, language) for value in found.diagnosis.values],
        "bits": {table: {str(address): bit for address, bit in bits.items()} for table, bits in found.bits.items()},
        "profile": proposal(
            found, f"gateway probe, unit {found.unit} at {line}", lambda reason: told(reason, language)
        ),
    }


def fitted(found: Sequence[Fit], profile: ModbusProfile, unit: int) -> dict[str, Any]:
    """Each point of a profile."""
    points = [
        {
            "name": fit.point.name,
            "unit": fit.point.unit,
            "words": _hex(fit.words),
            "value": _figure(fit.value),
            "verdict": fit.verdict,
            "reason": fit.reason,
        }
        for fit in found
    ]
    return {"unit": unit, "profile": profile.profile, "fits": sum(f.verdict == "fits" for f in found), "points": points}


def scanned(found: Sequence[tuple[Seen, Sequence[str]]], asked: int) -> dict[str, Any]:
    """Each unit that is there."""
    units = [
        {"unit": seen.unit, "latency_s": _figure(seen.latency_s), "exception": seen.exception, "profiles": list(names)}
        for seen, names in found
    ]
    return {"asked": asked, "units": units}


def _table(extent: Extent) -> dict[str, Any]:
    return {
        "table": extent.table,
        "exists": extent.exists,
        "spans": [[span.first, span.last] for span in extent.spans],
        "holes": [[span.first, span.last] for span in extent.holes],
        "largest_block": extent.largest,
        "limited": extent.limited,
        "walls": list(extent.walls),
        "pairs": extent.pairs,
    }


def _value(value: Value, wanted: bool, language: Language) -> dict[str, Any]:  # noqa: FBT001 - a column of its own
    readings = value.readings if wanted else value.readings[:_READINGS]
    return {
        "table": value.table,
        "address": value.address,
        "manual": manual_number(value.table, value.address),
        "words": [_hex(sample) for sample in value.words.tolist()],
        "text": value.text,
        "empty": value.empty,
        "scale": value.scale,
        "unit": value.unit,
        "conduct": value.conduct if value.readings else "steady",
        "readings": [_reading(reading) for reading in readings],
        "reasons": [{"kind": reason.kind, "text": told(reason, language)} for reason in value.reasons],
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "types": [{"type": candidate.kind, "order": candidate.order} for candidate in reading.candidates],
        "value": _figure(reading.last),
        "share": float(f"{reading.share:.4g}"),
    }


def _hex(words: Sequence[int]) -> list[str]:
    return [f"{word:04X}" for word in words]


def _figure(value: float) -> float | int | None:
    """JSON has no NaN; whole numbers stay whole."""
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) else value
