"""The document of talk states and lights is made from the tables."""

from parvis_device import make_docs
from parvis_device.light import PATTERNS
from parvis_device.talk import BUTTON_TABLE


def test_the_document_is_fresh() -> None:
    assert make_docs.main(["--check"]) == 0


def test_it_shows_every_light_and_every_state() -> None:
    text = make_docs.render()
    for pattern in PATTERNS.values():
        assert pattern.words in text and pattern.meaning in text
    for state, _ in BUTTON_TABLE:
        assert f"    {state.value} --> " in text


def test_another_argument_is_a_usage_error() -> None:
    assert make_docs.main(["--force"]) == 2
