"""Pictures of building: card, header, first voltages, self-test, label, hub.

The header's pins come from ``pins.toml``.
"""

from collections.abc import Callable, Mapping

from parvis_device.selftest.checks import Check
from parvis_device.selftest.words import Language
from parvis_hardware.guides.drawn import things
from parvis_hardware.guides.drawn.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    PAPER,
    RED,
    Canvas,
)
from parvis_hardware.pins import load

FEEDS = {1: "3.3 V", 4: "5 V", 6: "GND", 9: "GND"}
"""Of the harness, besides the pins of pins.toml: what the header gives."""


def _say(language: str, en: str, fr: str) -> str:
    return fr if language == "fr" else en


def card(language: str) -> Canvas:
    """The card is written, and gets the unit's own file."""
    sheet = Canvas(420, 240)
    things.laptop(sheet, (24, 50))
    sheet.line(
        [(206, 70), (250, 70), (268, 88), (268, 150), (206, 150)], thick=2.5, fill=PALE, close=True
    )
    for place in range(4):
        sheet.rect((214 + 9 * place, 76), (5, 16), "#d9b44a", thick=0.8, round_=1)
    sheet.text((237, 130), "microSD", 13)
    sheet.arrow((176, 112), (200, 112), thick=2.5)
    sheet.rect((312, 60), (92, 100), PAPER, round_=3)
    for place, line in enumerate(("name", "setup_code", "hotspot_…", "hub")):
        sheet.text((320, 84 + 20 * place), line, 13, GREY, anchor="start")
    sheet.arrow((308, 112), (274, 112), BLUE, thick=2.5)
    sheet.text((358, 182), "parvis.toml", 15, BLUE, bold=True)
    sheet.text(
        (210, 216),
        _say(
            language,
            "the system, and the unit’s own file beside it",
            "le système, et à côté le fichier de la borne",
        ),
        16,
    )
    return sheet


def header(language: str) -> Canvas:
    """The 40 pins, from above, the pins that the unit uses named."""
    used = {pin.header_pin: pin.name for pin in load()} | FEEDS
    sheet = Canvas(400, 440)
    sheet.rect((162, 28), (76, 406), "#23313c", round_=6)
    for pin in range(1, 41):
        row, right = divmod(pin - 1, 2)
        at = ((220 if right else 180), 42.0 + 20 * row)
        name = used.get(pin, "")
        if pin == 1:
            sheet.rect((at[0] - 8, at[1] - 8), (16, 16), _pin_colour(name), "#d9b44a", round_=1)
        else:
            sheet.disc(at, 8, _pin_colour(name), "#d9b44a")
        if name:
            told = name.replace(".", _say(language, ".", ","))
            _name_pin(sheet, at, pin, told, right=bool(right), bold=name in FEEDS.values())
    edge = _say(language, "pin 1 is the square one", "la broche 1 est carrée")
    sheet.text((200, 18), edge, 16, GREY)
    return sheet


def _name_pin(
    sheet: Canvas, at: tuple[float, float], pin: int, name: str, *, right: bool, bold: bool
) -> None:
    x, y = at
    way = 1 if right else -1
    sheet.line([(x + 11 * way, y), (x + 30 * way, y)], GREY, thick=1)
    words = f"{pin}  {name}" if right else f"{name}  {pin}"
    anchor = "start" if right else "end"
    sheet.text((x + 34 * way, y + 6), words, 17, anchor=anchor, bold=bold)


def _pin_colour(name: str) -> str:
    if name in FEEDS.values():
        return {"3.3 V": "#f0a03c", "5 V": RED, "GND": INK}[name]
    return "#8fd0a9" if name else PAPER


def cable(language: str) -> Canvas:
    """One finished cable: housing, wires of their length, insulated ends, its name."""
    sheet = Canvas(420, 250)
    sheet.rect((20, 92), (54, 66), PALE, thick=2.5, round_=3)
    for place, colour in enumerate(("#e3b505", INK)):
        y = 112.0 + 26 * place
        sheet.rect((26, y - 7), (20, 14), "#d9b44a", thick=1, round_=1)
        sheet.line([(74, y), (318, y)], INK, thick=8)
        sheet.line([(74, y), (318, y)], colour, thick=6)
        sheet.rect((308, y - 9), (38, 18), "#46525c", thick=1.5, round_=3)
        sheet.line([(346, y), (376, y)], "#b08d57", thick=7)
    sheet.rect((170, 98), (48, 54), PAPER, thick=1.6, round_=2)
    sheet.text((194, 132), "W2", 19, bold=True)
    sheet.arrow((74, 196), (376, 196), GREY, thick=1.6, both=True)
    length = _say(language, "length from the table", "longueur selon le tableau")
    sheet.text((225, 222), length, 16)
    sheet.text((14, 76), _say(language, "JST XH, crimped", "JST XH, serti"), 15, anchor="start")
    sheet.text((335, 76), _say(language, "heat-shrink", "gaine thermo"), 15)
    return sheet


def continuity(language: str) -> Canvas:
    """A meter on 5 V and ground of the board that has no supply: no connection."""
    sheet = Canvas(420, 250)
    _meter(sheet, (24, 50), _say(language, "OL", "OL"))
    sheet.rect((236, 70), (160, 110), "#e9dfc4", "#b39b5e", thick=2.5, round_=3)
    for row in range(5):
        for column in range(9):
            sheet.disc((250 + 16.5 * column, 84 + 20 * row), 2, PAPER, "#b39b5e", thick=1)
    things.cable(sheet, (92, 196), (250, 84), RED, 8)
    things.cable(sheet, (64, 196), (266, 164), INK, 30)
    sheet.text((256, 66), "5 V", 15, RED, bold=True)
    sheet.text((290, 200), "GND", 15, INK, bold=True)
    sheet.text(
        (210, 236),
        _say(
            language,
            "no supply yet: open circuit between 5 V and GND",
            "rien d’alimenté : circuit ouvert entre 5 V et GND",
        ),
        16,
    )
    return sheet


def voltage(language: str) -> Canvas:
    """The same board on the computer: 5 V and 3.3 V where they belong."""
    sheet = Canvas(420, 250)
    _meter(sheet, (24, 40), _say(language, "5.08", "5,08"))
    things.computer(sheet, (270, 112))
    sheet.rect((262, 64), (124, 34), "#e9dfc4", "#b39b5e", thick=2.5, round_=3)
    sheet.line([(320, 98), (320, 112)], thick=6)
    things.cable(sheet, (92, 182), (278, 72), RED, -30)
    things.cable(sheet, (64, 182), (278, 90), INK, 12)
    sheet.text((280, 56), "5 V", 15, RED, bold=True)
    board = _say(language, "board: 4.75 to 5.25 V", "carte : 4,75 à 5,25 V")
    sheet.text((210, 220), board, 18)
    pin = _say(language, "pin 1: 3.2 to 3.4 V", "broche 1 : 3,2 à 3,4 V")
    sheet.text((210, 243), pin, 18)
    return sheet


def _meter(sheet: Canvas, at: tuple[float, float], shown: str) -> None:
    x, y = at
    sheet.rect((x, y), (108, 150), "#f2c230", INK, thick=2.5, round_=10)
    sheet.rect((x + 12, y + 14), (84, 40), "#d4e2d0", INK, thick=2, round_=3)
    sheet.text((x + 54, y + 44), shown, 26, bold=True)
    sheet.disc((x + 54, y + 92), 22, PAPER)
    sheet.line([(x + 54, y + 92), (x + 66, y + 76)], thick=4)
    sheet.disc((x + 40, y + 138), 5, INK)
    sheet.disc((x + 68, y + 138), 5, RED)


def selftest(language: str) -> Canvas:
    """The table that the self-test prints, with the program's own lines."""
    sheet = Canvas(420, 270)
    sheet.rect((6, 6), (408, 258), "#1d2832", "#0f171e", thick=3, round_=10)
    sheet.text((26, 38), "$ parvis-unit selftest", 17, "#e8f1f7", anchor="start")
    for row, check in enumerate(Check):
        y = 70.0 + 22 * row
        sheet.line([(36, y - 6), (42, y), (54, y - 13)], "#36c26e", thick=3.5)
        sheet.text((72, y), check.of(Language(language)), 17, "#e8f1f7", anchor="start")
    return sheet


def label_place(language: str) -> Canvas:
    """Where the two sides of the label go."""
    sheet = Canvas(420, 250)
    things.unit(sheet, (110, 190), "#cfe8d8")
    sheet.rect((40, 200), (140, 40), PAPER, thick=1.6, round_=2)
    sheet.text((92, 226), "Table 4", 17, bold=True)
    _code(sheet, (144, 205), 30)
    sheet.text(
        (110, 40), _say(language, "in front: name,|light, seat", "devant : nom,|lumière, place"), 15
    )
    sheet.rect((252, 120), (132, 60), PALE, thick=2.5, round_=8)
    sheet.rect((266, 132), (104, 36), PAPER, thick=1.6, round_=2)
    _code(sheet, (272, 137), 26)
    _code(sheet, (334, 137), 26)
    for x in (262, 374):
        sheet.disc((x, 126), 4, INK)
        sheet.disc((x, 174), 4, INK)
    sheet.text(
        (318, 60),
        _say(
            language,
            "underneath: setup code|and Wi-Fi password",
            "dessous : code d’appairage|et mot de passe Wi-Fi",
        ),
        15,
    )
    return sheet


def _code(sheet: Canvas, at: tuple[float, float], size: float) -> None:
    """The look of a QR code; it holds nothing."""
    cell = size / 7
    for place, row in enumerate(
        (0b1110111, 0b1010101, 0b1110110, 0b0001011, 0b1101100, 0b1011011, 0b1110101)
    ):
        for column in range(7):
            if row >> (6 - column) & 1:
                sheet.rect(
                    (at[0] + cell * column, at[1] + cell * place),
                    (cell, cell),
                    INK,
                    INK,
                    thick=0.3,
                    round_=0,
                )


def hub_box(language: str) -> Canvas:
    """The hub: computer, interface to the desk, network."""
    sheet = Canvas(420, 250)
    things.computer(sheet, (40, 90))
    sheet.text((95, 78), _say(language, "hub", "serveur"), 17, bold=True)
    things.box(
        sheet,
        (230, 76),
        (160, 70),
        _say(language, "USB interface|2 in, 2 out", "interface USB|2 entrées, 2 sorties"),
        letters=16,
    )
    things.cable(sheet, (150, 120), (230, 112), INK, 12)
    sheet.arrow((270, 150), (270, 196), BLUE, thick=2.5)
    sheet.arrow((350, 196), (350, 152), GREEN, thick=2.5)
    sheet.text((310, 222), _say(language, "to and from the desk", "vers et depuis la console"), 16)
    things.cable(sheet, (60, 154), (60, 210), BLUE, 4)
    sheet.text(
        (74, 204),
        _say(language, "network: cable, not Wi-Fi", "réseau : par câble"),
        15,
        BLUE,
        anchor="start",
    )
    return sheet


def hub_running(language: str) -> Canvas:
    """The hub prints its links; a phone opens the listeners'."""
    sheet = Canvas(420, 250)
    sheet.rect((8, 30), (250, 176), "#1d2832", "#0f171e", thick=3, round_=10)
    sheet.text((24, 62), "$ parvis hub", 16, "#e8f1f7", anchor="start")
    sheet.text((24, 94), "http://192.168.1.20:8080", 14, "#9fd0f5", anchor="start")
    sheet.rect((24, 108), (84, 84), PAPER, PAPER, thick=0, round_=2)
    _code(sheet, (30, 114), 72)
    sheet.arrow((268, 120), (306, 120), thick=3)
    things.phone(sheet, (322, 46), 150)
    sheet.text((361, 120), _say(language, "Listen", "Écouter"), 17, bold=True)
    return sheet


DRAWINGS: Mapping[str, Callable[[str], Canvas]] = {
    "build-card": card,
    "build-header": header,
    "build-cable": cable,
    "build-continuity": continuity,
    "build-voltage": voltage,
    "build-selftest": selftest,
    "build-label": label_place,
    "build-hub": hub_box,
    "build-hub-running": hub_running,
}
