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
from parvis_server.encryption import OWN_FILE
from parvis_server.errors import HubUnreachable, UsageError
from parvis_server.known_certificate import (
    UNKNOWN_CERTIFICATE,
    read_fingerprint,
    trust_fingerprint,
    trust_own_file,
)

TIMEOUT_S = 10.0
HTTPS_PORT = 443
MAX_ANSWER_BYTES = 4_000_000
"""200 rooms with the longest descriptions."""


@dataclass(frozen=True, slots=True)
class RoomClient:
    """One hub, and the token of its operator."""

    hub: str
    token: str = field(repr=False)
    trust: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    """For https; None: the certificates that this machine knows."""

    @classmethod
    def find(
        cls,
        hub: str | None,
        token_file: Path | None,
        data: Path | None,
        fingerprint: str | None = None,
    ) -> "RoomClient":
        """The hub that is named, or else the one that runs on the data folder.

        Raises:
            UsageError: an address, a file or a fingerprint that cannot be right.
            HubUnreachable: no hub runs on the data folder, or another one shows itself.
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
        hub = hub.rstrip("/")
        return cls(hub, token, _trust(hub, fingerprint, folder))

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
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.trust)
        )
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                said = answer.read(MAX_ANSWER_BYTES)
                return dict(json.loads(said)) if said else {}
        except urllib.error.HTTPError as error:
            raise UsageError(f"the hub says no: {_fault(error)}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise HubUnreachable(UNKNOWN_CERTIFICATE.format(hub=self.hub)) from None
            raise HubUnreachable(
                f"no hub answers at {self.hub} ({reason}): start it with parvis hub, or give --hub"
            ) from None


def _trust(hub: str, fingerprint: str | None, folder: DataFolder) -> ssl.SSLContext | None:
    """What an https hub may show: this very certificate, or also that of a hub on this machine."""
    parts = urlsplit(hub)
    if fingerprint is None:
        return trust_own_file(folder.path / OWN_FILE) if parts.scheme == "https" else None
    digest = read_fingerprint(fingerprint)
    if parts.scheme != "https":
        raise UsageError(f"--fingerprint is for an https address, and {hub} is none")
    return trust_fingerprint(str(parts.hostname), parts.port or HTTPS_PORT, digest)


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
