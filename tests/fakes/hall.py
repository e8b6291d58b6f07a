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
        responses = np.stack(
            [room(reverberation_s, seed + n, 0.0, 0.5) for n in range(microphones)]
        )
        parts = -(-responses.shape[1] // FRAME)
        padded = np.zeros((microphones, parts * FRAME))
        padded[:, : responses.shape[1]] = responses * 10 ** (coupling_db / 20)
        self._spectra = rfft(padded.reshape(microphones, parts, FRAME), 2 * FRAME)
        self._played = np.zeros((parts, FRAME + 1), dtype=complex)
        self._last = np.zeros(FRAME, dtype=np.float32)
        self._coming = np.zeros((microphones, int(delay_s * 48_000)), dtype=np.float32)

    def play(self, frame: Samples) -> NDArray[np.float32]:
        """Play a frame; what each microphone hears of this and all earlier ones, now.

        Convolution in parts of one frame (overlap-save), so that a frame costs the same for ever.
        """
        self._played[1:] = self._played[:-1].copy()
        self._played[0] = rfft(np.concatenate((self._last, frame)))
        self._last = frame.copy()
        heard = irfft(np.einsum("mpf,pf->mf", self._spectra, self._played))[:, FRAME:]
        coming = np.concatenate((self._coming, heard.astype(np.float32)), axis=1)
        self._coming = coming[:, FRAME:]
        return coming[:, :FRAME]
