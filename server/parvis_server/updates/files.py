"""A bundle as a file: read as far as its manifest, and checked whole."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parvis_server.errors import UsageError
from parvis_wire.bundle import (
    HEAD_BYTES,
    UNSIGNED,
    BadBundle,
    BundleFault,
    Manifest,
    read_head,
    read_manifest,
)

SUFFIX = ".parvis-update"
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Opened:
    """The front of a bundle."""

    manifest: Manifest
    text: bytes
    """Of the manifest, as it is signed."""
    signature: bytes

    @property
    def is_signed(self) -> bool:
        """Whether anybody has signed it: who, only a key can tell."""
        return self.signature != UNSIGNED

    @property
    def first_file_at(self) -> int:
        """Where its files begin."""
        return HEAD_BYTES + len(self.text)


def read_front(bundle: BinaryIO) -> Opened:
    """Signature and manifest; raises ``BadBundle``."""
    signature, length = read_head(bundle.read(HEAD_BYTES))
    text = bundle.read(length)
    if len(text) < length:
        raise BadBundle(BundleFault.CUT_OFF, "the bundle ends within its manifest")
    return Opened(read_manifest(text), text, signature)


def checked(path: Path) -> Opened:
    """A bundle of which every file is as its manifest says; raises ``UsageError``."""
    try:
        with path.open("rb") as bundle:
            opened = read_front(bundle)
            for one in opened.manifest.files:
                digest, left = hashlib.sha256(), one.size_bytes
                while left and (piece := bundle.read(min(left, PIECE_BYTES))):
                    digest.update(piece)
                    left -= len(piece)
                if left:
                    raise BadBundle(BundleFault.CUT_OFF, f"the bundle ends within {one.path}")
                if digest.hexdigest() != one.sha256:
                    words = f"{one.path} is not the file that its manifest names"
                    raise BadBundle(BundleFault.TAMPERED, words)
            if bundle.read(1):
                raise BadBundle(BundleFault.TAMPERED, "something follows its last file")
    except BadBundle as bad:
        raise UsageError(f"{path}: {bad}") from bad
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return opened


def digest_of(path: Path) -> str:
    """SHA-256 of a whole file; raises ``OSError``."""
    with path.open("rb") as bundle:
        return hashlib.file_digest(bundle, "sha256").hexdigest()
