"""What chimes: one file per kind of buzzer, and the seam they share."""

from typing import Protocol


class Buzzer(Protocol):
    """Anything that can be heard at the table."""

    def chime(self, times: int) -> None:
        """Sound so many short notes, and return at once."""

    def close(self) -> None:
        """Be quiet and let go of the hardware."""
