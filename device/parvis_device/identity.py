"""Who this unit is, in a folder of its own: its key, and the site that it belongs to.

``unit.key`` has the 32 bytes of an Ed25519 private key, made at the first start; ``site.key`` the
public key of the site that the unit was paired with, which is the pin. Each is one line of
base64url, for its owner alone, and is written beside its place, synced and then put there: whole or
not at all. One process at a time may be the unit of a folder: two with one key would take each
other for a copy.

``board`` marks the computer that the key was made on, where that has a number: a card that was
copied, or put into another computer, is another unit there, with a key of its own, and is paired
again.
"""

import contextlib
import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_device.board import board_mark
from parvis_device.errors import DamagedState, StateTaken, StateTrouble
from parvis_wire.identity import KEY_BYTES, fingerprint, from_text, public_bytes, to_text

FOLDER = "parvis-unit"
UNIT_KEY, SITE_KEY = "unit.key", "site.key"
BOARD = "board"
LOCK = "in-use"

_MOST_BYTES = 1000
"""A key's line has 43 characters and its end: whatever is longer is none."""

_ADVICE = {
    UNIT_KEY: "remove it, and the unit gets a new key and must be paired again",
    SITE_KEY: "`parvis-unit forget` removes it, and the unit must be paired again",
}


_log = logging.getLogger(__name__)

Settle = Callable[[int], None]
"""Waits until a file or folder is on the disk."""


def wait_for_disk(descriptor: int) -> None:
    """As the disk does it."""
    os.fsync(descriptor)


class Identity:
    """A unit's key, and the site that it belongs to."""

    def __init__(
        self,
        folder: Path,
        key: Ed25519PrivateKey,
        site: bytes | None,
        settle: Settle = wait_for_disk,
    ) -> None:
        """``open_identity`` reads one from its folder."""
        self.folder = folder
        self._settle = settle
        self._key = key
        self._public = public_bytes(key)
        self._site = site

    @property
    def key(self) -> Ed25519PrivateKey:
        """The private key, which leaves this folder only as signatures."""
        return self._key

    @property
    def public(self) -> bytes:
        """The public key."""
        return self._public

    @property
    def unit(self) -> str:
        """The fingerprint, which names this unit."""
        return fingerprint(self._public)

    @property
    def site(self) -> bytes | None:
        """The key of the site that this unit was paired with; None: it belongs to nobody."""
        return self._site

    def belong_to(self, site_key: bytes) -> None:
        """Be a unit of this site from now on.

        Raises:
            StateTrouble: it cannot be written, and is not so.
        """
        with _told(self.folder):
            _put(self.folder / SITE_KEY, site_key, self._settle, over=True)
        self._site = site_key


def usual_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where a unit keeps its state unless it is told: systemd's folder, else the user's own.

    Raises:
        StateTrouble: this user has no home.
    """
    given = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    state_home = environment.get("XDG_STATE_HOME", "")
    if state_home.startswith("/"):  # a relative one counts as unset, says the XDG specification
        return Path(state_home) / FOLDER
    try:
        return Path.home() / ".local" / "state" / FOLDER
    except RuntimeError as error:
        raise StateTrouble("this user has no home for the unit's key: give --state DIR") from error


def open_identity(
    folder: Path,
    board: Callable[[], str | None] = board_mark,
    settle: Settle = wait_for_disk,
) -> Identity:
    """The identity in this folder; at the first time, and on another computer, a new one.

    Args:
        folder: made where it is missing.
        board: says which computer this is.
        settle: waits until a file or folder is on the disk; another in trials.

    Raises:
        StateTrouble: the folder cannot be read or written.
        DamagedState: what is there is no key.
    """
    with _told(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _stay_on(board(), folder, settle)
        seed = _get(folder / UNIT_KEY)
        if seed is None:
            with contextlib.suppress(FileExistsError):  # another process was first
                seed = Ed25519PrivateKey.generate().private_bytes_raw()
                _put(folder / UNIT_KEY, seed, settle)
            seed = _get(folder / UNIT_KEY)
        if seed is None:
            raise DamagedState(f"{folder / UNIT_KEY} went away while it was read: start again")
        key = Ed25519PrivateKey.from_private_bytes(seed)
        return Identity(folder, key, _get(folder / SITE_KEY), settle)


def forget(folder: Path, *, key_too: bool = False, settle: Settle = wait_for_disk) -> bool:
    """Belong to nobody again, ``key_too``: and be another unit; whether there was anything.

    Raises:
        StateTrouble: the folder cannot be written.
    """
    names = (SITE_KEY, UNIT_KEY) if key_too else (SITE_KEY,)
    with _told(folder):
        found = [folder / name for name in names if (folder / name).is_file()]
        for path in found:
            path.unlink()
        if found:
            _sync(folder, settle)  # nothing comes back with a power cut
    return bool(found)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the one process that is the unit of this folder, for the length of a block.

    Raises:
        StateTaken: another one is.
        StateTrouble: the folder cannot be written.
    """
    with _told(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(folder / LOCK, flags, 0o600)
        _give_to_the_owner(lock, folder)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateTaken(
                f"another unit on this machine is the one of {folder}: give this one a folder of "
                "its own with --state DIR"
            ) from error
        yield
    finally:
        os.close(lock)


def in_use(folder: Path) -> bool:
    """Whether a unit runs with this folder now."""
    try:
        with held(folder):
            return False
    except StateTaken:
        return True


def _stay_on(mark: str | None, folder: Path, settle: Settle) -> None:
    """Forget a key that was made on another computer, and mark this one."""
    if mark is None:
        return
    path = folder / BOARD
    try:
        known = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        known = ""
    if known == mark:
        return
    if known and (folder / UNIT_KEY).exists():
        _log.warning(
            "this card comes from another computer, or is a copy of its card: the unit gets a key "
            "of its own, and must be paired"
        )
        for name in (SITE_KEY, UNIT_KEY):
            (folder / name).unlink(missing_ok=True)
    _write(path, mark, settle, over=True)


def _get(path: Path) -> bytes | None:
    """The 32 bytes in this file; None: there is none."""
    try:
        with path.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & 0o077:
                os.fchmod(opened.fileno(), 0o600)  # copied by hand: nobody else's to read
            line = opened.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    try:
        return from_text(line.decode("ascii").strip(), KEY_BYTES)
    except ValueError as error:
        raise DamagedState(f"{path} is damaged: {_ADVICE[path.name]}") from error


def _put(path: Path, key: bytes, settle: Settle, *, over: bool = False) -> None:
    """Write a key, whole or not at all; unless ``over``, only where none is."""
    _write(path, to_text(key), settle, over=over)


def _write(path: Path, line: str, settle: Settle, *, over: bool) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(line.encode() + b"\n")
            _give_to_the_owner(opened.fileno(), path.parent)
            opened.flush()
            settle(opened.fileno())
        if over:
            beside.replace(path)
        else:
            path.hardlink_to(beside)
    finally:
        beside.unlink(missing_ok=True)
    _sync(path.parent, settle)  # the name, too, survives a power cut


def _sync(folder: Path, settle: Settle) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        settle(opened)
    finally:
        os.close(opened)


def _give_to_the_owner(descriptor: int, folder: Path) -> None:
    """What root writes here, the unit's own user has to read: from its first moment, since the
    power may be cut in the next one."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except StateTrouble:
        raise
    except OSError as error:
        raise StateTrouble(
            f"the unit's folder {folder} cannot be used ({error.strerror}), and without its key it "
            "could never be paired: give --state DIR, or --no-identity for a hub on this machine"
        ) from error
