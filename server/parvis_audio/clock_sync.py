"""The hub's clock, told from questions and answers. Pure: time stamps in, a clock reading out.

Units, loudspeakers and remote speakers (``parvis listen --return``) read it in the same way.

Theory of operation. A ``time_request`` carries our clock, its answer the hub's at arrival and at
leaving: the four time stamps of RFC 5905 section 8. Each exchange gives an *offset* (hub's clock
minus ours) that is wrong by at most half of its round trip, and by nothing when both ways took
equally long. A way that was held up shows as a longer round trip, so of the last eight exchanges
the shortest counts. Those go into a Kalman filter with two states, offset and drift (as
``parvis_audio.drift`` has for a source), so that the reading stays true between the exchanges.

An exchange whose whole interval lies outside of what was expected says that one of the clocks
stepped (a machine that slept, another hub): the reading begins anew with it.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

BURST: Final = 8
"""Exchanges at the start of a connection, to be right before the first sound."""
BURST_EVERY_NS: Final = 30_000_000
"""The burst is over in a quarter of a second; the hub takes 20 messages at once."""
STEADY_EVERY_NS: Final = 1_000_000_000
WINDOW: Final = 8
"""The shortest round trip of so many exchanges counts."""

LONGEST_RTT_NS: Final = 2_000_000_000
"""A slower answer says nothing worth having."""

_FIRST_DRIFT_SIGMA: Final = 200e-6
"""Two machines' crystals: each is sold as +-100 ppm."""
_OFFSET_NOISE: Final = 1e-12  # s^2 per s, as in parvis_audio.drift
_DRIFT_NOISE: Final = 1e-16
_LEAST_SIGMA_S: Final = 20e-6
"""How exactly a quiet machine stamps."""
_STEP_SIGMAS: Final = 5.0


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The hub's clock against ours, valid from ``at_ns`` of our clock on."""

    at_ns: int
    offset_ns: float
    """The hub's clock minus ours, at ``at_ns``."""
    drift: float
    """By how much of a second the offset grows in a second."""
    uncertainty_ns: float
    """The offset is not further off than this: half of the shortest round trip, and the filter's
    own doubt."""
    rtt_ns: int

    def hub_ns(self, local_ns: int) -> int:
        """Our time as the hub's."""
        return local_ns + round(self.offset_ns + self.drift * (local_ns - self.at_ns))

    def local_ns(self, hub_ns: int) -> int:
        """The hub's time as ours."""
        since_ns = hub_ns - self.at_ns - self.offset_ns
        return self.at_ns + round(since_ns / (1 + self.drift))


@dataclass(frozen=True, slots=True)
class _Exchange:
    at_ns: int
    offset_ns: int
    rtt_ns: int


class ClockSync:
    """Says when to ask, takes the answers, gives the reading."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._asked = 0
        self._next_ns = 0
        self._window: deque[_Exchange] = deque(maxlen=WINDOW)
        self._used: _Exchange | None = None
        self._origin_ns = 0
        """The first offset: the filter works with the difference to it, which a float holds."""
        self._offset_s = 0.0
        self._drift = 0.0
        self._variances = (0.0, 0.0, 0.0)
        """Of the offset, of both together, of the drift."""
        self._at_ns = 0
        self._reading: ClockReading | None = None
        self.steps = 0
        """Times a clock jumped."""

    @property
    def reading(self) -> ClockReading | None:
        """The hub's clock; None before the first answer."""
        return self._reading

    def connected(self) -> None:
        """A connection began: ask in a burst. What is known stays until an answer denies it."""
        self._asked = 0
        self._next_ns = 0
        self._window.clear()

    def wait_ns(self, now_ns: int) -> int:
        """How long until the next question is due; 0: now."""
        return max(0, self._next_ns - now_ns)

    def asked(self, now_ns: int) -> None:
        """A question leaves now."""
        self._asked += 1
        self._next_ns = now_ns + (BURST_EVERY_NS if self._asked < BURST else STEADY_EVERY_NS)

    def answered(self, client_ns: int, received_ns: int, sent_ns: int, arrival_ns: int) -> None:
        """An answer came: our question's time, the hub's two, and ours of now."""
        rtt_ns = (arrival_ns - client_ns) - (sent_ns - received_ns)
        if not 0 <= rtt_ns <= LONGEST_RTT_NS or sent_ns < received_ns:
            return
        offset_ns = ((received_ns - client_ns) + (sent_ns - arrival_ns)) // 2
        self._window.append(_Exchange((client_ns + arrival_ns) // 2, offset_ns, rtt_ns))
        best = min(reversed(self._window), key=lambda exchange: exchange.rtt_ns)
        if best is self._used:
            return
        self._used = best
        self._take(best)

    def _take(self, best: _Exchange) -> None:
        if self._reading is None:
            self._begin(best)
        else:
            self._predict(best.at_ns)
            away_s = (best.offset_ns - self._origin_ns) * 1e-9 - self._offset_s
            bound_s = best.rtt_ns * 0.5e-9 + _STEP_SIGMAS * math.sqrt(self._variances[0])
            if abs(away_s) > bound_s + _LEAST_SIGMA_S:
                self.steps += 1
                self._window.clear()
                self._window.append(best)
                self._begin(best)
            else:
                self._correct(away_s, _variance(best.rtt_ns))
        self._reading = ClockReading(
            at_ns=self._at_ns,
            offset_ns=self._origin_ns + self._offset_s * 1e9,
            drift=self._drift,
            uncertainty_ns=best.rtt_ns / 2 + math.sqrt(self._variances[0]) * 1e9,
            rtt_ns=best.rtt_ns,
        )

    def _begin(self, first: _Exchange) -> None:
        self._origin_ns, self._at_ns = first.offset_ns, first.at_ns
        self._offset_s = self._drift = 0.0
        self._variances = (_variance(first.rtt_ns), 0.0, _FIRST_DRIFT_SIGMA**2)

    def _predict(self, at_ns: int) -> None:
        step_s = max(0.0, (at_ns - self._at_ns) * 1e-9)
        offset, both, drift = self._variances
        self._offset_s += self._drift * step_s
        self._variances = (
            offset + step_s * (2 * both + step_s * drift) + _OFFSET_NOISE * step_s,
            both + step_s * drift,
            drift + _DRIFT_NOISE * step_s,
        )
        self._at_ns = max(self._at_ns, at_ns)

    def _correct(self, away_s: float, variance: float) -> None:
        offset, both, drift = self._variances
        offset_gain, drift_gain = offset / (offset + variance), both / (offset + variance)
        self._offset_s += offset_gain * away_s
        self._drift += drift_gain * away_s
        self._variances = (
            (1 - offset_gain) * offset,
            (1 - offset_gain) * both,
            drift - drift_gain * both,
        )


def _variance(rtt_ns: int) -> float:
    """Of an offset that may be anywhere within half a round trip."""
    return float(max((rtt_ns * 1e-9) ** 2 / 12, _LEAST_SIGMA_S**2))
