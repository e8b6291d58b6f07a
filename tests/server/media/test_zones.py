from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.media.zones import SILENT_DB, Lift, ZoneMatrix, lift_refusal

ZONES = ("hall", "foyer", "balcony")
SHORT = Lift(path_ms=24.0, five_ms_profile=True, open_sources=3, open_microphones=1)


def test_by_default_everybody_hears_everybody_else() -> None:
    matrix = ZoneMatrix(ZONES)
    for talks in ZONES:
        for hears in ZONES:
            assert matrix.gain(talks, hears) == (0.0 if talks == hears else 1.0)


def test_a_gain_of_the_matrix_is_used() -> None:
    matrix = ZoneMatrix(ZONES, {("hall", "foyer"): -6.0, ("foyer", "hall"): SILENT_DB})
    assert matrix.gain("hall", "foyer") == pytest.approx(0.501, abs=0.001)
    assert matrix.gain("foyer", "hall") == 0.0
    assert matrix.gain_db("foyer", "balcony") == 0.0


def test_a_zone_hears_itself_only_while_lifted() -> None:
    matrix = ZoneMatrix(ZONES, {("hall", "hall"): -10.0})
    assert matrix.gain("hall", "hall") == 0.0
    assert matrix.gain_db("hall", "hall", frozenset({"hall"})) == -10.0
    assert matrix.gain_db("foyer", "foyer", frozenset({"hall"})) == SILENT_DB
    assert matrix.gain_db("foyer", "foyer", frozenset({"foyer"})) == 0.0


@pytest.mark.parametrize(
    ("zones", "gains", "message"),
    [
        (("a", "a"), {}, "named twice"),
        (("a", "b"), {("a", "c"): 0.0}, "no zone 'c'; there are a, b"),
        (("a", "b"), {("a", "b"): 7.0}, "must be -60 to 6, or silent"),
        (("a", "b"), {("a", "b"): float("nan")}, "must be -60 to 6, or silent"),
    ],
)
def test_a_wrong_matrix_is_refused(
    zones: tuple[str, ...], gains: dict[tuple[str, str], float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ZoneMatrix(zones, gains)


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(ValueError, match="no zone 'cellar'"):
        ZoneMatrix(ZONES).gain("cellar", "hall")


def test_a_short_path_may_be_lifted() -> None:
    assert lift_refusal(SHORT) is None
    assert lift_refusal(replace(SHORT, path_ms=30.0, open_sources=8, open_microphones=2)) is None


def test_far_loudspeakers_may_be_lifted_on_any_path() -> None:
    assert lift_refusal(Lift(loudspeakers_far=True, path_ms=70.0, open_microphones=1)) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"path_ms": 52.44}, "the path is 52.4 ms; it must be at most 30 ms"),
        ({"path_ms": None}, "not measured"),
        ({"path_ms": float("nan")}, "the path is nan ms"),
        ({"five_ms_profile": False}, "takes the 5 ms profile"),
        ({"open_sources": 9}, "9 sources are open; the 5 ms profile takes 8"),
        ({"open_microphones": 3}, "3 microphones are open"),
        ({"howl_guard": False}, "howl guard is off"),
        ({"loudspeakers_far": True, "howl_guard": False}, "howl guard is off"),
        ({"loudspeakers_far": True, "open_microphones": 3}, "3 microphones are open"),
    ],
)
def test_a_harmful_lift_is_refused_with_its_figure(change: dict[str, object], reason: str) -> None:
    assert reason in (lift_refusal(replace(SHORT, **change)) or "")  # type: ignore[arg-type]


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)), st.floats(-60, 6), max_size=9
    ),
    st.frozensets(st.sampled_from(ZONES)),
)
def test_no_matrix_lets_a_zone_hear_itself_without_a_lift(
    gains: dict[tuple[str, str], float], lifted: frozenset[str]
) -> None:
    matrix = ZoneMatrix(ZONES, gains)
    for zone in ZONES:
        assert (matrix.gain(zone, zone, lifted) == 0.0) == (zone not in lifted)
