"""Field types with their bounds, shared by messages and the room view."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

MAX_NAME_CHARACTERS = 40
"""Fits a place card, and one line of a 320 px screen in two."""


_FORGING_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control and format characters (bidi overrides among them), surrogates, line separators."""

_JOINERS = frozenset("\u200c\u200d")
"""Format characters that Persian, the Indic scripts and emoji need inside a word."""


def one_text(text: str, most: int, what: str, also: str = "") -> str:
    """Refuse what could forge a screen or shows nothing; give the canonical form of the rest.

    Args:
        text: as it came.
        most: characters that it may have.
        what: what it is, for the refusal.
        also: control characters that it may hold.

    Raises:
        ValueError: it is refused, and why.
    """
    for character in text:
        forging = unicodedata.category(character) in _FORGING_CATEGORIES
        if forging and character not in _JOINERS and character not in also:
            raise ValueError(f"{what} may hold letters, digits, signs and spaces only")
    if all(character in _JOINERS or character.isspace() for character in text):
        raise ValueError(f"{what} needs something that can be seen")
    canonical = unicodedata.normalize("NFC", text)
    if len(canonical) > most:  # a few characters become two by it
        raise ValueError(f"{what} has at most {most} characters")
    return canonical


def _printable(text: str) -> str:
    return one_text(text, MAX_NAME_CHARACTERS, "a name")


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARACTERS),
    AfterValidator(_printable),
]
"""What a person or a unit is called on every screen."""

MAX_LINE_CHARACTERS = 280
"""A written question that a host reads out in a quarter of a minute."""


def _one_line(text: str) -> str:
    return one_text(text, MAX_LINE_CHARACTERS, "a line")


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE_CHARACTERS),
    AfterValidator(_one_line),
]
"""One line that somebody wrote."""

MAX_TITLE_CHARACTERS = 120


def _title(text: str) -> str:
    return one_text(text, MAX_TITLE_CHARACTERS, "a title")


Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE_CHARACTERS),
    AfterValidator(_title),
]
"""What a room is called."""

MAX_DESCRIPTION_CHARACTERS = 2000


def _description(text: str) -> str:
    return text and one_text(text, MAX_DESCRIPTION_CHARACTERS, "a description", also="\n")


Description = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_DESCRIPTION_CHARACTERS),
    AfterValidator(_description),
]
"""A few paragraphs, or nothing."""

ParticipantId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}(~[0-9]{1,2})?$")]
"""Random name of one participant in one room, made by the hub; ``<unit>~2`` for the second person
at a unit to which nobody is attached."""

StreamId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
"""Random name of one source's packets; a second connection of the source repeats it."""

RoomName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""Room in links and messages."""

ZoneName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""A part of the venue within earshot."""

CommandId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Made by the client; a repeated command is answered, not applied twice."""

Ssrc = Annotated[int, Field(ge=0, lt=1 << 32)]
"""RTP synchronisation source, given by the hub, unique in a room."""

LevelDbfs = Annotated[float, Field(ge=-127.0, le=0.0)]
"""RMS level relative to digital full scale."""
