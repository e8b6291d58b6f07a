"""The hub's clock, told by the exchange of four time stamps (RFC 5905 section 8). Pure.

An exchange is wrong by at most half of its round trip, and a way that was held up makes the round
trip longer: so of the last eight the shortest counts.
"""

from collections import deque
from dataclasses import dataclass

from parvis_wire.messages import serialize
from parvis_wire.stage import TimeReply, TimeRequest

WINDOW = 8
"""Crystals part by 0.1 ms at most in the eight seconds that these take."""

BURST = 8
BURST_EVERY_S, STEADY_EVERY_S = 0.03, 1.0
"""Eight questions at once, so that the clock is known before the first sound; then one a second."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    offset_ns: int
    rtt_ns: int


class HubClock:
    """Asks, hears the answers, translates."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._exchanges: deque[_Exchange] = deque(maxlen=WINDOW)
        self._asked = 0

    def forget(self) -> None:
        """Begin anew: another connection may be to a hub that was started again."""
        self._exchanges.clear()
        self._asked = 0

    def ask(self, now_ns: int) -> str:
        """The question to send now."""
        self._asked += 1
        return serialize(TimeRequest(client_ns=now_ns))

    @property
    def next_in_s(self) -> float:
        """How long after a question the next one comes."""
        return BURST_EVERY_S if self._asked < BURST else STEADY_EVERY_S

    def receive(self, reply: TimeReply, arrival_ns: int) -> None:
        """An answer came; one that could not be is forgotten."""
        rtt_ns = arrival_ns - reply.client_ns - (reply.sent_ns - reply.received_ns)
        if rtt_ns < 0 or reply.sent_ns < reply.received_ns:
            return
        there, back = reply.received_ns - reply.client_ns, reply.sent_ns - arrival_ns
        self._exchanges.append(_Exchange((there + back) // 2, rtt_ns))

    @property
    def known(self) -> bool:
        """Whether an answer has come."""
        return bool(self._exchanges)

    @property
    def rtt_ms(self) -> float | None:
        """Shortest round trip of the last exchanges; None before the first."""
        return self._best.rtt_ns / 1e6 if self._exchanges else None

    def hub_ns(self, local_ns: int) -> int | None:
        """Our time as the hub's; None before the first answer."""
        return local_ns + self._best.offset_ns if self._exchanges else None

    @property
    def _best(self) -> _Exchange:
        return min(self._exchanges, key=lambda exchange: exchange.rtt_ns)
