"""The gateway's side of TLS: whom it trusts, and who it says it is. The other side and its name are checked, always."""

import ssl
from pathlib import Path


class UselessFiles(OSError):
    """Certificates or a key that cannot be used; the text says which, for people."""


def client_context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """What a connection needs. Without `ca` the system's authorities are trusted. Raises UselessFiles."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise UselessFiles(f"ca cannot be used: {_why(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        _load(context, certificate, key)
    return context


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What an address needs that others connect to. Raises UselessFiles."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, certificate, key)
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except OSError as error:
        raise UselessFiles(f"certificate or key cannot be used: {_why(error)}") from error


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not in PEM form").lower().replace("_", " ")
    return (error.strerror or str(error)).lower()


def _no_password() -> str:
    # without this, OpenSSL asks whoever sits at the terminal, and everything waits
    raise OSError("the key has a password; store it without one")
