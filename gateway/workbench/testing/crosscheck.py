"""Checks rule tests against what they speak of: points, scores, rules, machines, and the moments that are played."""

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic_core import PydanticCustomError

from drivers.device import Point, Profile
from gateway.core.document import Document, KeyPath
from gateway.core.explain import nearest
from gateway.core.findings import Finding
from gateway.core.library import unknown_profile
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.moments import moment
from gateway.workbench.testing.series import Series
from gateway.workbench.testing.subject import Subject
from gateway.workbench.testing.testfile import RuleTest, Simulation
from rules.vocabulary import SAID
from simulators.faults import FAULTS
from simulators.plant import PLANTS, Machine

LONGEST_SIMULATED = 2_000_000
"""Most samples of a simulation: three weeks at one a second, half a minute of work."""

_SECTIONS = {"scores": "score", "health": "health", "others": "others"}
"""What a detector says, by the key of its samples."""

Problem = tuple[KeyPath, PydanticCustomError]

_ON_KEY = {"unknown_point", "unread_score"}


def crosscheck(
    document: Document, tests: Mapping[int, RuleTest], subjects: Mapping[str, Subject], kit: Kit
) -> Iterator[Finding]:
    """Everything in the tests that names what is not there, or a moment that is not played."""
    for place, test in tests.items():
        subject = subjects.get(test.profile)
        for path, problem in (*_numbers(document, place, test), *_problems(test, subject, kit)):
            yield document.finding(problem, ("tests", place, *path), "key" if problem.type in _ON_KEY else "value")


def _numbers(document: Document, place: int, test: RuleTest) -> Iterator[Problem]:
    """`0x20` without quotes is what YAML calls 32."""
    for section in ("series", *_SECTIONS):
        for name in getattr(test, section):
            begin, end = document.span(("tests", place, section, name))
            if (source := document.text[begin:end]).startswith("0x"):
                context = {"source": source, "hint": f'"{source}"'}
                text = "YAML takes {source} for a hexadecimal number"
                yield (section, name), PydanticCustomError("hexadecimal_series", text, context)


def _problems(test: RuleTest, subject: Subject | None, kit: Kit) -> Iterator[Problem]:
    if test.simulate and test.simulate.plant not in PLANTS:
        context = {"name": test.simulate.plant, **nearest(test.simulate.plant, PLANTS)}
        yield ("simulate", "plant"), PydanticCustomError("unknown_plant", "nothing simulates {name}", context)
    elif subject is None:
        path = ("device", "profile") if test.device else ("simulate", "plant")
        yield path, unknown_profile(test.profile, kit.profiles)
    else:
        yield from _series(test, subject)
        yield from _expectations(test, subject)
        if test.simulate:
            yield from _simulation(test.simulate, test.samples, subject.profile)


def _series(test: RuleTest, subject: Subject) -> Iterator[Problem]:
    points: dict[str, Point] = {point.name: point for point in subject.profile.points}
    for name, series in test.series.items():
        if name not in points:
            context = {"name": name, "profile": subject.profile.profile, **nearest(name, points)}
            yield ("series", name), PydanticCustomError("unknown_point", "a {profile} has no point {name}", context)
        elif problem := _impossible(series, points[name].low, points[name].high):
            yield ("series", name), problem
    for section, what in _SECTIONS.items():
        for name, series in getattr(test, section).items():
            if name not in subject.scores:
                context = {"name": f"{what}.{name}", **nearest(name, subject.scores)}
                yield (section, name), PydanticCustomError("unread_score", "no rule here reads {name}", context)
            elif problem := _impossible(series, *SAID[what]):
                yield (section, name), problem


def _impossible(series: Series, low: float, high: float) -> PydanticCustomError | None:
    """A driver makes such a value unknown, so the rules could never see it."""
    beyond = np.flatnonzero((series.values < low) | (series.values > high))
    if not beyond.size:
        return None
    context: dict[str, object] = {"value": float(series.values[beyond[0]]), "low": low, "high": high}
    if place := series.place(int(beyond[0])):
        context["span"] = place
    text = "{value} is outside {low} to {high}: a driver would make it unknown"
    return PydanticCustomError("impossible_sample", text, context)


def _expectations(test: RuleTest, subject: Subject) -> Iterator[Problem]:
    named: list[tuple[KeyPath, str]] = [(("expect", i, "rule"), each.rule) for i, each in enumerate(test.expect)]
    named += [(("ignore", i), rule) for i, rule in enumerate(test.ignore)]
    for path, rule in named:
        if rule not in subject.rules:
            context = {"id": rule, "profile": subject.profile.profile, **nearest(rule, subject.rules)}
            yield path, PydanticCustomError("unknown_rule", "the pack has no rule {id} for a {profile}", context)
    for i, expectation in enumerate(test.expect):
        for key in ("at", "after"):
            at: float | None = getattr(expectation, key)
            if at is not None and (problem := _unplayed(test, at, key)):
                yield ("expect", i, key), problem


def _unplayed(test: RuleTest, at: float, key: str) -> PydanticCustomError | None:
    if at > test.end_s:
        end = {"at": moment(at), "end": moment(test.end_s)}
        return PydanticCustomError("after_the_end", "the last sample is at {end}; nothing comes at {at}", end)
    steps = at / test.step
    if key == "at" and abs(steps - round(steps)) > 1e-6:
        near = np.floor(steps) * test.step
        choices = [moment(near), moment(near + test.step)]
        context = {"at": moment(at), "step": moment(test.step), "choices": choices}
        return PydanticCustomError("between_samples", "{at} lies between two samples; one is every {step}", context)
    return None


def _simulation(simulation: Simulation, samples: int, profile: Profile) -> Iterator[Problem]:
    if samples > LONGEST_SIMULATED:
        text = "a simulation has at most {limit} samples; take a larger step"
        yield ("simulate", "duration"), PydanticCustomError("simulation_too_long", text, {"limit": LONGEST_SIMULATED})
    possible = [name for name, fault in FAULTS.items() if fault.kind in ("*", simulation.plant)]
    if simulation.fault not in possible:
        context = {"name": simulation.fault, "plant": simulation.plant, **nearest(simulation.fault, possible)}
        text = "the fault {name} cannot befall a simulated {plant}"
        yield ("simulate", "fault"), PydanticCustomError("unknown_fault", text, context)
    channels = PLANTS[simulation.plant].signal(Machine("any"), np.zeros(1))
    if unmeasured := [name for name in profile.names if name not in channels]:
        context = {"plant": simulation.plant, "points": ", ".join(unmeasured), "profile": profile.profile}
        text = "a simulated {plant} does not measure {points} of the profile {profile}"
        yield ("simulate", "plant"), PydanticCustomError("unmeasured_points", text, context)
