"""What a person says on the local pages of a running daemon: decided, stored, shown, and told to the dispatch API."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from aiohttp import ClientSession

from gateway.app.daemon import TOKEN_FILE
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins
from gateway.delivery.store import Store
from simulators.property_api import PropertyApi
from tests.app.played import Pumps, ask, running, told
from tests.app.small_site import GOOD, LOW, until

PROOF = "tickets: {policies: {yellow_48h: {close: 48h, evidence: true}}, common_cause: {within: 0s}}\n"


def with_proof(config: Config, plugins: Plugins) -> Config:
    config.path.write_text(config.path.read_text() + PROOF)
    loaded = load(config.path, plugins=plugins, environment={})
    assert loaded.config is not None, loaded.findings
    return loaded.config


async def say(config: Config, path: str, **said: Any) -> tuple[int, Any]:
    token = (config.state_folder / TOKEN_FILE).read_text()
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://{config.web.bind}{path}"
    async with ClientSession(headers=headers) as session, session.post(url, json={"by": "li", **said}) as answer:
        return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())


async def low_pressure(config: Config, pumps: Pumps) -> str:
    """A ticket of the first pump."""
    pumps.shown["P-0"] = LOW
    found: list[Mapping[str, Any]] = []

    async with ClientSession() as session:
        while not found:
            async with session.get(f"http://{config.web.bind}/api/tickets") as answer:
                found = await answer.json()
    return str(found[0]["id"])


async def test_a_ticket_goes_its_way_and_closing_needs_evidence(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    site = with_proof(config, plugins)
    async with running(site, plugins):
        path = f"/api/tickets/{await low_pressure(site, pumps)}"
        assert (await say(site, f"{path}/ack"))[0] == 200
        assert (await say(site, f"{path}/progress", percent=60, minutes_left=30, text="更换阀门"))[0] == 200
        refused = await say(site, f"{path}/close")
        assert (refused[0], refused[1]["kind"]) == (409, "evidence_needed")
        under_way = await ask(site, path)
        assert (await say(site, f"{path}/resolve"))[0] == 200
        assert (await say(site, f"{path}/reject", text="仍然偏低"))[0] == 200
        again = await ask(site, path)
        assert (await say(site, f"{path}/close", evidence=["IMG-1201"], verdict="false"))[0] == 200
        missing = await say(site, f"{path}/resolve")
        over = await ask(site, path)
        await until(lambda: bool(told("closed", api)))
    assert (under_way["status"], under_way["public_state"], under_way["percent"]) == ("in_progress", "under_way", 60)
    assert under_way["minutes_left"] in {29, 30}
    assert {"fired", "detected", "created", "accepted", "progress"} <= {*under_way["life"]}
    assert [*under_way["life"].values()] == sorted(under_way["life"].values())
    assert (again["status"], again["reopened"], again["step_name"]) == ("open", 1, "department_head")
    assert missing[0] == 404
    assert [entry["event"] for entry in over["entries"]] == [
        *("created", "acknowledged", "progress", "resolved", "reopened", "closed"),
    ]
    assert [entry["number"] for entry in over["entries"]] == [*range(6)]
    assert {entry["by"] for entry in over["entries"][1:]} == {"li"}
    assert (over["evidence_refs"], over["limits"]["close"]) == (["IMG-1201"], "met")


async def test_a_silence_holds_back_and_its_end_lets_go(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    site = with_proof(config, plugins)
    async with running(site, plugins):
        unknown = await say(site, "/api/silences", device="P-9", reason="noise", for_s=60)
        status, made = await say(site, "/api/silences", device="P-0", reason="阀门检修", for_s=3600)
        path = f"/api/tickets/{await low_pressure(site, pumps)}"
        held, report = await ask(site, path), await ask(site, "/api/status")
        refused = await say(site, f"{path}/resolve")
        listed = await ask(site, "/api/silences")
        assert not api.book.orders
        ended = await say(site, f"/api/silences/{made['id']}/end")
        free = await ask(site, path)
        await until(lambda: bool(api.book.orders))
        gone = await ask(site, "/api/silences")
        twice = await say(site, f"/api/silences/{made['id']}/end")
    assert (unknown[0], unknown[1]["kind"]) == (409, "why_no_device")
    assert (status, made["by"], made["until"] - made["made_at"]) == (200, "li", 3600.0)
    assert (held["held"], report["held"], report["open_tickets"][0]["held"]) == ("silence", 1, "silence")
    assert (refused[0], refused[1]["kind"]) == (409, "not_told_yet")
    assert ([each["id"] for each in listed], gone) == ([made["id"]], [])
    assert (ended[0], twice[0]) == (200, 404)
    assert free["held"] is None, "stored in the transaction that ended the silence"


async def test_a_silence_outlives_the_daemon(config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi) -> None:
    site = with_proof(config, plugins)
    async with running(site, plugins):
        _, made = await say(site, "/api/silences", device="P-0", reason="阀门检修", for_s=3600)
    with closing(Store(site.state_folder)) as store:
        assert [each.id for each in store.load().silences] == [made["id"]]
    async with running(site, plugins):
        path = f"/api/tickets/{await low_pressure(site, pumps)}"
        assert (await ask(site, path))["held"] == "silence"
        pumps.shown["P-0"] = GOOD
    assert not api.book.orders
