"""Three plain lamps, and the patterns that they are lit in. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lamps:
    """Which lamps are lit."""

    red: bool = False
    green: bool = False
    white: bool = False


DARK = Lamps()
RED = Lamps(red=True)
GREEN = Lamps(green=True)
WHITE = Lamps(white=True)
GREEN_AND_WHITE = Lamps(green=True, white=True)
RED_AND_WHITE = Lamps(red=True, white=True)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Lamps that are lit and at rest in turn, over and over; ``steps_ms`` begins with lit.

    One step alone means steady. At rest they are dark, unless ``rest`` says otherwise.
    """

    lamps: Lamps
    steps_ms: tuple[int, ...]
    words: str
    """The pattern for people."""
    meaning: str
    """What it says to the person at the table."""
    rest: Lamps = DARK

    @property
    def cycle_ms(self) -> int:
        """Length of one round."""
        return sum(self.steps_ms)
