"""The secrets and the maker of whole properties."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.whole.house import SECRETS, House, Site

Build = Callable[[Site, float], House]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the programs are told by their environment, and nothing that a machine may have there."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    for name in ("STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Make a house: (site, speed) -> House."""
    return lambda site, speed: House(tmp_path, site, speed)
