"""A hall with loudspeakers and microphones, one frame at a time, so that loops can be closed."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from fakes.voices import Samples, room

FRAME = 480


class Air:
    """From one loudspeaker to some microphones: convolution with a room, frame by frame."""

    def __init__(
        self,
        microphones: int,
        reverberation_s: float,
        coupling_db: float,
        delay_s: float,
        seed: int,
    ) -> None:
        """``coupling_db``: level at each microphone, relative to what is played; ``delay_s``: of
        everything between the bus and the microphone's frame in the hub."""
        responses = [room(reverberation_s, seed + n, 0.0, 0.5) for n in range(microphones)]
        skip = int(delay_s * 48_000)
        self._frames = -(-responses[0].size // FRAME) + 1
        self._transform = 2 * self._frames * FRAME
        self._spectra = rfft(np.stack(responses) * 10 ** (coupling_db / 20), self._transform)
        self._coming = np.zeros((microphones, skip + self._transform))
        self._skip = skip

    def play(self, frame: Samples) -> NDArray[np.float32]:
        """Play a frame; what each microphone hears of this and all earlier ones, now."""
        heard = irfft(self._spectra * rfft(frame, self._transform), self._transform)
        self._coming[:, self._skip :] += heard
        now = self._coming[:, :FRAME].astype(np.float32)
        self._coming = np.roll(self._coming, -FRAME, axis=1)
        self._coming[:, -FRAME:] = 0.0
        return now
