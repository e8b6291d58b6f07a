"""The lines of the self-test's table, and what may stand in them. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from parvis_device.selftest.words import Language


class Verdict(StrEnum):
    """What a finding means."""

    GOOD = "good"
    HINT = "hint"
    """It works, but somebody should know."""
    BAD = "bad"
    """It does not work until somebody does what the line says."""
    NOT_ASKED = "not_asked"
    """It takes a person to tell, and none was asked."""
    ABSENT = "absent"
    """This unit has nothing of the kind."""


MARKS: Mapping[Verdict, str] = {
    Verdict.GOOD: "✓",
    Verdict.HINT: "!",
    Verdict.BAD: "✗",
    Verdict.NOT_ASKED: "?",
    Verdict.ABSENT: "–",
}
"""Shapes: they are told apart without colour."""


class Check(StrEnum):
    """The lines of the table, in their order."""

    BUTTON = "button"
    LIGHT = "light"
    MICROPHONE = "microphone"
    CAPTURE = "capture"
    CLOCK = "clock"
    MUTE = "mute"
    POWER = "power"
    DISK = "disk"
    NETWORK = "network"

    def of(self, language: Language) -> str:
        """Its name in the table."""
        return _FRENCH[self] if language is Language.FR else self.value


_FRENCH: Mapping[Check, str] = {
    Check.BUTTON: "bouton",
    Check.LIGHT: "lumière",
    Check.MICROPHONE: "micro",
    Check.CAPTURE: "capture",
    Check.CLOCK: "horloge",
    Check.MUTE: "coupure",
    Check.POWER: "alimentation",
    Check.DISK: "disque",
    Check.NETWORK: "réseau",
}
