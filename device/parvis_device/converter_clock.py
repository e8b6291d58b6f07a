"""The clock of the converter that plays, told from when it asks for samples. Pure.

Theory of operation. A sound card asks for the next block when it has room for it: never earlier,
and as late as the machine's business makes it. The earliest askings are the converter's clock, the
lower envelope that ``parvis_audio.drift`` finds. With it every moment of this machine has its
place in *converter time*: samples played, as nanoseconds. A receiver that gets its arrivals and its
"now" in converter time corrects the drift between the hub's crystal and the converter's, whatever
this machine's own clock does.
"""

from typing import Final

from parvis_audio.drift import DriftEstimator
from parvis_device.capture import NS_PER_SECOND, SAMPLE_RATE_HZ, samples_ns

SETTLE_NS: Final = 300_000_000
"""A card that starts asks for several blocks at once, which says nothing about its clock."""

_STOOD_STILL_S: Final = 0.25
"""Asked so much too late, the card was silent meanwhile: its count of samples stood still."""


class ConverterClock:
    """One output's converter against this machine's clock."""

    def __init__(self) -> None:
        """Start with nothing asked for."""
        self._drift = DriftEstimator(SAMPLE_RATE_HZ)
        self._samples = 0
        self._first_ns: int | None = None
        self.settled = False
        """Whether the askings tell the time by now."""

    @property
    def skew_ppm(self) -> float:
        """The converter's rate against this machine's: positive when it runs fast."""
        return self._drift.skew_ppm

    def asked(self, samples: int, now_ns: int) -> None:
        """The converter asks for the sample of this number, and those after it."""
        self._samples = samples
        if self._first_ns is None:
            self._first_ns = now_ns
        if not self.settled and now_ns - self._first_ns >= SETTLE_NS:
            self.settled = True
            self._drift.restart()
        if self._drift.arrived(samples, now_ns) > _STOOD_STILL_S:
            self._drift.restart()
            self._drift.arrived(samples, now_ns)

    def stopped(self) -> None:
        """The converter stands still: the same crystal goes on later, counted from elsewhere."""
        self._first_ns = None
        self.settled = False

    def converter_ns(self, now_ns: int) -> int:
        """A moment of this machine in converter time; sample 0 is asked for at 0."""
        after_s = self._drift.held_s(self._samples, now_ns) / (1 + self._drift.drift)
        return samples_ns(self._samples) + round(after_s * NS_PER_SECOND)

    def local_ns(self, samples: int, now_ns: int) -> int:
        """When the converter asks for this sample at the earliest; ``now_ns``: any moment near."""
        return now_ns - round(self._drift.held_s(samples, now_ns) * NS_PER_SECOND)
