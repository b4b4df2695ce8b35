"""Grows a document's data from the parser's events, and refuses what is hostile before it is built.

Events do not recurse, so depth cannot crash it, and aliases are refused, so nothing can multiply. Scalars follow YAML
1.2: `no`, `12:30`, `0777` and dates are the text that they look like.
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic_core import PydanticCustomError

from gateway.core.document import SECRET_KEY, Document, KeyPath, Place, SecretRef, Span
from gateway.core.yamlerror import Refused, in_plain_words

_DEEPEST, _MOST_EVENTS, _MOST_DIGITS = 20, 100_000, 40
_TEXT_TAGS, _SECRET_TAG = {"!", "tag:yaml.org,2002:str"}, "!secret"

_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_SECRET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def build(document: Document) -> None:
    """Fill in the document's data and places from its text, or its problems."""
    builder = _Builder(document)
    try:
        for event in yaml.parse(document.text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except Refused as refusal:
        document.problems.append(document.finding_at(refusal.problem, refusal.span))
    except yaml.YAMLError as error:
        problem, index = in_plain_words(error, document.text)
        document.problems.append(document.finding_at(problem, (index, index + 1)))
    else:
        document.data = builder.root
        if builder.root is None:
            document.problems.append(document.finding(PydanticCustomError("file_empty", "the file is empty")))


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    path: KeyPath
    node: dict[str, Any] | list[Any]
    key: str | None = None
    key_span: Span | None = None
    discard: bool = False  # the value of a key that was there before


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.root: Any = None
        self._stack: list[_Open] = []
        self._documents = self._events = 0

    def take(self, event: yaml.Event) -> None:
        """Grow the data by one event. Raises Refused for what is not allowed."""
        span = _span(event)
        self._events += 1
        if self._events > _MOST_EVENTS:
            raise Refused(PydanticCustomError("yaml_too_many", "the file holds too many values"), span)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise Refused(PydanticCustomError("yaml_documents", "a file holds one document; remove ---"), span)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            _refuse_foreign(event, span)
            outer = self._stack[-1] if self._stack else None
            if outer and isinstance(outer.node, dict) and outer.key is None:
                self._key(outer, event, span)
            else:
                self._value(outer, event, span)

    def _key(self, outer: _Open, event: yaml.NodeEvent, span: Span) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise Refused(PydanticCustomError("yaml_key", "a key must be a word, not a list or a mapping"), span)
        earlier = self.document.places.get((*outer.path, event.value))
        outer.key, outer.key_span, outer.discard = event.value, span, earlier is not None
        if earlier and earlier.key:
            context = {"key": event.value, "line": self.document.line_and_column(earlier.key[0])[0]}
            problem = PydanticCustomError("duplicate_key", "{key} is already given in line {line}", context)
            self.document.problems.append(self.document.finding_at(problem, span))

    def _value(self, outer: _Open | None, event: yaml.NodeEvent, span: Span) -> None:
        path = _path(outer)
        self.document.places[path] = Place(outer.key_span if outer else None, span)
        if isinstance(event, yaml.ScalarEvent):
            if outer and outer.key and SECRET_KEY.search(outer.key) and event.tag != _SECRET_TAG:
                self.document.hidden.add(span)
            self._attach(outer, _scalar(event, span))
            return
        node: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._attach(outer, node)
        self._stack.append(_Open(path, node))
        if len(self._stack) > _DEEPEST:
            limit = {"limit": _DEEPEST}
            raise Refused(PydanticCustomError("yaml_too_deep", "nested more than {limit} levels deep", limit), span)

    def _attach(self, outer: _Open | None, value: Any) -> None:
        if outer is None:
            self.root = value
        elif isinstance(outer.node, list):
            outer.node.append(value)
        else:
            if not outer.discard:
                outer.node[outer.key or ""] = value
            outer.key = None


def _span(event: Any) -> Span:
    return event.start_mark.index, event.end_mark.index


def _path(outer: _Open | None) -> KeyPath:
    """Where the next value goes; a discarded one gets a path that leads to no data."""
    if outer is None:
        return ()
    if isinstance(outer.node, list):
        return (*outer.path, len(outer.node))
    return (*outer.path, outer.key or "", "again") if outer.discard else (*outer.path, outer.key or "")


def _refuse_foreign(event: yaml.NodeEvent, span: Span) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise Refused(PydanticCustomError("yaml_anchor", "anchors (&) and aliases (*) are not allowed"), span)
    tag = getattr(event, "tag", None)
    if tag is None or (isinstance(event, yaml.ScalarEvent) and tag in _TEXT_TAGS | {_SECRET_TAG}):
        return
    context = {"tag": tag.replace("tag:yaml.org,2002:", "!!"), "choices": [_SECRET_TAG]}
    raise Refused(PydanticCustomError("yaml_tag", "the tag {tag} is not allowed", context), span)


def _scalar(event: yaml.ScalarEvent, span: Span) -> Any:
    """The value of a scalar: text when it is quoted or tagged, else what YAML 1.2 makes of it."""
    value: str = event.value
    if event.tag == _SECRET_TAG:
        if not _SECRET_NAME.fullmatch(value):
            raise Refused(PydanticCustomError("secret_name", "a secret's name has letters, digits, _ and -"), span)
        return SecretRef(value)
    if event.tag is not None or not event.implicit[0]:
        return value
    if value in _WORDS:
        return _WORDS[value]
    integer, decimal = _INTEGER.fullmatch(value), _DECIMAL.fullmatch(value)
    if not (integer or decimal):
        return value
    number = (int(value, 0) if integer else float(value)) if len(value) <= _MOST_DIGITS else float("inf")
    if abs(number) == float("inf"):
        raise Refused(PydanticCustomError("number_too_long", "no quantity needs a number like this"), span)
    return number
