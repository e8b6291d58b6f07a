"""pins.py comes from hardware/pins.toml, and the source cannot hold a wiring mistake."""

import pytest

from parvis_device import make_pins, pins

TEXT = make_pins.SOURCE.read_text(encoding="utf-8")


def test_pins_are_fresh() -> None:
    assert make_pins.main(["--check"]) == 0
    assert make_pins.TARGET.read_text(encoding="utf-8") == make_pins.render(
        make_pins.read_pins(TEXT)
    )


def test_a_changed_source_makes_another_module() -> None:
    moved = TEXT.replace("gpio = 17\nheader_pin = 11", "gpio = 12\nheader_pin = 32")
    assert "HAND = 12" in make_pins.render(make_pins.read_pins(moved))


def test_the_numbers_of_the_guide() -> None:
    assert (pins.HAND, pins.MUTE_SENSE) == (17, 22)
    assert (pins.LIGHT_RED, pins.LIGHT_GREEN, pins.LIGHT_WHITE) == (5, 6, 13)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("gpio = 17", "gpio = 27", "not header pin"),
        ("header_pin = 11", "header_pin = 12", "GPIO 17 is not header pin 12 but 11"),
        ("gpio = 22\nheader_pin = 15", "gpio = 17\nheader_pin = 11", "taken by hand"),
        ("gpio = 22\nheader_pin = 15", "gpio = 27\nheader_pin = 13", "reserved for codec_zero"),
        ('direction = "input"', 'direction = "sideways"', "say input or output"),
    ],
)
def test_a_wiring_mistake_is_refused(before: str, after: str, complaint: str) -> None:
    assert before in TEXT
    with pytest.raises(ValueError, match=complaint):
        make_pins.read_pins(TEXT.replace(before, after, 1))


def test_another_argument_is_a_usage_error() -> None:
    assert make_pins.main(["--force"]) == 2
