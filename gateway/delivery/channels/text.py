"""The text of a message within a provider's limit in bytes: whole characters, and the ticket's id always readable."""

import re
import unicodedata
from collections.abc import Sequence

from gateway.core.casework import Notice
from gateway.core.messages import Language, say

_ELLIPSIS = "…"
_TITLE_BYTES = 160
_ID_BYTES = 320
_UNFIT = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, turns of the reading direction, and halves of characters; the line feed stays."""
_TAG = re.compile(r"<(?=[@/!a-zA-Z])")
_LINK = re.compile(r"\](?=\()")
_JOINER = "\u200d"


def clean(text: str) -> str:
    """The text as a chat may show it: nothing in it can mention people, make a link or move the cursor."""
    return _LINK.sub("］", _TAG.sub("＜", _UNFIT.sub(" ", text)))


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(clean(text).split())


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as fits into `limit` bytes of UTF-8 with an ellipsis; no character is split."""
    raw = text.encode()
    if len(raw) <= limit:
        return text
    end = len(raw[: max(limit - len(_ELLIPSIS.encode()), 0)].decode("utf-8", "ignore"))
    while end and _within(text, end):
        end -= 1
    return text[:end] + _ELLIPSIS


def single(notice: Notice, limit: int) -> str:
    """One notice; what is cut is its text, never the ticket's id. A text that begins with the title says it once."""
    title, ticket = one_line(notice.title), cut(one_line(notice.ticket), min(_ID_BYTES, limit // 2))
    text = clean(notice.text)
    whole = (text if one_line(text.partition("\n")[0]) == title else f"{title}\n{text}").rstrip()
    if ticket in whole and len(whole.encode()) <= limit:
        return whole
    return f"{cut(whole, limit - len(ticket.encode()) - 1)}\n{ticket}"


def digest(notices: Sequence[Notice], limit: int, language: Language) -> tuple[str, int]:
    """A line for each of as many notices as fit, and how many those are; the rest are counted in the last line."""
    lines = [f"· {cut(one_line(notice.title), _TITLE_BYTES)} {one_line(notice.ticket)}" for notice in notices]
    count = len(lines)
    while count > 1 and len(_joined(lines, count, language).encode()) > limit:
        count -= 1
    if count == 1:
        return single(notices[0], limit), 1
    return _joined(lines, count, language), count


def _joined(lines: Sequence[str], count: int, language: Language) -> str:
    rest = len(lines) - count
    head = say("digest_head", "{count} yellow tickets:", {"count": count}, language)
    more = [say("digest_rest", "{count} more follow", {"count": rest}, language)] if rest else []
    return "\n".join([head, *lines[:count], *more])


def _within(text: str, index: int) -> bool:
    """Whether a reader takes the character at `index` and the one before it for one."""
    char, before = text[index], text[index - 1]
    if _is_flag(char) and _is_flag(before):
        first = index
        while first and _is_flag(text[first - 1]):
            first -= 1
        return (index - first) % 2 == 1
    follows = unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"} or "🏻" <= char <= "🏿"
    return bool(follows) or _JOINER in {char, before}


def _is_flag(char: str) -> bool:
    """Half a flag: flags are written as two letters of an alphabet of their own."""
    return "\U0001f1e6" <= char <= "\U0001f1ff"
