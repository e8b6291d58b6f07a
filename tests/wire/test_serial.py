"""Serial arithmetic on the circle."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_wire.serial import SEQUENCE_BITS, Unwrapper, add, distance, is_later

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "serial.json").read_text("utf-8"))
EXPECTED = [1, 1, -1, 32767, -32768, 25636, 480, -480, -2147483648, 0]

u16 = st.integers(0, 65535)


@pytest.mark.parametrize(("case", "expected"), [*zip(CASES, EXPECTED, strict=True)])
def test_vectors(case: dict[str, int], expected: int) -> None:
    assert distance(case["origin"], case["value"], case["bits"]) == expected == case["distance"]


@given(u16, st.integers(-32768, 32767))
def test_distance_undoes_add(origin: int, step: int) -> None:
    assert distance(origin, add(origin, step, SEQUENCE_BITS), SEQUENCE_BITS) == step


@given(u16, u16)
def test_order_is_antisymmetric_off_the_half_circle(a: int, b: int) -> None:
    if a != b and abs(a - b) != 32768:
        assert is_later(a, b, 16) != is_later(b, a, 16)


@given(st.integers(0, 10_000_000), st.lists(st.integers(-3000, 3000), max_size=60))
def test_unwrapper_follows_a_wandering_line(start: int, steps: list[int]) -> None:
    unwrapper = Unwrapper(SEQUENCE_BITS)
    offset = start - unwrapper.unwrap(start % 65536)
    newest = line = start
    for step in steps:
        line = max(newest - 30_000, newest + step)
        assert unwrapper.unwrap(line % 65536) + offset == line
        newest = max(newest, line)
