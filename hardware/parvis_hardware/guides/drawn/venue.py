"""Pictures of the hall: where microphones stand, what plays where, what is plugged into what."""

from collections.abc import Callable, Mapping

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


def _say(language: str, en: str, fr: str) -> str:
    return fr if language == "fr" else en


def distance(language: str) -> Canvas:
    """From mouth to microphone: 20 to 40 cm."""
    sheet = Canvas(520, 250)
    things.profile(sheet, (120, 112), 76)
    sheet.line([(40, 226), (490, 226)], thick=3)
    things.unit(sheet, (312, 226), RED)
    sheet.arrow((134, 96), (284, 106), BLUE, thick=2.5, both=True)
    sheet.text((208, 84), "20–40 cm", 20, BLUE, bold=True)
    sheet.text(
        (436, 110),
        _say(
            language,
            "pointed at the mouth,|a little from the side|(no puffs of air)",
            "dirigé vers la bouche,|légèrement de côté|(pas de plosives)",
        ),
        15,
    )
    return sheet


def three_to_one(language: str) -> Canvas:
    """The next microphone is three times as far away as one's own."""
    sheet = Canvas(560, 250)
    for x in (130, 430):
        things.head(sheet, (x, 60), 24, face="s")
        things.small_unit(sheet, (x, 146), RED if x == 130 else PAPER)
    sheet.arrow((130, 86), (130, 132), BLUE, thick=2.5, both=True)
    sheet.text((120, 114), "30 cm", 18, BLUE, anchor="end", bold=True)
    sheet.arrow((144, 146), (416, 146), BLUE, thick=2.5, both=True)
    sheet.text((280, 138), _say(language, "at least 90 cm", "au moins 90 cm"), 18, BLUE, bold=True)
    sheet.line([(142, 76), (418, 140)], RED, thick=1.5, dashes="5 5")
    sheet.text(
        (330, 88), _say(language, "about 10 dB weaker", "environ 10 dB plus faible"), 15, RED
    )
    sheet.text(
        (280, 204),
        _say(
            language,
            "1 to the mouth : 3 to the next microphone",
            "1 jusqu’à la bouche : 3 jusqu’au micro voisin",
        ),
        19,
        bold=True,
    )
    sheet.text(
        (280, 230),
        _say(
            language,
            "one unit between two people: at the same distance from both",
            "une borne pour deux personnes : à égale distance des deux",
        ),
        15,
        GREY,
    )
    return sheet


def cardioid(language: str) -> Canvas:
    """A cardioid does not hear what is behind it: the loudspeaker goes there."""
    sheet = Canvas(600, 290)
    lobe = "M 270 176 C 120 186, 140 20, 270 44 C 400 20, 420 186, 270 176 Z"
    sheet.path(lobe, GREEN, thick=2, fill="#dff0e6")
    things.head(sheet, (270, 30), 22, face="s")
    things.small_unit(sheet, (270, 160), RED)
    front = _say(language, "hears from the front", "capte devant")
    sheet.text((396, 82), front, 16, GREEN, anchor="start")
    things.loudspeaker(sheet, (270, 248), "n", 24)
    behind = _say(
        language, "behind the microphone:|well placed", "dans le dos du micro :|bien placée"
    )
    sheet.text((314, 246), behind, 16, INK, anchor="start")
    things.loudspeaker(sheet, (52, 64), "e", 24)
    sheet.line([(24, 36), (84, 96)], RED, thick=5)
    sheet.line([(84, 36), (24, 96)], RED, thick=5)
    howls = _say(language, "into the|microphone:|it howls", "face au micro :|larsen")
    sheet.text((16, 122), howls, 16, RED, anchor="start")
    return sheet


def plan(language: str) -> Canvas:
    """A hall from above: stage, tables, aisle microphones, host, screen."""
    sheet = Canvas(560, 370)
    sheet.rect((10, 10), (540, 350), "#fbfcfd", thick=3, round_=2)
    sheet.rect((150, 12), (260, 62), "#efe7d6", "#c9bda3", thick=1.5, round_=2)
    sheet.text((280, 30), _say(language, "stage", "scène"), 14, GREY)
    for x in (205, 280, 355):
        things.small_unit(sheet, (x, 52), GREEN if x == 280 else PAPER)
    things.loudspeaker(sheet, (112, 66), "s", 20)
    things.loudspeaker(sheet, (448, 66), "s", 20)
    for row in range(2):
        for column in range(4):
            x, y = 92 + 126 * column, 146 + 92 * row
            sheet.rect((x - 36, y - 22), (72, 44), PALE, GREY, thick=1.5, round_=8)
            things.small_unit(sheet, (x, y))
            things.head(sheet, (x - 20, y - 38), 9, face="s")
            things.head(sheet, (x + 20, y - 38), 9, face="s")
            things.head(sheet, (x, y + 38), 9, face="n")
    things.small_unit(sheet, (280, 318), GREEN)
    sheet.text(
        (298, 324),
        _say(
            language,
            "standing unit for the rows|without tables",
            "borne sur pied pour les|rangs sans table",
        ),
        13,
        GREY,
        anchor="start",
    )
    sheet.rect((20, 300), (112, 46), PALE, round_=5)
    sheet.text((76, 318), _say(language, "hub, desk,", "serveur, console,"), 12.5)
    sheet.text((76, 335), _say(language, "host", "animation"), 12.5)
    sheet.line([(470, 14), (544, 14)], BLUE, thick=7)
    sheet.text((507, 36), _say(language, "screen", "écran"), 13, BLUE)
    return sheet


def zones(language: str) -> Canvas:
    """Two zones: each loudspeaker plays what its own zone does not hear by itself."""
    sheet = Canvas(560, 280)
    sheet.rect((12, 34), (290, 196), "#f2f8f4", GREEN, round_=8)
    sheet.rect((338, 34), (210, 196), "#eff5fb", BLUE, round_=8)
    sheet.text(
        (28, 220),
        _say(language, "zone hall", "zone hall : la salle"),
        16,
        GREEN,
        anchor="start",
        bold=True,
    )
    sheet.text(
        (354, 218), _say(language, "zone foyer", "zone foyer"), 16, BLUE, anchor="start", bold=True
    )
    things.unit(sheet, (92, 190), RED)
    things.loudspeaker(sheet, (236, 110), "w", 22)
    sheet.text(
        (224, 154),
        _say(
            language,
            "plays far away|speakers and the|foyer, not the hall",
            "diffuse les distants|et le foyer,|jamais la salle",
        ),
        14,
    )
    things.loudspeaker(sheet, (496, 110), "w", 22)
    sheet.text((470, 160), _say(language, "plays the hall", "diffuse la salle"), 14)
    sheet.path("M 112 96 C 220 0, 400 10, 470 92", GREEN, thick=2.5, dashes="7 5")
    sheet.arrow((462, 82), (471, 93), GREEN, thick=2.5)
    sheet.text(
        (280, 262),
        _say(
            language, "a zone is what is within earshot", "une zone : ce qui est à portée d’oreille"
        ),
        16,
        GREY,
    )
    return sheet


def desk(language: str) -> Canvas:
    """The hall's mixing desk: what goes in, what comes out."""
    sheet = Canvas(560, 290)
    things.box(
        sheet,
        (26, 96),
        (150, 96),
        _say(language, "hall’s desk", "console|de la salle"),
        "#efe7d6",
        letters=18,
    )
    things.box(
        sheet,
        (350, 96),
        (180, 96),
        _say(
            language, "unit with a USB|interface at the desk", "borne à interface|USB, à la console"
        ),
        letters=17,
    )
    sheet.arrow((180, 120), (346, 120), GREEN, thick=3)
    sheet.text((263, 108), _say(language, "aux / matrix", "aux / matrice"), 15, GREEN, bold=True)
    sheet.arrow((346, 170), (180, 170), BLUE, thick=3)
    sheet.text((263, 190), _say(language, "line input", "entrée ligne"), 15, BLUE, bold=True)
    sheet.text(
        (280, 40),
        _say(
            language,
            "desk → Parvis: everything but Parvis (an aux without its channel)",
            "console → Parvis : tout sauf Parvis (un aux sans sa tranche)",
        ),
        16,
        GREEN,
    )
    sheet.text((280, 64), "--source desk", 15, GREY)
    sheet.text(
        (280, 240),
        _say(
            language,
            "Parvis → desk: far away speakers and the units, to one channel",
            "Parvis → console : les distants et les bornes, sur une tranche",
        ),
        16,
        BLUE,
    )
    sheet.text((280, 264), "--output line", 15, GREY)
    return sheet


def assistive(language: str) -> Canvas:
    """A unit that only plays feeds headphones, loop or Auracast: the whole program."""
    sheet = Canvas(560, 220)
    things.box(
        sheet,
        (20, 76),
        (150, 64),
        _say(language, "unit", "borne") + "|--output assistive",
        letters=15,
    )
    ends = (
        (34, _say(language, "headphones at the desk", "casques au comptoir")),
        (100, _say(language, "induction loop (T)", "boucle magnétique (T)")),
        (166, _say(language, "Auracast transmitter", "émetteur Auracast")),
    )
    for y, words in ends:
        sheet.arrow((174, 108), (300, y + 6), BLUE, thick=2.5)
        things.box(sheet, (306, y - 16), (230, 46), words, PAPER, letters=17)
    return sheet


DRAWINGS: Mapping[str, Callable[[str], Canvas]] = {
    "venue-distance": distance,
    "venue-three-to-one": three_to_one,
    "venue-cardioid": cardioid,
    "venue-plan": plan,
    "venue-zones": zones,
    "venue-desk": desk,
    "venue-assistive": assistive,
}
