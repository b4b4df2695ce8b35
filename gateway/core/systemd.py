"""Tell systemd how the daemon is, where there is a systemd (sd_notify(3))."""

import os
import socket


def notify(message: str) -> None:
    """Send one line such as "READY=1"; does nothing where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.sendall(message.encode())
