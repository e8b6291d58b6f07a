"""A parameter that breaks an enclosure is refused by one line that names it."""

import re
import shutil
from pathlib import Path

import pytest

from parvis_hardware.enclosure.layout import Layout, lay_out
from parvis_hardware.enclosure.parameters import TABLES, read_enclosures
from parvis_hardware.errors import SourceError


def layouts(folder: Path = TABLES) -> dict[str, Layout]:
    return {given.name: lay_out(given) for given in read_enclosures(folder)}


def test_every_enclosure_of_the_tables_can_be_laid_out() -> None:
    assert set(layouts()) == {"table_pi4", "table_pi5", "small_zero2w"}


BROKEN = (
    ("form.toml", "wall_mm = 2.4", "wall_mm = 1.2", "form.toml, wall_mm"),
    ("form.toml", "letter_mm = 0.6", "letter_mm = 1.0", "form.toml, letter_mm"),
    ("form.toml", "top_mm = 3.0", "top_mm = 4.5", "form.toml, top_mm"),
    ("form.toml", "post_mm = 6.0", "post_mm = 3.0", "form.toml, post_mm"),
    ("form.toml", "post_width_mm = 7.2", "post_width_mm = 6.0", "form.toml, post_width_mm"),
    ("form.toml", "cap_mm = 30.0", "cap_mm = 24.0", "form.toml, cap_mm"),
    ("form.toml", "hand_raised_mm = 1.0", "hand_raised_mm = 0.4", "form.toml, hand_raised_mm"),
    ("parts.toml", "activation_n = 1.5", "activation_n = 0.5", "parts.toml, button.activation_n"),
    ("parts.toml", "travel_mm = 2.8", "travel_mm = 8.0", "parts.toml, button.travel_mm"),
    ("parts.toml", "inside_mm = 37.0", "inside_mm = 23.3", "parts.toml, ring.inside_mm"),
    ("parts.toml", "hole_mm = 5.2", "hole_mm = 6.0", "parts.toml, lamps.hole_mm"),
    ("parts.toml", "high_mm = 8.6", "high_mm = 9.4", "parts.toml, lamps.high_mm"),
    ("form.toml", "lamp_holder_mm = 2.6", "lamp_holder_mm = 1.0", "form.toml, lamp_holder_mm"),
    ("form.toml", "inside_mm = 32.0", "inside_mm = 30.0", "form.toml, lamp_holder_inside_mm"),
    ("parts.toml", "length_mm = 16.0", "length_mm = 10.0", "parts.toml, screw.lid_length_mm"),
    ("enclosures.toml", "width = 110.0", "width = 230.0", "enclosures.toml, table_pi4.width"),
    ("enclosures.toml", "width = 110.0", "width = 60.0", "enclosures.toml, table_pi4.width"),
    ("enclosures.toml", "disc_y = 38.0", "disc_y = 28.0", "enclosures.toml, table_pi4.disc_y"),
    (
        "enclosures.toml",
        "front_height = 36.0",
        "front_height = 26.0",
        "enclosures.toml, table_pi4.front_height",
    ),
    (
        "enclosures.toml",
        'microphone = "gland_m20"',
        'microphone = "xlr"',
        "enclosures.toml, table_pi4.microphone",
    ),
    ("enclosures.toml", "slope_deg = 7.0", "slope = 7.0", "enclosures.toml, table_pi4.slope_deg"),
    ("enclosures.toml", "slope_deg = 7.0", "slope_deg = 7x", "enclosures.toml, the file"),
    ("microphones.toml", "thread_mm = 9.0", "thread_mm = 5.0", "gland_m20.thread_mm"),
)


@pytest.mark.parametrize(("source", "right", "wrong", "named"), BROKEN)
def test_what_cannot_be_is_named(
    tmp_path: Path, source: str, right: str, wrong: str, named: str
) -> None:
    folder = shutil.copytree(TABLES, tmp_path / "enclosure")
    text = (folder / source).read_text(encoding="utf-8")
    assert right in text
    (folder / source).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(SourceError, match=re.escape(named)) as refused:
        layouts(folder)
    assert "\n" not in str(refused.value)


def test_ports_lie_where_the_board_says() -> None:
    layout = layouts()["table_pi4"]
    walls = {opening.name: opening.wall for opening in layout.openings}
    assert walls == {"ethernet": "back", "usb3": "back", "usb2": "back", "power": "right"}
    ethernet = next(box for box in layout.boxes if box.name == "ethernet")
    # the socket's face comes through the wall, at most a millimetre
    assert layout.depth <= ethernet.y[1] <= layout.depth + 1.0


def test_what_turns_with_the_board_stays_a_box() -> None:
    for layout in layouts().values():
        assert all(a < b for box in layout.boxes for a, b in (box.x, box.y, box.z))
        assert all(layout.board_x[0] < x < layout.board_x[1] for x, _ in layout.holes)
        assert all(layout.board_y[0] < y < layout.board_y[1] for _, y in layout.holes)
