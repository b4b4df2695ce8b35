"""Turns the text of a config.yaml into one whose every address is on this machine; the rest stays as it is."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import yaml

from gateway.cli.screen import Failed
from gateway.core import yamlfile
from gateway.core.document import Document, KeyPath, Span

MARK = "# gateway simulate --here: "
"""How the first line of a file begins that `gateway simulate --here` may write over."""

Changes = Mapping[KeyPath, str | None]
"""New texts by the keys that lead to them; None takes the key away."""

_SECURED = ("ca", "certificate", "key")
_LEFT_OUT = {
    "modbus": (*_SECURED, "parity"),  # a terminal has no parity
    "mqtt": (*_SECURED, "username", "password"),
}
"""The keys of a connection that only the real one can have, by driver."""


def changes(data: Mapping[str, Any], urls: Mapping[str, str], dispatch: str, state: str) -> Changes:
    """What is different when the connections are at `urls` and tickets go to `dispatch`.

    What belongs to the real equipment (certificates, passwords, a copy of all readings in InfluxDB) is left out.
    """
    new: dict[KeyPath, str | None] = {("state",): state, ("dispatch", "url"): dispatch}
    gone: list[KeyPath] = [("dispatch", "token")]
    history = data.get("history") or {}
    gone.append(("history",) if set(history) == {"influxdb"} else ("history", "influxdb"))
    for name, url in urls.items():
        connection = data["connections"][name]
        new["connections", name, "url"] = url
        gone += [("connections", name, key) for key in _LEFT_OUT[connection["driver"]]]
    return new | {path: None for path in gone if _has(data, path)}


def rewritten(document: Document, wanted: Changes) -> str:
    """The document's text with these changes and nothing else. Raises Failed if it cannot be sure."""
    root = yaml.compose(document.text, Loader=yaml.CSafeLoader)
    text = document.text
    for (start, end), new in sorted(_edits(text, root, wanted), reverse=True):
        text = text[:start] + new + text[end:]
    if yamlfile.parse(text).data != _changed(document.data, wanted):
        sentence = "{file} cannot be rewritten with certainty; write its connections as lines of key: value"
        raise Failed("not_rewritten", sentence, file=document.path)
    return text


def _has(data: Any, path: KeyPath) -> bool:
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True


def _changed(data: Any, wanted: Changes) -> Any:
    """What the text must then say."""
    changed = deepcopy(data)
    for (*outer, key), new in wanted.items():
        node = changed
        for step in outer:
            node = node[step]
        if new is None:
            del node[key]
        else:
            node[key] = new
    return changed


def _edits(text: str, root: Any, wanted: Changes) -> Iterator[tuple[Span, str]]:
    """Stretches of the text and what stands there instead."""
    gone = {path for path, new in wanted.items() if new is None}
    for (*outer, key), new in wanted.items():
        node = root
        for step in outer:
            node = next(value for name, value in node.value if name.value == step)
        place = next((i for i, (name, _) in enumerate(node.value) if name.value == key), None)
        if new is None:
            assert place is not None, "only what is there is taken away"  # noqa: S101
            kept = any((*outer, name.value) not in gone for name, _ in node.value[:place])
            yield _entry(text, node, place, after_others=kept), ""
        elif place is None:
            first = node.value[0][0].start_mark
            end = ", " if node.flow_style else "\n" + " " * first.column
            yield (first.index, first.index), f"{key}: {json.dumps(new, ensure_ascii=False)}{end}"
        else:
            value = node.value[place][1]
            yield (value.start_mark.index, _end(text, value)), json.dumps(new, ensure_ascii=False)


def _entry(text: str, node: Any, place: int, *, after_others: bool) -> Span:
    """Where an entry of a mapping stands: its whole lines; in braces with the comma that parts it from the others."""
    key, value = node.value[place]
    if not node.flow_style:
        end = text.find("\n", _end(text, value))
        return text.rfind("\n", 0, key.start_mark.index) + 1, len(text) if end < 0 else end + 1
    if after_others:
        return _end(text, node.value[place - 1][1]), _end(text, value)
    return key.start_mark.index, node.value[place + 1][0].start_mark.index


def _end(text: str, node: Any) -> int:
    """Where the text of a value ends; the parser counts what follows a block, up to the next key, to it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start: int = node.start_mark.index
    end: int = node.end_mark.index
    return start + len(text[start:end].rstrip())
