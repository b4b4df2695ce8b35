"""Says in which way the ticket behind an expected change is another one than expected: a sentence for each field."""

from collections.abc import Mapping

from gateway.core.messages import Language, say
from gateway.workbench.testing.judge import Failure, Misfit
from gateway.workbench.testing.moments import moment

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "level": ("misfit_level", "the ticket should be {expected}, but is {actual}"),
    "class": ("misfit_class", "the ticket should be of the class {expected}, but is of {actual}"),
    "policy": ("misfit_policy", "the ticket should follow the policy {expected}, but follows {actual}"),
    "title": ("misfit_title", "the title ({language}) should be “{expected}”, but is “{actual}”"),
    "due": ("misfit_due", "{limit} should be due {expected} after the change, but is due {actual} after it"),
    "occurrences": ("misfit_occurrences", "the ticket should count {expected} occurrences, but counts {actual}"),
    "message": ("misfit_message", "the dispatch API should be told {expected}, but is told {actual}"),
}


def misfit_sentences(failure: Failure, language: Language) -> list[str]:
    """One sentence for each field that differs; a single one if there is no ticket at all."""
    event = failure.actual
    if event is None:
        return []
    told = [_sentence(misfit, language) for misfit in failure.misfits]
    if not any(event.tickets.values()):
        told = [say("misfit_no_ticket", "the change finds no open ticket", {}, language)]
    words = {"rule": failure.rule, "at": moment(event.at)}
    begin = say("misfit_begin", "{rule} at {at}: ", words, language)
    return [begin + sentence for sentence in told]


def _sentence(misfit: Misfit, language: Language) -> str:
    field, _, part = misfit.field.partition(".")
    words = {"expected": misfit.expected, "actual": misfit.actual}
    if field == "due" and not misfit.actual:
        english = "{limit} should be due {expected} after the change, but the ticket has no such limit"
        return say("misfit_no_due", english, words | {"limit": part}, language)
    return say(*_SENTENCES[field], words | {"limit": part, "language": part}, language)
