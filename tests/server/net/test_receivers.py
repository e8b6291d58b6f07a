"""Who gets what: by pace, by phase, and spread evenly however they come and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.fanout import Fanout
from parvis_server.net.receivers import SEATS, Pace, Phase, Receiver, Receivers


class Silence:
    """A sink that nothing is written to."""

    direct = None

    def write_frame(self, frame: bytes) -> None:
        raise AssertionError("nothing is published")

    def buffered_bytes(self) -> int:
        return 0

    def close(self, code: int, reason: str = "") -> None:
        raise AssertionError(reason)


def came(others: Receivers, pace: Pace = Pace.BUNDLED, *, wants_sound: bool = True) -> Receiver:
    one = Receiver(others, Silence(), 0, wants_sound=wants_sound, pace=pace)
    others.enter(one)
    return one


def hearing(others: Receivers, pace: Pace | None, phase: Phase | None = None) -> list[Receiver]:
    """All who hear this, in the order in which they are served."""
    return [receiver for row in others.hearing(pace, phase) for receiver in row.receivers]


@given(st.integers(1, 6), st.integers(0, 500))
def test_phases_share_the_audience_evenly(of: int, audience: int) -> None:
    others = Receivers()
    for _ in range(audience):
        came(others)
    sizes = [len(hearing(others, Pace.BUNDLED, Phase(number, of))) for number in range(of)]
    assert sum(sizes) == audience
    assert max(sizes) - min(sizes) <= SEATS // of


@given(st.lists(st.integers(0, 1_000), max_size=200))
def test_who_comes_takes_the_place_of_who_left(acts: list[int]) -> None:
    others = Receivers()
    here: list[Receiver] = []
    for act in acts:
        if act % 3 == 0 and here:
            here.pop(act % len(here)).dismiss()
        else:
            here.append(came(others))
    for _ in range(SEATS * len(acts)):
        here.append(came(others))
    sizes = [len(hearing(others, Pace.BUNDLED, Phase(n, SEATS))) for n in range(SEATS)]
    assert sum(sizes) == len(others) == len(here)
    assert max(sizes) - min(sizes) <= 1


def test_everybody_is_in_one_group() -> None:
    others = Receivers()
    quick, bundled = came(others, Pace.QUICK), came(others)
    silent = came(others, wants_sound=False)
    assert hearing(others, None) == [quick, bundled]
    assert hearing(others, Pace.QUICK) == [quick]
    assert hearing(others, Pace.BUNDLED) == [bundled]
    assert [row.receivers for row in others.silent()] == [[silent]]
    assert others.paces == {Pace.QUICK: 1, Pace.BUNDLED: 1}
    bundled.pace = Pace.QUICK
    assert hearing(others, Pace.QUICK) == [quick, bundled]
    quick.dismiss()
    quick.dismiss()
    assert (len(others), quick.is_among(others)) == (2, False)
    quick.pace = Pace.BUNDLED
    assert hearing(others, None) == [bundled]


def test_a_fanout_knows_its_own() -> None:
    one, other = Fanout(lambda: 0), Fanout(lambda: 0)
    receiver = one.add(Silence(), wants_sound=True)
    assert receiver in one and receiver not in other
    other.remove(receiver)
    assert receiver in one
