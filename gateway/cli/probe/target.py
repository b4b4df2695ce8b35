"""Whom and what a person wants to probe: the address, the unit, the points; everything that can be wrong with them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import ValidationError

from drivers.modbus.doctor.diagnosis import Expectations
from drivers.modbus.doctor.examination import Range
from drivers.modbus.doctor.quantities import Expected
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from drivers.plan import Table
from gateway.cli.screen import Failed
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.plugins import Plugins

ADDRESSES = 65536
_BEFORE, _AFTER = 8, 12  # registers around a point; its neighbours tell the order of its bytes
_UNIT = re.compile(r"/(\d+)/?")
_POINT = re.compile(r"(coil|discrete|holding|input):(0[xX][0-9a-fA-F]+|\d+)(?:=(.+))?")
_SCAN = re.compile(r"(\d+)(?:-(\d+))?")


class Misused(Failed):
    """The command was typed wrongly."""


def line_and_unit(url: str, unit: int | None, settings: Mapping[str, Any]) -> tuple[ModbusConnection, int]:
    """The line, and the unit of `--unit` or of the end of the address. Raises Misused."""
    address, named = _split(url)
    if unit is not None and named is not None and unit != named:
        raise Misused(
            "probe_two_units", "{url} names unit {named}, --unit names {unit}", url=url, named=named, unit=unit
        )
    chosen = unit if unit is not None else named if named is not None else 1
    given = {key: value for key, value in settings.items() if value is not None}
    try:
        line = ModbusConnection.model_validate({"driver": "modbus", "url": address, **given})
        ModbusDevice.model_validate({"id": "probed", "profile": "probed", "on": "line", "unit": chosen})
    except ValidationError as error:
        raise _misused(error) from error
    return line, chosen


def _split(url: str) -> tuple[str, int | None]:
    """The address without a unit at its end; a serial port's path may end in a number."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return url, None
    match = _UNIT.fullmatch(path)
    if match is None or url.startswith("rtu:"):
        return url, None
    return url.removesuffix(path), int(match[1])


def _misused(error: ValidationError) -> Misused:
    first = error.errors()[0]
    words = dict(first.get("ctx", {}))
    if first["type"] == "bad_modbus_url":
        english = "{url} is no address of Modbus equipment; write {hint}, and /UNIT behind a TCP port"
        return Misused("probe_bad_url", english, url=words["url"], hint=words["hint"])
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "path_not_file":
        return Misused("probe_no_file", "--{key}: there is no such file", key=key)
    return Misused(first["type"], first["msg"], **words)


def units(written: str) -> range:
    """The units of `--scan`. Raises Misused."""
    match = _SCAN.fullmatch(written.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not 0 <= first <= last <= 255:
        raise Misused("probe_bad_scan", "{text} is no range of units; write 1-247 or less", text=written)
    return range(first, last + 1)


def points(written: Sequence[str]) -> Expectations:
    """The points of `--point`, with what the display shows. Raises Misused."""
    found: dict[tuple[Table, int], Expected | None] = {}
    for text in written:
        match = _POINT.fullmatch(text.strip())
        if match is None or int(match[2], 0) >= ADDRESSES:
            english = "{text} is no point; write a table and an address from 0, such as holding:0 or input:0x34=229.8"
            raise Misused("probe_bad_point", english, text=text)
        if match[3] is not None and match[1] in ("coil", "discrete"):
            english = "{text}: a bit needs no type, so nothing is to be found out by what the display shows"
            raise Misused("probe_bit_value", english, text=text)
        try:
            expected = Expected.of(match[3]) if match[3] is not None else None
        except ValueError:
            raise Misused("probe_bad_value", "{text}: {value} is no number", text=text, value=match[3]) from None
        table = next(table for table in get_args(Table) if table == match[1])
        found[table, int(match[2], 0)] = expected
    return found


def ranges(table: str, first: int | None, count: int | None, wanted: Expectations) -> list[Range]:
    """What to look at: the tables and addresses asked for, or what lies around the points. Raises Misused."""
    if wanted and first is None and count is None:
        return list(_around(wanted))
    start, size = first or 0, count or 125
    if start + size > ADDRESSES:
        english = "addresses {first}-{last} go beyond 65535, the last one that there is"
        raise Misused("probe_beyond", english, first=start, last=start + size - 1)
    tables: Sequence[Table] = ("input", "holding", "discrete", "coil")
    found = [Range(each, start, size) for each in tables if table in ("all", each)]
    for each, address in wanted:
        if not any(part.table == each and part.first <= address < part.first + part.size for part in found):
            english = "point {point} is not among the addresses of --table, --from and --count"
            raise Misused("probe_point_outside", english, point=f"{each}:{address}")
    return found


def _around(wanted: Expectations) -> Iterator[Range]:
    """Addresses around each point; those that overlap are one range."""
    open_: Range | None = None
    for table, address in sorted(wanted):
        first, end = max(0, address - _BEFORE), min(ADDRESSES, address + _AFTER)
        if open_ is not None and open_.table == table and first <= open_.first + open_.size:
            open_ = open_._replace(size=end - open_.first)
            continue
        if open_ is not None:
            yield open_
        open_ = Range(table, first, end - first)
    if open_ is not None:
        yield open_


def library(plugins: Plugins) -> dict[str, ModbusProfile]:
    """The Modbus profiles that come with the gateway."""
    found = read_profiles([BUILT_IN], plugins).profiles
    return {name: profile for name, profile in found.items() if isinstance(profile, ModbusProfile)}


def profile(name: str, plugins: Plugins) -> ModbusProfile:
    """A profile by its name, or that of a file. Raises Misused, Failed."""
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        known = library(plugins)
        if name in known:
            return known[name]
        english = "there is no Modbus profile {name}; there are {known}, or write the path of a file"
        raise Misused("probe_no_profile", english, name=name, known=sorted(known))
    if not path.is_file():
        raise Misused("probe_no_profile_file", "there is no file {file}", file=name)
    read = read_profiles([path.parent], plugins)
    found = [each for key, each in read.profiles.items() if read.sources[key] == path]
    if not found or not isinstance(found[0], ModbusProfile):
        english = "{file} is no Modbus profile without errors; gateway check says what is wrong"
        raise Failed("probe_bad_profile", english, file=name)
    return found[0]
