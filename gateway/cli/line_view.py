"""How the requests on a site's lines look on a screen: lines of text."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from gateway.cli.screen import aligned
from gateway.core.lines import LinePlan, Requests
from gateway.core.messages import Language, say
from rules.duration import written

_INDENT = "  "
_NAMED = 6


def line_lines(plans: Sequence[LinePlan], language: Language) -> Iterator[Text]:
    """Each connection, what each kind of device on it is asked, and how busy that keeps it."""
    for plan in plans:
        words = {"connection": plan.connection, "driver": plan.driver}
        yield Text(say("plan_line", "connection {connection} ({driver})", words, language), style="bold")
        for group in plan.groups:
            yield from _group(group, language)
        yield Text(_INDENT + _load(plan, language))
        yield Text()


def _group(group: Requests, language: Language) -> Iterator[Text]:
    words = {"profile": group.profile, "every": written(group.every_s), "devices": _some(group.devices)}
    head = say("plan_asked", "{profile}, every {every}: {devices}", words, language)
    yield Text(_INDENT + head, style="bold cyan")
    yield from aligned(
        [
            Text(_INDENT * 2 + each.asks),
            Text(_pace(each.every_s, group.every_s, language), style="dim"),
            Text(say("plan_bytes", "{count} bytes", {"count": each.size}, language), style="dim"),
            Text(", ".join(each.points)),
        ]
        for each in group.requests
    )


def _pace(every_s: float, usual_s: float, language: Language) -> str:
    return "" if every_s == usual_s else say("plan_every", "every {every}", {"every": written(every_s)}, language)


def _load(plan: LinePlan, language: Language) -> str:
    words = {"rate": f"{plan.per_second:.3g}", "share": f"{100 * plan.busy:.0f}"}
    if not plan.busy:
        return say("plan_rate", "requests: {rate} a second", words, language)
    english = "requests: {rate} a second; the line is busy {share} % of the time, not counting how long devices think"
    return say("plan_load", english, words, language)


def _some(devices: Sequence[str]) -> str:
    more = len(devices) - _NAMED
    return ", ".join(devices[:_NAMED]) + (f" … (+{more})" if more > 0 else "")
