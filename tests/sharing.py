"""How the workers of pytest-xdist share the tests: by file, and what runs against the clock by one worker of all.

A plugin of tests/conftest.py, without effect where there are no workers.
"""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

CLOCKED = ("tests/whole/", "tests/cli/test_demo_process.py", "tests/app/test_reload_hostile.py")
"""Whole properties, many times faster than the wall: one at a time, first, and before the others at the processor."""
_YIELD = 3  # of `nice`: half the share of the processor


class Shares(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """Gives out whole files, and all of the clocked ones together."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return "clocked" if scope.startswith(CLOCKED) else scope


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Shares:
    config.option.loadscopereorder = False  # files with many tests are not the ones that take long
    return Shares(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:  # the clocked ones, then backwards: the long files are those of workbench
        items.sort(key=lambda item: (item.nodeid.startswith(CLOCKED), item.path), reverse=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(CLOCKED) and os.nice(0) == 0:
        os.nice(_YIELD)
