"""How a probed device looks on a screen: lines of text."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from drivers.modbus.doctor.diagnosis import Expectations
from drivers.modbus.doctor.examination import Examination
from drivers.modbus.doctor.extent import Extent
from drivers.modbus.doctor.proposal import manual_number, proposal
from drivers.modbus.doctor.reading import Reading, Value
from drivers.plan import Span
from gateway.cli.probe.words import hexadecimal, percent, places, scaled, told
from gateway.cli.screen import aligned, word
from gateway.core.messages import Language, printable, say

_INDENT = "  "
_BAR = 6
_SURE, _LIKELY = 0.9, 0.5
_BITS_PER_LINE = 16
_REASONS = 3


def screen(found: Examination, line: str, wanted: Expectations, language: Language) -> Iterator[Text]:
    """What can be read, what it means and why, every reading of the points asked for, and the profile to paste."""
    yield from _header(found, line, language)
    values = [value for value in found.diagnosis.values if not value.empty]
    if values:
        yield Text()
        yield from _values(values, language)
    yield from _zeros(found, language)
    yield from _bits(found)
    for table, address in wanted:
        value = next((each for each in found.diagnosis.values if (each.table, each.address) == (table, address)), None)
        if value is not None and value.readings:
            yield Text()
            yield from _point(value, language)
    yield from _profile(found, line, language)


def _header(found: Examination, line: str, language: Language) -> Iterator[Text]:
    words = {"unit": found.unit, "line": line, "ms": f"{1000 * found.latency_s:.1f}", "requests": found.requests}
    english = "unit {unit} at {line} answers in {ms} ms (median of {requests} requests)"
    yield Text(say("probe_answers", english, words, language), style="bold")
    rows = [[Text(_INDENT + extent.table), *_extent(extent, language)] for extent in found.extents]
    for row in aligned(rows):
        row.rstrip()
        yield row
    if found.mirrored:
        english = "both tables of registers hold the same, so only one of them is shown"
        yield Text(_INDENT + say("probe_mirrored", english, {}, language))
    if (order := found.diagnosis.order) is not None:
        words = {"order": order, "share": percent(found.diagnosis.orders[order]), "count": len(found.diagnosis.wide)}
        english = "byte order {order}: {share} sure, by {count} values of several registers"
        yield Text(_INDENT + say("probe_order", english, words, language))


def _extent(extent: Extent, language: Language) -> list[Text]:
    if not extent.exists:
        return [Text(say("probe_no_table", "not there", {}, language), style="dim"), Text()]
    if not extent.spans:
        return [Text(say("probe_all_holes", "nothing can be read", {}, language), style="dim"), Text()]
    count = sum(span.last - span.first + 1 for span in extent.spans)
    parts = [
        say(
            "probe_block",
            "{count} in all, largest block {largest}",
            {"count": count, "largest": extent.largest},
            language,
        )
    ]
    if extent.limited:
        parts.append(say("probe_limited", "longer ones are refused", {}, language))
    if extent.pairs:
        parts.append(say("probe_pairs", "single registers are refused, pairs are not", {}, language))
    if extent.walls:
        walls = places(tuple(Span(extent.table, wall, wall) for wall in extent.walls))
        parts.append(say("probe_walls", "no read may go on to {walls}", {"walls": walls}, language))
    if extent.holes:
        parts.append(
            say("probe_holes", "holes {holes}, no read may touch them", {"holes": places(extent.holes)}, language)
        )
    return [Text(places(extent.spans), style="green"), Text(say("semicolon", "; ", {}, language).join(parts))]


def _values(values: Sequence[Value], language: Language) -> Iterator[Text]:
    heads = ("address", "manual", "registers", "value", "type", "sure", "or_else")
    rows = [[Text(word("head", head, language), style="dim") for head in heads], *(_row(value) for value in values)]
    headline, *lines = aligned(rows)
    yield headline
    for value, line in zip(values, lines, strict=True):
        line.rstrip()
        yield line
        reasons = [told(reason, language) for reason in value.reasons if reason.kind != "doctor_twin"]
        if reasons:  # the twin stands beside the type
            because = say("semicolon", "; ", {}, language).join(reasons[:_REASONS])
            yield Text(_INDENT * 2 + because, style="dim")


def _row(value: Value) -> list[Text]:
    where = [Text(f"{value.table} {value.address}"), Text(manual_number(value.table, value.address), style="dim")]
    if value.text:
        shown = hexadecimal(value.words[-1][:2].tolist()) + " …"
        return [
            *where,
            Text(shown, style="dim"),
            Text(printable(value.text), style="bold"),
            Text("ASCII"),
            Text(),
            Text(),
        ]
    best, other = value.best, value.readings[1] if len(value.readings) > 1 else None
    return [
        *where,
        Text(hexadecimal(value.words[-1].tolist()), style="dim"),
        Text(scaled(best, value.scale, value.unit), style="bold"),
        _types(best),
        _bar(best.share),
        Text(f"{other.candidate} {other.shown}" if other else "", style="dim"),
    ]


def _types(best: Reading) -> Text:
    """The type to take, and the one of the other sign if it reads the same today."""
    first, *others = best.candidates
    twin = next((each.kind for each in others if each.order == first.order and each.kind[1:] == first.kind[1:]), "")
    return Text.assemble(str(first), (f" / {twin}" if twin else "", "dim"))


def _bar(share: float) -> Text:
    full = round(share * _BAR)
    style = "green" if share >= _SURE else "yellow" if share >= _LIKELY else "red"
    return Text.assemble(("█" * full, style), ("·" * (_BAR - full), "dim"), f" {percent(share):>4}")


def _zeros(found: Examination, language: Language) -> Iterator[Text]:
    """The registers that hold 0, neighbours as one span."""
    spans: list[Span] = []
    for value in found.diagnosis.values:
        if not value.empty:
            continue
        span = Span(value.table, value.address, value.address + value.width - 1)
        if spans and spans[-1].table == span.table and spans[-1].last + 1 == span.first:
            spans[-1] = spans[-1]._replace(last=span.last)
        else:
            spans.append(span)
    for table in dict.fromkeys(span.table for span in spans):
        words = {"table": table, "places": places(tuple(span for span in spans if span.table == table), 12)}
        yield Text(say("probe_zeros", "{table} registers that hold 0: {places}", words, language), style="dim")


def _bits(found: Examination) -> Iterator[Text]:
    for table, bits in found.bits.items():
        yield Text()
        addresses = list(bits)
        for start in range(0, len(addresses), _BITS_PER_LINE):
            part = addresses[start : start + _BITS_PER_LINE]
            shown = "".join(("" if i % 4 else " ") + ("1" if bits[at] else "0") for i, at in enumerate(part))
            where = f"{part[0]}-{part[-1]}" if len(part) > 1 else f"{part[0]}"
            yield Text.assemble(f"{table} {where} ", (shown, "bold"))


def _point(value: Value, language: Language) -> Iterator[Text]:
    words = {"point": f"{value.table} {value.address}", "manual": manual_number(value.table, value.address)}
    yield Text(
        say("probe_point", "every reading of {point} ({manual}), the most probable first", words, language),
        style="bold",
    )
    rows = [_reading(reading, value, number == 0) for number, reading in enumerate(value.readings)]
    for line in aligned(rows, right={1}):
        line.rstrip()
        yield line


def _reading(reading: Reading, value: Value, best: bool) -> list[Text]:  # noqa: FBT001 - a column of its own
    scale = value.expected.scale(reading.last) if value.expected is not None else None
    style = "bold green" if best else "" if scale is not None else "dim"
    types = ", ".join(str(candidate) for candidate in reading.candidates[:4])
    more = f" +{len(reading.candidates) - 4}" if len(reading.candidates) > 4 else ""
    shown = [Text(_INDENT), Text(percent(reading.share), style=style), Text(scaled(reading, scale or 1.0), style=style)]
    return [*shown, Text(types + more, style=style)]


def _profile(found: Examination, line: str, language: Language) -> Iterator[Text]:
    text = proposal(found, f"gateway probe, unit {found.unit} at {line}", lambda reason: told(reason, language))
    yield Text()
    if not text:
        yield Text(
            say("probe_no_values", "everything holds 0, so there is no profile to write", {}, language), style="yellow"
        )
        return
    yield Text(
        say("probe_profile", "profile to paste; give the points names, units and ranges:", {}, language), style="bold"
    )
    for each in text.splitlines():
        yield Text(printable(each))
