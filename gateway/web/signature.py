"""Whether a request comes from whom it says, and was made just now."""

import hashlib
import hmac
import re

WINDOW_S = 300.0
"""How far the sender's clock may be from ours, and how old a request may be."""

_SECONDS = re.compile(r"[0-9]{1,12}")


class Unsigned(Exception):
    """The signature is not right; the text says why, for the sender's developers."""


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over timestamp, a dot and the body as it is sent; in hexadecimal."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def verify(secret: bytes, timestamp: str, signature: str, body: bytes, now: float) -> None:
    """Raise Unsigned unless `signature` was made with the secret, about `now`."""
    if not _SECONDS.fullmatch(timestamp):
        raise Unsigned("X-Timestamp must be the time in whole seconds since 1970")
    given = signature.lower().encode("utf-8", "surrogateescape")
    if not secret or not hmac.compare_digest(given, sign(secret, timestamp, body).encode()):
        raise Unsigned('X-Signature must be the HMAC-SHA256 of X-Timestamp, "." and the body, in hexadecimal')
    if abs(now - float(timestamp)) > WINDOW_S:
        raise Unsigned(f"X-Timestamp is more than {WINDOW_S / 60:.0f} minutes off; it is {now:.0f} here")
