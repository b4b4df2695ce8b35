"""The section `callbacks:` lets others in only over TLS, and only with a secret that is hard to guess."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from gateway.core.callback_settings import Callbacks

SECRET = SecretStr("a-secret-of-the-tests")


@pytest.mark.parametrize("bind", ["127.0.0.1:8788", "localhost:1", "[::1]:80"])
def test_this_machine_needs_no_certificate(bind: str) -> None:
    assert Callbacks(bind=bind, secret=SECRET).bind == bind


@pytest.mark.parametrize("bind", ["0.0.0.0:8788", ":8788", "[::]:8788", "192.168.1.2:8788", "gateway.example:8788"])
def test_others_need_one(bind: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="so certificate and key are needed"):
        Callbacks(bind=bind, secret=SECRET)
    file = tmp_path / "a.pem"
    file.touch()
    assert Callbacks(bind=bind, secret=SECRET, certificate=file, key=file).bind == bind


def test_half_of_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    file.touch()
    with pytest.raises(ValidationError, match="TLS needs both") as refused:
        Callbacks(secret=SECRET, certificate=file)
    assert refused.value.errors()[0]["loc"] == ("certificate",)
    with pytest.raises(ValidationError, match="TLS needs both"):
        Callbacks(secret=SECRET, key=file)


def test_a_certificate_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="path"):
        Callbacks(secret=SECRET, certificate=tmp_path / "none.pem", key=tmp_path / "none.key")


@pytest.mark.parametrize("bind", ["0.0.0.0", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:٣"])
def test_a_bind_needs_a_port(bind: str) -> None:
    with pytest.raises(ValidationError, match="address and a port"):
        Callbacks(bind=bind, secret=SECRET)


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters"):
        Callbacks(secret=SecretStr("hunter2"))
    assert not Callbacks(secret=SecretStr("")).secret  # not on this machine; told as missing_secret
