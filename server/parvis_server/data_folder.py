"""What the hub keeps between its runs: its secrets, and since when the room is live."""

import contextlib
import json
import os
import secrets
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parvis_server.errors import DataFolderError
from parvis_wire.identity import KEY_BYTES, from_text, to_text

SECRET_BYTES = 16
"""128 bits: cannot be guessed (OWASP ASVS 7.2.3), and the link stays short."""

RESUME_KEY_BYTES = 32

ROOM_OVER_AFTER_S = 6 * 3600
"""A hub that was down for longer opens a new evening: the room clock starts again."""

NS_PER_S = 1_000_000_000

RESTORE_READY = "restore-ready"
"""A copy that counts from now on, and is not in its places yet: see ``restoring``."""

UNPACKED = ".restore-"
"""What the name of a copy begins with that is being unpacked."""

SECRETS_FILE = "secrets.json"
GIVEN_TITLE_FILE = "given_title.json"

MAKE_SITE_KEY = (
    "copy it from another hub of the site, or make one with openssl genpkey -algorithm ed25519"
)

Model = TypeVar("Model", bound=BaseModel)


def _new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def _new_site_key() -> str:
    return to_text(Ed25519PrivateKey.generate().private_bytes_raw())


class Secrets(BaseModel):
    """What only this hub knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host_secret: str = Field(min_length=16, repr=False)
    resume_key: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)
    operator_token: str = Field(default_factory=_new_secret, min_length=16, repr=False)
    """For the HTTP API; a hub of before there was one makes it at its next start."""
    site_key: str = Field(default_factory=_new_site_key, pattern=r"^[A-Za-z0-9_-]{43}$", repr=False)
    """Ed25519 private key, unless the settings name a file with one; made as the token above."""


class LiveSince(BaseModel):
    """When the room went live; the file's own time says when the hub was last running."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    live_since_utc_ns: int = Field(ge=0)


class GivenTitle(BaseModel):
    """What the settings last called the room that opens by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str


class Running(BaseModel):
    """The hub that runs on the folder, if its process lives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: str
    process: int = Field(gt=0)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder that belongs to this hub."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "DataFolder":
        """Make the folder where it is missing, and prove that it can be written.

        Raises:
            DataFolderError: it cannot; the text says why and what to do.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = path / f".writable-{os.getpid()}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            raise DataFolderError(
                f"cannot write to the data folder {path} ({error.strerror}): "
                "choose another with --data"
            ) from error
        return cls(path)

    def secrets(self) -> Secrets:
        """The hub's secrets, made at the first start."""
        path = self.path / SECRETS_FILE
        known = self._read(path, Secrets)
        if known is not None:
            self._close_to_others(path)
            if not {"operator_token", "site_key"} <= known.model_fields_set:
                self._write(path, known.model_dump())
            return known
        made = Secrets(
            host_secret=_new_secret(),
            resume_key=secrets.token_hex(RESUME_KEY_BYTES),
        )
        self._write(path, made.model_dump())
        return made

    def operator_token(self) -> str:
        """The token of whoever runs the hub of this folder.

        Raises:
            DataFolderError: it cannot be read, or no hub ever ran here.
        """
        path = self.path / SECRETS_FILE
        known = self._read(path, Secrets)
        if known is None or "operator_token" not in known.model_fields_set:
            raise DataFolderError(f"no hub has run on {self.path} yet: start one with parvis hub")
        return known.operator_token

    def site_key(self, key_file: Path | None = None) -> Ed25519PrivateKey:
        """The key of this hub's site: of the file, or else of ``secrets.json``.

        Raises:
            DataFolderError: it cannot be read, or is open to others.
        """
        if key_file is not None:
            return read_site_key(key_file)
        seed = from_text(self.secrets().site_key, KEY_BYTES)
        return Ed25519PrivateKey.from_private_bytes(seed)

    def note_listening(self, origin: str) -> None:
        """Remember where the running hub is reached from this machine."""
        with contextlib.suppress(DataFolderError):  # a full disk must not end the evening
            self._write(self.path / "running.json", {"origin": origin, "process": os.getpid()})

    def listening_at(self) -> str | None:
        """Where the hub of this folder is reached from this machine; None: none runs."""
        known = self._read(self.path / "running.json", Running)
        if known is None:
            return None
        try:
            os.kill(known.process, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass  # somebody else's process lives
        return known.origin

    def is_new_title(self, title: str) -> bool:
        """Whether the settings call the room otherwise than at the last start: a host may have
        given it a better title since then."""
        path = self.path / GIVEN_TITLE_FILE
        known = self._read(path, GivenTitle)
        if known is not None and known.title == title:
            return False
        self._write(path, GivenTitle(title=title).model_dump())
        return True

    def room_origin_ns(self, now_ns: int, utc_ns: int) -> int:
        """Monotonic time at which the room went live, perhaps in an earlier run of the hub.

        Args:
            now_ns: monotonic time.
            utc_ns: UTC at the same moment, ns since 1970.
        """
        path = self.path / "room.json"
        known = self._read(path, LiveSince)
        if known is None or not self._still_live(path, known.live_since_utc_ns, utc_ns):
            known = LiveSince(live_since_utc_ns=utc_ns)
            self._write(path, known.model_dump())
        return now_ns - (utc_ns - known.live_since_utc_ns)

    def room_before_the_database(self) -> tuple[int, int] | None:
        """What a Parvis without a database kept of its room: since when it was live, and when it
        was last running; both UTC, ns since 1970."""
        path = self.path / "room.json"
        known = self._read(path, LiveSince)
        return None if known is None else (known.live_since_utc_ns, path.stat().st_mtime_ns)

    def note_running(self) -> None:
        """Remember that the room is live at this moment."""
        with contextlib.suppress(OSError):  # a full disk must not end the evening
            os.utime(self.path / "room.json")

    def _still_live(self, path: Path, since_ns: int, utc_ns: int) -> bool:
        down_ns = utc_ns - int(path.stat().st_mtime * NS_PER_S)
        return since_ns <= utc_ns and down_ns <= ROOM_OVER_AFTER_S * NS_PER_S

    def _read(self, path: Path, model: type[Model]) -> Model | None:
        try:
            return model.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            raise DataFolderError(
                f"{path} is damaged: delete it, and the hub makes a new one"
            ) from None
        except OSError as error:
            raise DataFolderError(f"cannot read {path}: {error.strerror}") from error

    def write_secret(self, name: str, content: bytes) -> None:
        """Write a file that nobody else can read, whole or not at all.

        Raises:
            DataFolderError: it cannot be written.
        """
        path = self.path / name
        draft = path.with_suffix(".new")
        try:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise DataFolderError(f"cannot write {path}: {error.strerror}") from error

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        self.write_secret(path.name, json.dumps(content).encode())

    def _close_to_others(self, path: Path) -> None:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)


def is_being_restored(folder: Path) -> bool:
    """Whether a restore runs here, or was cut off by the power."""
    return (folder / RESTORE_READY).is_dir() or any(folder.glob(f"{UNPACKED}*"))


def read_site_key(path: Path) -> Ed25519PrivateKey:
    """A key that several hubs share, as PEM.

    Raises:
        DataFolderError: it cannot be read, is open to others, or is another kind of key.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise DataFolderError(f"others may read the site key {path}: chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except DataFolderError:
        raise
    except OSError as error:
        raise DataFolderError(
            f"cannot read the site key {path} ({error.strerror}): {MAKE_SITE_KEY}"
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise DataFolderError(f"{path} holds no private key in PEM: {MAKE_SITE_KEY}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise DataFolderError(f"{path} holds another kind of key: {MAKE_SITE_KEY}")
    return key


def utc_ns() -> int:
    """UTC now, ns since 1970."""
    return time.time_ns()
