"""What a name in a condition stands for: a point, a rating, a word, or what a detector says."""

import ast

from rules import kleene
from rules.kleene import Number
from rules.language.functions import WORDS
from rules.language.operators import outside
from rules.language.source import finding, nearest, span
from rules.vocabulary import SAID, Vocabulary


def named(node: ast.expr, name: str, words: Vocabulary) -> Number:
    """The quantity behind a name; one with a dot is what a detector says. Raises PydanticCustomError."""
    if isinstance(node, ast.Attribute):
        return _said(node, name, words)
    if name in words.points:
        column = words.points.index(name)
        return Number(lambda frame: frame.point(column), column=column)
    if name in words.ratings:
        return kleene.fixed(words.ratings[name])
    if name in WORDS:
        return Number(WORDS[name].reader())
    known = [*words.points, *words.ratings, *words.said, *WORDS]
    message = "{name} is neither a point nor a rating of this device type"
    raise finding("unknown_name", message, span(node), name=name[:80], **nearest(name, known))


def _said(node: ast.expr, said: str, words: Vocabulary) -> Number:
    """What a detector says; a word that is nearly one of these is told so, any other has no business with a dot."""
    if said in words.said:
        return Number(lambda frame: frame.scores[said])
    what, _, name = said.partition(".")
    if what not in SAID:
        near = nearest(said, words.said)
        message = "{name} is neither a point nor a rating of this device type"
        raise finding("unknown_name", message, span(node), name=said[:80], **near) if near else outside(node)
    hint = nearest(name, words.scores)
    message = "no detector is called {name}"
    raise finding("unknown_score", message, span(node), name=name[:80], **hint)
