"""JSON Schemas of the YAML files, for editors, made from the same models that check them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.core.plugins import Plugins
from gateway.core.settings import ConfigFile, DetectorUse
from rules.rule import Pack

Schema = dict[str, Any]

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""The newest one that all editors know; nothing in the schemas needs a newer one."""


def config_schema(plugins: Plugins) -> Schema:
    """config.yaml, with the connections and devices of every installed driver and the settings of every detector."""
    drivers, detectors = plugins.drivers.values(), plugins.detectors
    connections, devices = [d.connection for d in drivers], [d.device for d in drivers]
    settings = [detector.settings for detector in detectors.values()]
    channels = [channel.settings for channel in plugins.channels.values()]
    refs, schema = _referenced([ConfigFile, DetectorUse, *connections, *devices, *settings, *channels])
    top = schema["$defs"].pop(refs[ConfigFile].rpartition("/")[2])
    keys = top["properties"]
    keys["connections"]["additionalProperties"] = _any_of(refs, connections)
    keys["devices"]["items"] = _any_of(refs, devices)
    keys["channels"]["additionalProperties"] = _any_of(refs, channels)
    keys["models"]["additionalProperties"] = {
        "anyOf": [_use(schema, refs, name, detectors[name].settings) for name in detectors]
    }
    return {"$schema": _DIALECT, **top, **schema}


def profile_schema(plugins: Plugins) -> Schema:
    """A device profile: one shape per driver."""
    profiles = [driver.profile for driver in plugins.drivers.values()]
    refs, schema = _referenced(profiles)
    return {"$schema": _DIALECT, "title": "Profile", "oneOf": _any_of(refs, profiles)["anyOf"], **schema}


def pack_schema(_plugins: Plugins) -> Schema:
    """A pack of rules."""
    return schema_of(Pack)


def schema_of(model: type[BaseModel]) -> Schema:
    """A file that is nothing but one model."""
    return {"$schema": _DIALECT, **model.model_json_schema()}


SCHEMAS: Mapping[str, Callable[[Plugins], Schema]] = {
    "config": config_schema,
    "profile": profile_schema,
    "rules": pack_schema,
}


def _referenced(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], str], Schema]:
    made, schema = models_json_schema([(model, "validation") for model in models])
    return {model: made[model, "validation"]["$ref"] for model in models}, schema


def _any_of(refs: Mapping[type[BaseModel], str], models: Iterable[type[BaseModel]]) -> Schema:
    return {"anyOf": [{"$ref": refs[model]} for model in models]}


def _use(schema: Schema, refs: Mapping[type[BaseModel], str], name: str, settings: type[BaseModel]) -> Schema:
    """A detector at work: the keys of every use, and the detector's own."""
    general, own = (schema["$defs"][refs[model].rpartition("/")[2]] for model in (DetectorUse, settings))
    keys = {**general["properties"], **own.get("properties", {}), "detector": {"const": name}}
    required = [*general["required"], *own.get("required", [])]
    shape = {"properties": keys, "required": required, "additionalProperties": False}
    return {"title": settings.__name__, "type": "object", **shape}
