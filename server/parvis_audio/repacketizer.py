"""Several Opus packets in one and back: fewer messages for the same sound (RFC 6716 section 3.2).

Message rate, not coding, is what a fan-out to many listeners costs.
"""

import weakref
from collections.abc import Sequence

import numpy as np

from parvis_audio.errors import BadPacket, MergeRefused
from parvis_audio.opus import (
    MAX_PACKET_BYTES,
    check,
    check_packet,
    library,
    packet_duration_samples,
)


class Repacketizer:
    """Puts packets of one stream into one packet, and takes them apart, without coding again."""

    def __init__(self) -> None:
        """Make the libopus object; it holds nothing between calls."""
        functions = library()
        self._init = functions["opus_repacketizer_init"]
        self._append = functions["opus_repacketizer_cat"]
        self._count = functions["opus_repacketizer_get_nb_frames"]
        self._out = functions["opus_repacketizer_out_range"]
        self._pointer = functions["opus_repacketizer_create"]()
        weakref.finalize(self, functions["opus_repacketizer_destroy"], self._pointer)
        self._packet = np.zeros(MAX_PACKET_BYTES, dtype=np.uint8)
        self._packet_address = self._packet.ctypes.data

    def merge(self, packets: Sequence[bytes]) -> bytes:
        """One packet with the frames of all, at most 120 ms.

        ``MergeRefused`` when they differ in mode, bandwidth or frame length or last too long:
        its ``fitting`` says how many from the first on go together. ``BadPacket`` for no packet.
        """
        if not packets:
            raise BadPacket(-1, "no packets to merge")
        self._init(self._pointer)
        for position, packet in enumerate(packets):
            self._take(packet, position)
        return self._between(0, self._count(self._pointer))

    def split(self, packet: bytes) -> list[bytes]:
        """The packet's frames, each as a packet of its own."""
        self._init(self._pointer)
        self._take(packet, 0)
        frames = range(self._count(self._pointer))
        return [self._between(frame, frame + 1) for frame in frames]

    def _take(self, packet: bytes, position: int) -> None:
        """Append. libopus keeps only the address: the caller holds the bytes until `_between`."""
        packet_duration_samples(packet)
        code = self._append(self._pointer, packet, len(packet))
        if code < 0 and position and _is_well_formed(packet):
            reason = "another mode, bandwidth or frame length, or over 120 ms together"
            raise MergeRefused(
                code, f"packet {position} does not go with the first: {reason}", fitting=position
            )
        check_packet(code, packet)

    def _between(self, begin: int, end: int) -> bytes:
        code = self._out(self._pointer, begin, end, self._packet_address, MAX_PACKET_BYTES)
        return self._packet[: check(code, "repacketizing")].tobytes()


def _is_well_formed(packet: bytes) -> bool:
    """Whether libopus can take the packet apart on its own."""
    try:
        Repacketizer().split(packet)
    except BadPacket:
        return False
    return True
