"""The updater: a process of its own beside the unit, which outlives the program that it tries.

It runs from ``good``, the program that was kept last, so a new one that does not even start cannot
keep it from being undone. It talks with the unit by files alone: a bundle that arrived, the unit's
pulse, and ``update.json``, which the unit reads.
"""

import datetime
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from parvis_device.update import overlay
from parvis_device.update.disk import Disk, read_some
from parvis_device.update.errors import Refused
from parvis_device.update.judgement import (
    JUST_NOW_NS,
    Health,
    Here,
    Pulse,
    Trial,
    Verdict,
    today,
)
from parvis_device.update.lifecycle import MAX_STARTS, TRANSITIONS, Action, Event, State
from parvis_device.update.lock import writing
from parvis_device.update.mending import mend_links
from parvis_device.update.places import Places
from parvis_device.update.record import MAX_RECORD_BYTES, Record, read_record
from parvis_device.update.staging import MANIFEST, PIECE_BYTES, open_bundle, stage
from parvis_wire.bundle import Manifest, number, read_manifest
from parvis_wire.identity import KEY_BYTES, from_text
from parvis_wire.update import UpdateFault, UpdateState, UpdateStep

_log = logging.getLogger(__name__)

_FAULT_OF: Final = {
    Event.STARTED_TOO_OFTEN: UpdateFault.CUT_SHORT,
    Event.OVERDUE: UpdateFault.SILENT,
    Event.FAILED: UpdateFault.DISK,
}
_WORDS: Final = {
    UpdateFault.CUT_SHORT: "the power went away again and again while it was tried",
    UpdateFault.SILENT: "no sound flowed through it, or it did not reach the hub in time",
    UpdateFault.DISK: "the card could not be written",
}


@dataclass(frozen=True, slots=True)
class System:
    """What the updater needs of the machine."""

    restart: Callable[[], None]
    """Start the unit again, with what ``current`` leads to."""
    version_of: Callable[[Path], str]
    """Runs a program to hear its version; raises ``Refused`` when it does not start."""
    felt: Callable[[], Pulse | None]
    """The unit's newest pulse."""
    machine: str
    python: str
    clock: Callable[[], datetime.date]
    now_ns: Callable[[], int]
    disk: Disk = field(default_factory=Disk)


class Supervisor:
    """One unit's updater."""

    def __init__(self, places: Places, system: System) -> None:
        """Nothing is done before ``begin``.

        Raises:
            UpdaterTrouble: what is on the card is damaged.
        """
        self._places, self._system, self._disk = places, system, system.disk
        self._record = read_record(read_some(places.record, MAX_RECORD_BYTES))
        self._health: Health | None = None
        self._trial: Trial | None = None
        self._do: dict[Action, Callable[[], None]] = {
            Action.NOTHING: lambda: None,
            Action.CHECK: self._check,
            Action.SWITCH: self._switch,
            Action.START: self._start,
            Action.COMMIT: self._commit,
            Action.SWITCH_BACK: self._switch_back,
            Action.CLEAN: self._clean,
        }

    @property
    def record(self) -> Record:
        """How far it is."""
        return self._record

    def begin(self) -> None:
        """Take up what a power cut left; before the unit starts."""
        self._places.versions.mkdir(mode=0o755, parents=True, exist_ok=True)
        if mend_links(self._places, self._record, self._system.version_of, self._disk):
            with writing(self._places):
                changes = {"key": self._pinned, "all_stay": True}
                self._write(self._record.model_copy(update=changes))
        if self._record.state is not State.TRIAL:
            self._happens(Event.STARTED)
            return
        starts = self._record.starts + 1
        often = starts >= MAX_STARTS
        self._happens(Event.STARTED_TOO_OFTEN if often else Event.STARTED, starts=starts)

    def look(self) -> None:
        """See what is due; to be called every second or two."""
        state, pulse = self._record.state, self._system.felt()
        if state in (State.IDLE, State.STAGED) and self._places.bundle.exists():
            self._happens(Event.ARRIVED, version=None, folder=None, sha256=None)
        elif state is State.STAGED:
            # Whoever changed the key since does not trust the one by which it was checked.
            if self._is_quiet(pulse) and self._pinned == self._record.checked_by:
                now = self._places.led_to(self._places.current)
                self._happens(Event.QUIET, before=now, starts=0)
        elif state is State.TRIAL:
            self._try(pulse)

    def _is_quiet(self, pulse: Pulse | None) -> bool:
        """The hub allows it, and what runs is well: else nobody could tell a bad update."""
        if self._health is None:
            self._health = Health(self._places.led_to(self._places.current) or "")
        now_ns = self._system.now_ns()
        is_well = self._health.look(pulse, now_ns)
        if pulse is None or now_ns - pulse.at_ns > JUST_NOW_NS:
            return False  # of a unit that hangs: what the hub said is long ago
        return is_well and pulse.quiet == self._record.sha256

    def _try(self, pulse: Pulse | None) -> None:
        now_ns = self._system.now_ns()
        if self._trial is None:
            self._trial = Trial(self._record.folder or "", now_ns)
        match self._trial.look(pulse, now_ns):
            case Verdict.HEALTHY:
                manifest, record = self._manifest(), self._record
                next_key = {} if manifest.next_key is None else {"key": manifest.next_key}
                self._happens(
                    Event.HEALTHY,
                    # Neither ever falls: else old bundles, one after the other, would lead below.
                    floor=max(manifest.floor, record.floor, key=number),
                    built=max(manifest.built, record.built or manifest.built),
                    all_stay=False,
                    **next_key,
                )
            case Verdict.OVERDUE:
                self._happens(Event.OVERDUE)

    def _happens(self, event: Event, **changes: Any) -> None:
        """Write the next state down, then do what it asks for."""
        state, action = TRANSITIONS[self._record.state, event]
        fault = _FAULT_OF.get(event)
        if fault is not None:
            version = self._record.version or "0.0"
            changes["fault"] = UpdateState(step=UpdateStep.UNDONE, version=version, fault=fault)
            _log.warning("version %s is taken back: %s", version, _WORDS[fault])
        with writing(self._places):
            # Of all that is in there, a person changes the key, and may have since.
            changes = {"key": self._pinned, "state": state} | changes
            self._write(self._record.model_copy(update=changes))
        self._health = self._trial = None
        self._do[action]()

    def _write(self, record: Record) -> None:
        if record != self._record:
            self._disk.write(self._places.record, record.written())
            self._record = record

    @property
    def _pinned(self) -> str | None:
        return read_record(read_some(self._places.record, MAX_RECORD_BYTES)).key

    # --- what is done, each of which can be done again ---

    def _check(self) -> None:
        try:
            manifest, sha256 = self._staged()
        except Refused as refused:
            _log.warning("the update is refused: %s", refused)
            version = self._record.version or "0.0"
            last = UpdateState(step=UpdateStep.REFUSED, version=version, fault=refused.fault)
            self._happens(Event.REFUSED, last=last, last_sha256=self._record.sha256)
        else:
            _log.info("version %s is ready, and waits for a quiet moment", manifest.version)
            checked_by, folder = self._record.key, _folder(manifest, sha256)
            self._happens(Event.PASSED, folder=folder, sha256=sha256, checked_by=checked_by)
        # The state is on the card: only now the bundle may go.
        self._disk.remove(self._places.bundle)

    def _staged(self) -> tuple[Manifest, str]:
        places, system = self._places, self._system
        with open_bundle(places.bundle) as opened:
            digest = hashlib.sha256()
            while piece := opened.read(PIECE_BYTES):
                digest.update(piece)
            self._record = self._record.model_copy(update={"sha256": digest.hexdigest()})
            opened.seek(0)
            key = None if self._record.key is None else from_text(self._record.key, KEY_BYTES)
            day = today(system.clock(), self._record.built)
            here = Here(system.machine, system.python, self._record.floor, day)
            manifest = stage(opened, key, here, places.unpacking, self._disk)
        self._record = self._record.model_copy(update={"version": manifest.version})
        try:
            said = system.version_of(places.unpacking)
            if said != manifest.version:
                words = f"its program says that it is {said or 'nothing'}"
                raise Refused(UpdateFault.DOES_NOT_START, words)
        except Refused:
            self._disk.remove(places.unpacking)
            raise
        name = _folder(manifest, digest.hexdigest())
        if name in (places.led_to(places.current), places.led_to(places.good)):
            self._disk.remove(places.unpacking)  # it runs already: another bundle of the same
        else:
            self._disk.rename(places.unpacking, places.program(name))
        return manifest, digest.hexdigest()

    def _switch(self) -> None:
        program = self._places.program(self._record.folder or "")
        try:
            overlay.lay(program, self._places.root, self._disk)
            self._disk.link(self._places.current, f"versions/{program.name}")
        except OSError:
            self._happens(Event.FAILED)
            return
        self._happens(Event.SWITCHED)

    def _start(self) -> None:
        self._system.restart()

    def _commit(self) -> None:
        self._disk.link(self._places.good, f"versions/{self._record.folder}")
        version = self._record.version or "0.0"
        _log.info("version %s runs, and is kept", version)
        last = UpdateState(step=UpdateStep.DONE, version=version)
        self._happens(Event.COMMITTED, last=last, last_sha256=self._record.sha256, folder=None)

    def _switch_back(self) -> None:
        record, places = self._record, self._places
        before = record.before or places.led_to(places.good)
        if before is not None and places.program(before).is_dir():
            self._disk.link(places.current, f"versions/{before}")
        overlay.take_back(places.program(record.folder or ""), places.root, self._disk)
        self._happens(Event.BACK, last=record.fault, last_sha256=record.sha256, folder=None)

    def _clean(self) -> None:
        """Only what runs, what was kept, what waits, and what ran before stay on the card.

        The last is what this process may still run from.
        """
        places, record = self._places, self._record
        if record.all_stay:
            return
        links = {places.led_to(places.current), places.led_to(places.good)}
        kept = links | {record.folder, record.before}
        for folder in sorted(places.versions.iterdir()):
            if folder.name not in kept:
                self._disk.remove(folder)

    def _manifest(self) -> Manifest:
        program = self._places.program(self._record.folder or "")
        return read_manifest((program / MANIFEST).read_bytes())


def _folder(manifest: Manifest, sha256: str) -> str:
    return f"{manifest.version}-{sha256[:8]}"
