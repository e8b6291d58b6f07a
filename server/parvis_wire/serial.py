"""Serial number arithmetic (RFC 1982) for RTP sequence numbers (16 bit) and timestamps (32 bit)."""

SEQUENCE_BITS = 16
TIMESTAMP_BITS = 32


def add(value: int, step: int, bits: int) -> int:
    """``value + step`` on a circle of ``2**bits``; ``step`` may be negative."""
    return (value + step) % (1 << bits)


def distance(origin: int, value: int, bits: int) -> int:
    """Signed steps from ``origin`` to ``value``: positive = ``value`` is later.

    Lies in ``[-2**(bits-1), 2**(bits-1))``. RFC 1982 leaves the exact half circle undefined;
    here it counts as earlier.
    """
    half = 1 << (bits - 1)
    return ((value - origin + half) % (1 << bits)) - half


def is_later(value: int, origin: int, bits: int) -> bool:
    """Whether ``value`` comes after ``origin`` on the circle."""
    return distance(origin, value, bits) > 0


class Unwrapper:
    """Turns wrapping serial numbers into a line of plain integers, nearest to the last one seen."""

    __slots__ = ("_bits", "_last")

    def __init__(self, bits: int) -> None:
        """Start with nothing seen: the first number is taken as it is."""
        self._bits = bits
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """The integer congruent to ``value`` that lies nearest to the newest one seen so far."""
        if self._last is None:
            self._last = value
            return value
        extended = self._last + distance(self._last % (1 << self._bits), value, self._bits)
        self._last = max(self._last, extended)
        return extended
