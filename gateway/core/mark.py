"""How a command knows that the pages it reads are those of its own daemon, and not a stranger's on the same port."""

import hashlib

HEADER = "Gateway-Mark"


def mark(token: str) -> str:
    """What the holder of a control token shows; nobody can guess the token from it."""
    return hashlib.sha256(b"mark of " + token.encode()).hexdigest()[:32]
