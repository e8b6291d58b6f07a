"""The first copy counts, however the copies are interleaved."""

import random

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.duplicates import REMEMBERED, Duplicates


@given(st.integers(0, 1 << 32), st.integers(1, 300))
def test_each_sequence_number_is_new_once(seed: int, count: int) -> None:
    copies = [sequence for sequence in range(count) for _ in range(2)]
    random.Random(seed).shuffle(copies)
    duplicates = Duplicates()
    assert [s for s in copies if duplicates.is_new(s)] == list(dict.fromkeys(copies))


def test_a_number_comes_round_again_after_the_wrap() -> None:
    duplicates = Duplicates()
    assert all(duplicates.is_new(sequence % (1 << 16)) for sequence in range(1 << 17))


def test_only_so_many_are_remembered() -> None:
    duplicates = Duplicates()
    for sequence in range(REMEMBERED + 1):
        duplicates.is_new(sequence)
    assert duplicates.is_new(0)
    assert not duplicates.is_new(REMEMBERED)
