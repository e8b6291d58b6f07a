"""What two generations of Opus leave of speech: the unit's packet, then the audience's."""

from __future__ import annotations

import numpy as np
from scipy.signal import resample_poly

from fakes.measure import stoi
from fakes.sounds import speech
from parvis_audio import measure, opus
from parvis_audio.opus import Decoder, Encoder, Samples

PESQ_RATE_HZ = 16_000
"""Wide band, ITU-T P.862.2."""

LEAST_PESQ, LEAST_STOI = 4.25, 0.99


def coded(sound: Samples, encoder: Encoder, frame_samples: int) -> Samples:
    """Through an encoder and a decoder, frame by frame."""
    decoder, whole = Decoder(), sound.size // frame_samples * frame_samples
    frames = sound[:whole].reshape(-1, frame_samples)
    return np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames])


def tandem(sound: Samples, unit_frame_samples: int = 480) -> Samples:
    """Both generations, and the codecs' delays taken out again."""
    first = coded(sound, opus.unit_encoder(unit_frame_samples), unit_frame_samples)
    second = coded(first, opus.program_encoder(), opus.PROGRAM_FRAME_SAMPLES)
    return measure.aligned(second, sound)


def tandem_stoi(unit_frame_samples: int = 480) -> float:
    """Intelligibility of the recorded speech after both."""
    said = speech()
    return stoi(tandem(said, unit_frame_samples), said)


def tandem_pesq(unit_frame_samples: int = 480) -> float:
    """PESQ-WB of the recorded speech after both; needs the package `pesq` (extra `bench`)."""
    from pesq import pesq

    said = speech()
    down = [resample_poly(each, 1, 3) for each in (said, tandem(said, unit_frame_samples))]
    return float(pesq(PESQ_RATE_HZ, *down, "wb"))
