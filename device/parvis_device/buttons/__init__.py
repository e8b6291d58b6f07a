"""What a person presses: one file per kind of button, and the seam they share."""

from typing import Protocol


class ButtonEvents(Protocol):
    """Whom a button tells, always on the event loop."""

    def pressed(self) -> None:
        """One press."""

    def quit(self) -> None:
        """The person asked to end the program."""


class Button(Protocol):
    """Anything that can be pressed."""

    async def run(self, events: ButtonEvents) -> None:
        """Watch until cancelled."""
