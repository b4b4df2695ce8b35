"""What is said about the text of a condition."""

from pydantic_core import PydanticCustomError

from rules.language.expression import compile_condition
from rules.vocabulary import Vocabulary


def findings(text: str, vocabulary: Vocabulary) -> list[PydanticCustomError]:
    condition, problems = compile_condition(text, vocabulary, {})
    assert (condition is None) == bool(problems)
    return problems


def spot(problem: PydanticCustomError, text: str) -> str:
    start, end = (problem.context or {})["span"]
    return text[start:end]
