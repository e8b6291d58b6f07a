"""The echo gates of all returns: which microphones they watch, and what they let through.

A gate (``media/echo_gate.py``) attenuates only what the hall's microphones and desks bring into the
return of one remote speaker; other remote speakers pass it untouched. It works only while the stage
has a loudspeaker or a line: otherwise nothing of ours sounds in the hall. What a gate has learnt of
a microphone stays while the microphone's turn is over, as long as there is a row for it.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from parvis_server.engine.stage import MAX_SOURCES
from parvis_server.media.echo_gate import EchoGate

Powers = NDArray[np.float64]

GATE_SAMPLES = 480
"""A gate looks every 10 ms, whatever the tick."""


class EchoGates:
    """One gate for each remote speaker who has a return and is open."""

    def __init__(self, frame_samples: int) -> None:
        """``frame_samples``: length of a tick."""
        self._ticks = GATE_SAMPLES // frame_samples
        self._tick = 0
        self._gates: dict[int, EchoGate] = {}
        self._gains: dict[int, float] = {}
        self._rows: dict[int, int] = {}
        self._played: dict[int, float] = {}
        self._heard = np.zeros(0)

    def keep(self, speakers: Collection[int]) -> None:
        """Forget the gates of everybody else."""
        for gone in self._gates.keys() - set(speakers):
            del self._gates[gone]
            self._gains.pop(gone, None)

    def gains(
        self, played: Mapping[int, float], microphones: Sequence[int], heard: Powers
    ) -> Mapping[int, float]:
        """For each speaker the linear gain of the hall in their return, at the end of this tick.

        ``played``: mean square of each open speaker as the hall hears them; ``microphones``: the
        hall's open sources, and ``heard`` their mean squares before any gain.
        """
        again = self._heard if self._heard.size == heard.size else np.zeros(heard.size)
        self._heard = again + heard / self._ticks
        for speaker, power in played.items():
            self._played[speaker] = self._played.get(speaker, 0.0) + power / self._ticks
        self._tick += 1
        if self._tick % self._ticks == 0:
            self._look(microphones)
        return self._gains

    def _look(self, microphones: Sequence[int]) -> None:
        rows = np.array([self._row(ssrc) for ssrc in microphones], dtype=np.intp)
        for speaker, power in self._played.items():
            gate = self._gates.setdefault(speaker, EchoGate(MAX_SOURCES))
            self._gains[speaker] = gate.gain(power, self._heard, rows)
        self._played = {}
        self._heard = np.zeros(0)

    def _row(self, microphone: int) -> int:
        """Its row in every gate; the one unused for the longest makes room."""
        row = self._rows.pop(microphone, None)
        if row is None:
            if len(self._rows) < MAX_SOURCES:
                row = len(self._rows)
            else:
                row = self._rows.pop(next(iter(self._rows)))
                for gate in self._gates.values():
                    gate.forget(row)
        self._rows[microphone] = row
        return row
