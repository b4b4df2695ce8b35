"""Which topics a connection listens to, and who hears what arrives there."""

from collections import Counter
from collections.abc import Mapping, Sequence

from drivers.device import Batch
from drivers.mqtt.ears import AvailabilityEar, Ear, JsonEar, ScalarEar
from drivers.mqtt.feed import Feed
from drivers.mqtt.gathering import Gathering
from drivers.mqtt.inbox import Arrived
from drivers.mqtt.member import Member
from drivers.mqtt.node import NODE, EdgeNode
from drivers.mqtt.profile import MqttDevice, MqttPoint, MqttProfile, topic_of
from drivers.mqtt.topics import POINT, SPARKPLUG, filled
from drivers.scalar import Values

_KEPT_BIRTHS = "$sparkplug/certificates/"
"""Where a broker that knows Sparkplug keeps the births; on another broker nothing ever comes from there."""


class Routes:
    """All devices of one broker. Only configured topics make state."""

    def __init__(
        self, devices: Sequence[MqttDevice], profiles: Mapping[str, MqttProfile], counts: Counter[str]
    ) -> None:
        self.feeds: dict[str, Feed] = {}
        self.filters: dict[str, list[str]] = {}
        """What each device needs to be subscribed, by device id."""
        self.wishes: list[str] = []
        """What is also subscribed, though nothing is amiss if the broker denies it."""
        self._ears: dict[str, list[Ear]] = {}
        self._open: dict[Gathering, None] = {}
        self._nodes: dict[tuple[str, str], EdgeNode] = {}
        self._counts = counts
        for device in devices:
            self._add(device, profiles[device.profile])

    @property
    def topics(self) -> tuple[str, ...]:
        """All that is to be subscribed, once each."""
        return tuple(dict.fromkeys([*(t for topics in self.filters.values() for t in topics), *self.wishes]))

    def knows(self, topic: str) -> bool:
        """Whether anybody listens there; nothing else is worth keeping. May be asked from any thread."""
        return topic in self._ears or self._on_node(topic) is not None

    def hear(self, arrived: Arrived) -> Sequence[Batch]:
        """The batches that a message makes; values that come one by one may wait for `close`."""
        ears = self._ears.get(arrived.topic)
        if ears is None:
            found = self._on_node(arrived.topic)
            return found[0].hear(found[1], found[2], arrived) if found else ()
        batches: list[Batch] = []
        for ear in ears:
            batches += ear.hear(arrived)
            if isinstance(ear, ScalarEar):
                self._open[ear.gathering] = None
        return batches

    def close(self) -> list[Batch]:
        """The batches of all values that were waiting for others of the same moment."""
        batches = [batch for gathering in self._open for batch in gathering.close()]
        self._open.clear()
        return batches

    def _add(self, device: MqttDevice, profile: MqttProfile) -> None:
        feed = self.feeds[device.id] = Feed(device, profile, self._counts)
        topic = topic_of(device, profile)
        needed = self.filters[device.id] = []
        if profile.format == "sparkplug":
            needed += self._add_member(topic, Member(feed, profile))
        elif profile.format == "scalar":
            gathering = Gathering(feed)
            for of_point, points in _by_topic(topic, profile).items():
                values = Values(points, len(profile.points), profile.stamp, profile.stamp_unit)
                self._ears.setdefault(of_point, []).append(ScalarEar(gathering, values))
                needed.append(of_point)
        else:
            self._json_ear(topic).add(feed, profile)
            needed.append(topic)
        if profile.availability is not None:
            said_at = filled(profile.availability.topic, device.word)
            self._ears.setdefault(said_at, []).append(AvailabilityEar(feed, profile.availability))
            needed.append(said_at)

    def _json_ear(self, topic: str) -> JsonEar:
        ears = self._ears.setdefault(topic, [])
        ear = next((ear for ear in ears if isinstance(ear, JsonEar)), None) or JsonEar()
        if ear not in ears:
            ears.append(ear)
        return ear

    def _add_member(self, address: str, member: Member) -> list[str]:
        """Listen to all of a node, because its messages are numbered together and a death is the node's."""
        group, name, device = [*address.split("/"), NODE][:3]
        node = self._nodes.setdefault((group, name), EdgeNode(name, self._counts))
        node.add(device, member)
        topics = [f"{SPARKPLUG}/{group}/+/{name}", f"{SPARKPLUG}/{group}/+/{name}/+"]
        self.wishes += [_KEPT_BIRTHS + topic for topic in topics]
        return topics

    def _on_node(self, topic: str) -> tuple[EdgeNode, str, str] | None:
        """The Sparkplug node of a topic, the kind of message, and the device that it is about."""
        if not self._nodes:
            return None
        levels = topic.removeprefix(_KEPT_BIRTHS).split("/")
        if levels[0] != SPARKPLUG or len(levels) not in {4, 5}:
            return None
        _, group, kind, name, device = [*levels, NODE][:5]
        node = self._nodes.get((group, name))
        return None if node is None else (node, kind, device)


def _by_topic(template: str, profile: MqttProfile) -> dict[str, dict[int, MqttPoint]]:
    """The points by their topics, and by column; several points may lie in the messages of one topic."""
    topics: dict[str, dict[int, MqttPoint]] = {}
    for column, point in enumerate(profile.points):
        topics.setdefault(template.replace(POINT, point.topic or point.name), {})[column] = point
    return topics
