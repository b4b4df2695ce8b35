"""The people around a whole property: chat groups, programs on the broker, and a property company that calls back."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gateway.core.clock import SystemClock
from gateway.core.document import SecretRef
from simulators.order_hooks import Hooks, signed
from simulators.robots import Robots
from tests.ports import free_port
from tests.whole.house import SECRETS, House, Site

TOKEN, SIGN = SECRETS["GATEWAY_SECRET_ROBOT_TOKEN"], SECRETS["GATEWAY_SECRET_ROBOT_SIGN"]
SECRET = SECRETS["GATEWAY_SECRET_CALLBACKS"]


class People:
    """Whom a site tells: a group for every red ticket, one for what nobody answers, one for the department's head."""

    def __init__(self, site: Site) -> None:
        """Write their channels and the address for callbacks into a site's configuration; its broker is needed."""
        self.robots = Robots(port=free_port(), token=TOKEN, secret=SIGN)
        self.callbacks = f"http://127.0.0.1:{free_port()}"
        robots = {"url": "", "token": SecretRef("robot_token"), "secret": SecretRef("robot_sign")}
        site["channels"] = {
            "duty-group": {**robots, "channel": "dingtalk", "url": self.robots.url("dingtalk")},
            "heads": {**robots, "channel": "feishu", "url": self.robots.url("feishu")},
            "office": {"channel": "wecom", "url": self.robots.url("wecom"), "token": SecretRef("robot_token")},
            "programs": {
                "channel": "mqtt",
                "url": site["connections"]["broker"]["url"],
                "username": "gateway",
                "password": SecretRef("mqtt_password"),
            },
        }
        site["tickets"] |= {
            "notify": {"red": ["duty-group", "programs"], "yellow": ["programs"], "unanswered": ["office"]},
            "ladder": [
                {"step": "butler"},
                {"step": "department_head", "channels": ["heads"]},
                {"step": "project_manager", "channels": ["heads"]},
            ],
        }
        site["callbacks"] = {"bind": self.callbacks.removeprefix("http://"), "secret": SecretRef("callbacks")}

    def texts(self, kind: str) -> list[str]:
        """What a robot's group has read."""
        return self.robots.groups[kind].texts

    def hooks(self) -> Hooks:
        """The property company's way to call back."""
        return Hooks(self.callbacks, SECRET)

    async def say(self, path: str, said: Mapping[str, Any], secret: str = SECRET) -> int:
        """One request to the address for callbacks; returns the status, or 0 if nobody answers."""
        body = json.dumps({"at": SystemClock().now(), **said}).encode()
        headers = signed(secret, body, int(SystemClock().now()))
        request = urllib.request.Request(f"{self.callbacks}/v1/{path}", body, headers)  # noqa: S310 - http, this machine
        return await asyncio.to_thread(_status, request)


async def ticket_of(house: House, device: str) -> Mapping[str, Any]:
    """The newest ticket of a device with all that is known of it; empty if there is none."""
    tickets = [each for each in await house.page("/api/tickets") or [] if each["device"] == device]
    return await house.page(f"/api/tickets/{tickets[0]['id']}") or {} if tickets else {}


async def write_order(house: House, ticket_id: str, said: Mapping[str, Any]) -> None:
    """Somebody at the property company writes to a work order."""
    headers = {"Authorization": f"Bearer {SECRETS['GATEWAY_SECRET_DISPATCH_TOKEN']}"}
    url = f"{house.api.url}/work-orders/{quote(ticket_id, safe='')}"
    request = urllib.request.Request(url, json.dumps(said).encode(), headers, method="PUT")  # noqa: S310 - http, this machine
    assert await asyncio.to_thread(_status, request) == 200


def events(house: House, ticket_id: str) -> list[Mapping[str, Any]]:
    """What the dispatch API was told of a ticket after its creation, in order."""
    return [event["body"] for event in house.api.book.orders[ticket_id].events]


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - see above
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
