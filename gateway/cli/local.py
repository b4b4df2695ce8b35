"""Talks to the running daemon over its local pages; says None where no daemon answers."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from gateway.cli.screen import Failed
from gateway.core.denial import Denied
from gateway.core.mark import HEADER, mark

TIMEOUT_S = 5.0
RELOAD_TIMEOUT_S = 40.0
"""The daemon itself answers within thirty seconds, if only to say that it needs longer."""
TOKEN_FILE = "control.token"  # noqa: S105 - a file name
NOT_FOUND, CONFLICT = 404, 409

# A proxy of the environment must never see requests to this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotThere(Exception):
    """The daemon has no such ticket, or none that this can be done to."""


class Pages:
    """The local pages of a daemon that may or may not run."""

    def __init__(self, bind: str, state_folder: Path) -> None:
        self._base = f"http://{bind}"
        self._token_file = state_folder / TOKEN_FILE

    def get(self, path: str, **query: str | int | None) -> Any:
        """What a page says, as JSON; None if no daemon answers. Raises Failed, NotThere."""
        given = urlencode({key: value for key, value in query.items() if value is not None})
        return self._ask(urllib.request.Request(f"{self._base}{path}{'?' if given else ''}{given}"))  # noqa: S310 - http, own host

    def act(self, path: str, said: Mapping[str, Any]) -> Any:
        """Have something done, such as `/api/tickets/ID/ack`; None if no daemon answers.

        Raises Failed, NotThere, and Denied if the daemon would not.
        """
        return self._post(path, said, TIMEOUT_S)

    def reload(self) -> Any:
        """Have the configuration taken over; what became of that, or None if no daemon answers. Raises Failed."""
        return self._post("/api/reload", {}, RELOAD_TIMEOUT_S)

    def _post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> Any:
        token = self._token()
        if token is None:
            return None
        request = urllib.request.Request(  # noqa: S310 - http, own host
            f"{self._base}{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        return self._ask(request, timeout_s)

    def _token(self) -> str | None:
        """The control token of the daemon that works with this state folder; None if none ever did."""
        try:
            return self._token_file.read_text().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Failed(
                "no_control_token",
                "the control token {file} cannot be read: {reason}",
                file=self._token_file,
                reason=error.strerror,
            ) from error

    def _is_ours(self, headers: Message) -> bool:
        """Whether the answer comes from the daemon of this state folder: another program may have its address."""
        token = self._token()
        return token is not None and headers.get(HEADER) == mark(token)

    def _ask(self, request: urllib.request.Request, timeout_s: float = TIMEOUT_S) -> Any:
        try:
            with _opener.open(request, timeout=timeout_s) as answer:
                return json.load(answer) if self._is_ours(answer.headers) else None
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(2000).decode(errors="replace")
            if not self._is_ours(error.headers):
                return None
            if error.code == CONFLICT:
                raise _denied(said) from error
            if error.code == NOT_FOUND:
                raise NotThere(said) from error
            raise Failed("daemon_refused", "the daemon at {url} refused: {said}", url=self._base, said=said) from error
        except (ValueError, http.client.HTTPException) as error:
            raise Failed("not_a_gateway", "what answers at {url} is no gateway", url=self._base) from error
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return None


def _denied(text: str) -> Denied:
    """What the daemon would not do, to be said in any language. Raises ValueError for anything else."""
    said = json.loads(text)
    return Denied(said["kind"], said["error"], **said["words"])
