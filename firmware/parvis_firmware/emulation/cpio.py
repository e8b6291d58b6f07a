"""The archive that a kernel unpacks as its first root: cpio, "newc". Pure.

Format: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel's sources.
"""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

TRAILER: Final = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Member:
    """One file or folder; folders come before what is in them."""

    path: str
    """Without a leading slash."""
    content: bytes = b""
    mode: int = stat.S_IFREG | 0o644


def folder(path: str) -> Member:
    """A folder that everybody may enter."""
    return Member(path, mode=stat.S_IFDIR | 0o755)


def program(path: str, content: bytes) -> Member:
    """A file that can be started."""
    return Member(path, content, stat.S_IFREG | 0o755)


def archive(members: Iterable[Member]) -> bytes:
    """All of them, in one archive; the folders above each are added."""
    packed = b"".join(
        _packed(number, member) for number, member in enumerate(_with_folders(members), start=1)
    )
    return packed + _packed(0, Member(TRAILER, mode=0))


def _with_folders(members: Iterable[Member]) -> Iterator[Member]:
    made: set[str] = set()
    for member in members:
        parts = member.path.split("/")
        for count in range(1, len(parts)):
            above = "/".join(parts[:count])
            if above not in made:
                made.add(above)
                yield folder(above)
        if member.path not in made:
            made.add(member.path)
            yield member


def _packed(number: int, member: Member) -> bytes:
    name = member.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(member.mode) else 1
    # inode, mode, uid, gid, links, time, size, device and its like (four), length of name, check
    fields = (number, member.mode, 0, 0, links, 0, len(member.content), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return _padded(head) + _padded(member.content)


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)
