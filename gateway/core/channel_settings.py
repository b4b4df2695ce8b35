"""Reads the section `channels` of config.yaml, each entry as its kind's own model; and what addresses may be."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from gateway.core.channel import ChannelSettings
from gateway.core.document import Document, KeyPath
from gateway.core.explain import validated
from gateway.core.findings import Finding
from gateway.core.plant import entries
from gateway.core.plugins import Plugins

_ADDRESS = re.compile(r"https?://[^\s/@?#]+(/[^\s@?#]*)?")
_KEY_IN_ADDRESS = re.compile(r"[?@]|/hook/[^/\s]")
"""Where the three robots' addresses, as their pages show them, have their key."""


@dataclass(slots=True)
class Channels:
    """The channels that are right, by name, and what is wrong with the others."""

    channels: dict[str, ChannelSettings] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_channels(document: Document, plugins: Plugins) -> Channels:
    """Every channel; all problems of all of them at once."""
    found = Channels()
    for name, raw in entries(document, "channels"):
        _read(found, document, ("channels", name), raw, plugins)
    return found


def _read(found: Channels, document: Document, path: KeyPath, raw: Mapping[str, Any], plugins: Plugins) -> None:
    if "channel" not in raw:
        context = {"key": "channel", "choices": list(plugins.channels)}
        problem = PydanticCustomError("missing_key", "{key} is missing here", context)
        found.findings.append(document.finding(problem, path))
    elif (plugin := plugins.channels.get(str(raw["channel"]))) is None:
        found.findings.append(document.finding(plugins.missing("channel", raw["channel"]), (*path, "channel")))
    elif isinstance(url := raw.get("url"), str) and _KEY_IN_ADDRESS.search(url):
        document.hide((*path, "url"))
        text = "the robot's key is part of this address and must not stand in this file"
        problem = PydanticCustomError("secret_in_url", text, {"hint": "token: !secret robot_token"})
        found.findings.append(document.finding(problem, (*path, "url")))
    else:
        settings, problems = validated(plugin.settings, document, path)
        found.findings += problems
        if settings is not None:
            found.channels[str(path[-1])] = settings


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _guarded(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    if not (host and _ADDRESS.fullmatch(url)):
        raise PydanticCustomError("bad_robot_url", "this is not an https:// address", {})
    if not (url.startswith("https:") or is_loopback(host)):
        text = "the robot's key and the tickets would cross the network in the clear"
        raise PydanticCustomError("url_in_clear", text, {"hint": f"https{url.removeprefix('http')}"})
    return url.rstrip("/")


RobotUrl = Annotated[str, AfterValidator(_guarded)]
"""Where a robot listens, without its key: https, or http on this machine; no slash at the end."""
