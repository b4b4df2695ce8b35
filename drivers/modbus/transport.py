"""Opens a line with pymodbus: TCP, TLS, a serial port, or a serial line at the far end of a TCP connection."""

import errno
import logging
import os
import socket
import ssl
import termios
from collections.abc import Callable

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient, AsyncModbusTlsClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.framer import FramerType

from drivers.modbus.settings import ModbusConnection

# It logs every lost poll as an error. The driver logs changes of state, so pymodbus speaks only if somebody asks it to.
_pymodbus_log = logging.getLogger("pymodbus.logging")
if _pymodbus_log.level == logging.NOTSET:
    _pymodbus_log.setLevel(logging.CRITICAL)

Trace = Callable[[bool, bytes], bytes]

_SERIAL_WORDS = {
    errno.ENOENT: "there is no such port",
    errno.EACCES: "no right to open it; the gateway's user must be in the group that owns it (dialout)",
    errno.EBUSY: "another program uses it",
    errno.EAGAIN: "another program uses it",
}


def new_client(at: ModbusConnection, trace: Trace) -> ModbusBaseClient:
    """A client that is not connected yet. It neither retries nor reconnects nor waits by itself: all that is ours."""
    ours = {"timeout": None, "retries": 0, "reconnect_delay": 0, "trace_packet": trace}
    match at.where.scheme:
        case "rtu":
            line = {"baudrate": at.baud, "parity": at.parity[0].upper(), "stopbits": at.stop_bits}
            return AsyncModbusSerialClient(at.where.path, **line, **ours)  # type: ignore[arg-type]
        case "rtu+tcp":
            return AsyncModbusTcpClient(at.host, port=at.port, framer=FramerType.RTU, **ours)  # type: ignore[arg-type]
        case "tls":
            return AsyncModbusTlsClient(at.host, port=at.port, sslctx=_tls(at), **ours)  # type: ignore[arg-type]
        case "tcp":
            return AsyncModbusTcpClient(at.host, port=at.port, **ours)  # type: ignore[arg-type]


async def connect(client: ModbusBaseClient) -> str:
    """Connect once. Returns what is in the way, nothing if the line is open."""
    try:
        # Not client.connect(): that one keeps the reason to itself.
        client.ctx.transport, _ = await client.ctx.call_create()
    except termios.error as error:
        return f"the port does not take these settings: {error.args[-1]}".lower()
    except OSError as error:
        return _why(error)
    return ""


def _why(error: OSError) -> str:
    """Why a line could not be opened, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS does not come about: {(error.reason or 'no TLS').lower().replace('_', ' ')}"
    if isinstance(error, socket.gaierror):
        return "no such host"
    if not error.errno:
        return str(error).lower() or type(error).__name__
    return _SERIAL_WORDS.get(error.errno, os.strerror(error.errno).lower())


def _tls(at: ModbusConnection) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=at.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if at.certificate is not None:
        context.load_cert_chain(at.certificate, at.key)
    return context
