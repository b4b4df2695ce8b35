"""What a machine must have for some tests: where it is absent they are skipped with a sentence, or fail if CI=true."""

import os
import shutil
from typing import NoReturn

import pytest

_SBIN = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"  # where servers are, and the path of most users is not


def program(name: str) -> str:
    """The path of a program."""
    return shutil.which(name) or shutil.which(name, path=_SBIN) or absent(f"this machine has no {name}")


def absent(sentence: str) -> NoReturn:
    """Skip the test, saying why; in CI nothing may be absent."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)
