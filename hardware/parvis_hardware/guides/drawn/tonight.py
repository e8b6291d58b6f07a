"""Pictures of the unit without soldering: what it is made of, and how it is started."""

from collections.abc import Callable, Mapping

from parvis_hardware.guides.drawn import things
from parvis_hardware.guides.drawn.canvas import BLUE, GREEN, GREY, INK, PALE, PAPER, Canvas


def _say(language: str, en: str, fr: str) -> str:
    return fr if language == "fr" else en


def parts(language: str) -> Canvas:
    """What lies on the table: computer, microphone, button, charger."""
    sheet = Canvas(560, 190)
    things.laptop(sheet, (14, 24))
    sheet.text((89, 150), _say(language, "an old laptop,", "un vieux portable,"), 15)
    sheet.text((89, 168), _say(language, "or …", "ou …"), 15)
    things.computer(sheet, (196, 56))
    sheet.text((250, 150), _say(language, "a Raspberry Pi 4 or 5", "un Raspberry Pi 4 ou 5"), 15)
    things.usb_microphone(sheet, (400, 128), 104)
    sheet.text((396, 150), _say(language, "USB microphone,|cardioid", "micro USB,|cardioïde"), 15)
    things.button(sheet, (500, 92), 34)
    sheet.text((500, 150), _say(language, "USB button|or Bluetooth", "bouton USB|ou Bluetooth"), 15)
    return sheet


def plugged(language: str) -> Canvas:
    """Everything plugged in, and which goes where."""
    sheet = Canvas(420, 300)
    things.laptop(sheet, (24, 60))
    things.usb_microphone(sheet, (330, 150), 120)
    things.button(sheet, (320, 232), 34)
    things.cable(sheet, (172, 150), (300, 148), sag=10)
    things.cable(sheet, (172, 158), (286, 236), sag=30)
    sheet.text((236, 142), "USB", 15, GREY)
    sheet.text((320, 288), _say(language, "USB or Bluetooth", "USB ou Bluetooth"), 15, GREY)
    things.cable(sheet, (24, 160), (10, 240), BLUE, 6)
    sheet.text(
        (10, 262),
        _say(language, "network cable,|if there is one", "câble réseau,|s’il y en a un"),
        15,
        BLUE,
        anchor="start",
    )
    return sheet


def terminal(language: str) -> Canvas:
    """The commands that install the program."""
    return _screen(
        ("$ sudo apt-get install …", "$ python3 -m venv ~/parvis", "$ ~/parvis/bin/pip install …"),
        ("$ parvis-unit --version", "parvis-unit 0.1.0"),
    )


def meters(language: str) -> Canvas:
    """The list of microphones with its meters."""
    sheet = _screen(("$ parvis-unit devices",), ("",))
    rows = (("USB PnP Audio", 0.72), (_say(language, "built-in", "interne"), 0.18))
    for row, (name, level) in enumerate(rows):
        y = 96 + 44 * row
        sheet.text((36, y + 15), name, 17, PAPER, anchor="start")
        sheet.rect((190, y), (190, 20), "#3a4854", "#3a4854", thick=0, round_=2)
        sheet.rect((190, y), (190 * level, 20), "#36c26e", "#36c26e", thick=0, round_=2)
    sheet.text(
        (36, 208),
        _say(language, "speak: the right bar moves", "parlez : la bonne barre bouge"),
        17,
        "#9fb3c2",
        anchor="start",
    )
    return sheet


def _screen(*groups: tuple[str, ...]) -> Canvas:
    sheet = Canvas(420, 240)
    sheet.rect((6, 6), (408, 228), "#1d2832", "#0f171e", thick=3, round_=10)
    y = 50.0
    for group in groups:
        for line in group:
            sheet.text((26, y), line, 19, "#e8f1f7", anchor="start", lines=False)
            y += 31
        y += 12
    return sheet


def key_device(language: str) -> Canvas:
    """The button appears as a key."""
    sheet = Canvas(420, 240)
    things.button(sheet, (84, 110), 54, "#cfe8d8")
    sheet.arrow((152, 110), (214, 110), thick=3)
    sheet.rect((228, 72), (170, 76), PAPER, thick=2.5, round_=10)
    sheet.rect((240, 82), (146, 50), PALE, GREY, thick=1.5, round_=6)
    sheet.text((313, 114), _say(language, "Enter", "Entrée"), 21)
    sheet.text(
        (210, 196),
        _say(
            language,
            "to the computer the button|is a keyboard with one key",
            "pour l’ordinateur, le bouton|est un clavier à une touche",
        ),
        17,
    )
    return sheet


def running(language: str) -> Canvas:
    """The unit runs: a press raises the hand."""
    sheet = Canvas(420, 240)
    things.laptop(sheet, (20, 40))
    things.lamps(sheet, (75, 84), "g")
    things.button(sheet, (240, 110), 40, "#cfe8d8")
    sheet.path("M 240 40 v 16", INK, thick=3)
    sheet.arrow((240, 34), (240, 64), thick=3)
    things.phone(sheet, (326, 44), 128)
    things.hand(sheet, (359, 92), 17, GREEN)
    sheet.text((359, 140), "1.", 19, bold=True)
    sheet.text((95, 196), _say(language, "green: in the line", "vert : dans la file"), 17)
    sheet.text((240, 196), _say(language, "one press", "un appui"), 17)
    sheet.text(
        (359, 196), _say(language, "the same|on every phone", "pareil sur tous|les téléphones"), 15
    )
    return sheet


def pairing(language: str) -> Canvas:
    """The operator types the label's code, then the button is pressed."""
    sheet = Canvas(420, 250)
    things.phone(sheet, (40, 20), 190)
    sheet.text((89, 62), _say(language, "wants to join", "veut entrer"), 14)
    sheet.text((89, 86), "Table 4", 18, bold=True)
    sheet.rect((54, 102), (70, 26), PALE, round_=5)
    sheet.text((89, 120), "K7QW-3MPD", 12)
    sheet.rect((58, 142), (62, 24), GREEN, GREEN, thick=0, round_=6)
    sheet.text((89, 159), _say(language, "pair", "appairer"), 14, PAPER)
    sheet.text((89, 236), _say(language, "1. the label’s code", "1. le code de l’étiquette"), 16)
    sheet.arrow((160, 112), (228, 112), thick=3)
    things.unit(sheet, (300, 176), "#cfe8d8")
    sheet.text((305, 236), _say(language, "2. a press", "2. un appui"), 16)
    return sheet


def table_set(language: str) -> Canvas:
    """The finished place: laptop aside, microphone before the speaker, button in front."""
    sheet = Canvas(420, 250)
    sheet.rect((10, 60), (400, 176), "#f6f1e6", "#c9bda3", thick=2, round_=10)
    things.head(sheet, (200, 30), 24, face="s")
    things.laptop(sheet, (262, 84))
    things.usb_microphone(sheet, (176, 168), 78)
    things.button(sheet, (92, 150), 34)
    sheet.rect((60, 196), (68, 32), PAPER, thick=1.6, round_=3)
    sheet.text((94, 218), "Table 4", 15, bold=True)
    sheet.text(
        (338, 212),
        _say(
            language,
            "to the side: it must|not hide anybody",
            "sur le côté : il ne doit|cacher personne",
        ),
        14,
        GREY,
    )
    sheet.arrow((190, 50), (158, 84), BLUE, both=True)
    sheet.text((150, 50), "20–40 cm", 17, BLUE, anchor="end", bold=True)
    return sheet


DRAWINGS: Mapping[str, Callable[[str], Canvas]] = {
    "tonight-parts": parts,
    "tonight-plugged": plugged,
    "tonight-install": terminal,
    "tonight-meters": meters,
    "tonight-key": key_device,
    "tonight-pairing": pairing,
    "tonight-running": running,
    "tonight-table": table_set,
}
