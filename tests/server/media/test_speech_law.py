import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.voices import Samples, delayed, noise, voice
from parvis_server.media.loudness import LoudnessMeter
from parvis_server.media.speech_law import Hand, SpeechLaw

FRAME = 480
UNTOUCHED = Hand(gain_db=0.0, shared=False)


class Stage:
    """Sources that play whole sounds through the law, frame by frame."""

    def __init__(self, capacity: int = 8, frame_samples: int = FRAME, **hands: Hand) -> None:
        self.law = SpeechLaw(capacity, frame_samples)
        self.frame_samples = frame_samples
        self.gains: list[dict[int, float]] = []
        self.unsettled = 0
        self.ask(True, **hands)

    def ask(self, sharing: bool = True, /, **hands: Hand) -> None:
        """Open exactly these: ``s7=Hand()`` is source 7."""
        self.law.set({int(name[1:]): hand for name, hand in hands.items()}, sharing=sharing)

    def play(self, sounds: dict[int, Samples], concealed: tuple[int, ...] = ()) -> Samples:
        """Everything of these, each at its gain: (sources, samples)."""
        out, order = [], tuple(sounds)
        made_up = np.array([ssrc in concealed for ssrc in order])
        size = max((sound.size for sound in sounds.values()), default=0)
        for at in range(0, size - self.frame_samples + 1, self.frame_samples):
            frames = np.stack([sound[at : at + self.frame_samples] for sound in sounds.values()])
            out.append(self.law.apply(order, frames, made_up))
            self.gains.append({ssrc: self.law.gain(ssrc) for ssrc in order})
            self.unsettled += not self.law.settled
        return np.concatenate(out, axis=1)


def steady(level_dbfs: float, frames: int = 10, seed: int = 1) -> Samples:
    return noise(frames * 0.01, level_dbfs, seed)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * 48_000), dtype=np.float32)


def loudness(sound: Samples) -> float:
    meter = LoudnessMeter()
    for frame in sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME):
        meter.add(frame)
    return meter.integrated_lufs


def db(gain: float) -> float:
    return float(20 * np.log10(max(gain, 1e-9)))


def test_nobody_is_nothing() -> None:
    law = SpeechLaw(2)
    empty = np.zeros((0, FRAME), dtype=np.float32)
    assert law.apply((), empty, np.zeros(0, dtype=bool)) is empty
    assert (law.gain(1), law.gain_db(1), law.share_db(1), law.settled) == (0, 0, 0, True)


def test_an_opening_source_rises_from_zero_and_a_closing_one_falls_to_it() -> None:
    stage = Stage(s1=UNTOUCHED)
    ones = np.ones(3 * FRAME, dtype=np.float32)
    heard = stage.play({1: ones})[0]
    assert heard[0] == pytest.approx(1 / FRAME)
    assert (heard[FRAME:] == 1).all()
    stage.ask()
    faded = stage.play({1: ones[:FRAME]})[0]
    assert faded[-1] == 0
    assert np.abs(np.diff(np.concatenate((heard, faded)))).max() < 1.01 / FRAME


@pytest.mark.parametrize(
    ("hand", "sharing", "gain_db"),
    [
        (Hand(gain_db=-12), True, -12),
        (Hand(gain_db=6, shared=False), True, 6),
        (Hand(muted=True), True, -180),
        (Hand(gain_db=-12), False, -12),
        (Hand(), False, 0),
    ],
)
def test_a_hand_moves_a_gain_over_one_frame(hand: Hand, sharing: bool, gain_db: float) -> None:
    stage = Stage(s1=UNTOUCHED)
    sound = np.full(2 * FRAME, 0.1, dtype=np.float32)
    before = stage.play({1: sound})[0]
    stage.ask(sharing, s1=hand)
    after = stage.play({1: sound})[0]
    assert db(stage.gains[-2][1]) == pytest.approx(gain_db, abs=0.1)
    assert np.abs(np.diff(np.concatenate((before, after))[FRAME:])).max() < 0.11 / FRAME


def test_talkers_20_db_apart_are_alike_after_ten_seconds_each() -> None:
    stage = Stage(s1=Hand(), s2=Hand())
    room = noise(18, -75)
    loud, soft = voice(18, 1, -18) + room, voice(18, 2, -38) + room
    first = stage.play({1: loud, 2: room})
    second = stage.play({1: room, 2: soft})
    levels = [loudness(heard[:, 480_000:].sum(axis=0)) for heard in (first, second)]
    assert abs(levels[0] - levels[1]) < 1.2
    assert stage.law.settled
    assert stage.unsettled > 100  # while the soft one came up


def test_a_talker_begins_the_next_turn_at_the_gain_of_the_last() -> None:
    stage = Stage(s1=Hand())
    stage.play({1: voice(8, 1, -38) + noise(8, -75)})
    learned = stage.law.gain_db(1)
    assert learned > 10
    stage.ask()
    stage.play({1: steady(-75, 1)})
    stage.ask(s1=Hand())
    stage.play({1: silence(0.1)})
    assert stage.law.gain_db(1) == pytest.approx(learned, abs=0.2)
    learned = stage.law.gain_db(1)
    stage.ask(s1=Hand(gain_db=3))
    stage.play({1: silence(0.1)})
    assert stage.law.gain_db(1) == 3
    stage.ask(s1=Hand())
    assert stage.law.gain_db(1) == learned


def test_an_engine_goes_on_from_the_levels_of_the_one_before() -> None:
    stage = Stage(s1=Hand(), s2=Hand())
    stage.law.remember({1: 9.0, 3: 40.0})
    stage.play({1: silence(0.1), 2: silence(0.1)})
    assert stage.law.gain_db(1) == 9
    assert db(stage.law.gain(1)) == pytest.approx(9, abs=0.1)
    assert stage.law.gain_db(2) == 0
    stage.law.remember({1: 2.0})
    assert stage.law.gain_db(1) == 9  # this one knows better by now
    stage.ask(s3=Hand())
    stage.play({3: silence(0.1)})
    assert stage.law.gain_db(3) == 18


def test_only_so_many_are_remembered_and_the_oldest_is_forgotten() -> None:
    stage = Stage(capacity=2, s1=Hand())
    stage.play({1: voice(8, 1, -38) + noise(8, -75)})
    stage.ask(s2=Hand(), s3=Hand())
    stage.play({2: silence(0.1), 3: silence(0.1)})
    stage.ask(s1=Hand())
    stage.play({1: silence(0.1)})
    assert stage.law.gain_db(1) == 0
    with pytest.raises(ValueError, match="3 sources are open; too many"):
        stage.play({1: silence(0.1), 2: silence(0.1), 3: silence(0.1)})


def test_what_is_not_shared_stays_at_full_level_and_ducks_the_others() -> None:
    stage = Stage(s1=UNTOUCHED, s2=Hand(gain_db=0.0))
    stage.play({1: voice(2, 1, pauses=False), 2: noise(2, -40)})
    assert stage.gains[-1][1] == 1
    assert db(stage.gains[-1][2]) < -12
    stage.play({1: noise(2, -60), 2: voice(2, 2, pauses=False)})
    assert stage.gains[-1][1] == 1
    assert db(stage.gains[-1][2]) > -0.5


def test_a_muted_source_ducks_nobody_and_is_whole_at_once_when_it_returns() -> None:
    stage = Stage(s1=Hand(gain_db=0.0), s2=Hand(gain_db=0.0, muted=True))
    one, two = voice(2, 1, -30, pauses=False), voice(2, 2, -10, pauses=False)
    heard = stage.play({1: one, 2: two})
    assert (heard[1] == 0).all()
    assert db(min(gains[1] for gains in stage.gains[10:])) > -0.1
    stage.ask(s1=Hand(gain_db=0.0), s2=Hand(gain_db=0.0))
    stage.play({1: noise(0.02, -60), 2: two[:960]})
    assert db(stage.gains[-1][2]) > -1


def test_priority_is_as_if_louder() -> None:
    stage = Stage(s1=Hand(gain_db=0.0, priority_db=6.0), s2=Hand(gain_db=0.0))
    stage.play({1: voice(3, 1, pauses=False), 2: voice(3, 2, pauses=False)})
    equal = Stage(s1=Hand(gain_db=0.0), s2=Hand(gain_db=0.0))
    equal.play({1: voice(3, 1, pauses=False), 2: voice(3, 2, pauses=False)})

    def apart(stage: Stage) -> float:
        return float(np.mean([db(gains[1]) - db(gains[2]) for gains in stage.gains[50:]]))

    assert apart(stage) - apart(equal) == pytest.approx(6, abs=0.3)
    assert stage.law.share_db(1) <= 0
    with pytest.raises(ValueError, match="priority is 13 dB; it must be"):
        Hand(priority_db=13)


def test_concealment_keeps_the_room_and_teaches_nothing() -> None:
    stage = Stage(s1=Hand(), s2=Hand())
    stage.play({1: voice(3, 1, pauses=False), 2: noise(3, -50)})
    before, learned = stage.gains[-1], stage.law.gain_db(1)
    stage.play({1: silence(0.3), 2: noise(0.3, -50)}, concealed=(1,))
    assert db(stage.gains[-1][2]) <= db(before[2]) + 1
    assert stage.law.gain_db(1) == learned


def test_the_guard_lets_one_of_two_microphones_at_a_talker_count() -> None:
    hand = Hand(gain_db=0.0)
    stage, talker = Stage(s1=hand, s2=hand), voice(3, pauses=False) + noise(3, -70)
    stage.play({1: talker, 2: delayed(talker, 144, -4)})
    assert db(stage.gains[-1][1]) >= -1.5
    assert db(stage.gains[-1][2]) <= -12
    assert [stage.law.doubles(ssrc) for ssrc in (1, 2, 3)] == [False, True, False]
    muted = Stage(s1=Hand(gain_db=0.0, muted=True), s2=hand)
    muted.play({1: talker, 2: delayed(talker, 144, -4)})
    assert db(muted.gains[-1][2]) > -0.5
    assert not muted.law.doubles(2)


def test_a_source_that_reopens_does_not_bring_its_last_shout() -> None:
    stage = Stage(s1=Hand(gain_db=0.0), s2=Hand(gain_db=0.0))
    stage.play({1: voice(1, 1, -6, pauses=False), 2: noise(1, -60)})
    stage.ask(s2=Hand(gain_db=0.0))
    stage.play({1: steady(-60, 1), 2: steady(-60, 1)})
    stage.play({2: noise(2, -60)})
    assert db(stage.gains[-1][2]) > -0.5
    stage.ask(s1=Hand(gain_db=0.0), s2=Hand(gain_db=0.0))
    stage.play({1: silence(0.05), 2: noise(0.05, -60)})
    assert db(stage.gains[-1][2]) > -0.5


@settings(deadline=None, max_examples=30)
@given(
    turns=st.lists(
        st.tuples(
            st.sets(st.integers(1, 5), max_size=4),
            st.floats(-90, 0),
            st.booleans(),
            st.sampled_from([Hand(), Hand(gain_db=-40), Hand(gain_db=18, shared=False)]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whoever_comes_and_goes_gains_are_in_range_and_never_jump(
    turns: list[tuple[set[int], float, bool, Hand]],
) -> None:
    stage, before = Stage(capacity=9), dict.fromkeys(range(1, 6), 0.0)
    heard: set[int] = set()
    for opened, level_dbfs, sharing, hand in turns:
        stage.ask(sharing, **{f"s{ssrc}": hand for ssrc in opened})
        sounds = {ssrc: steady(level_dbfs, 2, ssrc) for ssrc in sorted(opened | heard)}
        for _ in range(2):
            if not sounds:
                break
            played = stage.play({ssrc: sound[:FRAME] for ssrc, sound in sounds.items()})
            for row, (ssrc, sound) in enumerate(sounds.items()):
                after = stage.gains[-1][ssrc]
                assert 0 <= after <= 10 ** (18 / 20) + 1e-5
                line = before[ssrc] + (after - before[ssrc]) * np.arange(1, FRAME + 1) / FRAME
                assert played[row] == pytest.approx(sound[:FRAME] * line, abs=1e-5)
                before[ssrc] = after
            sounds = {ssrc: sound for ssrc, sound in sounds.items() if ssrc in opened}
        assert all(before[ssrc] == 0 for ssrc in set(range(1, 6)) - opened)
        heard = opened
