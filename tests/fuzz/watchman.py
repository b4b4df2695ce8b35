"""Sees whatever Python does to the machine: files opened, modules imported, code run, processes, sockets."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

COMPILING = ("compile", "object.__getattr__", "sys._getframe", "builtins.id")
"""`ast.parse` is a compilation that runs nothing; messages may ask who called them, and syntax trees who they are."""
READING = ("open", "os.listdir", "os.scandir", "glob.glob", "pathlib.Path.glob")

_seen: list[str] | None = None


def _hook(event: str, _arguments: object) -> None:
    if _seen is not None:
        _seen.append(event)


sys.addaudithook(_hook)


@contextmanager
def watching(harmless: Collection[str]) -> Iterator[list[str]]:
    """Whatever else happens in the block; a hook cannot be taken away, so outside of it nothing is noted."""
    global _seen  # noqa: PLW0603
    _seen = []
    harm: list[str] = []
    try:
        yield harm
    finally:
        harm += [event for event in _seen if event not in harmless]
        _seen = None
