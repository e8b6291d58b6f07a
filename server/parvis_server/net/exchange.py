"""SPAKE2 on the hub's side, for one code that was typed (RFC 9382; the hub is A, the unit is B).

The library works on whole numbers in Python, 5 ms a step, which ``begin`` and ``finish`` spend on
a thread. It is not constant in time; it is asked at most five times about a code.
"""

from dataclasses import dataclass, field

from spake2 import SPAKE2_A, SPAKEError
from spake2.ed25519_basic import NotOnCurve

from parvis_wire.identity import Transcript, from_text, to_text
from parvis_wire.pairing import PairShare

SHARE_BYTES = 33


@dataclass(slots=True, eq=False)
class Exchange:
    """One guess, of whoever does not know the code."""

    code: str = field(repr=False)
    label: str
    """What the tries of this code are counted under."""
    transcript: Transcript = field(repr=False)
    _side: SPAKE2_A | None = field(default=None, repr=False)
    _said: PairShare | None = field(default=None, repr=False)

    @property
    def is_answered(self) -> bool:
        """Whether the unit gave its share and its proof."""
        return self._said is not None

    def begin(self) -> str:
        """The hub's share."""
        ids = {"idA": self.transcript.site_key, "idB": self.transcript.unit_key}
        side = SPAKE2_A(self.code.encode(), **ids)
        share = to_text(side.start())
        self._side = side
        return share

    def take(self, said: PairShare) -> bool:
        """The unit's answer; False: it was not asked yet, or answered before."""
        if self._side is None or self._said is not None:
            return False
        self._said = said
        return True

    def finish(self) -> bytes | None:
        """The key that both have if both know the code; None: the unit's share is none."""
        if self._side is None or self._said is None:
            return None
        try:
            key: bytes = self._side.finish(from_text(self._said.share, SHARE_BYTES))
        except (SPAKEError, NotOnCurve, ValueError):
            return None
        return key

    def is_confirmed(self, shared_key: bytes, context: bytes) -> bool:
        """Whether the unit proved that it came to the same key."""
        if self._said is None:
            return False
        return self.transcript.is_confirmed(self._said.confirmation, shared_key, context)
