"""How loud a source is when nobody speaks: the lowest level of late, let rise slowly."""

from typing import Final

from parvis_audio.level import SILENT_DBFS

LOUDEST_NOISE_DBFS: Final = -40.0
"""A steady sound over this is taken for speech or music, not for the room."""

NOISE_RISE_DB_PER_SECOND: Final = 3.0
"""A fan that starts is noise after some seconds; a long vowel is not."""


class NoiseFloor:
    """Told the level of every frame."""

    def __init__(self, start_dbfs: float, frame_ms: float = 10.0) -> None:
        """``start_dbfs``: what is believed before anything was heard."""
        self.dbfs = start_dbfs
        """The noise's level."""
        self._rise_db = NOISE_RISE_DB_PER_SECOND * frame_ms / 1000

    def follow(self, level_dbfs: float) -> None:
        """The next frame's level.

        Digital silence is no room: a switch is off, or nothing came. The noise is then what it was,
        or the room would pass for speech for half a minute afterwards.
        """
        if level_dbfs > SILENT_DBFS:
            self.dbfs = min(level_dbfs, self.dbfs + self._rise_db, LOUDEST_NOISE_DBFS)
