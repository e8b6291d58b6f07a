"""Pictures of cables and radio, and of what the audience is told."""

from collections.abc import Callable, Mapping

from parvis_hardware.guides.drawn import things
from parvis_hardware.guides.drawn.canvas import BLUE, GREY, INK, PALE, PAPER, RED, Canvas


def _say(language: str, en: str, fr: str) -> str:
    return fr if language == "fr" else en


def cabling(language: str) -> Canvas:
    """Star of network cables from one PoE switch; a splitter at each unit."""
    sheet = Canvas(560, 300)
    things.box(
        sheet,
        (206, 18),
        (150, 54),
        _say(language, "PoE switch", "switch PoE"),
        "#e3edf6",
        letters=18,
    )
    things.box(sheet, (24, 18), (110, 54), _say(language, "hub", "serveur"), letters=17)
    sheet.line([(134, 45), (206, 45)], INK, thick=3)
    things.box(
        sheet,
        (428, 18),
        (112, 54),
        _say(language, "venue’s|Internet", "Internet|du lieu"),
        PAPER,
        letters=15,
    )
    sheet.line([(356, 45), (428, 45)], GREY, thick=3, dashes="7 5")
    for place in range(3):
        x = 110 + 180 * place
        sheet.line([(240 + 40 * place, 72), (x - 62, 172)], INK, thick=3)
        sheet.rect((x - 98, 172), (72, 28), PALE, thick=1.6, round_=4)
        sheet.text((x - 62, 191), _say(language, "PoE → 5 V", "PoE → 5 V"), 13)
        sheet.path(f"M {x - 62} 200 v 60 h 20", RED, thick=2.5)
        things.unit(sheet, (x, 284))
    sheet.text(
        (16, 106),
        _say(
            language,
            "one cable: network|and power, ≤ 100 m",
            "un câble : réseau|et courant, ≤ 100 m",
        ),
        14,
        GREY,
        anchor="start",
    )
    return sheet


def wifi(language: str) -> Canvas:
    """An access point and a channel of one's own; the phones of the audience elsewhere."""
    sheet = Canvas(560, 250)
    things.box(
        sheet,
        (208, 24),
        (144, 46),
        _say(language, "access point, 5 GHz", "point d’accès, 5 GHz"),
        "#e3edf6",
        letters=15,
    )
    for reach in (34, 56, 78):
        sheet.path(
            f"M {280 - reach} {84 + reach * 0.35} a {reach} {reach} 0 0 0 {2 * reach} 0",
            BLUE,
            thick=2,
        )
    for x in (150, 280, 410):
        things.unit(sheet, (x, 242))
    sheet.text(
        (20, 60),
        _say(
            language,
            "a network for the units|alone, its own channel",
            "un réseau pour les bornes|seules, canal dédié",
        ),
        15,
        anchor="start",
    )
    sheet.text(
        (540, 60),
        _say(
            language,
            "in sight, above heads,|not behind a wall of people",
            "en vue, au-dessus des têtes,|pas derrière le public",
        ),
        15,
        anchor="end",
    )
    return sheet


def telling(language: str) -> Canvas:
    """What is said at the beginning: the hand, the light, the recording."""
    sheet = Canvas(560, 220)
    cells = (
        ("", _say(language, "a press raises|your hand", "un appui lève|la main")),
        (
            "g",
            _say(
                language,
                "green: in the line;|fast: your turn",
                "vert : dans la file ;|rapide : à vous",
            ),
        ),
        (
            "r",
            _say(
                language,
                "red: you are heard,|and only then",
                "rouge : on vous entend,|et alors seulement",
            ),
        ),
        ("rw", _say(language, "red and white:|recorded too", "rouge et blanc :|enregistré aussi")),
    )
    for place, (lit, words) in enumerate(cells):
        x = 72 + 139 * place
        if lit:
            things.lamps(sheet, (x - 20, 80), lit)
        else:
            things.button(sheet, (x, 78), 36, "#cfe8d8")
        sheet.text((x, 156), words, 15)
    return sheet


DRAWINGS: Mapping[str, Callable[[str], Canvas]] = {
    "venue-cabling": cabling,
    "venue-wifi": wifi,
    "venue-telling": telling,
}
