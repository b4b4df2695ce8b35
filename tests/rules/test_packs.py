"""Every shipped rule is whole: it says why, how far that is checked and what to do, and tests show both its sides."""

from collections.abc import Iterator

import pytest

from gateway.cli.reference.packs import Shipped, shipped
from rules.rule import Rule

NOTHING_TO_DOUBT = {"device-reading-lost", "leak-cable-fault", "meter-weak-echo"}
"""What is lost or says so itself is unknown anyway."""
SEEN_BY_SCORES = {"pump-signal-alone", "power-signal-alone"}
"""Some faults of these machines no rule but a score sees."""
PARTS = {rule.id: (pack, rule) for pack in shipped() for rule in pack.pack.rules}


@pytest.mark.parametrize("rule", PARTS)
def test_a_shipped_rule_is_whole(rule: str) -> None:
    assert not list(_lacks(*PARTS[rule]))


def test_no_rule_is_in_two_packs() -> None:
    assert len(PARTS) == sum(len(pack.pack.rules) for pack in shipped())


def test_every_pack_is_told_by_the_comment_that_opens_it() -> None:
    assert not [pack.name for pack in shipped() if not pack.intro]


def _lacks(pack: Shipped, rule: Rule) -> Iterator[str]:
    texts = {"title": rule.title, "advice": rule.advice, "basis": rule.basis, "guide": rule.guide}
    yield from (
        f"{key} {language}" for key, told in texts.items() for language in ("zh", "en") if not told.get(language)
    )
    if not rule.status:
        yield "status"
    if not rule.kind:
        yield "class"
    if rule.kind.endswith(".sensor") and not rule.doubts and rule.id not in NOTHING_TO_DOUBT | SEEN_BY_SCORES:
        yield "what it doubts"
    if not rule.policy and len(rule.levels) == 1:
        yield "policy (a rule of both levels has one by level)"
    if not pack.firing(rule.id):
        yield "a test that expects it to fire or to escalate"
    if not pack.quiet(rule):
        yield "a near miss: a test that plays all it reads and expects nothing of it"
