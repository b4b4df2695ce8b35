"""Drivers as the gateway opens them, each device on a connection of its own, and nothing behind them."""

from collections.abc import Sequence
from typing import Any

from benchmarks.site import profile
from drivers.modbus import PLUGIN
from drivers.modbus.driver import ModbusDriver
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from gateway.core.clock import SystemClock

AT_ONCE = "0.001ms"
"""A period that is always over: the next question leaves when the answer has come."""


def bench_profile(points: int) -> ModbusProfile:
    """So many float32 in a row: one request."""
    return ModbusProfile.model_validate(profile(points))


def open_driver(url: str, devices: Sequence[dict[str, Any]], points: int, timeout: str = "1s") -> ModbusDriver:
    """One connection with its devices; `devices` hold what a person would write beside the profile."""
    known = bench_profile(points)
    written = [ModbusDevice.model_validate({"profile": known.profile, "on": "wire", **device}) for device in devices]
    connection = ModbusConnection.model_validate({"driver": "modbus", "url": url, "timeout": timeout})
    opened = PLUGIN.open("wire", connection, written, {known.profile: known}, SystemClock())
    assert isinstance(opened, ModbusDriver)
    return opened


def local(port: int) -> str:
    """Where the equipment is, as a person writes it."""
    return f"tcp://127.0.0.1:{port}"


def device(i: int, every: str) -> dict[str, Any]:
    """The i-th device."""
    return {"id": f"device-{i:05d}", "every": every}
