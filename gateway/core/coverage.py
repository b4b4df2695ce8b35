"""Whether the rules of a site watch all that is there, and whether all of them have something to watch."""

from collections.abc import Collection, Iterator, Sequence

from pydantic_core import PydanticCustomError

from gateway.core.document import Document
from gateway.core.findings import Finding, has_errors
from gateway.core.packs import PackFile, Packs
from gateway.core.types import Fleet
from rules.rule import ANY_PROFILE


def unwatched(config: Document, packs: Packs, fleets: Sequence[Fleet]) -> Iterator[Finding]:
    """Device types without any rule. Says nothing while packs cannot be read: their rules are not known."""
    if has_errors(packs.findings) or not fleets:
        return
    without = [fleet.profile.profile for fleet in fleets if not packs.rules_for(fleet.profile.profile)]
    if len(without) == len(fleets):
        context = {"hint": "rules: [rules/packs]"}
        problem = PydanticCustomError("no_rules", "no rule watches this site: it will never raise a ticket", context)
        yield config.finding(problem, ("rules",), "key", "warning")
        return
    for name in without:
        problem = PydanticCustomError("unwatched_profile", "no rule watches the devices of {name}", {"name": name})
        yield config.finding(problem, _first_of(config, name), "value", "warning")


def idle(packs: Packs, profiles: Collection[str], in_use: Collection[str]) -> Iterator[Finding]:
    """Packs and rules for device types that the site does not have.

    A folder may hold packs for other sites. So a pack counts only if it was asked for by its name, and a rule with a
    profile of its own only if the rest of its pack is of this site.
    """
    for file in packs.files:
        of_pack = file.pack.profile
        if file.named and of_pack in profiles and of_pack not in in_use:
            problem = PydanticCustomError("idle_pack", "no device has the profile {name}", {"name": of_pack})
            yield file.document.finding(problem, ("profile",), "value", "warning")
        if file.named or of_pack in {*in_use, ANY_PROFILE}:
            yield from _idle_rules(file, profiles, in_use)


def _idle_rules(file: PackFile, profiles: Collection[str], in_use: Collection[str]) -> Iterator[Finding]:
    for place, rule in file.rules():
        if rule.profile in profiles and rule.profile not in in_use:
            message = "no device has the profile {name}, so this rule watches nothing"
            problem = PydanticCustomError("idle_rule", message, {"name": rule.profile})
            yield file.document.finding(problem, (*place, "profile"), "value", "warning")


def _first_of(config: Document, profile: str) -> tuple[str | int, ...]:
    """Where the first device of a profile names it."""
    devices = config.at(("devices",))
    listed = devices if isinstance(devices, list) else []
    at = next((i for i, each in enumerate(listed) if isinstance(each, dict) and each.get("profile") == profile), 0)
    return "devices", at, "profile"
