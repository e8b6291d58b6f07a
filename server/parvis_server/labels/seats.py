"""The links that make a unit's button somebody's own, before the unit was ever there."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from parvis_server.config import default_data_folder
from parvis_server.data_folder import DataFolder
from parvis_server.errors import HubUnreachable, UsageError
from parvis_server.net.credentials import Keys
from parvis_server.room_client import RoomClient
from parvis_wire.messages import DEFAULT_ROOM

_ROOM_PATH = re.compile(r"/r/([a-z0-9][a-z0-9-]{0,63})/?")

HOW = "--link is the listeners' link of a room, such as http://192.168.1.20:8080/r/main"


@dataclass(frozen=True, slots=True)
class SeatLinks:
    """One room's, of the hub whose data folder was read."""

    audience: str
    """The listeners' link; a private room's holds its key, and so do the links of its seats."""
    room: str
    keys: Keys

    def of(self, unit_name: str) -> str:
        """What the code on this unit's label leads to: ``links.RoomLinks.seat`` with an origin."""
        glue = "&" if "#" in self.audience else "#"
        return f"{self.audience}{glue}seat={self.keys.seat_code(self.room, unit_name)}"


def find_seats(link: str | None, data: Path | None) -> SeatLinks | None:
    """The seats of the room with this listeners' link, or else of the running hub's main room.

    None: no link was given, and no hub runs here.

    Raises:
        UsageError: the link cannot be one.
        DataFolderError: a link was given, and the hub's data folder is not on this machine.
    """
    folder = DataFolder(data or default_data_folder())
    audience = _running(folder, data) if link is None else link.strip()
    if audience is None:
        return None
    room = _room_of(audience)
    folder.operator_token()  # or the code of a hub that never was would be printed
    kept = folder.secrets()
    return SeatLinks(audience, room, Keys(kept.host_secret, bytes.fromhex(kept.resume_key)))


def _running(folder: DataFolder, data: Path | None) -> str | None:
    if folder.listening_at() is None:
        return None
    try:
        found = RoomClient.find(None, None, data).ask("GET", f"/rooms/{DEFAULT_ROOM}")
    except HubUnreachable:
        return None
    return str(found["link"])


def _room_of(link: str) -> str:
    try:
        parts = urlsplit(link)
        path = _ROOM_PATH.fullmatch(parts.path)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        path, whole = None, False
    clean = link.isprintable() and not any(map(str.isspace, link)) and "seat=" not in link
    if path is None or not whole or not clean:
        raise UsageError(f"{HOW}, not {link!r}")
    return path[1]
