"""The labels themselves: PDFs whose codes lead where they should, in both languages."""

from __future__ import annotations

import asyncio
import json
import re
import stat
import subprocess
import zlib
from pathlib import Path

import pytest
import segno
from segno.helpers import make_wifi

from fakes.live_hub import live_hub
from parvis_device.light import PATTERNS, Signal
from parvis_device.ring import DARK, GREEN, RED, WHITE, frame_of
from parvis_server.commands.label import app
from parvis_server.data_folder import DataFolder
from parvis_server.errors import DataFolderError, UsageError
from parvis_server.labels import Hotspot, Label, new_labels, qr_picture, sheets
from parvis_server.labels.lights import LIGHTS, PIXELS, ring_of
from parvis_server.labels.seats import SeatLinks, find_seats
from parvis_server.links import RoomLinks
from parvis_server.net.credentials import Keys
from parvis_wire.floor import Access

KEYS = Keys("h" * 16, b"r" * 32)
OPEN, PRIVATE = "http://192.168.1.20:8080/r/main", "https://room.example/r/conseil"


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF says that it has, in its streams too."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            parts.append(zlib.decompress(found[1]))
        except zlib.error:
            continue
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", b"\n".join(parts)))


def given_to_typst(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the template is given, instead of a PDF."""
    given: list[str] = []

    def keep(text: str, _form: str) -> bytes:
        given.append(text)
        return b"%PDF"

    monkeypatch.setattr(sheets, "_set", keep)
    return given


@pytest.mark.parametrize("access", [Access.OPEN, Access.PRIVATE])
def test_a_seat_is_the_link_that_the_hub_gives(access: Access) -> None:
    links = RoomLinks(KEYS)
    audience = f"https://room.example{links.audience('conseil', access)}"
    seats = SeatLinks(audience, "conseil", KEYS)
    assert seats.of("Table «é» 4") == "https://room.example" + links.seat(
        "conseil", access, "Table «é» 4"
    )


def test_the_lights_are_the_units_own() -> None:
    for name, light in LIGHTS.items():
        pattern = PATTERNS[Signal(name)]
        lit = tuple(lamp for lamp in ("red", "green", "white") if getattr(pattern.lamps, lamp))
        assert (light.lamps, light.steps_ms) == (lit, pattern.steps_ms)


def test_the_ring_on_a_label_is_what_the_units_ring_shows() -> None:
    names = {RED: "red", GREEN: "green", WHITE: "white", DARK: "dark"}
    for name, light in LIGHTS.items():
        frame = frame_of(PATTERNS[Signal(name)].lamps, PIXELS)
        assert ring_of(light) == tuple(names[colour] for colour in frame), name


def test_the_label_draws_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    given = given_to_typst(monkeypatch)
    label = Label("unit-04", "Table 4", "K7QW3MPD", Hotspot("Parvis-AB2C", "k7qw3mpdx2na"))
    sheets.single(label, "fr", None)
    rings = [light["ring"] for light in json.loads(given[0])["lights"]]
    assert rings == [list(ring_of(light)) for light in LIGHTS.values()]
    assert rings[-2] == ["red"] * PIXELS


def test_both_languages_say_the_same_things() -> None:
    french, english = (sheets.words_of(language) for language in sheets.LANGUAGES)
    assert french.keys() == english.keys()
    for words in (french, english):
        assert [light["signal"] for light in words["lights"]] == list(LIGHTS)
        flat = [*words.values(), *(light["meaning"] for light in words["lights"])]
        assert all(each for each in flat)
    assert all(french[key] != english[key] for key in french)


def test_what_the_codes_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    given = given_to_typst(monkeypatch)
    label = Label("unit-04", "Table 4", "K7QW3MPD", Hotspot("Parvis-AB2C", "k7qw3mpdx2na"))
    sheets.single(label, "fr", SeatLinks(OPEN, "main", KEYS).of)
    (one,) = json.loads(given[0])["labels"]
    assert (one["code"], one["hotspot"]) == ("K7QW-3MPD", "Parvis-AB2C")
    assert one["password"] == "k7qw3mpdx2na"
    assert one["code_picture"] == qr_picture("PARVIS:K7QW3MPD")
    assert one["wifi_picture"] == qr_picture("WIFI:T:WPA;S:Parvis-AB2C;P:k7qw3mpdx2na;;")
    assert one["seat"] == qr_picture(f"{OPEN}#seat={KEYS.seat_code('main', 'Table 4')}")
    assert "k7qw3mpdx2na" not in repr(label), "a log cannot hold it"
    assert make_wifi("Parvis-AB2C", "k7qw3mpdx2na", "WPA").matrix == (
        segno.make(label.hotspot.scanned, error="l").matrix
    ), "as a library writes it"


def test_sheets_have_five_units_a_page_and_a_label_two_sides() -> None:
    labels = new_labels(6, 1, "Table", None)
    for language in sheets.LANGUAGES:
        sheet = sheets.sheet(labels, language, SeatLinks(OPEN, "main", KEYS).of)
        assert sheet.startswith(b"%PDF") and pages_of(sheet) == 2
    assert pages_of(sheets.single(labels[0], "fr", None)) == 2


@pytest.mark.parametrize("name", ["W" * 40, "a " * 20, "Ω「席」 4", "#table[x] $1 \\ *2*"])
def test_any_name_that_a_unit_can_have_is_set(name: str) -> None:
    label = Label("unit-01", name.strip(), "K7QW3MPD", Hotspot("Parvis-AB2C", "k7qw3mpdx2na"))
    assert pages_of(sheets.single(label, "en", None)) == 2


def test_the_command_writes_them_for_their_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "data", tmp_path / "labels"
    DataFolder.open(data).secrets()
    words = ["--count", "2", "--out", str(out), "--data", str(data), "--link", PRIVATE + "#k=abc"]
    app(words, standalone_mode=False)
    said = capsys.readouterr().out
    made = {path.relative_to(out).as_posix(): path for path in out.rglob("*.pdf")}
    assert sorted(made) == [
        *("labels.en.pdf", "labels.fr.pdf"),
        *("unit-01/label.en.pdf", "unit-01/label.fr.pdf"),
        *("unit-02/label.en.pdf", "unit-02/label.fr.pdf"),
    ]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in made.values())
    assert "seats are of the room conseil: https://room.example/r/conseil\n" in said
    assert "k=abc" not in said, "a private room's key is not for the screen"


def test_without_a_hub_there_are_labels_without_seats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--count", "1", "--out", str(tmp_path / "out"), "--data", str(tmp_path / "none")]
    app([*words, "--language", "fr"], standalone_mode=False)
    assert "without codes of seats" in capsys.readouterr().out
    assert (tmp_path / "out/labels.fr.pdf").exists()
    assert not (tmp_path / "out/labels.en.pdf").exists()
    assert not (tmp_path / "none").exists(), "no data folder is made for it"


async def test_the_seats_of_a_running_hub_are_those_that_it_knows(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as running:
        hub = running.hub
        DataFolder(tmp_path).note_listening(hub.own_origin())
        seats = await asyncio.to_thread(find_seats, None, tmp_path)
        assert seats is not None and seats.room == "main"
        room = hub.rooms.get("main")
        assert room is not None
        link = RoomLinks(hub.keys).seat("main", room.access, "Table 4")
        assert seats.of("Table 4").endswith(link) and seats.of("Table 4").startswith("http")


@pytest.mark.parametrize(
    "link",
    ["room.example/r/main", "http://x/host#k=1", "http://x:port/r/main", "http://x/r/main#seat=1"],
)
def test_a_link_that_is_none_is_told_in_one_line(tmp_path: Path, link: str) -> None:
    with pytest.raises(UsageError, match="is the listeners' link") as told:
        find_seats(link, tmp_path)
    assert "\n" not in str(told.value)


def test_no_code_of_a_hub_that_never_was(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="no hub has run"):
        find_seats(OPEN, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_version_names_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    told = sheets.version.__wrapped__()
    assert re.fullmatch(r"\d+\.\d+\.\d+( \(\S+\))?", told)

    def no_git(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert re.fullmatch(r"\d+\.\d+\.\d+", sheets.version.__wrapped__())
