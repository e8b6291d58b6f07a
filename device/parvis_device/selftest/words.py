"""What the self-test says while it works, and the names in its table, in English and French. Pure.

The light's words are the program's own in English; ``LIGHTS`` has their French, which the printed
guides have too (a test compares them).
"""

from collections.abc import Mapping
from enum import Enum, StrEnum

from parvis_device.light import Pattern


class Language(StrEnum):
    """What the self-test speaks."""

    EN = "en"
    FR = "fr"


def language_of(asked: Language | None, environment: Mapping[str, str]) -> Language:
    """``--language``, or else what the environment speaks (POSIX: LC_ALL, LC_MESSAGES, LANG)."""
    names = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    spoken = asked or next((name for name in names if name), "")
    return Language.FR if spoken.lower().startswith("fr") else Language.EN


class Prompt(Enum):
    """What the person is told or asked; English, then French."""

    QUIET = (
        "Listening to the room: be quiet for {seconds:.0f} seconds.",
        "Écoute de la salle : silence pendant {seconds:.0f} secondes.",
    )
    SPEAK = (
        "Speak for {seconds:.0f} seconds as at the event: without effort, where the speaker sits.",
        "Parlez {seconds:.0f} secondes comme le jour venu : sans effort, à la place de l'orateur.",
    )
    PRESS = (
        "Press the button three times (an assistive switch in the jack counts too).",
        "Appuyez trois fois sur le bouton (un contacteur dans le jack compte aussi).",
    )
    PRESSED = ("  press {count}", "  appui {count}")
    MUTE = (
        "Switch the mute on, and off again.",
        "Basculez la coupure du micro, puis revenez.",
    )
    MUTED = ("  muted", "  coupé")
    OPEN = ("  open", "  ouvert")
    LIGHTS = (
        "Look at the light. Red comes too, though no sound leaves: this is only the test.",
        "Regardez la lumière. Le rouge vient aussi, sans que le son parte : ce n'est que l'essai.",
    )
    LIGHT = ("  {words}", "  {words}")
    SAW_LIGHTS = (
        "Was each light as the line said? [y/n] ",
        "Chaque lumière était-elle comme indiqué ? [o/n] ",
    )
    LISTENING = (
        "Listening for {seconds:.0f} more seconds.",
        "Écoute encore pendant {seconds:.0f} secondes.",
    )

    def of(self, language: Language, **facts: object) -> str:
        """The sentence in this language."""
        english, french = self.value
        words: str = french if language is Language.FR else english
        return words.format(**facts)


YES = ("y", "o")
"""How an answer of yes begins, in either language."""

LIGHTS: Mapping[str, str] = {
    "red, steady; white, quick": "rouge fixe ; blanc rapide",
    "red, steady; white, slow": "rouge fixe ; blanc lent",
    "red and white, steady": "rouge et blanc, fixes",
    "red, steady": "rouge fixe",
    "green and white, steady": "vert et blanc, fixes",
    "green and white, quick, dark for an instant": "vert et blanc, rapides, éteints un instant",
    "green and white in turn": "vert et blanc tour à tour",
    "white, four blinks": "blanc, quatre éclats",
    "white, one second in four": "blanc, une seconde sur quatre",
    "green and white, two short and one long": "vert et blanc, deux brefs et un long",
    "white, one pulse a second": "blanc, une impulsion par seconde",
    "green and white, one long blink a second": "vert et blanc, un long éclat par seconde",
    "green and white, long on, short off": "vert et blanc, longtemps allumés, brève coupure",
    "white, three blinks": "blanc, trois éclats",
    "white, a short blink in 3 s": "blanc, un bref éclat toutes les 3 s",
    "white, two blinks": "blanc, deux éclats",
    "white, slow": "blanc lent",
    "green and white, long and short": "vert et blanc, un long, un bref",
    "green, three flashes, then what was before": "vert, trois éclats, puis comme avant",
    "green, one long flash, then what was before": "vert, un long éclat, puis comme avant",
    "green, fast": "vert rapide",
    "green, two blinks": "vert, deux éclats",
    "green, slow": "vert lent",
    "green, steady": "vert fixe",
    "green, a short pulse in 2 s": "vert, une brève impulsion toutes les 2 s",
    "green and white, short and long": "vert et blanc, un bref, un long",
    "white, a short pause in 5 s": "blanc, une brève coupure toutes les 5 s",
    "white, steady; green, long": "blanc fixe ; vert long",
    "white, five blinks": "blanc, cinq éclats",
    "green and white, long flashes": "vert et blanc, longs éclats",
    "off": "éteint",
    "white, steady": "blanc fixe",
}
"""French of the patterns' words. One that a person wrote (``light_map``) stays as it is."""


def light_words(pattern: Pattern, language: Language) -> str:
    """What is to be seen."""
    return LIGHTS.get(pattern.words, pattern.words) if language is Language.FR else pattern.words
