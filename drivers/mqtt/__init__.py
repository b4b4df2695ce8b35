"""The MQTT driver: devices that publish JSON, single values or Sparkplug B on a broker. It never publishes itself."""

from drivers.device import DriverPlugin
from drivers.mqtt.driver import MqttDriver
from drivers.mqtt.profile import Availability, MqttDevice, MqttProfile, StampWindow, disagreements, topic_of
from drivers.mqtt.settings import MqttConnection

PLUGIN = DriverPlugin(
    name="mqtt",
    profile=MqttProfile,
    device=MqttDevice,
    connection=MqttConnection,
    open=MqttDriver,
    disagreements=disagreements,
)

__all__ = [
    "PLUGIN",
    "Availability",
    "MqttConnection",
    "MqttDevice",
    "MqttDriver",
    "MqttProfile",
    "StampWindow",
    "topic_of",
]
