"""``parvis-unit update``: the updater of this unit, and what a person can do to it."""

import contextlib
import datetime
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from parvis_device import logs
from parvis_device.config import LogFormat
from parvis_device.errors import UsageError
from parvis_device.notify import Notifier
from parvis_device.update.disk import Disk, read_some
from parvis_device.update.errors import Refused, UpdaterTrouble
from parvis_device.update.lifecycle import State
from parvis_device.update.lock import writing
from parvis_device.update.mending import mend_links
from parvis_device.update.places import Places
from parvis_device.update.pulse import felt
from parvis_device.update.record import MAX_RECORD_BYTES, Record, read_record
from parvis_device.update.staging import MANIFEST, PROGRAM
from parvis_device.update.supervisor import Supervisor, System
from parvis_wire.bundle import BadBundle, Manifest, read_manifest
from parvis_wire.identity import KEY_BYTES, fingerprint, from_text, spelled
from parvis_wire.update import UpdateFault

LOOK_S = 1.0
START_S = 120
"""A program that has not told its version by then does not start on this unit."""
MAX_MANIFEST_FILE_BYTES = 1 << 20

_log = logging.getLogger(__name__)


def watch(places: Places, service: str, restart_command: str | None) -> None:
    """Be the updater, until a newer one is kept: systemd then starts that.

    Args:
        places: of this unit.
        service: systemd's, of the unit.
        restart_command: a program that starts the unit anew, instead of systemd.

    Raises:
        UpdaterTrouble: the card cannot be used, or what is on it is damaged.
    """
    logs.start(LogFormat.HUMAN)
    os.umask(0o022)
    commands = (
        [[restart_command]]
        if restart_command is not None
        else [["systemctl", "daemon-reload"], ["systemctl", "restart", "--no-block", service]]
    )
    supervisor = Supervisor(places, _system(places, partial(_run_all, commands)))
    notifier = Notifier()
    if supervisor.record.state is State.CHECKING:
        notifier.ready()  # it takes minutes, touches nothing that runs, and the unit waits for this
    try:
        # Of before: where a power cut hindered the keeping, ``begin`` does it.
        kept = places.led_to(places.good) or places.led_to(places.current)
        supervisor.begin()
        notifier.ready()
        while supervisor.record.state is not State.IDLE or places.led_to(places.good) == kept:
            time.sleep(LOOK_S)
            supervisor.look()
            notifier.alive()
    except OSError as error:
        raise UpdaterTrouble(f"the card: {error.strerror}: {error.filename}") from error
    except KeyboardInterrupt:
        return
    _log.info("the newer updater takes over")


def mend(places: Places) -> None:
    """Let ``current`` and ``good`` lead to programs.

    Raises:
        UpdaterTrouble: none on the card is whole, or it cannot be written.
    """
    logs.start(LogFormat.HUMAN)
    with _writing(places):
        places.versions.mkdir(mode=0o755, parents=True, exist_ok=True)
        record = _record(places)
        if mend_links(places, record, _version_of, Disk()):
            Disk().write(places.record, record.model_copy(update={"all_stay": True}).written())
    if places.led_to(places.good) is None:
        raise UpdaterTrouble(f"no program in {places.versions} is whole: write the card anew")


def show_status(places: Places) -> None:
    """Print what runs, until when it is mended, and what became of the last update.

    Raises:
        UpdaterTrouble: what is on the card is damaged.
    """
    record = _record(places)
    running = places.led_to(places.current)
    manifest = _manifest(places, running)
    print(f"runs:        {running or 'nothing of ' + str(places.prefix)}")
    if manifest is not None:
        print(f"mended:      until {manifest.support_until}")
    print(f"signed by:   {_key_words(record)}")
    print(f"lowest next: {record.floor}")
    shown = record.shown
    if shown is not None:
        fault = "" if shown.fault is None else f" ({shown.fault.value.replace('_', ' ')})"
        print(f"update:      {shown.version}: {shown.step.value}{fault}")


def pin_key(places: Places, key: str, *, replace: bool, disk: Disk | None = None) -> None:
    """Take updates that are signed by this key, and no others; ``disk``: another card, in trials.

    A damaged record, which keeps the updater from starting, is begun anew by ``replace``.

    Raises:
        UsageError: it is no key, or another is pinned.
        UpdaterTrouble: it cannot be written.
    """
    try:
        from_text(key, KEY_BYTES)
    except ValueError as error:
        raise UsageError("that is no public key: `parvis update key` shows it") from error
    with _writing(places):
        try:
            record = _record(places)
        except UpdaterTrouble:
            if not replace:
                raise
            record = Record(all_stay=True)  # nobody knows what it was about: no program goes
        if record.key not in (None, key) and not replace:
            words = f"{_key_words(record)} is pinned: --replace puts this one in its place"
            raise UsageError(words)
        (disk or Disk()).write(places.record, record.model_copy(update={"key": key}).written())
    print(f"updates are taken from {_key_words(_record(places))}")


def _system(places: Places, restart: partial[None]) -> System:
    return System(
        restart=restart,
        version_of=_version_of,
        felt=lambda: felt(places.pulse),
        machine=platform.machine(),
        python=sys.implementation.cache_tag or "unknown",
        clock=lambda: datetime.datetime.now(datetime.UTC).date(),
        now_ns=time.monotonic_ns,
    )


def _run_all(commands: list[list[str]]) -> None:
    for command in commands:
        try:
            subprocess.run(command, check=True, timeout=60, capture_output=True)
        except (OSError, subprocess.SubprocessError) as error:
            _log.warning("the unit is not started anew: %s", error)


def _version_of(program: Path) -> str:
    """Let it say its version: so every library that its start needs is there."""
    try:
        told = subprocess.run(
            [program / PROGRAM, "--version"], timeout=START_S, capture_output=True, text=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused(UpdateFault.DOES_NOT_START, f"its program does not run: {error}") from error
    if told.returncode:
        last = (told.stderr.strip().splitlines() or ["it ends without a word"])[-1]
        raise Refused(UpdateFault.DOES_NOT_START, f"its program does not run: {last}")
    return told.stdout.strip().rpartition(" ")[2]


def _record(places: Places) -> Record:
    return read_record(read_some(places.record, MAX_RECORD_BYTES))


@contextlib.contextmanager
def _writing(places: Places) -> Iterator[None]:
    """Nobody else writes the record meanwhile."""
    try:
        places.prefix.mkdir(mode=0o755, parents=True, exist_ok=True)
        with writing(places):
            yield
    except OSError as error:
        raise UpdaterTrouble(f"{places.record} cannot be written: {error.strerror}") from error


def _manifest(places: Places, folder: str | None) -> Manifest | None:
    text = read_some(places.program(folder or "") / MANIFEST, MAX_MANIFEST_FILE_BYTES)
    try:
        return None if text is None else read_manifest(text)
    except BadBundle:
        return None


def _key_words(record: Record) -> str:
    if record.key is None:
        return "nobody: no maker's key is pinned"
    return f"the key {spelled(fingerprint(from_text(record.key, KEY_BYTES)))}"
