"""The mix made again without some voices, where their microphones were open; else as it was.

Theory of operation. Packets outside the stretches are kept, byte for byte. Inside, the other
tracks are laid on the room clock with their gains, summed, limited and encoded as the record bus
does it. At each end of a stretch the old mix and the new one change over within 10 ms, and the new
packets begin 120 ms before and end 200 ms after: so the new encoder knows the past that the
decoder knows, and the decoder has found into the old packets' past again when they go on.

Where another microphone picked the voice up, that microphone is muted while the voice sounds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.opus import program_encoder
from parvis_server.engine.outputs import RECORD_TREATMENT
from parvis_server.media.limiter import Limiter
from parvis_server.replay.bleed import picked_up
from parvis_server.replay.bus import Muted, Track, summed
from parvis_server.replay.opus_file import OpusFile, OpusSound, TimedPacket
from parvis_server.replay.placing import Place, gain_line

Samples = NDArray[np.float32]

PACKET_SAMPLES: Final = 960
FADE_SAMPLES: Final = 480
AROUND_SAMPLES: Final = 1_920
"""40 ms: old and new change over so long before and after the voice's own track, which is opened
and closed by another process than the one that mixes."""

BEFORE_SAMPLES: Final = 5_760
AFTER_SAMPLES: Final = 9_600
PAST_PACKETS: Final = 5
"""100 ms that the new encoder hears before its first packet counts."""

TAIL_SAMPLES: Final = 19_200
"""400 ms: what a hall still gives back of a voice after its own microphone closed."""

SLAB_SAMPLES: Final = 60 * 48_000
"""A minute is in memory at a time, whatever the length of a stretch."""


@dataclass(frozen=True, slots=True)
class Mix:
    """The recorded mix on the room clock."""

    opus: OpusFile
    begin: int
    """Room clock of what went into the encoder as the first sample of position 0."""
    gains: tuple[Place, ...] = (Place(0, None, 1.0),)
    """What the bus's loudness servo gave the sum."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The mix without the voices."""

    opus: OpusFile
    stretches: tuple[tuple[int, int], ...]
    """Room clocks from and to which packets are new."""
    muted: tuple[Muted, ...]


Progress = Callable[[int, int], None]
"""Told after each piece: samples done, of how many."""


def render_without(
    mix: Mix, left_out: Sequence[Track], others: Sequence[Track], progress: Progress
) -> Rendered:
    """Make the mix again without ``left_out``; ``others`` are all other tracks of the recording."""
    progress(0, sum(track.end - track.begin for track in left_out))
    muted = tuple(_muted(left_out, others))
    gone = [(track.begin, track.end) for track in left_out]
    gone += [(one.begin, one.end) for one in muted]
    stretches = tuple(stretches_of(mix, gone))
    total = sum(end - begin for begin, end in stretches)
    packets = [packet for packet in mix.opus.packets if not _in_any(packet, mix, stretches)]
    done = 0
    for begin, end in stretches:
        near = [one for one in others if one.begin < end and one.end > begin]
        inside = [span for span in gone if span[0] < end and span[1] > begin]
        stretch = _Stretch(mix, (begin, end), inside, near, muted)
        for packet in stretch.packets():
            packets.append(packet)
            done += packet.samples
            if done % SLAB_SAMPLES < PACKET_SAMPLES:
                progress(done, total)
    progress(total, total)
    line = tuple(sorted(packets, key=lambda packet: packet.begin))
    return Rendered(replace(mix.opus, packets=line), stretches, muted)


def _in_any(packet: TimedPacket, mix: Mix, stretches: Sequence[tuple[int, int]]) -> bool:
    begin, end = mix.begin + packet.begin, mix.begin + packet.end
    return any(begin < last and end > first for first, last in stretches)


def stretches_of(mix: Mix, gone: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Room clocks between which packets are made anew: whole packets, apart from each other.

    ``gone``: from and to when something of the old mix may not be heard.
    """
    last = mix.begin + mix.opus.end
    current: tuple[int, int] | None = None
    for first, until in sorted(gone):
        begin = max(first - BEFORE_SAMPLES - AROUND_SAMPLES, mix.begin)
        end = min(until + AFTER_SAMPLES + AROUND_SAMPLES, last)
        begin -= (begin - mix.begin) % PACKET_SAMPLES
        end += -(end - mix.begin) % PACKET_SAMPLES
        if end <= begin:
            continue
        if current is not None and begin > current[1]:
            yield current
            current = None
        current = (begin, end) if current is None else (current[0], max(current[1], end))
    if current is not None:
        yield current


def _muted(left_out: Sequence[Track], others: Sequence[Track]) -> Iterator[Muted]:
    for voice in left_out:
        for other in others:
            begin, end = max(voice.begin, other.begin), min(voice.end, other.end)
            for low in range(begin, end, SLAB_SAMPLES):
                high = min(low + SLAB_SAMPLES, end)
                heard = picked_up(voice.captured(low, high), other.captured(low, high))
                for first, last in heard:
                    yield Muted(other.name, low + first, low + last + TAIL_SAMPLES)


class _Stretch:
    """One stretch on its way to packets."""

    def __init__(
        self,
        mix: Mix,
        span: tuple[int, int],
        gone: Sequence[tuple[int, int]],
        others: Sequence[Track],
        muted: Sequence[Muted],
    ) -> None:
        self._mix, self._begin, self._end = mix, *span
        self._others, self._muted = others, muted
        self._was = _old_mix(mix)
        self._gone = [(begin - AROUND_SAMPLES, end + AROUND_SAMPLES) for begin, end in gone]
        self._limiter = Limiter(RECORD_TREATMENT.ceiling_dbfs)
        self._encoder = program_encoder()

    def packets(self) -> Iterator[TimedPacket]:
        """The new packets of the stretch, in the order of time."""
        for number in range(PAST_PACKETS, 0, -1):
            low = self._begin - number * PACKET_SAMPLES
            self._encoder.encode(self._was(low, low + PACKET_SAMPLES))
        for low in range(self._begin, self._end, SLAB_SAMPLES):
            high = min(low + SLAB_SAMPLES, self._end)
            slab = self._sound(low, high)
            for at in range(0, slab.size, PACKET_SAMPLES):
                payload = self._encoder.encode(slab[at : at + PACKET_SAMPLES])
                yield TimedPacket(low + at - self._mix.begin, PACKET_SAMPLES, payload)

    def _sound(self, low: int, high: int) -> Samples:
        """What goes into the encoder."""
        total = summed(self._others, low, high, self._muted)
        total *= gain_line(self._mix.gains, low, high)
        new = self._limiter.process(total)
        share = self._share_of_new(low, high)
        sound: Samples = new * share
        if share.min() < 1:
            sound += self._was(low, high) * (1 - share)
        return sound

    def _share_of_new(self, low: int, high: int) -> Samples:
        """1 where a voice has to be gone, 0 where the old mix is kept, 10 ms between them."""
        clock = np.arange(low, high)
        share = np.zeros(high - low, dtype=np.float32)
        for begin, end in self._gone:
            distance = np.maximum(begin - clock, clock - end)
            share = np.maximum(share, 1 - np.clip(distance / FADE_SAMPLES, 0, 1))
        return np.asarray(share, dtype=np.float32)


def _old_mix(mix: Mix) -> Callable[[int, int], Samples]:
    """The old mix by room clock: what went into its encoder, as a decoder gives it back."""
    sound = OpusSound(mix.opus.packets)
    lookahead = program_encoder().lookahead_samples

    def was(low: int, high: int) -> Samples:
        at = low - mix.begin + lookahead
        return sound.read(at, at + high - low)

    return was
