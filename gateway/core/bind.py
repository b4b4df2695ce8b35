"""Addresses to listen on, as they are written: a host and a port."""

import ipaddress

from pydantic_core import PydanticCustomError


def address(bind: str) -> str:
    """The same text, if it is an address and a port."""
    _, colon, port = bind.rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise PydanticCustomError("bad_bind", "an address and a port are needed", {"hint": "127.0.0.1:8787"})
    return bind


def loopback(bind: str) -> str:
    """The same text, if only this machine can reach it."""
    host, _, port = address(bind).rpartition(":")
    if not is_loopback(host):
        context = {"host": host or "*", "hint": f"127.0.0.1:{port}"}
        raise PydanticCustomError("open_bind", "{host} can be reached from other machines, unprotected", context)
    return bind


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
