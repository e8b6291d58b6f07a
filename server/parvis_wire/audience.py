"""How listeners are here, and what they show without a word: counted, never stored.

Imported by ``messages``, which knows every type that may cross.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from parvis_wire.base import Wire
from parvis_wire.fields import Name


class Avatar(StrEnum):
    """Pictures to be known by; pages draw them."""

    FOX = "fox"
    OWL = "owl"
    BEE = "bee"
    WHALE = "whale"
    TREE = "tree"
    SUN = "sun"
    MOON = "moon"
    WAVE = "wave"


class Here(Wire):
    """How a listener is here; no event, forgotten with the connection."""

    type: Literal["here"] = "here"
    in_hall: bool = False
    """In the hall: no playback there, and their turn is at a unit."""
    name: Name | None = None
    """Shown in the audience; None: only counted."""
    avatar: Avatar | None = None


class Reaction(StrEnum):
    """What listeners may show without a word."""

    CLAP = "clap"
    HEART = "heart"
    LAUGH = "laugh"
    YES = "yes"
    NO = "no"
    LOUDER = "louder"
    MARK = "mark"
    """A moment to come back to: of a room that is recorded, counted beside its sound."""


class React(Wire):
    """One reaction; counted by the second, never stored."""

    type: Literal["react"] = "react"
    reaction: Reaction


class TokenKept(Wire):
    """The answer to a ``welcome`` that asks for it: from now on, this token tells who one is."""

    type: Literal["token_kept"] = "token_kept"
    resume: str = Field(min_length=1, max_length=256)


class Pulse(Wire):
    """To everybody, once a second when it changed: how the audience is. Never stored."""

    type: Literal["pulse"] = "pulse"
    listeners: int | None = Field(default=None, ge=0)
    """None: the host hides the count."""
    in_hall: int | None = Field(default=None, ge=0)
    reactions: dict[Reaction, int] = Field(default_factory=dict)
    """Since the last pulse."""
    yes: int | None = Field(default=None, ge=0)
    """Answers to the open show of hands."""
