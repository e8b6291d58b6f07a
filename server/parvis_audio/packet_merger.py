"""Several RTP packets of the program in one: fewer messages, the same sound, coded once.

Theory of operation. Parts are held until their *bundle* is as long as the packet time, and then go
as one RTP packet of a stream of its own (``parvis_wire.packet_time``). A bundle ends early, and so
is shorter, before a part that does not follow (a gap, another mixer), after the last part of a turn
and where the packet would become too large. What the repacketizer refuses to put together goes as
two packets, or as more. Nothing is held longer than the packet time, and nothing is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from parvis_audio.errors import BadPacket, MergeRefused
from parvis_audio.opus_packet import packet_duration_samples
from parvis_wire import serial
from parvis_wire.packet_time import PROGRAM_PTIME_MS, is_same_program, stream_ssrc
from parvis_wire.rtp import (
    MAX_CSRCS,
    MAX_PACKET_BYTES,
    NO_FLAGS,
    SILENT_LEVEL_DBOV,
    AudioLevel,
    RtpPacket,
    TalkFlags,
)

SAMPLES_PER_MS: Final = 48

MAX_BUNDLE_BYTES: Final = MAX_PACKET_BYTES - 256
"""Of payload: header, 15 sources with their levels and the frames' lengths take under 256."""


class Merging(Protocol):
    """What is needed of ``Repacketizer``."""

    def merge(self, packets: Sequence[bytes]) -> bytes:
        """One Opus packet with the frames of all; ``MergeRefused`` says how many fit."""
        ...


class PacketMerger:
    """Parts of one program in, bundles out."""

    def __init__(self, repacketizer: Merging) -> None:
        """Start at 20 ms: every part goes by itself."""
        self._repacketizer = repacketizer
        self._ptime_ms = PROGRAM_PTIME_MS
        self._parts: list[RtpPacket] = []
        self._held_samples = 0
        self._sequences: dict[int, int] = {}
        """By SSRC: the number of its next packet."""

    @property
    def ptime_ms(self) -> int:
        """The longest that a bundle becomes."""
        return self._ptime_ms

    @property
    def is_holding(self) -> bool:
        """Whether parts wait for more."""
        return bool(self._parts)

    def change(self, ptime_ms: int) -> list[RtpPacket]:
        """Bundles of another length from now on; what was held, sent as it is."""
        flushed = self.flush()
        self._ptime_ms = ptime_ms
        return flushed

    def add(self, part: RtpPacket) -> list[RtpPacket]:
        """Take the next part; the packets that are complete now.

        Raises:
            BadPacket: the payload is no Opus packet; nothing has changed.
        """
        samples = packet_duration_samples(part.payload)
        done = [] if self._goes_on(part, samples) else self.flush()
        self._parts.append(part)
        self._held_samples += samples
        is_full = self._held_samples >= self._ptime_ms * SAMPLES_PER_MS
        if is_full or TalkFlags.LAST in part.flags:
            done += self.flush()
        return done

    def flush(self) -> list[RtpPacket]:
        """What is held, as it is."""
        parts, self._parts, self._held_samples = self._parts, [], 0
        return self._packets(parts) if parts else []

    def _goes_on(self, part: RtpPacket, samples: int) -> bool:
        """Whether this part belongs behind those that are held."""
        if not self._parts:
            return True
        first = self._parts[0]
        end = serial.add(first.timestamp, self._held_samples, serial.TIMESTAMP_BITS)
        size_bytes = sum(len(held.payload) for held in self._parts) + len(part.payload)
        return (
            part.ssrc == first.ssrc
            and part.timestamp == end
            and self._held_samples + samples <= self._ptime_ms * SAMPLES_PER_MS
            and size_bytes <= MAX_BUNDLE_BYTES
        )

    def _packets(self, parts: list[RtpPacket]) -> list[RtpPacket]:
        """One packet, or several where the parts do not go together."""
        try:
            payload = self._repacketizer.merge([part.payload for part in parts])
        except MergeRefused as refused:
            fitting = refused.fitting
            return self._packets(parts[:fitting]) + self._packets(parts[fitting:])
        except BadPacket:
            if len(parts) == 1:  # whoever decodes it conceals it
                return [self._packet(parts, parts[0].payload)]
            return [packet for part in parts for packet in self._packets([part])]
        return [self._packet(parts, payload)]

    def _packet(self, parts: Sequence[RtpPacket], payload: bytes) -> RtpPacket:
        first = parts[0]
        csrcs, levels = _sources(parts)
        ssrc = stream_ssrc(first.ssrc, self._ptime_ms)
        return replace(
            first,
            sequence=self._next_sequence(ssrc),
            ssrc=ssrc,
            payload=payload,
            marker=any(part.marker for part in parts),
            csrcs=csrcs,
            csrc_levels=levels,
            level=_loudest(part.level for part in parts),
            flags=_flags(parts),
        )

    def _next_sequence(self, ssrc: int) -> int:
        if not all(is_same_program(ssrc, known) for known in self._sequences):
            self._sequences.clear()  # another mixer
        sequence = self._sequences.get(ssrc, 0)
        self._sequences[ssrc] = serial.add(sequence, 1, serial.SEQUENCE_BITS)
        return sequence


def _sources(parts: Sequence[RtpPacket]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Who is in any part and how loud at most: loudest first, equals as they appeared.

    Parts without levels leave the order of appearance, and no levels.
    """
    loudest: dict[int, int] = {}
    are_levels_known = all(part.csrc_levels or not part.csrcs for part in parts)
    for part in parts:
        levels = part.csrc_levels or (SILENT_LEVEL_DBOV,) * len(part.csrcs)
        for csrc, level in zip(part.csrcs, levels, strict=True):
            loudest[csrc] = max(level, loudest.get(csrc, level))
    kept = sorted(loudest.items(), key=lambda source: -source[1])[:MAX_CSRCS]
    csrcs = tuple(csrc for csrc, _ in kept)
    return csrcs, tuple(level for _, level in kept) if are_levels_known else ()


def _loudest(levels: Iterable[AudioLevel | None]) -> AudioLevel | None:
    known = [level for level in levels if level is not None]
    if not known:
        return None
    return AudioLevel(
        level_dbov=max(level.level_dbov for level in known),
        voice=any(level.voice for level in known),
    )


def _flags(parts: Sequence[RtpPacket]) -> TalkFlags:
    """First, when any part is; last, when the last part is."""
    first = any(TalkFlags.FIRST in part.flags for part in parts)
    return (TalkFlags.FIRST if first else NO_FLAGS) | (parts[-1].flags & TalkFlags.LAST)
