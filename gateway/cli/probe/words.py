"""The doctor's numbers and reasons as people read them."""

from collections.abc import Iterable

from drivers.modbus.doctor.reading import Reading, Reason
from drivers.plan import Span
from gateway.cli.screen import word
from gateway.core.messages import Language, say


def told(reason: Reason, language: Language) -> str:
    """A reason in the reader's language."""
    words = dict(reason.words)
    if "quantity" in words:
        words["quantity"] = word("quantity", str(words["quantity"]), language)
    return say(reason.kind, reason.english, words, language)


def percent(share: float) -> str:
    """Never rounded up to all or down to nothing."""
    hundredths = 100 * share
    return "<1%" if hundredths < 1 else ">99%" if hundredths > 99 else f"{hundredths:.0f}%"


def scaled(reading: Reading, scale: float, unit: str = "") -> str:
    """The number in the registers, what a scale makes of it, and its unit."""
    text = reading.shown
    if scale != 1.0:
        text += f" × {scale:g} = {reading.last * scale:.7g}"
    return f"{text} {unit}".rstrip()


def hexadecimal(words: Iterable[int]) -> str:
    """Registers as they came."""
    return " ".join(f"{each:04X}" for each in words)


def places(spans: tuple[Span, ...], most: int = 6) -> str:
    """Spans of addresses, the first few of them."""
    texts = [f"{span.first}-{span.last}" if span.last > span.first else str(span.first) for span in spans[:most]]
    return ", ".join([*texts, *(["…"] if len(spans) > most else [])])
