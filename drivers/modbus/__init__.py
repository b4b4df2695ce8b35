"""Polls equipment that speaks Modbus TCP. Read-only: no function code but 1 to 4 ever leaves this package."""

from drivers.device import DriverPlugin
from drivers.modbus.driver import ModbusDriver
from drivers.modbus.profile import ModbusConnection, ModbusDevice, ModbusProfile

PLUGIN = DriverPlugin("modbus", ModbusProfile, ModbusDevice, ModbusConnection, ModbusDriver)
