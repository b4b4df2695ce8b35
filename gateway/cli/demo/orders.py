"""Reads the simulated dispatch API's book as the verdict needs it."""

from collections.abc import Iterable
from typing import Any

from gateway.cli.demo.verdict import Order
from simulators.order_book import Order as BookedOrder


def orders_of(booked: Iterable[BookedOrder]) -> list[Order]:
    """Every work order with the wall time at which the API learnt of each level."""
    return [_order(order) for order in booked]


def _order(order: BookedOrder) -> Order:
    reached = {str(order.body["level"]): order.arrived_at}
    for event in order.events:
        level: Any = event["body"].get("level")
        if level is not None:
            reached.setdefault(str(level), event["arrived_at"])
    return Order(
        ticket=order.external_id,
        device=order.body["location"]["asset_id"],
        kind=order.body["category"],
        rule=order.body["source"]["rule"],
        level=str(order.shown()["level"]),
        reached=reached,
    )
