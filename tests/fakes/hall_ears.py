"""Ears in a hall where every table has a tone of its own: who is heard, and from when on nobody."""

from __future__ import annotations

import numpy as np

from fakes.hearing import Sound, dbfs
from fakes.parvis import Listening
from parvis_audio.opus import Decoder
from parvis_wire.rtp import CLOCK_RATE_HZ, RtpPacket

RATE_HZ = 48_000

PITCHES_HZ = {"Table 1": 440.0, "Table 2": 610.0, "Table 3": 830.0}
"""Each table's; whole periods in half a second, none a multiple of another."""

HEARD_DBFS = -32.0
UNHEARD_DBFS = -55.0
"""The comfort noise has far less at any pitch."""

GLANCE_S = 0.4
"""So much sound tells who is heard."""

BLOCK_S = 0.1
PATIENCE_S = 8.0

TONE_BLOCK = RATE_HZ // 200
"""5 ms, for the moment when a tone ends."""

WRAP = 1 << 32


def tone(pitch_hz: float, seconds: float = 4.0) -> Sound:
    """A steady tone at -17 dBFS: a whole number of periods, so that a loop has no seam."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(0.2 * np.sin(2 * np.pi * pitch_hz * at_s), dtype=np.float32)


def pitch_dbfs(sound: Sound, pitch_hz: float) -> float:
    """Level of a steady tone, without what its neighbours spill into it."""
    length = round(BLOCK_S * RATE_HZ)
    window = np.hanning(length)
    at_s = np.arange(length) / RATE_HZ
    turned = window * np.exp(-2j * np.pi * pitch_hz * at_s)
    blocks = sound[: len(sound) // length * length].reshape(-1, length)
    amplitudes = 2 * np.abs(blocks @ turned) / window.sum()
    return float(20 * np.log10(np.median(amplitudes) / np.sqrt(2) + 1e-9))


class Ears:
    """What is heard at `parvis listen` now."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening

    def levels_dbfs(self) -> dict[str, float]:
        """How loud each table is now."""
        sound = self._glance()
        return {name: pitch_dbfs(sound, pitch) for name, pitch in PITCHES_HZ.items()}

    def wait_for_table(self, table: str | None) -> None:
        """Wait until this table alone is heard; None: until nobody is."""

        def as_wanted() -> bool:
            levels = self.levels_dbfs()
            wanted = levels.pop(table) if table is not None else 0.0
            return wanted > HEARD_DBFS and max(levels.values()) < UNHEARD_DBFS

        self._wait(as_wanted, f"{table or 'nobody'} alone")

    def wait_for_voice(self) -> None:
        """Wait until speech is heard, which is no table."""
        self._wait(lambda: self._has_voice(), "the hub's voice")

    def wait_for_quiet(self) -> None:
        """Wait until nothing is heard but the comfort noise."""
        self._wait(lambda: dbfs(self._glance()) < UNHEARD_DBFS, "quiet")

    def _has_voice(self) -> bool:
        return dbfs(self._glance()) > HEARD_DBFS and max(self.levels_dbfs().values()) < HEARD_DBFS

    def _wait(self, true: object, what: str) -> None:
        assert callable(true)
        until_s = self._listening.seconds + PATIENCE_S
        while not true():
            told = {name: round(level) for name, level in self.levels_dbfs().items()}
            assert self._listening.seconds < until_s, f"{what} was to be heard, heard was {told}"
            self._listening.wait_past(self._listening.seconds + BLOCK_S)

    def _glance(self) -> Sound:
        return self._listening.sound[-round(GLANCE_S * RATE_HZ) :]


def silent_after_ms(packets: list[RtpPacket], room_clock: int, pitch_hz: float) -> float:
    """How long a tone was in the program after a moment of the room's clock.

    Both are the hub's own time: a packet's timestamp is the room clock of its first sample.
    """
    decoder = Decoder()
    sound = np.concatenate([decoder.decode(packet.payload) for packet in packets])
    blocks = sound[: len(sound) // TONE_BLOCK * TONE_BLOCK].reshape(-1, TONE_BLOCK)
    turned = np.exp(-2j * np.pi * pitch_hz * np.arange(TONE_BLOCK) / RATE_HZ)
    levels = 20 * np.log10(2 * np.abs(blocks @ turned) / TONE_BLOCK / np.sqrt(2) + 1e-9)
    heard = np.flatnonzero(levels > np.median(levels[: len(levels) // 8]) - 20)
    ended = packets[0].timestamp + (int(heard[-1]) + 1) * TONE_BLOCK
    after = (ended - room_clock) % WRAP
    return (after if after < WRAP // 2 else after - WRAP) / CLOCK_RATE_HZ * 1000
