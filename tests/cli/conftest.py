"""The flag that rewrites golden files: `pytest tests/cli --update`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected output of golden cases")
