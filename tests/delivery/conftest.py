"""Tickets and messages as the desk makes them, and an empty store."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from gateway.core.types import Message, Ticket
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from simulators.property_api import PropertyApi
from tests.delivery.bench import TOKEN
from tests.delivery.made import make_message, make_opened, make_ticket


@pytest.fixture
def ticket() -> Callable[..., Ticket]:
    """Ticket `number`."""
    return make_ticket


@pytest.fixture
def message() -> Callable[..., Message]:
    """A message about a ticket; number 0 creates it."""
    return make_message


@pytest.fixture
def opened() -> Callable[..., Changes]:
    """The changes of a tick in which ticket `number` is born."""
    return make_opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state")
    yield store
    store.close()


@pytest.fixture
async def api() -> AsyncIterator[PropertyApi]:
    async with PropertyApi(token=TOKEN) as server:
        yield server
