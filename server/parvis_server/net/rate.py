"""How much one connection may say: token buckets, and strikes for those who ignore them. Pure."""

import ipaddress
from collections import OrderedDict, deque
from dataclasses import dataclass, field

NS_PER_S = 1_000_000_000

MAX_ADDRESSES = 10_000
"""Addresses that are remembered, some 2 MB; a flood from more is the network's to stop."""

MAX_STRIKES = 3
STRIKE_WINDOW_NS = 10 * NS_PER_S
"""Three seconds with something dropped in ten: a flood, not a burst after a stall."""

STRIKE_SPACING_NS = NS_PER_S
"""Everything dropped within one second is one strike."""


@dataclass(slots=True)
class TokenBucket:
    """Lets ``per_s`` units through each second, and ``burst`` at once after a pause."""

    per_s: float
    burst: float
    _tokens: float = field(init=False)
    _filled_ns: int | None = None

    def __post_init__(self) -> None:
        """Start full."""
        self._tokens = self.burst

    def take(self, units: float, now_ns: int) -> bool:
        """Whether ``units`` may pass now; if not, nothing is taken."""
        if not self.has(now_ns, units):
            return False
        self._tokens -= units
        return True

    def has(self, now_ns: int, units: float = 1) -> bool:
        """Whether ``units`` might pass now."""
        if self._filled_ns is not None:
            refill = (now_ns - self._filled_ns) * self.per_s / NS_PER_S
            self._tokens = min(self.burst, self._tokens + refill)
        self._filled_ns = now_ns
        return units <= self._tokens


class Attempts:
    """A bucket for each address, for what an address should do rarely: show a wrong secret."""

    def __init__(self, per_s: float, burst: float) -> None:
        """Let every address do it ``burst`` times, and ``per_s`` times a second after that."""
        self._per_s, self._burst = per_s, burst
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, address: str, now_ns: int) -> bool:
        """Whether this address may once more; if so, it is counted."""
        return self._bucket(address).take(1, now_ns)

    def has(self, address: str, now_ns: int) -> bool:
        """Whether this address might once more."""
        return self._bucket(address).has(now_ns)

    def _bucket(self, address: str) -> TokenBucket:
        whose = network_of(address)
        bucket = self._buckets.pop(whose, None) or TokenBucket(self._per_s, self._burst)
        self._buckets[whose] = bucket
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket


def network_of(address: str) -> str:
    """What stands for one visitor: an IPv4 address, or the first half of an IPv6 one, which a
    provider gives to one customer (RFC 6177)."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    mapped = ip.ipv4_mapped
    return str(mapped) if mapped is not None else str(ipaddress.ip_network((int(ip), 64), False))


def wrong_secret_attempts() -> Attempts:
    """Joins with a wrong link. A venue may share one address, so only these are counted."""
    return Attempts(per_s=0.5, burst=30)


@dataclass(slots=True)
class Strikes:
    """Counts the seconds in which a connection was over its rate."""

    _at_ns: deque[int] = field(default_factory=deque)

    def strike(self, now_ns: int) -> bool:
        """Something was dropped; whether the connection has to be closed for it."""
        if not self._at_ns or now_ns - self._at_ns[-1] >= STRIKE_SPACING_NS:
            self._at_ns.append(now_ns)
        while now_ns - self._at_ns[0] >= STRIKE_WINDOW_NS:
            self._at_ns.popleft()
        return len(self._at_ns) >= MAX_STRIKES


def control_bucket() -> TokenBucket:
    """Messages of any connection: a person presses once a second, a level comes five times."""
    return TokenBucket(per_s=10, burst=20)


def sound_control_bucket() -> TokenBucket:
    """Messages of a unit or speaker: levels 5 a second, output reports 2, clocks 2 and a burst of 8
    at the start; presses come besides."""
    return TokenBucket(per_s=20, burst=40)


def packet_bucket(ptime_ms: int) -> TokenBucket:
    """Packets of this length: half more than real time, and after a stall a second of them."""
    per_s = 1500 / ptime_ms
    return TokenBucket(per_s=per_s, burst=per_s)


def sound_bits_bucket() -> TokenBucket:
    """Bits of a source's packets: 64 kb/s and headers, and a second of them at once."""
    return TokenBucket(per_s=160_000, burst=160_000)
