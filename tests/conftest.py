"""What tests of several rooms need: server programs on free ports, and the flag that rewrites golden files."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import needs
from tests.ports import free_port

pytest_plugins = ["tests.sharing"]

hypothesis.settings.register_profile("untimed", deadline=None)  # the machine may have other things to do
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/cli --update`."""
    parser.addoption("--update", action="store_true", help="rewrite the expected output of golden cases")


class Mosquitto:
    """A real Mosquitto that can be stopped, killed and started again on the same port, all within one test."""

    username = "gateway"
    password = "a-password-of-the-tests"
    host = "127.0.0.1"

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        passwords = folder / "passwords"
        self.allow()
        self.settings = [
            f"listener {self.port} {self.host}",
            "allow_anonymous false",
            f"password_file {passwords}",
            "persistence false",
            "user root",
            "log_dest file " + str(folder / "mosquitto.log"),
        ]

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    def allow(self, *others: str) -> None:
        """Set who may come, beside the gateway; all have the same password. Before the start."""
        passwords = self._folder / "passwords"
        passwords.write_text("".join(f"{name}:{self.password}\n" for name in (self.username, *others)))
        tool = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        subprocess.run([tool, "-U", str(passwords)], check=True)

    def start(self, *settings: str) -> None:
        """Start, with further lines of configuration, and return once it listens."""
        file = self._folder / "mosquitto.conf"
        file.write_text("\n".join([*self.settings, *settings]) + "\n")
        self._process = subprocess.Popen([self._program, "-c", str(file)])
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            assert self._process.poll() is None, (self._folder / "mosquitto.log").read_text()
            time.sleep(0.02)
        pytest.fail("Mosquitto did not open its port within 4 s")

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:  # it happens that it does not hear
                self._process.kill()
                self._process.wait(10)
            self._process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running Mosquitto with one user. Absent: skipped on a desk, a failure where CI=true."""
    broker = Mosquitto(needs.program("mosquitto"), tmp_path)
    broker.start()
    yield broker
    broker.kill()
