"""Secrets come from three places, in order, and never show."""

from pathlib import Path

from pydantic import SecretStr

from gateway.core.secrets import Secrets, resolve
from gateway.core.yamlfile import parse


def _written(folder: Path, name: str, value: str, mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(value)
    file.chmod(mode)
    return file


def test_credentials_come_before_the_environment_and_that_before_files(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    secrets = Secrets(tmp_path / "secrets", environment)
    assert secrets.find("api-token") is None
    _written(tmp_path / "secrets", "api-token", "from file\n")
    assert secrets.find("api-token") == SecretStr("from file")
    environment["GATEWAY_SECRET_API_TOKEN"] = "from environment"
    assert secrets.find("api-token") == SecretStr("from environment")
    _written(tmp_path / "credentials", "api-token", "from systemd")
    environment["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    assert secrets.find("api-token") == SecretStr("from systemd")


def test_resolving_puts_values_in_place_and_reports_the_missing_ones(tmp_path: Path) -> None:
    document = parse("a: {password: !secret one}\nb: [!secret two]\n")
    findings = resolve(document, Secrets(tmp_path, {"GATEWAY_SECRET_ONE": "hunter2"}), "warning")
    assert document.data == {"a": {"password": SecretStr("hunter2")}, "b": [SecretStr("")]}
    (missing,) = findings
    assert (missing.kind, missing.line, missing.severity) == ("missing_secret", 2, "warning")
    assert "$CREDENTIALS_DIRECTORY/two, $GATEWAY_SECRET_TWO" in missing.hint()
    assert "hunter2" not in repr(document.data) + missing.show()


def test_a_file_that_everyone_can_read_is_a_warning(tmp_path: Path) -> None:
    _written(tmp_path, "token", "hunter2", 0o644)
    document = parse("token: !secret token\n")
    (finding,) = resolve(document, Secrets(tmp_path, {}), "error")
    assert (finding.kind, finding.severity) == ("open_secret", "warning")
    assert finding.hint().startswith("try: chmod 600")
    assert document.data["token"].get_secret_value() == "hunter2"
