"""The open sources, each with its own decoding chain; one's broken packets never touch another.

Packets of any other SSRC are refused before anything is decoded: a unit whose turn is over cannot
be heard, whatever it still sends.

Units buffer by what their own link needs, so two microphones at one table would bring a voice 10 to
60 ms apart: a flutter echo. Once a second the wired microphones of a zone are told the longest
delay among them, and all hold that. Wi-Fi units keep theirs: one bad radio must not delay a hall,
and the double-pickup guard ducks them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import ParvisAudioError
from parvis_audio.level import SILENT_DBFS
from parvis_audio.work import Crew, Job, alone, results
from parvis_server.engine.boundary import TICK_SAMPLES, SourcePacket, SourceStats
from parvis_server.engine.stage import MAX_SOURCES, SourceSpec
from parvis_wire.errors import BadPacket
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import LinkKind, SourceKind

Frame = NDArray[np.float32]
Frames = NDArray[np.float32]
Flags = NDArray[np.bool_]

MOST_AT_ONCE: Final = 2 * MAX_SOURCES
"""All sources may change at once: the old ones fade in the tick in which the new ones open."""

LEAST_SHARED: Final = 12
"""Fewer sources are decoded in one thread: a second one takes 50 us to wake up, which is what it
gains with 5; with 8 in ticks of 5 ms, whose calls are half as long, it gained nothing."""

_SSRC: Final = slice(8, 12)
"""Where an RTP header holds the source (RFC 3550 section 5.1)."""

_LARGEST: Final = 4.0
"""12 dB over full scale: no decoder gives more for sound."""

_SILENT_POWER: Final = 10 ** (SILENT_DBFS / 10)


class SourceReceiver(Protocol):
    """What the engine needs of a decoding chain: jitter buffer, decoder, concealment."""

    def receive(self, packet: RtpPacket, arrival_ns: int) -> None:
        """Take a packet; raises ``ParvisAudioError`` when its payload cannot be decoded."""
        ...

    def pull(self, now_ns: int) -> Job[Frame]:
        """The frame that is due now, one tick long, concealed or silent where missing."""
        ...

    @property
    def concealing(self) -> bool:
        """Whether the frame last pulled was made up."""
        ...

    @property
    def position(self) -> int | None:
        """RTP timestamp of the first sample of the frame last pulled; None: silence, or made up."""
        ...

    @property
    def own_target_ms(self) -> float:
        """The delay that this source's link needs."""
        ...

    def delay_at_least(self, least_ms: float) -> None:
        """Hold it for no less than this, as long as others of its zone."""
        ...

    def stats(self, ssrc: int) -> SourceStats:
        """Counts since it was opened."""
        ...


@dataclass(frozen=True, slots=True)
class Pulled:
    """One frame of every source, also of those that close."""

    ssrcs: tuple[int, ...]
    frames: Frames
    """``(sources, samples)``, finite; the rows are used again for the next tick."""
    concealed: Flags
    """Whose frame was made up."""
    levels_dbfs: dict[int, float] = field(default_factory=dict)
    """RMS of those that are open."""


@dataclass(slots=True)
class _Source:
    spec: SourceSpec
    receiver: SourceReceiver
    closing: bool = False
    malformed: int = 0


class SourceBank:
    """Opens, feeds, pulls and closes sources."""

    def __init__(
        self,
        open_receiver: Callable[[SourceSpec], SourceReceiver],
        frame_samples: int = TICK_SAMPLES,
        crew: Crew = alone,
    ) -> None:
        """``open_receiver`` makes the chain of a source that opens; ``crew`` runs the codecs."""
        self._open_receiver = open_receiver
        self._crew = crew
        self._sources: dict[int, _Source] = {}
        self._order: tuple[int, ...] = ()
        self._frames = np.zeros((MOST_AT_ONCE, frame_samples), dtype=np.float32)

    @property
    def specs(self) -> Mapping[int, SourceSpec]:
        """Sources that shall be heard, by SSRC: without those that only fade out."""
        return {s: source.spec for s, source in self._sources.items() if not source.closing}

    def set(self, specs: tuple[SourceSpec, ...], sounding: Callable[[int], bool]) -> None:
        """Open and close so that exactly ``specs`` are open.

        A source that is ``sounding`` when it closes is played for one more frame, to fade. One that
        stays keeps its chain, whatever else is asked of it; with another ``link`` it is opened
        anew, since that sets the bounds of its buffer.
        """
        wanted = {spec.ssrc: spec for spec in specs}
        for ssrc in tuple(self._sources):
            if ssrc not in wanted:
                self._close(ssrc, fade=sounding(ssrc))
        for ssrc, spec in wanted.items():
            source = self._sources.get(ssrc)
            if source is None or source.spec.link != spec.link:
                self._sources[ssrc] = _Source(spec, self._open_receiver(spec))
            else:
                source.closing, source.spec = False, spec
        self._order = tuple(self._sources)

    def _close(self, ssrc: int, *, fade: bool) -> None:
        if fade:
            self._sources[ssrc].closing = True
        else:
            del self._sources[ssrc]

    def receive(self, packet: SourcePacket) -> bool:
        """Give the packet to its source; False when that is not open."""
        source = self._sources.get(int.from_bytes(packet.rtp[_SSRC]))
        if source is None or source.closing:
            return False
        try:
            source.receiver.receive(RtpPacket.parse(packet.rtp), packet.arrival_ns)
        except (BadPacket, ParvisAudioError):
            source.malformed += 1
        return True

    def pull(self, now_ns: int) -> Pulled:
        """One frame of every source, also of those that close; see ``forget_closed``."""
        frames = self._frames[: len(self._order)]
        concealed = np.zeros(len(self._order), dtype=bool)
        jobs = [source.receiver.pull(now_ns) for source in self._sources.values()]
        crew = self._crew if len(jobs) >= LEAST_SHARED else alone
        pulled = zip(self._sources.values(), results(jobs, crew), strict=True)
        for at, (source, frame) in enumerate(pulled):
            if isinstance(frame, ParvisAudioError):
                frames[at] = 0.0
                source.malformed += 1
            else:
                frames[at] = frame
            concealed[at] = source.receiver.concealing
        energy = np.einsum("ij,ij->i", frames, frames)
        if not (energy <= _LARGEST**2).all():
            self._silence_nonsense(frames, energy)
        return Pulled(self._order, frames, concealed, self._levels(energy / frames.shape[1]))

    def _silence_nonsense(self, frames: Frames, energy: Frame) -> None:
        """Numbers only, whatever a source sent: NaN would silence the whole sum.

        A frame whose energy is under the square of the largest sample cannot hold a larger one.
        """
        for at in np.flatnonzero(~(energy <= _LARGEST**2)):
            if not np.abs(frames[at]).max() <= _LARGEST:
                frames[at], energy[at] = 0.0, 0.0
                self._sources[self._order[at]].malformed += 1

    def _levels(self, power: Frame) -> dict[int, float]:
        levels = np.minimum(10 * np.log10(np.maximum(power, _SILENT_POWER)), 0.0).tolist()
        return {
            ssrc: level
            for (ssrc, source), level in zip(self._sources.items(), levels, strict=True)
            if not source.closing
        }

    def forget_closed(self) -> None:
        """After the mix: what has faded is gone."""
        closed = [ssrc for ssrc, source in self._sources.items() if source.closing]
        if closed:
            for ssrc in closed:
                del self._sources[ssrc]
            self._order = tuple(self._sources)

    def align_zones(self) -> None:
        """Give the wired microphones of each zone one delay: the longest that one of them needs."""
        together: dict[str, list[SourceReceiver]] = {}
        for source in self._sources.values():
            spec = source.spec
            wired = spec.link is LinkKind.WIRED and spec.kind is SourceKind.MICROPHONE
            if wired and spec.zone is not None:
                together.setdefault(spec.zone, []).append(source.receiver)
            else:
                source.receiver.delay_at_least(0.0)
        for receivers in together.values():
            longest_ms = max(receiver.own_target_ms for receiver in receivers)
            for receiver in receivers:
                receiver.delay_at_least(longest_ms)

    def position(self, ssrc: int) -> int | None:
        """RTP timestamp of the first sample of its frame last pulled."""
        return self._sources[ssrc].receiver.position

    def stats(self) -> tuple[SourceStats, ...]:
        """Counts of every open source."""
        return tuple(
            _with_malformed(source.receiver.stats(ssrc), source.malformed)
            for ssrc, source in self._sources.items()
            if not source.closing
        )


def _with_malformed(stats: SourceStats, malformed: int) -> SourceStats:
    """The chain's counts and the packets that never got as far as the chain."""
    return stats.model_copy(update={"malformed": stats.malformed + malformed})
