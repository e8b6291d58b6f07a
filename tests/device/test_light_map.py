"""Patterns that a person wrote: red stays red, nothing flickers, no two signals look alike."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.config import load
from parvis_device.errors import UsageError
from parvis_device.light import LIVE_SIGNALS, MAX_FLASH_HZ, PATTERNS, WHITE, Signal
from parvis_device.light_map import COLOURS, RHYTHMS, alike, patterns_of


def test_nothing_changed() -> None:
    assert patterns_of({}) == PATTERNS


def test_a_changed_pattern() -> None:
    patterns = patterns_of({"next": "white 600 900", "idle": "off"})
    assert (patterns[Signal.NEXT].lamps, patterns[Signal.NEXT].steps_ms) == (WHITE, (600, 900))
    assert patterns[Signal.NEXT].meaning == PATTERNS[Signal.NEXT].meaning


def test_two_may_change_places() -> None:
    patterns_of({"next": "green steady", "queued": "green slow"})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"next": "red slow"}, "red is for sound that leaves, only"),
        ({"next": "green+red slow"}, "red is for sound"),
        ({"live": "green steady"}, "live is red while sound leaves"),
        ({"sleeping": "green slow"}, "'sleeping' is none of"),
        ({"refused": "green slow"}, "'refused' is none of"),
        ({"next": "green 100 100"}, "faster than 3 Hz"),
        ({"next": "green 0 500"}, "a step is 1 to"),
        ({"next": "green 500"}, "say a colour"),
        ({"next": "blue slow"}, "say a colour"),
        ({"next": ""}, "say a colour"),
        ({"next": "off slow"}, "off has no rhythm"),
        ({"next": "off"}, "looks like idle"),
        ({"next": "white pulse"}, "looks like identify"),
        ({"next": "green 1000 1000 1000 1000", "waiting": "white slow"}, "looks like"),
    ],
)
def test_a_mistake_is_one_line(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        load(None, {"hub": "http://127.0.0.1:1", "light_map": changes})
    assert "\n" not in str(raised.value)


words = st.one_of(
    st.builds(
        lambda colour, rhythm: f"{colour} {rhythm}",
        st.sampled_from([*COLOURS, "red", "red+white"]),
        st.one_of(
            st.sampled_from([*RHYTHMS]),
            st.lists(st.integers(0, 2000), max_size=6).map(lambda s: " ".join(map(str, s))),
        ),
    ),
    st.text(max_size=20),
)


@given(st.dictionaries(st.sampled_from([signal.value for signal in Signal]), words, max_size=6))
def test_whatever_is_taken_keeps_the_rules(changes: dict[str, str]) -> None:
    try:
        patterns = patterns_of(changes)
    except ValueError as error:
        assert "\n" not in str(error)
        return
    for signal, pattern in patterns.items():
        assert pattern.lamps.red == (signal in LIVE_SIGNALS)
        if len(pattern.steps_ms) > 1:
            pairs = zip(pattern.steps_ms[::2], pattern.steps_ms[1::2], strict=True)
            assert all(1000 / sum(pair) <= MAX_FLASH_HZ for pair in pairs)
    for one, other in combinations(patterns.values(), 2):
        assert not alike(one, other) or {one, other} <= set(PATTERNS.values())


def test_a_map_in_the_environment_that_is_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARVIS_UNIT_LIGHT_MAP", "nonsense")
    with pytest.raises(UsageError, match="say a JSON object"):
        load(None, {"hub": "http://127.0.0.1:1"})


def test_a_pattern_that_is_no_text_names_its_signal() -> None:
    with pytest.raises(UsageError, match="next = 5: input should be a valid string"):
        load(None, {"hub": "http://127.0.0.1:1", "light_map": {"next": 5}})
