"""Where a unit's sound comes out: one file per kind of loudspeaker, and the seam they share."""

from typing import Protocol

from parvis_device.capture import Samples


class LoudspeakerEvents(Protocol):
    """Whom a loudspeaker asks and tells."""

    @property
    def frame_samples(self) -> int:
        """Length of the blocks to ask for; when it changes, ``use_frame_samples`` is called."""

    def block(self, now_ns: int, latency_ns: int) -> Samples:
        """The next block, at once; called from the audio thread, where there is one.

        ``now_ns``: when it was asked for; ``latency_ns``: from there to its leaving the converter.
        """

    def ran_dry(self) -> None:
        """The card had nothing to play for a moment; called like ``block``."""

    def stopped(self) -> None:
        """The card stands still: its clock begins anew."""

    def loudspeaker_opened(self, description: str) -> None:
        """It asks for sound (again)."""

    def loudspeaker_lost(self, reason: str) -> None:
        """It does not; the loudspeaker tries again by itself."""


class Loudspeaker(Protocol):
    """Anything that plays: a sound card, a file."""

    misses: int
    """How often one that is not there was looked for."""

    def use_frame_samples(self) -> None:
        """The events' ``frame_samples`` changed: ask for blocks of that length, soon."""

    async def run(self, events: LoudspeakerEvents) -> None:
        """Play until cancelled."""
