"""Polls equipment that speaks Modbus, over TCP, TLS or a serial line.

Read-only: no function code but 1 to 4 ever leaves this package.
"""

from drivers.device import DriverPlugin
from drivers.modbus.driver import ModbusDriver
from drivers.modbus.exchanges import exchanges
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice

PLUGIN = DriverPlugin("modbus", ModbusProfile, ModbusDevice, ModbusConnection, ModbusDriver, exchanges)
