"""One Sparkplug edge node: its births and deaths, and who on it is listened to.

The gateway never publishes, so it cannot ask a node to be born again. Where a birth was missed, metrics that come with
their names still count; metrics by alias alone are refused, for an alias means nothing without its birth.
"""

from collections import Counter
from collections.abc import Sequence

from drivers.device import Batch
from drivers.mqtt.ears import read
from drivers.mqtt.inbox import Arrived
from drivers.mqtt.member import Member
from drivers.mqtt.sparkplug import Payload, decode
from drivers.refused import Refused

NODE = ""
"""Stands for the node itself where a device's name would stand."""

_ROUND = 256  # the sequence number is a byte


class EdgeNode:
    """Listens to all messages of one node, for they are numbered together."""

    def __init__(self, name: str, counts: Counter[str]) -> None:
        self._name = name
        self._counts = counts
        self._members: dict[str, list[Member]] = {}
        self._life: int | float | str | None = None  # the number (bdSeq) that a birth and its death share
        self._seq: int | None = None

    def add(self, device: str, member: Member) -> None:
        """One more of our devices; `device` is its name on the node, or NODE."""
        self._members.setdefault(device, []).append(member)

    def hear(self, kind: str, device: str, arrived: Arrived) -> Sequence[Batch]:
        """The batches that a message makes, oldest first. Kinds are NBIRTH, DDATA and so on; others are ignored."""
        members = self._members.get(device, [])
        try:
            payload = decode(read(arrived))
        except Refused as refusal:
            for member in members:
                member.feed.refuse(refusal, arrived.time)
            return ()
        if kind == "NDEATH":
            return self._died(payload, arrived)
        if kind not in {"NBIRTH", "NDATA", "DBIRTH", "DDATA", "DDEATH"}:
            return ()
        if not arrived.old:
            self._count(kind, payload)
        if kind == "DDEATH":
            why = "its edge node lost it (DDEATH)"
            return [batch for member in members for batch in member.leave(why, arrived.time)]
        birth = kind.endswith("BIRTH")
        return [batch for member in members for batch in member.take(payload, arrived, birth=birth)]

    def _count(self, kind: str, payload: Payload) -> None:
        """Follow the numbers. After a gap a birth may have been missed, and with it what the aliases mean now."""
        if kind == "NBIRTH":
            self._life = _life(payload)
            self._forget_births()
        elif payload.seq is None or payload.seq == self._seq:
            return
        elif self._seq is not None and payload.seq != (self._seq + 1) % _ROUND:
            self._counts["sequence_gaps"] += 1
            self._forget_births()
        self._seq = payload.seq

    def _died(self, payload: Payload, arrived: Arrived) -> Sequence[Batch]:
        life = _life(payload)
        if None not in {life, self._life} and life != self._life:
            self._counts["repeated"] += 1  # the will of an earlier life: the node has been born again since
            return ()
        self._seq = None
        why = f"the edge node {self._name} is gone (NDEATH)"
        everybody = [member for members in self._members.values() for member in members]
        return [batch for member in everybody for batch in member.leave(why, arrived.time)]

    def _forget_births(self) -> None:
        for members in self._members.values():
            for member in members:
                member.forget_birth()


def _life(payload: Payload) -> int | float | str | None:
    return next((metric.raw for metric in payload.metrics if metric.name == "bdSeq"), None)
