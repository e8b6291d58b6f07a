"""Who sits at the demo's tables and what they say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One table: its name on every screen, its voice, and its sentence."""

    name: str
    espeak_voice: str
    """Voice and variant for ``espeak-ng -v``."""
    espeak_pitch: int
    """0 to 99 (``espeak-ng -p``)."""
    sentence: str
    recordings: tuple[str, ...]
    """Without a synthesiser: what this table says instead, by file name without ``.wav``."""
    melody: tuple[int, ...]
    """Without recorded speech either: eight notes as semitones above A3 (220 Hz)."""


PARTS = (
    Part(
        name="Table du fond",
        espeak_voice="fr",
        espeak_pitch=40,
        sentence=(
            "Bonsoir à toutes et à tous ! Ici la table du fond. "
            "Est-ce qu'on nous entend bien, dans la salle comme au bout du fil ?"
        ),
        recordings=("Front_Left", "Front_Center", "Front_Right"),
        melody=(0, 3, 7, 12, 10, 7, 3, 0),
    ),
    Part(
        name="Table by the window",
        espeak_voice="en-gb",
        espeak_pitch=55,
        sentence=(
            "Good evening from the table by the window. "
            "How good that hands in the hall and hands on the phone stand in one line tonight."
        ),
        recordings=("Rear_Left", "Rear_Center", "Rear_Right"),
        melody=(12, 10, 7, 5, 7, 5, 3, 0),
    ),
    Part(
        name="Table près du bar",
        espeak_voice="fr+f3",
        espeak_pitch=60,
        sentence=(
            "Une question pour la suite de la soirée : "
            "pourra-t-on réécouter ce débat demain, et qui décidera de le publier ?"
        ),
        recordings=("Side_Left", "Side_Right", "Front_Center"),
        melody=(3, 7, 10, 15, 14, 10, 7, 3),
    ),
)
"""The three tables."""

PHONE_NAME = "Au bout du fil"
"""Somebody far away, in the same line as the tables."""

PHONE_QUESTIONS = (
    "Good evening from far away! Who will carry this idea on when the evening is over?",
    "I cannot be in the hall tonight. How can those who listen from home help?",
)
"""In English, the language of the room: the hub's voice reads them out."""

VISITOR_NAME = "Your table"
"""The table of the person at the terminal (key ``h``)."""

VISITOR_MELODY = (7, 7, 8, 10, 10, 8, 7, 5)
"""What the visitor's table plays on a machine without a microphone."""
