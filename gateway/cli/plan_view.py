"""How the plan of a site's rules looks on a screen: lines of text."""

from collections.abc import Iterator

from rich.text import Text

from gateway.cli.screen import aligned, word
from gateway.core.messages import Language, say
from gateway.workbench.plan import ConditionPlan, ProfilePlan, RulePlan, SitePlan, WindowPlan
from rules.duration import written

_INDENT = "  "


def plan_lines(plan: SitePlan, language: Language) -> Iterator[Text]:
    """What each rule reads, remembers and costs, profile by profile."""
    for profile in plan.profiles:
        yield Text(_profile(profile, language), style="bold")
        for rule in profile.rules:
            yield Text()
            yield from _rule(rule, language)
        yield Text()


def total_line(plan: SitePlan, language: Language) -> Text:
    """What all rules of a site cost together."""
    words = {
        "memory": _memory(plan.window_bytes),
        "cost": _time(plan.tick_s),
        "tick": written(plan.every_s),
        "share": f"{100 * plan.tick_s / plan.every_s:.2g}",
    }
    english = "all rules together: about {cost} of computing for each tick of {tick} ({share} %), windows {memory}"
    return Text(say("plan_site", english, words, language))


def _profile(plan: ProfilePlan, language: Language) -> str:
    words = {
        "profile": plan.profile,
        "devices": plan.devices,
        "memory": _memory(plan.window_bytes),
        "cost": _time(plan.tick_s),
    }
    english = "{profile}, devices: {devices}; all its rules: about {cost} a tick, windows {memory}"
    return say("plan_profile", english, words, language)


def _rule(plan: RulePlan, language: Language) -> Iterator[Text]:
    yield Text(_INDENT + plan.rule, style="bold cyan")
    rows = [(each.name, _condition(each, language)) for each in plan.conditions]
    if plan.reads:
        rows.append(("reads", ", ".join(plan.reads)))
    rows += [("window", _window(each, language)) for each in plan.windows]
    if plan.looks_back_s:
        rows.append(("looks back", written(plan.looks_back_s)))
    rows.append(("watched", _watched(plan, language)))
    yield from aligned([Text(_INDENT * 2 + _head(name, language), style="dim"), Text(text)] for name, text in rows)


def _window(plan: WindowPlan, language: Language) -> str:
    words = {
        "text": plan.text,
        "grid": plan.grid,
        "count": plan.buckets,
        "bucket": written(plan.length_s / plan.buckets),
        "memory": _memory(plan.bytes),
    }
    if plan.learnt:
        return say("plan_learnt", "{text}: {grid}, {memory}", words, language)
    return say("plan_buckets", "{text}: {count} buckets of {bucket}, {memory}", words, language)


def _head(name: str, language: Language) -> str:
    return word("level" if name in {"yellow", "red"} else "plan", name, language)


def _condition(plan: ConditionPlan, language: Language) -> str:
    text = " ".join(plan.text.split())
    if plan.for_s:
        text += say("plan_for", ", for {duration}", {"duration": written(plan.for_s)}, language)
    if plan.hours_s:
        start, end = (f"{int(at // 3600):02}:{int(at % 3600 // 60):02}" for at in plan.hours_s)
        text += say("plan_between", ", between {start} and {end}", {"start": start, "end": end}, language)
    return text


def _watched(plan: RulePlan, language: Language) -> str:
    words = {"operations": plan.operations, "cost": _time(plan.tick_s)}
    if plan.watched == "thresholds":
        english = "as thresholds, with the others of its profile at once; alone about {cost} a tick"
        return say("plan_thresholds", english, words, language)
    english = "as a formula (array operations: {operations}), alone about {cost} a tick"
    return say("plan_formula", english, words, language)


def _memory(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"
