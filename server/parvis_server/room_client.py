"""Asks a running hub's HTTP API, as its operator: for the commands that need a running hub.

The hub of a data folder writes where it listens into ``running.json`` there; its operator's token
is in ``secrets.json``. Whoever may read that folder runs the hub.
"""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from parvis_server.config import default_data_folder
from parvis_server.data_folder import DataFolder
from parvis_server.errors import HubUnreachable, UsageError

TIMEOUT_S = 10.0
OWN_CERTIFICATE = (
    "the certificate of {hub} is not one that this machine knows: run this on the hub's own "
    "machine, or give the hub a certificate that browsers know"
)
MAX_ANSWER_BYTES = 4_000_000
"""200 rooms with the longest descriptions."""


@dataclass(frozen=True, slots=True)
class RoomClient:
    """One hub, and the token of its operator."""

    hub: str
    token: str = field(repr=False)

    @classmethod
    def find(cls, hub: str | None, token_file: Path | None, data: Path | None) -> "RoomClient":
        """The hub that is named, or else the one that runs on the data folder.

        Raises:
            UsageError: an address or a file that cannot be right.
            HubUnreachable: no hub runs on the data folder.
        """
        folder = DataFolder(data or default_data_folder())
        token = folder.operator_token() if token_file is None else _read_token(token_file)
        if hub is None:
            hub = folder.listening_at()
            if hub is None:
                raise HubUnreachable(
                    f"no hub runs on {folder.path}: start one with parvis hub, or give --hub"
                )
        elif urlsplit(hub).scheme not in {"http", "https"} or not urlsplit(hub).hostname:
            raise UsageError(f"--hub is an address such as http://192.168.1.20:8080, not {hub!r}")
        return cls(hub.rstrip("/"), token)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The hub's answer.

        Raises:
            HubUnreachable: it does not answer.
            UsageError: it says no; the text says why.
        """
        request = urllib.request.Request(
            f"{self.hub}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
            method=method,
        )
        # No proxy of the environment: the token goes to the hub and nowhere else.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                said = answer.read(MAX_ANSWER_BYTES)
                return dict(json.loads(said)) if said else {}
        except urllib.error.HTTPError as error:
            raise UsageError(f"the hub says no: {_fault(error)}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise HubUnreachable(OWN_CERTIFICATE.format(hub=self.hub)) from None
            raise HubUnreachable(
                f"no hub answers at {self.hub} ({reason}): start it with parvis hub, or give --hub"
            ) from None


def _fault(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(MAX_ANSWER_BYTES))["text"])
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}"


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the operator's token from {path}: {error}") from None
    if not token:
        raise UsageError(f"{path} is empty: it should hold the operator's token")
    return token
