"""JSON Schemas as an editor wants them: what each key means, defaults as a person would write them.

The meanings are those of the reference pages, so that a key is explained in one place.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from gateway.cli.reference.keys import meaning, shown
from gateway.core.plugins import Plugins
from gateway.core.schemas import SCHEMAS, Schema, schema_of
from gateway.core.settings import DetectorUse
from gateway.workbench.testing.testfile import RuleTests

NAMES = (*SCHEMAS, "tests")

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_KINDS = {"30s": "duration", "500MB": "size"}
"""By the first example that the type gives."""
_OF_NUMBERS = ("gt", "ge", "lt", "le")


def editor_schema(name: str, plugins: Plugins) -> Schema:
    """The schema of one kind of file: config, profile, rules or tests."""
    schema = schema_of(RuleTests) if name == "tests" else SCHEMAS[name](plugins)
    for model, node in _models(schema):
        _explain(model, node["properties"])
    for node in _nodes(schema):
        _as_written(node)
    return schema


def _models(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every object in the schema that is a model of ours, with the model's name."""
    named = {id(node): name.rpartition("__")[2] for name, node in schema.get("$defs", {}).items()}
    for node in _nodes(schema):
        if isinstance(node.get("properties"), dict) and (name := named.get(id(node), node.get("title"))):
            yield str(name), node


def _explain(model: str, properties: Schema) -> None:
    """Give each key the meaning that the reference page has, unless it brings its own."""
    owners: list[type[BaseModel]] = [*(owner for owner in _written(BaseModel) if owner.__name__ == model), DetectorUse]
    for key, node in properties.items():
        texts = [text for owner in owners if (text := _meaning(owner, key))]
        if texts and "description" not in node:
            node["description"] = _LINK.sub(r"\1", texts[0])


def _meaning(owner: type[BaseModel], key: str) -> str:
    try:
        return meaning(owner, key)
    except KeyError:
        return ""


def _as_written(node: Schema) -> None:
    """Durations and sizes are texts in the file: what is said of them as numbers is of no use there."""
    default, kind = node.get("default", ""), _KINDS.get(next(_examples(node), ""))
    if kind and isinstance(default, (int, float)):
        node["default"] = shown(default, kind)
    elif default is None or ("pattern" in node and not isinstance(default, str)):
        del node["default"]
    for limit in _OF_NUMBERS:
        node.pop(limit, None)


def _examples(node: Schema) -> Iterator[str]:
    """Those of the node, or of what may stand there."""
    for each in (node, *node.get("anyOf", ())):
        yield from each.get("examples", ())


def _nodes(node: Any) -> Iterator[Schema]:
    """Every mapping in a schema."""
    inner: Iterable[Any] = ()
    if isinstance(node, dict):
        yield node
        inner = node.values()
    elif isinstance(node, list):
        inner = node
    for each in inner:
        yield from _nodes(each)


def _written(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _written(each)
