"""Writes down what was found as a profile, ready to paste and to correct. Pure."""

import json
import math
from collections.abc import Callable, Iterator

from drivers.encoding import WideOrder, lowest_first
from drivers.modbus.doctor.examination import Examination
from drivers.modbus.doctor.reading import Reason, Value
from drivers.plan import Table, is_bits

Say = Callable[[Reason], str]

_BASE: dict[Table, int] = {"coil": 1, "discrete": 10001, "input": 30001, "holding": 40001}
_FIVE_DIGITS = 9999
_SURE = 0.9  # below, the line says what else it could be
_MOST_BITS = 32


def manual_number(table: Table, address: int) -> str:
    """What most manuals call an address: the table's digit and a number from 1."""
    base = _BASE[table]
    digits = 5 if address < _FIVE_DIGITS else 6
    if digits == 6:
        base = (base - 1) * 10 + 1
    return f"{base + address:0{digits}}"


def proposal(found: Examination, source: str, say: Say) -> str:
    """The profile as YAML; empty if there is nothing to read. `say` turns a remark into the reader's language."""
    tables = {value.table for value in found.diagnosis.values}
    points = [_point(value, _name(value, tables), found, say) for value in _numbers(found)]
    points += list(_bits(found))
    if not points:
        return ""
    texts = [_text(value, i) for i, value in enumerate(_texts(found), 1)]
    lines = [*_head(found, source), *(["texts:", *texts] if texts else []), "points:", *points, *_zeros(found, say)]
    return "\n".join(lines) + "\n"


def _head(found: Examination, source: str) -> Iterator[str]:
    yield "profile: probed"
    yield "driver: modbus"
    yield "status: unverified"
    yield f"source: {json.dumps(source, ensure_ascii=False)}"
    if found.diagnosis.order is not None:
        yield f"order: {found.diagnosis.order}"
    words = [extent for extent in found.extents if not is_bits(extent.table) and extent.spans]
    limits = [extent.largest for extent in words if extent.limited]
    if limits:
        yield f"max_registers: {min(limits)}"
    if any(extent.holes for extent in words):
        yield "max_gap: 0"


def _numbers(found: Examination) -> Iterator[Value]:
    return (value for value in found.diagnosis.values if not value.text and not value.empty)


def _texts(found: Examination) -> Iterator[Value]:
    return (value for value in found.diagnosis.values if value.text)


def _name(value: Value, tables: set[Table]) -> str:
    return f"{'v' if len(tables) == 1 else value.table[0]}{value.address}"


def _point(value: Value, name: str, found: Examination, say: Say) -> str:
    best = value.best
    keys = [f"name: {name}"]
    if value.unit:
        keys.append(f"unit: {value.unit}")
    keys += [f"table: {value.table}", f"address: {value.address}", f"type: {best.candidate.kind}"]
    device_order: WideOrder = found.diagnosis.order or "ABCD"
    if lowest_first(best.candidate.kind, device_order) != lowest_first(*best.candidate):
        keys.append(f"order: {best.candidate.order}")
    if value.scale != 1.0:
        keys.append(f"scale: {value.scale:g}")
    if any(reason.kind == "doctor_mark" for reason in value.reasons) and math.isfinite(best.last):
        keys.append(f"sentinels: [{best.last:.0f}]")
    keys.append(f'manual: "{manual_number(value.table, value.address)}"')
    return f"  - {{{', '.join(keys)}}}{_doubt(value, say)}"


def _doubt(value: Value, say: Say) -> str:
    if value.best.share >= _SURE or len(value.readings) < 2:
        return ""
    other = value.readings[1]
    words = {"share": f"{100 * value.best.share:.0f}", "type": str(other.candidate), "value": other.shown}
    return "  # " + say(Reason("doctor_doubt", "{share} % sure; or {type}: {value}", words))


def _text(value: Value, number: int) -> str:
    keys = f"name: text{number}, table: {value.table}, address: {value.address}, registers: {value.width}"
    return f'  - {{{keys}, manual: "{manual_number(value.table, value.address)}"}}  # {value.text}'


def _bits(found: Examination) -> Iterator[str]:
    for table, bits in found.bits.items():
        for address in list(bits)[:_MOST_BITS]:
            keys = f"name: {table[0]}{address}, table: {table}, address: {address}, type: bool"
            yield f'  - {{{keys}, manual: "{manual_number(table, address)}"}}'


def _zeros(found: Examination, say: Say) -> Iterator[str]:
    places = [f"{value.table} {value.address}" for value in found.diagnosis.values if value.empty]
    if places:
        yield "  # " + say(
            Reason("doctor_left_out", "left out, because they hold 0: {count} values", {"count": len(places)})
        )
