"""The recorder's process: a loop around the pure ``Recorder``, with its socket and its files.

It never waits for the disk but where a description is rewritten, and never for the hub. When the
hub's end of the socket closes, for whatever reason, it brings everything to the disk and ends;
the next recorder goes on with the recordings that run.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from parvis_server.errors import BadDatagram, BadRecording
from parvis_server.record.effects import Effect
from parvis_server.record.files import RecordFiles
from parvis_server.record.mend import mend, mend_all
from parvis_server.record.messages import (
    MAX_DATAGRAM_BYTES,
    Begin,
    Ready,
    Report,
    ToRecorder,
    parse_to_recorder,
)
from parvis_server.record.recorder import Recorder

log = logging.getLogger(__name__)

TICK_NS: Final = 50_000_000
"""What has come is taken twenty times a second: waking for each datagram cost as much again as
writing it. The socket holds ten times as much."""

REPORT_EVERY_NS: Final = 1_000_000_000
DISK_EVERY_NS: Final = 5_000_000_000
"""Walking the folder takes a millisecond for every thousand files."""

MAX_DATAGRAMS_AT_ONCE: Final = 1_024
"""Far more than the socket holds: then it looks at the clock."""


class RecordProcess:
    """One recorder at its end of the socket pair."""

    def __init__(
        self,
        hub: socket.socket,
        folder: Path,
        budget_bytes: int | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
        utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Raises ``OSError`` when the folder cannot be made."""
        hub.setblocking(False)
        self._hub = hub
        self._files = RecordFiles(folder)
        self._recorder = Recorder(budget_bytes)
        self._now_ns = now_ns
        self._utc_ns = utc_ns
        self._bad = 0
        self._running = True
        self._due_report_ns = self._due_disk_ns = 0

    def run(self) -> None:
        """Mend, then record until the hub has gone."""
        mend_all(self._files.folder)
        with self._hub, self._files:
            self._look_at_disk()
            self._send(Ready())
            due_ns = self._now_ns()
            while self._running:
                time.sleep(max(0, due_ns - self._now_ns()) / 1e9)
                due_ns = max(due_ns + TICK_NS, self._now_ns())
                self._drain()
                self._tick()
            self._do(self._recorder.leave(self._now_ns()))

    def _tick(self) -> None:
        now_ns = self._now_ns()
        self._do(self._recorder.tick(now_ns))
        self._recorder.stuck(self._files.faults.items())
        if now_ns >= self._due_disk_ns:
            self._due_disk_ns = now_ns + DISK_EVERY_NS
            self._look_at_disk()
        if now_ns >= self._due_report_ns:
            self._due_report_ns = now_ns + REPORT_EVERY_NS
            report = self._recorder.report(now_ns)
            self._send(report.model_copy(update={"bad": report.bad + self._bad}))

    def _look_at_disk(self) -> None:
        try:
            use = self._files.use()
        except OSError as error:
            log.error("cannot look at the disk: %s", error.strerror)
            return
        self._do(self._recorder.disk(use, self._now_ns(), self._utc_ms()))

    def _drain(self) -> None:
        """Take what has come; never waits."""
        for _ in range(MAX_DATAGRAMS_AT_ONCE):
            try:
                datagram = self._hub.recv(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except ConnectionResetError:
                continue  # it went without reading our reports; what it said before is still here
            except OSError:
                datagram = b""
            if not datagram:
                log.info("the hub has gone, the recorder ends")
                self._running = False
                return
            try:
                self._handle(parse_to_recorder(datagram))
            except BadDatagram as error:
                self._bad += 1
                log.warning("not understood: %s", error)

    def _handle(self, said: ToRecorder) -> None:
        if not isinstance(said, Begin):
            self._do(self._recorder.handle(said, self._now_ns()))
            return
        try:
            found = mend(self._files.folder / said.recording.folder)
        except (OSError, BadRecording) as error:
            log.error("recording %s is there and cannot be read: %s", said.recording.folder, error)
            found = None
        self._do(self._recorder.begin(said, found))

    def _do(self, effects: Iterable[Effect]) -> None:
        for path, why in self._files.carry_out(effects):
            log.error("a recording is given up: %s", why)
            now_ns, utc_ms = self._now_ns(), self._utc_ms()
            self._files.carry_out(self._recorder.failed(path, why, now_ns, utc_ms))

    def _utc_ms(self) -> int:
        return self._utc_ns() // 1_000_000

    def _send(self, said: Ready | Report) -> None:
        """What the hub has no room for is not waited for: the next report says it again."""
        try:
            self._hub.send(said.serialize())
        except BlockingIOError:
            log.warning("the hub does not listen")
        except OSError:
            log.debug("the hub has gone")  # what it said before is read all the same
