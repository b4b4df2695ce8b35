"""Tell systemd how the daemon is, where there is a systemd (sd_notify(3), sd_watchdog_enabled(3))."""

import os
import socket
import time
from contextlib import suppress


def notify(message: str) -> None:
    """Send one line such as "READY=1"; does nothing where nobody listens, and never waits."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # A daemon that its supervisor does not hear still watches the site.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.settimeout(0.0)
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.sendall(message.encode())


def notify_reloading() -> None:
    """Say that the configuration is being read again, and since when; "READY=1" says that it is done."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def pat_watchdog() -> None:
    """Say that the main path makes progress; silent where no watchdog watches this process."""
    if os.environ.get("WATCHDOG_USEC") and os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
        notify("WATCHDOG=1")
