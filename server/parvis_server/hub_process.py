"""The hub as a process: its log, its ports, its signals, and what its user is told of its end."""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from parvis_server import collector, logs
from parvis_server.app import Hub
from parvis_server.config import HubSettings
from parvis_server.data_folder import DataFolder
from parvis_server.errors import HubStopped, UsageError, UserError
from parvis_server.hub_edges import secrets_of
from parvis_server.hub_listeners import open_listeners
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_server import Listener
from parvis_server.libraries import require_opus
from parvis_server.loops import new_loop
from parvis_server.net.api.operators import utc_ms
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.notify import Notifier, pulses_of
from parvis_server.open_files import OpenFiles, allow_many_files
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_wire.messages import DEFAULT_ROOM

log = logging.getLogger(__name__)

NO_OPEN_HOUSE = (
    "open house is for a hub without an operator, and this one has an operator: pair its units "
    "(parvis unit list), and leave --open-house away"
)


def run(settings: HubSettings) -> None:
    """Run a hub with the real engine until SIGINT or SIGTERM.

    Raises:
        UserError: something at the start that the user can mend, or what ended the hub.
    """
    require_opus()
    folder = DataFolder.open(settings.data)
    kept = folder.secrets()
    address = Address.of(settings.store.url, folder.path)
    secrets = (*kept.model_dump().values(), *address.secrets(), *secrets_of(settings))
    logs.start(settings.log.format, secrets)
    files = allow_many_files()
    shortage = files.shortage(settings.limits.listeners + settings.limits.mp3_listeners)
    if shortage is not None:
        log.warning(shortage)
    listening_on = open_listeners(settings.network, folder, utc_ms())
    keeper = StoredRooms(Store.open(address), folder.room_before_the_database, DEFAULT_ROOM)
    ended: BaseException | None = None
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_run(settings, folder, listening_on, keeper, files))
    except* UserError as group:
        ended = _first(group)
    except* Exception as group:
        log.error("the hub ends because of a mistake of its own", exc_info=group)
        ended = ended or HubStopped(f"the hub ended: {_first(group)!r}; the log says more")
    # Not inside except*: before Python 3.11.4 (Debian 12 has 3.11.2) that wraps it in a group.
    if ended is not None:
        raise ended


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error inside groups of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _run(
    settings: HubSettings,
    folder: DataFolder,
    listening_on: Sequence[Listener],
    keeper: StoredRooms,
    files: OpenFiles,
) -> None:
    from parvis_server.engine.supervisor import EngineSupervisor

    recorder = HubRecorder(
        settings.recording.folder or folder.path / "recordings",
        settings.recording.budget_bytes,
        storage=settings.recording.storage_address,
        data=folder.path,
    )
    if settings.recording.contact is not None:  # without one, no recording begins
        recorder.wake()
    hub = Hub(settings, folder, EngineSupervisor, keeper=keeper, recorder=recorder)
    hub.hall.allow(files)
    if settings.access.open_house and hub.trust.claimed:
        raise UsageError(NO_OPEN_HOUSE)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hub.stopping.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(hub.run(listening_on))
        started = group.create_task(hub.started.wait())
        await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
        if hub.started.is_set():
            folder.note_listening(hub.own_origin())
            hub.announcement().print_to(sys.stdout)
            beside = (
                collector.spare(lambda: hub.hall.count),
                Notifier().follow(lambda: pulses_of(hub.rooms)),
            )
            following = [group.create_task(work) for work in beside]
            await asyncio.wait({running})
            for task in following:
                task.cancel()
        started.cancel()
