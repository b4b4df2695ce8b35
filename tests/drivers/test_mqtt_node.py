"""A Sparkplug edge node: births name, numbers count, deaths end, and what is not sure is unknown."""

import math
from collections import Counter
from typing import Any

import numpy as np

from drivers.device import Batch, Health
from drivers.mqtt import MqttDevice, MqttProfile
from drivers.mqtt.inbox import Arrived, Old
from drivers.mqtt.link import Standing
from drivers.mqtt.routes import Routes
from tests.drivers.sparkplug_wire import (
    ALIAS,
    DATATYPE,
    FLOAT,
    HISTORICAL,
    INT,
    LONG,
    NAME,
    NULL,
    STRING,
    TIMESTAMP,
    metric,
    payload,
)

NOW = 1_773_532_800.0
NAN = math.nan
CONNECTED = Standing(connected=True, reason="", since=NOW - 100)
PROFILE = {
    "profile": "pump",
    "format": "sparkplug",
    "topic": "site/plc/{device}",
    "points": [
        {"name": "temp", "metric": "Motor/Temp", "low": -40, "high": 200},
        {"name": "mode", "map": {"auto": 0, "hand": 1}},
    ],
}
BIRTH = (
    metric((NAME, "Motor/Temp"), (ALIAS, 1), (DATATYPE, 3), (TIMESTAMP, 0), (INT, 20)),
    metric((NAME, "mode"), (ALIAS, 2), (DATATYPE, 12), (STRING, "auto")),
    metric((NAME, "Firmware"), (ALIAS, 3), (DATATYPE, 12), (STRING, "1.0")),
)


def temp(value: int, at: float | None = None, **by: int | str) -> bytes:
    stamp = [] if at is None else [(TIMESTAMP, round((NOW + at) * 1000))]
    which: list[tuple[int, int | str]] = [(NAME, by["name"])] if "name" in by else [(ALIAS, by.get("alias", 1))]
    return metric(*which, *stamp, (INT, value % (1 << 32)))


class Plant:
    """The pump P-1 on the edge node `plc`, perhaps with the node itself as a device, and what is heard of it."""

    def __init__(self, *more: dict[str, Any], **profile: Any) -> None:
        self.counts: Counter[str] = Counter()
        devices = [{"id": "P-1"}, *more]
        common = {"profile": "pump", "on": "broker", "every": "5s"}
        self.routes = Routes(
            [MqttDevice.model_validate({**common, **each}) for each in devices],
            {"pump": MqttProfile.model_validate({**PROFILE, **profile})},
            self.counts,
        )

    def hear(
        self, kind: str, *metrics: bytes, seq: int | None = None, at: float = 0.0, of: str = "P-1", old: Old = ""
    ) -> list[Batch]:
        topic = f"spBv1.0/site/{kind}/plc" + (f"/{of}" if kind[0] == "D" else "")
        body = payload(*metrics, seq=seq, stamp=NOW + at)
        return list(self.routes.hear(Arrived(topic, body, NOW + at + 0.1, old)))

    def born(self, at: float = 0.0, life: int = 4) -> list[Batch]:
        self.hear("NBIRTH", metric((NAME, "bdSeq"), (LONG, life)), seq=0, at=at)
        return self.hear("DBIRTH", *BIRTH, seq=1, at=at)

    def stands(self, at: float, device: str = "P-1") -> Health:
        return self.routes.feeds[device].health(NOW + at, CONNECTED, None)


def test_it_listens_to_its_node_and_to_births_that_a_broker_keeps() -> None:
    plant = Plant()
    own = ["spBv1.0/site/+/plc", "spBv1.0/site/+/plc/+"]
    assert plant.routes.filters == {"P-1": own}
    assert plant.routes.topics == (*own, *(f"$sparkplug/certificates/{topic}" for topic in own))


def test_a_birth_names_what_data_brings_by_alias() -> None:
    plant = Plant()
    (birth,) = plant.born()
    assert (birth.device, birth.time, birth.values.tolist()) == ("P-1", NOW, [20, 0])
    (cold,) = plant.hear("DDATA", temp(-7), seq=2, at=1.0)
    assert (cold.time, cold.values.tolist()) == (NOW + 1, [-7, 0])
    (hand,) = plant.hear("DDATA", metric((ALIAS, 2), (STRING, "hand")), seq=3, at=2.0)
    assert hand.values.tolist() == [-7, 1]
    (null,) = plant.hear("DDATA", metric((ALIAS, 1), (NULL, 1)), seq=4, at=3.0)
    np.testing.assert_array_equal(null.values, [NAN, 1])
    (beyond,) = plant.hear("DDATA", temp(999), seq=5, at=4.0)
    np.testing.assert_array_equal(beyond.values, [NAN, 1])
    assert plant.counts["sequence_gaps"] == 0
    assert plant.stands(5.0).state == "good"


def test_data_by_alias_before_its_birth_is_refused_and_data_by_name_is_not() -> None:
    plant = Plant()
    assert plant.hear("DDATA", temp(30), seq=7) == []
    assert plant.counts["refused_birth"] == 1
    assert plant.stands(1.0) == Health(
        "bad",
        "last message refused: metrics by alias, and the birth certificate that names them was missed; "
        "have its edge node born again",
        NOW + 0.1,
    )
    named = metric((NAME, "Motor/Temp"), (DATATYPE, 3), (INT, 30))
    (batch,) = plant.hear("DDATA", named, seq=8, at=1.0)
    np.testing.assert_array_equal(batch.values, [30, NAN])
    (unsure,) = plant.hear("DDATA", temp(251, name="Motor/Temp"), seq=9, at=2.0)
    np.testing.assert_array_equal(unsure.values, [NAN, NAN], "nobody said whether 251 is -5")


def test_after_a_gap_aliases_mean_nothing_until_the_next_birth() -> None:
    plant = Plant()
    plant.born()
    assert len(plant.hear("DDATA", temp(21), seq=2, at=1.0)) == 1
    assert plant.hear("DDATA", temp(22), seq=4, at=2.0) == []
    assert (plant.counts["sequence_gaps"], plant.counts["refused_birth"]) == (1, 1)
    assert plant.hear("DDATA", temp(23), seq=5, at=3.0) == []
    assert len(plant.born(at=4.0)) == 1
    assert len(plant.hear("DDATA", temp(24), seq=2, at=5.0)) == 1


def test_messages_of_devices_that_are_not_ours_keep_the_count_and_make_no_state() -> None:
    plant = Plant()
    plant.born()
    for seq in range(2, 600):
        of = f"stranger-{seq}"
        assert plant.hear("DDATA", temp(1), seq=seq % 256, at=1.0, of=of) == []
    assert len(plant.hear("DDATA", temp(21), seq=600 % 256, at=2.0)) == 1
    assert plant.counts["sequence_gaps"] == 0
    assert set(plant.routes.feeds) == {"P-1"}
    (node,) = plant.routes._nodes.values()
    assert set(node._members) == {"P-1"}


def test_a_message_that_comes_twice_is_no_gap_and_no_news() -> None:
    plant = Plant()
    plant.born()
    assert len(plant.hear("DDATA", temp(21, at=1.0), seq=2, at=1.0)) == 1
    assert plant.hear("DDATA", temp(21, at=1.0), seq=2, at=1.0) == []
    assert (plant.counts["repeated"], plant.counts["sequence_gaps"]) == (1, 0)


def test_a_device_that_died_is_offline_until_it_is_born() -> None:
    plant = Plant()
    plant.born()
    (gone,) = plant.hear("DDEATH", seq=2, at=1.0)
    np.testing.assert_array_equal(gone.values, [NAN, NAN])
    assert plant.stands(2.0) == Health("offline", "its edge node lost it (DDEATH)", NOW + 1.1)
    assert plant.hear("DDATA", temp(21), seq=3, at=3.0) == []
    assert plant.stands(3.0).state == "offline"
    (birth,) = plant.hear("DBIRTH", *BIRTH, seq=4, at=4.0)
    assert birth.values.tolist() == [20, 0]
    assert plant.stands(5.0).state == "good"


def test_a_node_that_died_takes_its_devices_along() -> None:
    plant = Plant({"id": "PLC", "topic": "site/plc"})
    plant.born(life=4)
    plant.hear("NDEATH", metric((NAME, "bdSeq"), (LONG, 3)), at=1.0)
    assert plant.stands(1.5).state == "good", "the will of an earlier life"
    (gone,) = plant.hear("NDEATH", metric((NAME, "bdSeq"), (LONG, 4)), at=2.0)
    np.testing.assert_array_equal(gone.values, [NAN, NAN])
    for device in ("P-1", "PLC"):
        assert plant.stands(3.0, device) == Health("offline", "the edge node plc is gone (NDEATH)", NOW + 2.1)
    assert plant.hear("DDATA", temp(21), seq=2, at=3.0) == []
    (birth,) = plant.born(at=4.0, life=5)
    assert birth.device == "P-1"
    assert plant.stands(5.0).state == "good"
    assert plant.stands(5.0, "PLC").state == "offline", "its own metrics were not in the birth"


def test_a_node_may_be_a_device_itself() -> None:
    plant = Plant({"id": "PLC", "topic": "site/plc"})
    (birth,) = plant.hear("NBIRTH", *BIRTH, seq=0)
    assert (birth.device, birth.values.tolist()) == ("PLC", [20, 0])
    (data,) = plant.hear("NDATA", temp(5), seq=1, at=1.0)
    assert (data.device, data.values.tolist()) == ("PLC", [5, 0])


def test_metrics_count_at_their_own_times() -> None:
    plant = Plant()
    plant.born()
    batches = plant.hear("DDATA", temp(23, at=3.0), temp(22, at=2.0), temp(9, at=-700.0), seq=2, at=4.0)
    assert [(batch.time - NOW, batch.values[0]) for batch in batches] == [(2, 22), (3, 23)]
    assert plant.counts["refused_stamp"] == 1


def test_what_a_device_kept_while_it_was_cut_off_fills_a_gap_but_changes_nothing_known() -> None:
    plant = Plant()
    plant.born(at=-100.0)

    def kept(value: int, at: float) -> bytes:
        return metric((ALIAS, 1), (TIMESTAMP, round((NOW + at) * 1000)), (HISTORICAL, 1), (INT, value))

    batches = plant.hear("DDATA", kept(31, -50.0), kept(32, -40.0), seq=2, at=0.0)
    assert [(batch.time - NOW, batch.values[0]) for batch in batches] == [(-50, 31), (-40, 32)]
    assert plant.stands(0.2).state == "stale", "what is old makes no device alive"
    assert len(plant.hear("DDATA", temp(40, at=1.0), seq=3, at=1.0)) == 1
    assert plant.hear("DDATA", kept(33, -30.0), seq=4, at=2.0) == []
    assert plant.counts["repeated"] == 1


def test_a_birth_that_the_broker_kept_names_but_is_not_fresh() -> None:
    plant = Plant()
    kept = Arrived("$sparkplug/certificates/spBv1.0/site/DBIRTH/plc/P-1", payload(*BIRTH, seq=1), NOW, "retained")
    assert plant.routes.hear(kept) == []
    assert plant.counts["retained"] == 1
    assert plant.stands(0.0).state == "stale"
    assert len(plant.hear("DDATA", temp(21), seq=77, at=1.0)) == 1


def test_a_birth_without_any_of_our_metrics_says_so() -> None:
    plant = Plant()
    plant.hear("DBIRTH", metric((NAME, "Other"), (ALIAS, 1), (FLOAT, 1.0)), seq=1)
    assert "the birth certificate has none of the profile's metrics" in plant.stands(1.0).reason


def test_data_of_other_metrics_only_shows_that_the_device_is_alive() -> None:
    plant = Plant()
    plant.born()
    assert plant.hear("DDATA", metric((ALIAS, 3), (STRING, "1.1")), seq=2, at=12.0) == []
    assert plant.stands(20.0).state == "good"


def test_garbage_and_commands_change_nothing() -> None:
    plant = Plant()
    plant.born()
    for kind in ("NCMD", "DCMD", "STATE", "XYZ"):
        assert plant.hear(kind, temp(99), seq=200) == []
    topic = "spBv1.0/site/DDATA/plc/P-1"
    assert plant.routes.knows(topic)
    assert not plant.routes.knows(topic + "/deeper")
    assert not plant.routes.knows("spBv1.0/site/DDATA/other/P-1")
    for body in (b"\xff\xff", None):
        assert list(plant.routes.hear(Arrived(topic, body, NOW))) == []
    assert plant.counts["refused_sparkplug"] == plant.counts["refused_size"] == 1
    assert len(plant.hear("DDATA", temp(21), seq=2, at=1.0)) == 1
