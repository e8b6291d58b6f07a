"""The hub's recorder: follows rooms that are recorded, and the process that writes them down.

Theory of operation. The room's log says when a recording begins and ends, also after a restart of
the hub, and whose voices may be in it (``Consequences.on_voices``); what of that goes to the
recorder is ``hub_take``'s. Whatever goes wrong here is told to the log and to the hosts, and the
room goes on: a recording that cannot be written any more ends by an event of the room, so that
lights, pages and log say the same.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final, Never

from parvis_server.hub_replays import HubReplays
from parvis_server.hub_take import Names, RecordedEngine, RoomTake
from parvis_server.mishaps import Mishaps
from parvis_server.net.live_room import LiveRoom
from parvis_server.record.child import RecordChild
from parvis_server.record.newest import newest_clock
from parvis_server.record.recording import Recording
from parvis_server.record.supervisor import RecorderSupervisor
from parvis_server.replay.storage import StorageAddress
from parvis_server.room.kept_view import view_at_start
from parvis_server.room.recording import for_the_record
from parvis_server.room.results import Voice
from parvis_wire.recording import Recording as Announced
from parvis_wire.recording import RecordingChanged, RecordingStarted, RecordingStopped
from parvis_wire.room_events import RoomEvent
from parvis_wire.stage import Alarm, AlarmKind

log = logging.getLogger(__name__)

STARTING_S: Final = 3.0
"""A recorder that is not there for so long is told as one that fails."""

LOST_S: Final = 180.0
"""One that is not there for so long will not come: three starts that take as long as they may."""

FINISH_S: Final = 20.0
"""A hub that stops waits so long for a recorder that is starting, if it has sound for it."""

LOOK_EVERY_S: Final = 1.0
"""As often as the recorder reports."""


class HubRecorder:
    """The recorder of a hub and the rooms that it records."""

    def __init__(
        self,
        folder: Path,
        budget_bytes: int | None = None,
        spawn: Callable[[Path, int | None], Awaitable[RecordChild]] = RecordChild.spawn,
        storage: StorageAddress | None = None,
        data: Path | None = None,
    ) -> None:
        """Recordings lie in ``folder``, and in ``storage`` once they are over; a process runs once
        there is one, or was. ``data``: the hub's folder, for what is erased from its copies."""
        self.folder = folder
        self.replays = HubReplays(folder, storage=storage, data=data)
        """What becomes of recordings that are over."""
        self.supervisor = RecorderSupervisor(lambda: spawn(folder, budget_bytes))
        self._followed: dict[str, RecordedRoom] = {}
        self._last_number = -1
        if folder.is_dir():
            self.wake()  # to mend what was torn

    def wake(self) -> None:
        """Have a recorder ready from now on: until one is, what is said waits in the hub, and a
        hub that is killed takes it along."""
        self.supervisor.wake()

    async def run(self) -> Never:
        """Keep the recorder running until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            await self.supervisor.run()
        raise AssertionError("the supervisor runs until it is cancelled")

    async def _watch(self) -> Never:
        mishaps = Mishaps(log)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for name, room in self._followed.items():
                with mishaps.during(f"looking after the recording of {name}"):
                    room.look()

    def newest_clock(self, room: str) -> int:
        """Up to where this room was recorded: its clock never goes back behind that, whatever
        became of the machine's clock while the hub was away."""
        return newest_clock(self.folder / room)

    def follow(self, live: LiveRoom, engine: RecordedEngine) -> "RecordedRoom":
        """Record this room whenever its log says so."""
        room = RecordedRoom(self, live, engine)
        self._followed[live.room.view.room] = room
        return room

    def new_take(self) -> RoomTake:
        """A recording that begins."""
        self._last_number = (self._last_number + 1) % (1 << 16)
        return RoomTake(Names(self._last_number, secrets.randbits(32)), self.supervisor)

    async def stop(self) -> None:
        """The hub stops: what it has in hand is handed over, and the next one goes on with what
        runs."""
        for room in self._followed.values():
            room.leave()
        if not await self.supervisor.finish(FINISH_S):
            log.error("the recorder did not take what the hub had in hand: it is lost")


class RecordedRoom:
    """Follows one room's log."""

    def __init__(self, recorder: HubRecorder, live: LiveRoom, engine: RecordedEngine) -> None:
        """A recording that the log says is running goes on."""
        self._recorder = recorder
        self._live = live
        self._engine = engine
        self._take: RoomTake | None = None
        self._since_ns = 0
        self._seen_ns = 0
        """When a recorder was last there."""
        self._dropped = 0
        self._failed: str | None = None
        """Why the last recording could not go on; None: it could."""
        self._mishaps = Mishaps(log)
        live.event_taps.add(self._happened)
        live.audience.mark_taps.add(lambda marks: self._line({"marks": marks}))
        live.consequences.on_voices = self._voices
        if live.room.view.recording is not None:
            self._begin(live.room.view.recording)

    @property
    def _clock(self) -> int:
        return self._live.room.clock.samples(self._live.now_ns())

    def alarms(self) -> Iterator[Alarm]:
        """What this room's hosts must know of its recording."""
        take, supervisor = self._take, self._recorder.supervisor
        unstored = self._recorder.replays.unstored
        if unstored:
            yield Alarm(kind=AlarmKind.STORAGE_AWAY, value=unstored)
        if take is None:
            if self._failed is not None:
                yield Alarm(kind=AlarmKind.RECORDER_FAILS)
            return
        report = supervisor.report
        is_new = self._live.now_ns() - self._since_ns < STARTING_S * 1e9
        failing = not supervisor.live.is_set() and not is_new
        lost = supervisor.dropped > self._dropped
        faulty = report is not None and any(f.number == take.number for f in report.faults)
        if failing or lost or faulty or take.mistakes or self._failed is not None:
            yield Alarm(kind=AlarmKind.RECORDER_FAILS)
        if report is not None and report.is_low:
            left = report.minutes_left
            yield Alarm(kind=AlarmKind.DISK_LOW, value=None if left is None else round(left, 1))

    def look(self) -> None:
        """End a recording that cannot go on, as an event of the room; once a second."""
        take, now_ns = self._take, self._live.now_ns()
        if self._recorder.supervisor.live.is_set():
            self._seen_ns = now_ns
        why = None if take is None else self._lost(take, now_ns)
        if why is not None and self._failed is None:
            self._fail(why)

    def _lost(self, take: RoomTake, now_ns: int) -> str | None:
        """Why this recording cannot go on; None: it can."""
        report = self._recorder.supervisor.report
        for fault in () if report is None else report.faults:
            if fault.number == take.number and fault.over:
                return fault.text
        if now_ns - max(self._seen_ns, self._since_ns) > LOST_S * 1e9:
            return f"there is no recorder, and was none for {LOST_S:.0f} s"
        return None

    def _fail(self, why: str) -> None:
        self._failed = why
        room, running = self._live.room, self._live.room.view.recording
        log.error("the recording of %s ends, the room goes on: %s", room.view.room, why)
        if running is not None:
            self._live.apply(room.recording_failed(running.recording, self._live.now_ns()))

    def leave(self) -> None:
        """Record no more, without an end."""
        if self._take is not None:
            self._take.flush()
        self._take = None
        self._engine.record(None)

    def _begin(self, announced: Announced) -> None:
        view = self._live.room.view
        take = self._recorder.new_take()
        self._since_ns, self._failed = self._live.now_ns(), None
        self._dropped = self._recorder.supervisor.dropped
        recording = Recording(
            recording=announced.recording,
            room=view.room,
            title=view.title,
            language="en" if view.about is None else view.about.language,
            begun_utc_ms=announced.begun_utc_ms,
            begun_clock=announced.begun_at,
            retention_days=announced.terms.retention_days,
            text_version=announced.notice.version,
        )
        take.begin(recording, self._clock)
        self._take = take
        self._engine.record(take)

    def _happened(self, event: RoomEvent) -> None:
        with self._mishaps.during("writing down what happens in a room"):
            self._follow(event)

    def _follow(self, event: RoomEvent) -> None:
        if isinstance(event, RecordingStarted) and self._take is None:
            self._begin(event.recording)
            self._note_view()
        elif self._take is not None:
            self._note(event)
        if isinstance(event, RecordingChanged) and self._take is not None:
            self._take.keep_for(event.terms.retention_days)
        if isinstance(event, RecordingStopped) and self._take is not None:
            self._take.end(self._clock, time.time_ns() // 1_000_000)
            self.leave()

    def _voices(self, voices: tuple[Voice, ...]) -> None:
        if self._take is not None:
            try:
                self._take.set_voices(voices, self._clock)
            except Exception as error:  # who is not to be recorded is out of it all the same
                self._take.mistake(error)
            self._engine.voices_changed()

    def _note_view(self) -> None:
        """What the events that follow happen in: the first line."""
        view = view_at_start(self._live.bulletin.view)
        self._line({"view": view.model_dump(mode="json")})

    def _note(self, event: RoomEvent) -> None:
        kept = for_the_record(self._live.bulletin.view, event, self._live.room.sounding)
        self._line({"event": kept.model_dump(mode="json")})

    def _line(self, what: dict[str, object]) -> None:
        if self._take is not None:
            clocks = {"room_clock": self._clock, "utc_ms": time.time_ns() // 1_000_000}
            self._take.happened({"seq": self._live.bulletin.view.seq, **clocks, **what})
