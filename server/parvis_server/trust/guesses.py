"""How often a password may be tried. Pure.

Everybody together has few tries, or many addresses would be many guesses; so that these do not
lock the operator out, an address from which somebody signed in before, and the hub's own machine,
have tries of their own. No limit is for good, and a setup link from the hub's machine is not a
password: it works all the time.
"""

from collections import OrderedDict

from parvis_server.net.rate import Attempts, TokenBucket, network_of

PER_ADDRESS_BURST, PER_ADDRESS_PER_S = 5, 1 / 60
"""A person who mistypes; then one a minute."""

TOTAL_BURST, TOTAL_PER_S = 30, 1 / 10
"""8,640 a day from the whole world: ten random letters last for millions of years."""

MAX_KNOWN = 200
"""Addresses that are remembered as an operator's."""


class Guesses:
    """Counts tries; takes monotonic time, so that a clock that is set changes nothing."""

    def __init__(self) -> None:
        """All may try."""
        self._each = Attempts(PER_ADDRESS_PER_S, PER_ADDRESS_BURST)
        self._total = TokenBucket(TOTAL_PER_S, TOTAL_BURST)
        self._known: OrderedDict[str, None] = OrderedDict()

    def know(self, address: str) -> None:
        """Somebody signed in from there."""
        whose = network_of(address)
        self._known.pop(whose, None)
        self._known[whose] = None
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def take(self, address: str, now_ns: int) -> bool:
        """Whether this address may try now; if so, it is counted."""
        if not self._each.take(address, now_ns):
            return False
        return network_of(address) in self._known or self._total.take(1, now_ns)
