"""The open sources, each with its own decoding chain; one's broken packets never touch another.

Packets of any other SSRC are refused before anything is decoded: a unit whose turn is over cannot
be heard, whatever it still sends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import ParvisAudioError
from parvis_server.engine.boundary import TICK_SAMPLES, SourcePacket, SourceStats
from parvis_server.engine.stage import SourceSpec
from parvis_wire.errors import BadPacket
from parvis_wire.rtp import RtpPacket

Frame = NDArray[np.float32]

_SSRC = slice(8, 12)
"""Where an RTP header holds the source (RFC 3550 section 5.1)."""

_NONSENSE = 1000.0
"""60 dB over full scale: no decoder gives that for sound."""

_SILENCE: Frame = np.zeros(TICK_SAMPLES, dtype=np.float32)
_SILENCE.flags.writeable = False


class SourceReceiver(Protocol):
    """What the engine needs of a decoding chain: jitter buffer, decoder, concealment."""

    def receive(self, packet: RtpPacket, arrival_ns: int) -> None:
        """Take a packet; raises ``ParvisAudioError`` when its payload cannot be decoded."""
        ...

    def pull(self, now_ns: int) -> Frame:
        """The frame that is due now, ``TICK_SAMPLES`` long, concealed or silent where missing."""
        ...

    def stats(self, ssrc: int) -> SourceStats:
        """Counts since it was opened."""
        ...


@dataclass(slots=True)
class _Source:
    spec: SourceSpec
    receiver: SourceReceiver
    closing: bool = False
    malformed: int = 0


class SourceBank:
    """Opens, feeds, pulls and closes sources."""

    def __init__(self, open_receiver: Callable[[SourceSpec], SourceReceiver]) -> None:
        """``open_receiver`` makes the chain of a source that opens."""
        self._open_receiver = open_receiver
        self._sources: dict[int, _Source] = {}

    @property
    def open_ssrcs(self) -> frozenset[int]:
        """Sources that shall be heard: without those that only fade out."""
        return frozenset(s for s, source in self._sources.items() if not source.closing)

    def set(self, specs: tuple[SourceSpec, ...], sounding: Callable[[int], bool]) -> None:
        """Open and close so that exactly ``specs`` are open.

        A source that is ``sounding`` when it closes is played for one more frame, to fade. One that
        stays, stays as it is; with another ``link`` it is opened anew.
        """
        wanted = {spec.ssrc: spec for spec in specs}
        for ssrc in tuple(self._sources):
            if ssrc not in wanted:
                self._close(ssrc, fade=sounding(ssrc))
        for ssrc, spec in wanted.items():
            source = self._sources.get(ssrc)
            if source is None or source.spec != spec:
                self._sources[ssrc] = _Source(spec, self._open_receiver(spec))
            else:
                source.closing = False

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

    def pull(self, now_ns: int) -> Mapping[int, Frame]:
        """One frame of every source by SSRC, also of those that close; see ``forget_closed``."""
        return {ssrc: self._frame(source, now_ns) for ssrc, source in self._sources.items()}

    def forget_closed(self) -> None:
        """After the mix: what has faded is gone."""
        for ssrc in [s for s, source in self._sources.items() if source.closing]:
            del self._sources[ssrc]

    def _frame(self, source: _Source, now_ns: int) -> Frame:
        """A frame of numbers, whatever the source sent: NaN would silence the whole sum."""
        try:
            frame = source.receiver.pull(now_ns)
        except ParvisAudioError:
            frame = None
        if frame is not None and np.abs(frame).max() < _NONSENSE:
            return frame
        source.malformed += 1
        return _SILENCE

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
