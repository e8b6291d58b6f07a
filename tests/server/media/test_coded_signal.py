import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.voices import Samples, dbfs, delayed, noise, voice
from parvis_audio.opus import Decoder, unit_encoder
from parvis_server.media.coded_signal import (
    LEVEL_DBFS,
    PERIOD_SAMPLES,
    PLAYED_SAMPLES,
    CodedSignal,
    Return,
    ReturnFinder,
    sequence,
)

FRAME = 480
SIGNAL = CodedSignal()


def played() -> Samples:
    frames = [SIGNAL.frame(at, FRAME) for at in range(0, PLAYED_SAMPLES + FRAME, FRAME)]
    return np.concatenate(frames)


def through_opus(sound: Samples) -> Samples:
    encoder, decoder = unit_encoder(), Decoder()
    frames = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    return np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames])


def search(feed: Samples) -> Return | None:
    finder = ReturnFinder(SIGNAL)
    for at in range(0, feed.size - FRAME + 1, FRAME):
        finder.listen(at, feed[at : at + FRAME])
    assert finder.heard_share == 1
    while not finder.done:
        finder.step()
    return finder.found()


def test_the_sequence_is_like_itself_at_lag_0_only() -> None:
    spectrum = np.abs(np.fft.rfft(sequence().astype(np.float64))) ** 2
    likeness = np.fft.irfft(spectrum, PERIOD_SAMPLES)
    assert likeness[0] == pytest.approx(PERIOD_SAMPLES)
    assert likeness[1:] == pytest.approx(np.full(PERIOD_SAMPLES - 1, -1.0), abs=1e-6)


def test_the_signal_is_modest_softly_begun_and_ends() -> None:
    sound = played()
    assert dbfs(sound[FRAME : PLAYED_SAMPLES - FRAME]) == pytest.approx(LEVEL_DBFS, abs=0.1)
    assert np.abs(sound).max() <= 10 ** (LEVEL_DBFS / 20) * 1.001
    assert np.abs(sound[:10]).max() < 0.002
    assert (sound[PLAYED_SAMPLES:] == 0).all()
    halves = [SIGNAL.frame(at, 240) for at in range(0, PLAYED_SAMPLES + FRAME, 240)]
    assert np.array_equal(np.concatenate(halves)[: sound.size], sound)


@pytest.mark.parametrize("delay_ms", [20, 150, 300])
@pytest.mark.parametrize("gain_db", [-10, -30])
def test_a_return_is_found_under_a_voice(delay_ms: int, gain_db: int) -> None:
    """Through two generations of Opus, as from hub to desk and back."""
    way = delayed(through_opus(played()), delay_ms * 48, gain_db)
    feed = through_opus(way + voice(4, 3, -20)[: way.size])
    found = search(feed)
    assert found is not None
    assert found.delay_samples == delay_ms * 48 + 2 * 120
    assert found.gain_db == pytest.approx(gain_db, abs=4)  # Opus blurs what is under the voice
    assert found.sigmas > 15


@pytest.mark.parametrize("seed", range(4))
def test_a_voice_alone_is_no_return(seed: int) -> None:
    size = played().size
    assert search(through_opus(voice(2, seed, -15)[:size])) is None
    assert search(noise(2, -30, seed)[:size]) is None


def test_a_faint_return_in_a_quiet_feed_is_told_with_its_gain() -> None:
    way = delayed(played(), 4_000, -50) + noise(2, -80)[: played().size]
    found = search(way)
    assert found is not None
    assert found.gain_db == pytest.approx(-50, abs=1)


def test_digital_silence_is_no_return() -> None:
    assert search(np.zeros(played().size, dtype=np.float32)) is None


@settings(deadline=None, max_examples=10)
@given(delay=st.integers(0, PERIOD_SAMPLES - 1), gain_db=st.floats(-40, 6))
def test_any_way_is_measured(delay: int, gain_db: float) -> None:
    found = search(delayed(played(), delay, gain_db) + noise(2, -90)[: played().size])
    assert found is not None
    assert found.delay_samples == delay
    assert found.gain_db == pytest.approx(gain_db, abs=0.5)


def test_a_feed_with_a_hole_is_not_whole() -> None:
    finder = ReturnFinder(SIGNAL)
    sound = played()
    for at in range(0, sound.size - FRAME + 1, FRAME):
        if at != 480 * 100:
            finder.listen(at, sound[at : at + FRAME])
    assert finder.heard_share < 1
