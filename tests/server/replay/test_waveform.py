"""The outline: the same however the sound comes, and true to the loudest sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.replay.waveform import Waveform


@given(st.lists(st.integers(0, 500), max_size=12), st.integers(0, 2**32 - 1))
def test_pieces_make_no_difference(lengths: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).uniform(-1, 1, sum(lengths)).astype(np.float32)
    pieces, whole = Waveform(100), Waveform(100)
    for begin, length in zip(np.cumsum([0, *lengths]), lengths, strict=False):
        pieces.add(sound[begin : begin + length])
    whole.add(sound)
    assert pieces.json() == whole.json()
    assert whole.json()["length"] == -(-sound.size // 100)


def test_the_loudest_samples_are_in_their_columns() -> None:
    sound = np.zeros(250, dtype=np.float32)
    sound[120], sound[130], sound[249] = 0.5, -0.25, 1.0
    outline = Waveform(100)
    outline.add(sound)
    assert outline.json()["data"] == [0, 0, -32, 64, 0, 127]


def test_nothing_heard_is_nothing_drawn() -> None:
    assert Waveform().json()["data"] == []
