"""One talker's own sound on the recording's time line: their tracks, with silence between them.

As Opus it is their own packets, as they came in; what is silent is filled with packets of silence,
so that every player and editor lays it under the mix to within 2.5 ms.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.replay.bus import Track
from parvis_server.replay.opus_file import OpusFile, TimedPacket

Samples = NDArray[np.float32]

PIECE_SAMPLES: Final = 480_000

_STEP_SAMPLES: Final = 120
_SILENT: Final = {960: b"\xf8\xff\xfe", 120: b"\xe0\xff\xfe"}
"""A CELT frame that codes silence, of 20 and of 2.5 ms (RFC 6716 section 3.1)."""


def own_sound(tracks: Sequence[Track], begin: int, end: int) -> Iterator[Samples]:
    """What their microphone gave, without the mix's gains, from room clock ``begin`` to ``end``."""
    for low in range(begin, end, PIECE_SAMPLES):
        high = min(low + PIECE_SAMPLES, end)
        piece = np.zeros(high - low, dtype=np.float32)
        for track in tracks:
            if track.begin < high and track.end > low:
                piece += track.captured(low, high)
        yield piece


def own_packets(
    files: Sequence[tuple[int, OpusFile]], begin: int, end: int, serial: int
) -> OpusFile:
    """Their packets on one line.

    Args:
        files: each track's file, and the room clock of its first sample.
        begin: room clock of the line's beginning.
        end: room clock of its end.
        serial: of the new stream.
    """
    line: list[TimedPacket] = []
    at = 0
    for clock, opus in sorted(files, key=lambda pair: pair[0]):
        first = max(clock - begin, at)
        for quiet in silence(at, first):
            line.append(quiet)
        at = line[-1].end if line else 0
        for packet in opus.packets:
            if at + packet.samples <= end - begin:
                line.append(TimedPacket(at, packet.samples, packet.payload))
                at += packet.samples
    line += silence(at, end - begin)
    return OpusFile(serial, {}, 0, tuple(line))


def silence(begin: int, end: int) -> Iterator[TimedPacket]:
    """Packets of silence from ``begin`` up to less than 2.5 ms before ``end``."""
    at = begin
    for samples in (960, _STEP_SAMPLES):
        while at + samples <= end:
            yield TimedPacket(at, samples, _SILENT[samples])
            at += samples
