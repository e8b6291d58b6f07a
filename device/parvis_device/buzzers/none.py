"""No buzzer: the usual case, since the hall is to be quiet."""


class NoBuzzer:
    """Is never heard."""

    def chime(self, times: int) -> None:
        """Nothing to sound."""

    def close(self) -> None:
        """Nothing to close."""
