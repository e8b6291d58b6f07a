"""What the recorder's core wants done with files; paths lie in the folder of recordings. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Append:
    """Add to the end of a file, which is made if it is not there."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Replace:
    """Write a file whole, or leave the old one: on the disk when the next effect begins."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing more comes for this file."""

    path: str


@dataclass(frozen=True, slots=True)
class Sync:
    """Bring everything that was appended to the disk."""


Effect = Append | Replace | Close | Sync
