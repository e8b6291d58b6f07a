"""An update bundle: one file that brings a unit a newer program, signed by whoever made it. Pure.

::

    "PARVIS UPDATE 1\\n" ‖ signature (64) ‖ length of the manifest (4) ‖ manifest ‖ files

The length is big endian. The manifest is JSON in UTF-8 and names every file with its length and
SHA-256; the files follow one after the other in its order, and nothing follows them. The signature
is Ed25519 (RFC 8032) over ``"parvis 1 update" ‖ 0 ‖ SHA-256(manifest)``. So nothing but these fixed
lengths is read of what nobody vouches for, no archive is opened before its digest was found in a
signed manifest, and the whole is checked while it streams by.

Files are wheels (``wheels/NAME.whl``: the program and every library that the system does not
bring) and an overlay (``overlay/etc/…``: files laid over the system's ``/etc``, which is all of it
that the updater may write).
"""

import datetime
import hashlib
import re
from enum import StrEnum
from typing import Annotated, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, StringConstraints, ValidationError, model_validator

from parvis_wire.base import Wire
from parvis_wire.errors import WireError
from parvis_wire.identity import SIGNATURE_BYTES
from parvis_wire.pairing import KeyText

MAGIC: Final = b"PARVIS UPDATE 1\n"
CONTEXT: Final = b"parvis 1 update"
LENGTH_BYTES: Final = 4
HEAD_BYTES: Final = len(MAGIC) + SIGNATURE_BYTES + LENGTH_BYTES
UNSIGNED: Final = bytes(SIGNATURE_BYTES)
"""In the place of a signature until there is one."""

MAX_MANIFEST_BYTES: Final = 1 << 20
MAX_BUNDLE_BYTES: Final = 1 << 29
"""512 MB: a unit with every library takes 60."""
MAX_UNPACKED_BYTES: Final = 1 << 30
MAX_FILES: Final = 1000

ANY: Final = "any"
"""For every architecture, or every Python."""

WHEELS: Final = "wheels/"
OVERLAY: Final = "overlay/"

_WHEEL = re.compile(r"wheels/[A-Za-z0-9][A-Za-z0-9_.+!-]{0,180}\.whl")
_OVERLAY = re.compile(r"overlay/etc(/[A-Za-z0-9_.@+,=:-]{1,100}){1,16}")

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in hexadecimal."""

Version = Annotated[str, StringConstraints(pattern=r"^\d{1,5}(\.\d{1,5}){1,3}$")]
"""Two to four numbers: order is all that it has to say."""


class BundleFault(StrEnum):
    """What is wrong with a bundle, whoever looks at it."""

    UNREADABLE = "unreadable"
    CUT_OFF = "cut_off"
    TAMPERED = "tampered"


class BadBundle(WireError, ValueError):
    """A bundle that is not one, or not the one that was signed."""

    def __init__(self, fault: BundleFault, text: str) -> None:
        """``text``: one line for people."""
        super().__init__(text)
        self.fault = fault


class BundleFile(Wire):
    """One file of a bundle."""

    path: str = Field(max_length=400)
    size_bytes: int = Field(ge=0, le=MAX_BUNDLE_BYTES)
    sha256: Digest
    is_executable: bool = False

    @model_validator(mode="after")
    def _stays_inside(self) -> "BundleFile":
        parts = self.path.split("/")
        known = _WHEEL.fullmatch(self.path) or _OVERLAY.fullmatch(self.path)
        if known is None or "." in parts or ".." in parts:
            raise ValueError(f"{self.path!r} is neither a wheel nor a file of the overlay")
        return self


class Manifest(Wire):
    """What a bundle brings."""

    version: Version
    floor: Version
    """The lowest version that may follow it: below lie faults that must not come back."""
    machine: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")
    """Architecture as ``uname -m`` says it, or ``any``."""
    python: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")
    """Tag of the Python that its libraries are for, such as ``cpython-313``, or ``any``."""
    built: datetime.date
    """No clock is right that says an earlier day."""
    support_until: datetime.date
    """Last day on which faults of it are mended."""
    unpacked_bytes: int = Field(ge=0, le=MAX_UNPACKED_BYTES)
    """Of all wheels and the overlay."""
    next_key: KeyText | None = None
    """Whose signature counts once this version is kept; None: whose counts now."""
    files: tuple[BundleFile, ...] = Field(min_length=1, max_length=MAX_FILES)

    @model_validator(mode="after")
    def _fits_together(self) -> "Manifest":
        if number(self.floor) > number(self.version):
            raise ValueError(f"the floor {self.floor} lies above the version {self.version}")
        if self.support_until < self.built:
            raise ValueError("its support ends before it was built")
        if len({one.path for one in self.files}) != len(self.files):
            raise ValueError("a file is named twice")
        if not any(one.path.startswith(WHEELS) for one in self.files):
            raise ValueError("it has no wheel")
        return self

    @property
    def files_bytes(self) -> int:
        """Of all files together."""
        return sum(one.size_bytes for one in self.files)

    @property
    def target(self) -> str:
        """What it is for, for people and for file names."""
        return f"{self.machine}-{self.python}"

    def fits(self, machine: str, python: str) -> bool:
        """Whether it is for such a unit."""
        return self.machine in (ANY, machine) and self.python in (ANY, python)

    def __str__(self) -> str:
        """For a log."""
        return f"{self.version} for {self.target}"


def number(version: str) -> tuple[int, ...]:
    """A version as something that can be ordered: 1.2 is 1.2.0."""
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def is_version(text: str) -> bool:
    """Whether ``number`` can read it."""
    return re.fullmatch(r"\d{1,5}(\.\d{1,5}){1,3}", text) is not None


def signed(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signature of a manifest."""
    return key.sign(_words(manifest))


def is_signed(manifest: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the owner of this key signed this manifest."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _words(manifest))
    except (InvalidSignature, ValueError):
        return False
    return True


def head(manifest: bytes, signature: bytes = UNSIGNED) -> bytes:
    """Everything of a bundle that comes before its files."""
    if len(signature) != SIGNATURE_BYTES or len(manifest) > MAX_MANIFEST_BYTES:
        raise ValueError("a signature has 64 bytes, and a manifest at most a million")
    return MAGIC + signature + len(manifest).to_bytes(LENGTH_BYTES, "big") + manifest


def read_head(first: bytes) -> tuple[bytes, int]:
    """Signature and length of the manifest, of a bundle's first ``HEAD_BYTES`` bytes.

    Raises:
        BadBundle: it is none.
    """
    if not first.startswith(MAGIC[: len(first)]) or not first:
        raise BadBundle(BundleFault.UNREADABLE, "this is no update bundle of Parvis")
    if len(first) < HEAD_BYTES:
        raise BadBundle(BundleFault.CUT_OFF, "the bundle ends before its manifest")
    signature = first[len(MAGIC) : len(MAGIC) + SIGNATURE_BYTES]
    length = int.from_bytes(first[HEAD_BYTES - LENGTH_BYTES : HEAD_BYTES], "big")
    if not 0 < length <= MAX_MANIFEST_BYTES:
        raise BadBundle(BundleFault.UNREADABLE, f"a manifest of {length} bytes is none")
    return signature, length


def read_manifest(text: bytes) -> Manifest:
    """The manifest, which somebody has to vouch for.

    Raises:
        BadBundle: it is none, or of a later kind.
    """
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "manifest"
        why = first["msg"].removeprefix("Value error, ")
        raise BadBundle(BundleFault.UNREADABLE, f"the manifest is wrong: {where}: {why}") from None


def _words(manifest: bytes) -> bytes:
    return CONTEXT + b"\0" + hashlib.sha256(manifest).digest()
