"""The clock of the converter that plays, told from when it asks for samples. Pure.

Theory of operation. A sound card asks for the next block when it has room for it: never earlier,
and as late as the machine's business makes it. The earliest askings are the converter's clock, the
lower envelope that ``parvis_audio.drift`` finds. With it every moment of this machine has its
place in *converter time*: samples played, as nanoseconds. A receiver that gets its arrivals and its
"now" in converter time corrects the drift between the hub's crystal and the converter's, whatever
this machine's own clock does.

A card that ran dry stood still meanwhile: its askings are late by that much from then on. A sound
server that fills a larger buffer asks early, once. Either is a step of *its count of samples* and
not of time: it is added to the count, so that arrivals go on as before and the receiver sees what
is true, that it now holds more sound than it needs, or less.
"""

from typing import Final

from parvis_audio.drift import DriftEstimator
from parvis_device.capture import NS_PER_SECOND, SAMPLE_RATE_HZ, samples_ns

SETTLE_NS: Final = 300_000_000
"""A card that starts asks for several blocks at once, which says nothing about its clock."""

STEP_S: Final = 0.005
"""Half a block: more than a crystal or a quiet machine can do."""

STEP_AFTER_NS: Final = 500_000_000
"""Late for so long without one asking in time, the card itself is late and not this machine."""


class ConverterClock:
    """One output's converter against this machine's clock."""

    def __init__(self) -> None:
        """Start with nothing asked for."""
        self._drift = DriftEstimator(SAMPLE_RATE_HZ)
        self._samples = 0
        self._stood_samples = 0
        """For how long the converter stood still, in samples; less what it asked ahead."""
        self._first_ns: int | None = None
        self._late_since_ns: int | None = None
        self._least_late_s = 0.0
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
        if self.settled:
            self._look_for_step(now_ns)
        self._drift.arrived(self._count(samples), now_ns)

    def stopped(self) -> None:
        """The converter stands still: the same crystal goes on later, counted from elsewhere."""
        self._first_ns = None
        self.settled = False

    def sample_ns(self, samples: int) -> int:
        """The place of a sample in converter time."""
        return samples_ns(self._count(samples))

    def converter_ns(self, now_ns: int) -> int:
        """A moment of this machine in converter time."""
        after_s = self._drift.held_s(self._count(self._samples), now_ns) / (1 + self._drift.drift)
        return self.sample_ns(self._samples) + round(after_s * NS_PER_SECOND)

    def local_ns(self, samples: int, now_ns: int) -> int:
        """When the converter asks for this sample at the earliest; ``now_ns``: any moment near."""
        return now_ns - round(self._drift.held_s(self._count(samples), now_ns) * NS_PER_SECOND)

    def _count(self, samples: int) -> int:
        return samples + self._stood_samples

    def _look_for_step(self, now_ns: int) -> None:
        late_s = self._drift.held_s(self._count(self._samples), now_ns)
        if late_s < -STEP_S:
            self._step(late_s)
        elif late_s <= STEP_S:
            self._late_since_ns = None
        elif self._late_since_ns is None:
            self._late_since_ns, self._least_late_s = now_ns, late_s
        else:
            self._least_late_s = min(self._least_late_s, late_s)
            if now_ns - self._late_since_ns >= STEP_AFTER_NS:
                self._step(self._least_late_s)

    def _step(self, late_s: float) -> None:
        self._stood_samples += round(late_s * SAMPLE_RATE_HZ)
        self._late_since_ns = None
