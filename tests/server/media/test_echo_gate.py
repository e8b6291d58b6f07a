import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pystoi import stoi

from fakes.hall import Air
from fakes.voices import Samples, dbfs, noise, voice
from parvis_server.media.automix import SIDE_CHAIN, GainSharing, ramps
from parvis_server.media.block_filter import BlockFilter
from parvis_server.media.echo_gate import (
    ATTENUATION_DB,
    HOLD_FRAMES,
    LEAST_DELAY_FRAMES,
    MOST_DELAY_FRAMES,
    EchoGate,
)

FRAME = 480
MICROPHONES = 3
INTERRUPTION_S = 7


class Chain:
    """Remote talker, hall with microphones, gain sharing in one group, gate on the return."""

    def __init__(self, reverberation_s: float, coupling_db: float, delay_s: float) -> None:
        self.air = Air(MICROPHONES, reverberation_s, coupling_db, delay_s, seed=1)
        self.gate = EchoGate(MICROPHONES)

    def run(self, remote: Samples, hall: Samples) -> tuple[Samples, np.ndarray]:
        """The return, and the gate's gain at each frame; ``hall`` speaks into microphone 0."""
        rows = np.arange(MICROPHONES + 1)
        sharing, side_chain = GainSharing(rows.size), BlockFilter(SIDE_CHAIN, rows.size, np.float32)
        hiss = noise(remote.size / 48_000 * MICROPHONES, -65).reshape(MICROPHONES, -1)
        before, last, played = np.ones(rows.size, np.float32), 1.0, np.zeros(FRAME, np.float32)
        returned, gains = [], []
        for at in range(0, remote.size - FRAME + 1, FRAME):
            part = slice(at, at + FRAME)
            heard = self.air.play(played) + hiss[:, part]
            heard[0] += hall[part]
            heard[1:] += 0.25 * hall[part]
            frames = np.concatenate((remote[None, part], heard))
            after = sharing.gains(frames, rows, np.ones(rows.size), np.zeros(rows.size, bool))
            shared, before = ramps(frames, before, after), after
            played = shared[0]
            band = side_chain.filter(np.concatenate((played[None], heard)), rows)
            power = np.mean(band.astype(np.float64) ** 2, axis=1)
            gain = self.gate.gain(power[0], power[1:], rows[:-1])
            returned.append(shared[1:].sum(axis=0) * np.linspace(last, gain, FRAME))
            gains.append(gain)
            last = gain
        return np.concatenate(returned).astype(np.float32), np.array(gains)


@pytest.mark.parametrize(
    ("reverberation_s", "coupling_db", "delay_s"), [(0.3, -12, 0.08), (0.6, -12, 0.2)]
)
def test_echo_is_gone_and_an_interruption_passes(
    reverberation_s: float, coupling_db: float, delay_s: float
) -> None:
    remote, hall = voice(10, 3), voice(10, 8, pauses=False)
    hall[: 48_000 * INTERRUPTION_S] = 0
    heard, gains = Chain(reverberation_s, coupling_db, delay_s).run(remote, hall)
    alone = slice(48_000 * 5, 48_000 * INTERRUPTION_S)
    assert dbfs(heard[alone]) - dbfs(remote[alone]) <= -35
    interrupted = gains[INTERRUPTION_S * 100 :] > 0.9
    assert interrupted[:10].any()
    assert interrupted[10:].mean() > 0.95
    clean, _ = Chain(0.3, -120, 0.08).run(np.zeros_like(remote), hall)
    spoken = slice(48_000 * INTERRUPTION_S, None)
    assert stoi(clean[spoken], heard[spoken], 48_000) > 0.75


def run_levels(gate: EchoGate, played_db: list[float], heard_db: list[float]) -> list[float]:
    return [
        gate.gain(10 ** (played / 10), np.array([10 ** (heard / 10)]), np.array([0]))
        for played, heard in zip(played_db, heard_db, strict=True)
    ]


def talk(seconds: float, seed: int) -> list[float]:
    random = np.random.default_rng(seed)
    level = np.repeat(random.choice([-20.0, -24.0, -55.0], int(seconds * 10)), 10)
    return list(level + random.normal(0, 1, level.size))


def test_delay_and_coupling_are_learnt() -> None:
    gate, played = EchoGate(1), talk(20, 1)
    heard = [-90.0] * 15 + [level - 18 for level in played[:-15]]
    gains = run_levels(gate, played, heard)
    assert gate.delay_ms == 150
    assert gate.coupling_db(0) == pytest.approx(-18, abs=3)
    audible = [gain for gain, level in zip(gains, heard, strict=True) if level > -50]
    assert max(audible[600:]) == pytest.approx(10 ** (-ATTENUATION_DB / 20))


def test_a_louder_loudspeaker_is_learnt_again() -> None:
    gate, played = EchoGate(1), talk(60, 1)
    heard = [-90.0] * 15 + [level - 30 for level in played[:-15]]
    louder = [level + (15 if at > 2_000 else 0) for at, level in enumerate(heard)]
    gains = run_levels(gate, played, louder)
    assert gate.coupling_db(0) == pytest.approx(-15, abs=4)
    assert np.mean(np.array(gains[5_000:]) > 0.9) < 0.05


def test_without_an_echo_the_return_is_never_touched() -> None:
    """Headphones in the hall, or nobody remote: people there talk, and all of it passes."""
    gate = EchoGate(1)
    assert set(run_levels(gate, [-90.0] * 500, talk(5, 2))) == {1.0}


def test_nobody_in_the_hall_is_nothing_to_gate() -> None:
    gate = EchoGate(1)
    assert gate.gain(0.1, np.zeros(0), np.zeros(0, dtype=np.intp)) == 1.0


def test_it_stays_shut_over_a_gap_and_opens_after_it() -> None:
    gate, played = EchoGate(1), talk(20, 1)
    heard = [-90.0] * 10 + [level - 18 for level in played[:-10]]
    run_levels(gate, played, heard)
    after = run_levels(gate, [-20.0] * 20 + [-100.0] * 200, [-38.0] * 30 + [-100.0] * 190)
    assert after[40 + HOLD_FRAMES // 2] < 0.1
    assert after[-1] == 1.0


def test_a_forgotten_microphone_is_learnt_anew() -> None:
    gate, played = EchoGate(1), talk(20, 1)
    run_levels(gate, played, [-90.0] * 10 + [level - 18 for level in played[:-10]])
    gate.forget(0)
    assert gate.coupling_db(0) > -10


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e3)), min_size=1, max_size=80
    )
)
def test_whatever_comes_the_gate_is_open_or_shut(powers: list[tuple[float, float, float]]) -> None:
    gate = EchoGate(2)
    for played, first, second in powers:
        gain = gate.gain(played, np.array([first, second]), np.array([0, 1]))
        assert gain in (1.0, 10 ** (-ATTENUATION_DB / 20))
        assert LEAST_DELAY_FRAMES <= gate.delay_ms / 10 <= MOST_DELAY_FRAMES
        assert -60 <= gate.coupling_db(0) <= 6
