"""Texts that a device says of itself: where they may lie, and that asking for them never costs a value."""

from collections import deque
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.core.clock import SystemClock
from tests.drivers.modbus_servers import FaultServer, device, driver, profile, serving, until

MODEL = {"name": "model", "address": 100, "registers": 4}
SERIAL = {"name": "serial", "address": 200, "registers": 2}


@pytest.mark.parametrize(
    ("change", "settings", "kind", "where"),
    [
        ({"address": 0}, {"address_base": 1}, "address_below_base", "address"),
        ({"address": 65533}, {}, "address_out_of_range", "address"),
        ({"address": 65534}, {"address_base": 1}, "address_out_of_range", "address"),
        ({}, {"forbidden": [{"from": 103, "to": 103}]}, "forbidden_point", "address"),
        ({}, {"max_registers": 3}, "wider_than_a_read", "registers"),
    ],
)
def test_what_can_be_wrong_with_a_text(change: dict[str, Any], settings: dict[str, Any], kind: str, where: str) -> None:
    profile({"address": 1}, texts=[{**MODEL, "address": 65532}])
    profile({"address": 1}, texts=[{**MODEL, "address": 65533}], address_base=1)
    with pytest.raises(ValidationError) as caught:
        profile({"address": 1}, texts=[{**MODEL, **change}], **settings)
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [(kind, ("texts", 0, where))]


@pytest.mark.parametrize("fault", ["close", "short", "silent", "exc6"])
async def test_a_device_that_cannot_be_asked_for_texts_is_read_all_the_same(fault: str) -> None:
    what = profile({"address": 0}, texts=[MODEL, SERIAL])
    async with serving(FaultServer(script=deque(["good", fault]))) as server:
        line = driver(server.port, what, device("ups"), clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 4)
    assert {int(batch.values[0]) for batch in batches} <= server.answered[1]
    assert batches[0].values[0] == 1
    assert line.health()["ups"].state == "good"
    texts = [address for address, _ in server.reads if address >= 100]
    assert texts == ([100, 200] if fault == "exc6" else [100]), "what costs time or the line is tried once"


def test_the_last_address_of_a_manual_that_counts_from_one_can_be_read() -> None:
    what = profile({"address": 65536}, {"address": 65534, "type": "u32"}, address_base=1)
    assert [place.address for place in what.places] == [65535, 65533]
    for address, base in ((65536, 0), (65537, 1)):
        with pytest.raises(ValidationError, match=f"address {address} is outside 0-65535"):
            profile({"address": address}, address_base=base)
