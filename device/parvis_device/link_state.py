"""How a unit stands with its hub, as its light and its log say it. Pure."""

from enum import StrEnum


class LinkState(StrEnum):
    """How the unit stands with its hub."""

    CONNECTING = "connecting"
    """The first try since the start."""
    JOINED = "joined"
    LOST = "lost"
    """No answer at the address, or the connection broke."""
    WRONG_ADDRESS = "wrong_address"
    """The name does not resolve, or what answers there is no Parvis hub."""
    NOT_ALLOWED = "not_allowed"
    """The hub does not let this unit in, or speaks another version."""
    UNPAIRED = "unpaired"
    """The hub does not know this unit: an operator has to pair it."""
    PRESS_TO_PAIR = "press_to_pair"
    """An operator pairs this unit: its button is to be pressed."""
