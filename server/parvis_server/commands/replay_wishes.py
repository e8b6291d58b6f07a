"""What a room's log says of a recording, before the command line makes or publishes anything of it:
who asked to be taken out, and whose last answer was not a yes to being published.

A hub that runs does this by itself, and is asked; of one that has stopped the database is read,
since it may have ended before it could act on what it was told last.
"""

from pathlib import Path

from parvis_server.config import HubSettings, load_settings
from parvis_server.data_folder import DataFolder
from parvis_server.errors import BadRecording
from parvis_server.net.kept_folds import kept_fold
from parvis_server.replay.opened import Opened
from parvis_server.replay.refusals import note_unpublished
from parvis_server.replay.rights import is_in
from parvis_server.replay.wishes import wish
from parvis_server.room.folded import Folded
from parvis_server.room.state import Memory
from parvis_server.room_client import RoomClient
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_wire.floor import About, Phase


def note_wishes(opened: Opened, data: Path | None) -> None:
    """Write into the recording what the log of its room says of it.

    Raises:
        UserError: a hub that runs is still to take somebody out of it, or the log cannot be read.
    """
    settings = load_settings(None, {} if data is None else {"data": data})
    if DataFolder(settings.data).listening_at() is not None:
        _ask_the_hub(opened, settings)
        return
    memory = _remembered(settings, opened.description.room)
    which = opened.description.recording
    gone = {who for told, who in memory.withdrawn if told == which and is_in(opened, who)}
    if gone:
        wish(opened.folder, gone)
    note_unpublished(opened, {who for told, who in memory.unpublished if told == which})


def _ask_the_hub(opened: Opened, settings: HubSettings) -> None:
    hub = RoomClient.find(None, None, settings.data)
    told = hub.ask("GET", f"/rooms/{opened.description.room}/recordings")["recordings"]
    for one in told:
        if one["recording"] == opened.description.recording and one["leaving"]:
            raise BadRecording(
                f"{opened.name}: somebody asked to be taken out: the hub does it, try again later"
            )


def _remembered(settings: HubSettings, room: str) -> Memory:
    """What the hub would know of this room if it began now."""
    address = Address.of(settings.store.url, settings.data)
    if address.is_sqlite and not address.path.exists():
        return Memory()  # recordings without a hub: nobody could ask one
    store = Store.open(address)
    try:
        folded = kept_fold(store, room) or Folded.founded(room, About(title=room), Phase.LIVE)
        return folded.after(store.load(room, folded.state.view.seq)).state.memory
    finally:
        store.close()
