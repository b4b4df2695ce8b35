"""Texts that nobody would write, made from texts that somebody did: cut, doubled, spliced, misspelt, nested."""

from collections.abc import Iterator, Sequence
from random import Random

SIGNS = [
    *("(", ")", "[", "]", "{", "}", ",", ".", ":", ";", "=", "==", "<", ">=", "+", "-", "*", "**", "/", "//", "%", "@"),
    *("and", "or", "not", "in", "is", "if", "else", "lambda", "for", "await", "yield", "import", "None", "True"),
    *("__class__", "__import__", "open", "eval", "exec", "os", "self", "score", "'", '"', "\\", "#", "~", "^", "&"),
    *("0", "1", "1e308", "1e999", "0x1F", "5m", "1h", "80 °C", "nan", "inf", "9" * 40, "-" * 20, "(" * 25, "°", "℃"),
    *("\x00", "\n", "\t", "\r", "\ud800", "\u202e", "１", "𝟘", "é", "ﬁ", "水泵", " ", "", "...", ":=", "->", "|", "!"),
]
LONGEST = 3000


def mutants(corpus: Sequence[str], random: Random) -> Iterator[str]:
    """Without end; the same for the same seed."""
    while True:
        text = random.choice(corpus)
        for _ in range(random.choice((1, 1, 2, 3, 8))):
            text = _changed(text, corpus, random)[:LONGEST]
        yield text


def _changed(text: str, corpus: Sequence[str], random: Random) -> str:
    begin = random.randint(0, len(text))
    end = min(len(text), begin + random.choice((0, 0, 1, 3, 10)))
    before, cut, after = text[:begin], text[begin:end], text[end:]
    other, sign = random.choice(corpus), random.choice(SIGNS)
    letter = chr(random.choice((random.randrange(128), random.randrange(0x3000))))
    changes = (
        before + after,
        before + sign + after,
        before + cut * random.choice((2, 3, 50)) + after,
        before + other[random.randint(0, len(other)) :],
        f"{before}({cut}{after})",
        before + letter + after,
        f"{text} {sign} {other}",
    )
    return random.choice(changes)
