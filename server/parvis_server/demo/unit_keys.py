"""The demo pairs its own units: it makes their keys, gives each its own, and the hub the public
half, as an operator does who prepares units for a hall.

``unit.key`` and ``site.key`` in a unit's state folder are 32 bytes in base64url each, one line.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_server.data_folder import DataFolder
from parvis_server.room_client import RoomClient
from parvis_wire.identity import public_bytes, to_text


def pair(hub: str, data: Path, name: str, state: Path) -> None:
    """Let the unit that will use this state folder belong to the hub of this data folder.

    Raises:
        UserError: the hub does not want it, or a folder cannot be used.
    """
    folder = DataFolder(data)
    key = Ed25519PrivateKey.generate()
    state.mkdir(mode=0o700, exist_ok=True)
    _write(state / "unit.key", key.private_bytes_raw())
    _write(state / "site.key", public_bytes(folder.site_key()))
    client = RoomClient(hub, folder.operator_token())
    client.ask("POST", "/units", {"key": to_text(public_bytes(key)), "name": name})


def _write(path: Path, key: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(to_text(key) + "\n")
