"""Opens a line: TCP, TLS, a serial port, or a serial line at the far end of a TCP connection; says why it cannot be."""

import asyncio
import errno
import logging
import os
import socket
import ssl
import termios
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from pymodbus.transport.serialtransport import create_serial_connection

from drivers.modbus.line import Line
from drivers.modbus.settings import ModbusConnection
from drivers.tls import UselessFiles, client_context

# It logs of its own accord. The driver logs changes of state, so pymodbus speaks only if somebody asks it to.
_pymodbus_log = logging.getLogger("pymodbus.logging")
if _pymodbus_log.level == logging.NOTSET:
    _pymodbus_log.setLevel(logging.CRITICAL)

_PATIENCE = {"TCP_USER_TIMEOUT": 20_000, "TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 5}  # ms, s, s
"""What nobody takes in for so long ends a connection, and one at rest is tried, so that it is neither forgotten on the
way nor found dead by a poll. The system's own patience is a quarter of an hour, and for up to two minutes after the
other side is there again it says nothing."""

_SERIAL_WORDS = {
    errno.ENOENT: "there is no such port",
    errno.EACCES: "no right to open it; the gateway's user must be in the group that owns it (dialout)",
    errno.EBUSY: "another program uses it",
    errno.EAGAIN: "another program uses it",
}


async def opened(at: ModbusConnection, counts: Counter[str]) -> Line | str:
    """Open a line once; or say what is in the way."""
    loop, line = asyncio.get_running_loop(), Line(serial=at.is_rtu, counts=counts)
    try:
        if at.where.scheme == "rtu":
            settings = {"baudrate": at.baud, "bytesize": 8, "parity": at.parity[0].upper(), "stopbits": at.stop_bits}
            transport, _ = await create_serial_connection(loop, lambda: line, at.where.path, **settings)
            line.connection_made(transport)
        else:
            tls = client_context(at.ca, at.certificate, at.key) if at.where.scheme == "tls" else None
            transport, _ = await loop.create_connection(lambda: line, at.host, at.port, ssl=tls)
            _let_end(transport.get_extra_info("socket"))
    except UselessFiles as error:
        return str(error)
    except OSError as error:
        return _why(error, _SERIAL_WORDS if at.where.scheme == "rtu" else {})
    except (termios.error, ValueError) as error:
        return f"the port does not take these settings: {error.args[-1]}".lower()
    return line


def _why(error: OSError, words: Mapping[int, str]) -> str:
    """Why a line could not be opened, for people; `words` say some numbers of the system's in their own way."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS does not come about: {(error.reason or 'no TLS').lower().replace('_', ' ')}"
    if isinstance(error, socket.gaierror):
        return "no such host"
    if "ioctl" in str(error):  # pyserial keeps the number in its text
        return "that is no serial port"
    if not error.errno:
        return str(error).lower() or type(error).__name__
    return words.get(error.errno, os.strerror(error.errno).lower())


def _let_end(wire: socket.socket) -> None:
    """Let the system end a connection that nobody hears, between two polls, too; one that cannot is left as it is."""
    with suppress(OSError):  # it is gone already, which will be heard of
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _PATIENCE.items():
            if (option := getattr(socket, name, None)) is not None:
                wire.setsockopt(socket.IPPROTO_TCP, option, value)
