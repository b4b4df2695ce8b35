"""The MQTT driver: devices that publish JSON on a broker, each on a topic of its own."""

from drivers.device import DriverPlugin
from drivers.mqtt.driver import MqttDriver
from drivers.mqtt.settings import MqttConnection, MqttDevice, MqttProfile, StampWindow

PLUGIN = DriverPlugin(name="mqtt", profile=MqttProfile, device=MqttDevice, connection=MqttConnection, open=MqttDriver)

__all__ = ["PLUGIN", "MqttConnection", "MqttDevice", "MqttDriver", "MqttProfile", "StampWindow"]
