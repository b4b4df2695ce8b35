"""docs/reference/commands.md: every command as its own --help describes it."""

import inspect
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer

from gateway.cli.main import app
from gateway.cli.reference.markdown import code, page, table

_INTRO = """
Every command prints its help with `--help`. Exit status: 0 fine, 1 the thing asked about failed (a rule test, a bad
configuration, a degraded daemon), 2 wrong use.
"""


def commands_page() -> str:
    """The page."""
    return page("Commands", _INTRO, *(_section(path, command) for path, command in commands()))


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that a person may type, groups before their members, in the order of --help."""
    yield from _below("gateway", typer.main.get_command(app))


def _below(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if hasattr(command, "commands"):
            yield from _below(f"{path} {name}", command)


def _section(path: str, command: Any) -> str:
    hints = get_type_hints(command.callback, include_extras=True) if command.callback else {}
    params = [param for param in command.params if param.name != "help" and not getattr(param, "hidden", False)]
    rows = [
        (_names(param), _kind(hints[param.name]), _default(param), getattr(param, "help", "") or "") for param in params
    ]
    head = ("argument or option", "value", "default", "meaning")
    shown = table(head, rows) if rows else ""
    usage = code(_usage(path, command, params))
    return "\n\n".join(part for part in (f"## {path}", usage, inspect.cleandoc(command.help or ""), shown) if part)


def _usage(path: str, command: Any, params: Sequence[Any]) -> str:
    arguments = [_argument(param) for param in params if param.param_type_name == "argument"]
    options = ["[OPTIONS]"] if len(params) > len(arguments) else []
    return " ".join([path, *options, *arguments, *(["COMMAND"] if hasattr(command, "commands") else [])])


def _argument(param: Any) -> str:
    name = param.name.upper() + ("…" if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return code(_argument(param))
    return ", ".join(code(name) for name in sorted(param.opts, key=len, reverse=True))


def _kind(hint: Any) -> str:
    """What can be given, from the annotation of the command's own function; nothing for a switch."""
    kind, *marks = get_args(hint)
    limits = [
        f"{word} {limit:g}"
        for mark in marks
        for word, limit in (("at least", getattr(mark, "min", None)), ("at most", getattr(mark, "max", None)))
        if limit is not None
    ]
    return ", ".join(part for part in (_words(kind), *limits) if part)


def _words(kind: Any) -> str:
    for inner in get_args(kind):
        if get_origin(kind) is not Literal and inner is not type(None):
            return _words(inner)
    if get_origin(kind) is Literal:
        return ", ".join(code(each) for each in get_args(kind))
    if issubclass(kind, Enum):
        return ", ".join(code(each.value) for each in kind)
    return {bool: "", Path: "path", str: "text", int: "whole number", float: "number"}[kind]


def _default(param: Any) -> str:
    given = param.default
    return "" if given is None or given is False or given == "" else code(given)
