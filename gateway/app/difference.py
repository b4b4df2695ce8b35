"""What is different between the configuration in force and the next one. Decides nothing."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.config import Config


@dataclass(frozen=True, slots=True)
class Difference:
    """Rules by their ids. A *changed* rule decides anew; a *reworded* one has other texts, or another policy."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    reworded: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    """Policies that were added, removed or edited."""
    kept: int = 0
    """Rules that stay as they are."""


def difference(old: Config, new: Config) -> Difference:
    """What a reload changes."""
    before, after = old.all_rules, new.all_rules
    both = [rule for rule in after if rule in before]
    decided, decides = _deciding(old), _deciding(new)
    changed = dict.fromkeys(rule for rule in both if decided[rule] != decides[rule])
    reworded = [rule for rule in both if rule not in changed and before[rule] != after[rule]]
    policies = sorted({*old.policies, *new.policies})
    return Difference(
        added=tuple(rule for rule in after if rule not in before),
        removed=tuple(rule for rule in before if rule not in after),
        changed=tuple(changed),
        reworded=tuple(reworded),
        policies=tuple(name for name in policies if old.policies.get(name) != new.policies.get(name)),
        kept=len(both) - len(changed) - len(reworded),
    )


def need_restart(old: Config, new: Config) -> list[str]:
    """The sections of config.yaml that are different and that only a restart can take over."""
    same = {
        "site": old.site == new.site,
        "connections": old.connections == new.connections,
        "devices": old.devices == new.devices,
        "profiles": [fleet.profile for fleet in old.fleets] == [fleet.profile for fleet in new.fleets],
        "models": old.models == new.models,
        "dispatch": old.dispatch == new.dispatch,
        "channels": old.channels == new.channels,
        "history": old.history == new.history,
        "web": old.web == new.web,
        "callbacks": old.callbacks == new.callbacks,
        "engine": old.tick_s == new.tick_s,
        "state": old.state_folder == new.state_folder,
    }
    return [section for section, is_same in same.items() if not is_same]


def _deciding(config: Config) -> Mapping[str, tuple[str, set[str]]]:
    """What decides the alerts of each rule: its fingerprint, and the profiles that it watches."""
    watched: dict[str, set[str]] = defaultdict(set)
    for profile, rules in config.rules.items():
        for rule in rules:
            watched[rule.id].add(profile)
    return {name: (rule.fingerprint, watched[name]) for name, rule in config.all_rules.items()}
