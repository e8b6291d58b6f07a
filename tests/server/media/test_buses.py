import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.voices import Samples, noise
from parvis_server.media.buses import (
    LARGEST,
    Buses,
    Routes,
    Source,
    finite,
    loudspeaker_routes,
    mix_minus_routes,
    program_routes,
    record_routes,
)
from parvis_server.media.zones import ZoneMatrix

MATRIX = ZoneMatrix(("hall", "foyer"), {("foyer", "hall"): -6.0})
SOURCES = [
    Source(1, "hall"),
    Source(2, "hall", recorded=False),
    Source(3, "foyer"),
    Source(4),
    Source(5),
]
SSRCS = [source.ssrc for source in SOURCES]


def tone(hertz: float, seconds: float = 1.0) -> Samples:
    at = np.arange(int(seconds * 48_000)) / 48_000
    return np.asarray(0.1 * np.sin(2 * np.pi * hertz * at), dtype=np.float32)


def level_at(sound: Samples, hertz: float) -> float:
    at = np.arange(sound.size) / 48_000
    found = np.abs(np.mean(sound * np.exp(-2j * np.pi * hertz * at))) * 2
    return float(20 * np.log10(found + 1e-12))


def all_routes() -> dict[str, Routes]:
    return {
        "program": program_routes(SOURCES),
        "record": record_routes(SOURCES),
        "return 4": mix_minus_routes(SOURCES, 4),
        "hall": loudspeaker_routes(SOURCES, "hall", MATRIX),
        "foyer": loudspeaker_routes(SOURCES, "foyer", MATRIX),
    }


def test_each_bus_has_its_tones_and_no_other() -> None:
    hertz = [500.0, 800.0, 1_300.0, 2_100.0, 3_400.0]
    sound = np.stack([tone(h) for h in hertz])
    buses, routes = Buses(), all_routes()
    played: dict[str, list[Samples]] = {name: [] for name in routes}
    for start in range(0, 48_000, 480):
        mixed = buses.mix(sound[:, start : start + 480], SSRCS, routes)
        for name, frame in mixed.items():
            played[name].append(frame)
    heard = {
        name: [round(level_at(np.concatenate(frames), h) + 20) for h in hertz]
        for name, frames in played.items()
    }
    assert heard["program"] == [0, 0, 0, 0, 0]
    assert [level > -60 for level in heard["record"]] == [True, False, True, True, True]
    assert [level > -60 for level in heard["return 4"]] == [True, True, True, False, True]
    assert [level > -60 for level in heard["hall"]] == [False, False, True, True, True]
    assert heard["hall"][2] == -6
    assert [level > -60 for level in heard["foyer"]] == [True, True, False, True, True]
    assert max(level for levels in heard.values() for level in levels if level < -60) <= -90


@settings(deadline=None, max_examples=50)
@given(own=st.integers(0, 4), others=st.booleans(), seed=st.integers(0, 999))
def test_the_own_voice_in_a_return_is_exactly_nothing(own: int, others: bool, seed: int) -> None:
    """Alone: exactly 0.0. With others: the same bits as if the own voice had been silent."""
    random = np.random.default_rng(seed)
    sound = random.normal(size=(5, 480)).astype(np.float32) * np.float32(others)
    sound[own] = random.normal(size=480)
    silent = sound.copy()
    silent[own] = 0
    routes = {"return": mix_minus_routes(SOURCES, SSRCS[own])}
    heard = Buses().mix(sound, SSRCS, routes)["return"]
    assert np.array_equal(heard, Buses().mix(silent, SSRCS, routes)["return"])
    if not others:
        assert (heard == 0.0).all()


@settings(deadline=None, max_examples=30)
@given(own=st.integers(0, 4), seed=st.integers(0, 999))
def test_a_return_is_the_program_less_the_own_voice(own: int, seed: int) -> None:
    sound = np.random.default_rng(seed).normal(size=(5, 480)).astype(np.float32)
    routes = {"t": program_routes(SOURCES), "n": mix_minus_routes(SOURCES, SSRCS[own])}
    mixed = Buses().mix(sound, SSRCS, routes)
    assert mixed["n"] == pytest.approx(mixed["t"] - sound[own], abs=1e-5)


def test_a_microphone_never_hears_itself_from_its_own_box_even_when_lifted() -> None:
    lifted = loudspeaker_routes(SOURCES, "hall", MATRIX, frozenset({"hall"}), own_ssrc=1)
    assert lifted.tolist()[:2] == [0.0, 1.0]


def test_a_route_that_changes_moves_over_one_frame() -> None:
    buses = Buses()
    ones = np.ones((2, 480), dtype=np.float32)
    shut, open_ = np.array([1, 0], np.float32), np.array([1, 1], np.float32)
    buses.mix(ones, [7, 8], {"bus": shut})
    moving = buses.mix(ones, [7, 8], {"bus": open_})["bus"]
    assert moving[0] == pytest.approx(1 + 1 / 480)
    assert moving[-1] == 2
    assert np.abs(np.diff(moving)).max() < 0.003
    assert (buses.mix(ones, [7, 8], {"bus": open_})["bus"] == 2).all()


def test_routes_are_remembered_by_name_and_source_not_by_place() -> None:
    buses = Buses()
    ones = np.ones((2, 480), dtype=np.float32)
    first, both = np.array([1, 0], np.float32), np.array([1, 1], np.float32)
    buses.mix(ones, [7, 8], {"a": first, "b": both})
    swapped = buses.mix(ones, [8, 7], {"new": both, "b": both, "a": np.array([0, 1], np.float32)})
    assert (swapped["a"] == 1).all()
    assert (swapped["b"] == 2).all()
    assert (swapped["new"] == 2).all()


def test_no_bus_and_no_source_are_no_trouble() -> None:
    buses, nothing = Buses(), np.zeros((0, 480), dtype=np.float32)
    assert buses.mix(nothing, [], {}) == {}
    silent = buses.mix(nothing, [], {"program": program_routes([])})
    assert (silent["program"] == 0).all()
    assert silent["program"].size == 480


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_sound_reaches_no_bus(bad: float) -> None:
    frames = noise(0.02, -20).reshape(2, 480).copy()
    frames[1, 17] = bad
    mended, rows = finite(frames)
    assert rows.tolist() == [1]
    assert np.isfinite(mended).all()
    assert np.abs(mended).max() <= LARGEST
    assert np.array_equal(mended[0], frames[0])
    mixed = Buses().mix(mended, [7, 8], {"return": np.array([1, 0], np.float32)})
    assert np.array_equal(mixed["return"], frames[0])


def test_sound_frames_pass_untouched() -> None:
    frames = noise(0.02, -20).reshape(2, 480)
    mended, rows = finite(frames)
    assert mended is frames
    assert rows.size == 0
