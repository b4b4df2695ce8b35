"""Finds the values behind `!secret name`: systemd credentials, the environment, or a file; never the configuration."""

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from gateway.core.document import Document, KeyPath, SecretRef
from gateway.core.findings import Finding, Severity

_LONGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where secrets may be, in the order of precedence; `folder` is the one beside config.yaml."""

    folder: Path
    environment: Mapping[str, str]

    def find(self, name: str) -> SecretStr | None:
        """The value, or None if no place has it. A line break at the end of a file is not part of it."""
        credentials = self.environment.get("CREDENTIALS_DIRECTORY")
        if credentials and (value := _content(Path(credentials) / name)) is not None:
            return value
        if (text := self.environment.get(self.variable(name))) is not None:
            return SecretStr(text)
        return _content(self.folder / name)

    def places(self, name: str) -> tuple[str, ...]:
        """Where the value may be put, for people."""
        return f"$CREDENTIALS_DIRECTORY/{name}", f"${self.variable(name)}", str(self.folder / name)

    def readable_by_all(self, name: str) -> Path | None:
        """The file of this secret if everyone on the machine may read it."""
        file = self.folder / name
        return file if file.is_file() and file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH) else None

    @staticmethod
    def variable(name: str) -> str:
        """The environment variable of a secret: mqtt_password is GATEWAY_SECRET_MQTT_PASSWORD."""
        return "GATEWAY_SECRET_" + re.sub(r"\W", "_", name).upper()


def resolve(document: Document, secrets: Secrets, missing: Severity) -> list[Finding]:
    """Put the values in the places of every `!secret name` of the document, and say which are missing.

    With `missing="warning"` an absent secret becomes an empty one, so that the rest can be checked without it.
    """
    findings = []
    for path, reference in list(_references(document.data)):
        value = secrets.find(reference.name)
        if value is None:
            context = {"name": reference.name, "choices": list(secrets.places(reference.name))}
            problem = PydanticCustomError("missing_secret", "the secret {name} is nowhere to be found", context)
            findings.append(document.finding(problem, path, severity=missing))
        elif (file := secrets.readable_by_all(reference.name)) is not None:
            context = {"file": str(file), "hint": f"chmod 600 {file}"}
            problem = PydanticCustomError("open_secret", "everyone on this machine can read {file}", context)
            findings.append(document.finding(problem, path, severity="warning"))
        document.replace(path, value or SecretStr(""))
    return findings


def _references(node: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, SecretRef]]:
    if isinstance(node, SecretRef):
        yield path, node
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in steps:
        yield from _references(inner, (*path, step))


def _content(file: Path) -> SecretStr | None:
    try:
        with file.open(encoding="utf-8") as opened:
            return SecretStr(opened.read(_LONGEST).rstrip("\r\n"))
    except (OSError, UnicodeDecodeError):
        return None
