"""Reads YAML files that people write; nothing that a file holds can crash, stall or fill the program."""

from pathlib import Path

from pydantic_core import PydanticCustomError

from gateway.core.document import Document
from gateway.core.regular import open_regular
from gateway.core.yamlbuild import build

_LARGEST_FILE = 1 << 20


def read(path: Path) -> Document:
    """Read a file of at most 1 MiB. Never raises for what the file holds: see `Document.problems`."""
    document = Document(path)
    try:
        with open_regular(path) as file:
            raw = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        _refuse(document, PydanticCustomError("file_missing", "there is no such file"))
    except OSError as error:
        reason = {"reason": error.strerror or type(error).__name__}
        _refuse(document, PydanticCustomError("file_unreadable", "the file cannot be read: {reason}", reason))
    else:
        _decode(document, raw)
    return document


def parse(text: str, path: Path = Path("text")) -> Document:
    """The same for a text at hand."""
    document = Document(path)
    _decode(document, text.encode())
    return document


def _decode(document: Document, raw: bytes) -> None:
    if len(raw) > _LARGEST_FILE:
        _refuse(document, PydanticCustomError("file_too_large", "the file is larger than 1 MiB"))
        return
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = {"offset": error.start}
        _refuse(document, PydanticCustomError("not_utf8", "the file is not UTF-8 text (byte {offset})", at))
        return
    document.text = text.replace("\r\n", "\n").replace("\r", "\n")
    build(document)


def _refuse(document: Document, problem: PydanticCustomError) -> None:
    document.problems.append(document.finding(problem))
