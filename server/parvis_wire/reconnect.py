"""When to try again after a lost connection: the same times for units, listeners and pages."""

FIRST_DELAYS_S = (0.25, 0.5)
"""A hub that restarts is back in a second: two quick tries catch it."""

STEADY_DELAY_S = 1.0
STEADY_FOR_S = 30.0
"""A venue's access point takes up to half a minute to come back."""

MAX_DELAY_S = 8.0
"""Beyond that, each doubling up to this keeps a forgotten phone from hammering the hub."""


def delay_s(attempt: int) -> float:
    """Seconds to wait before attempt number ``attempt`` (0 = the first after the loss)."""
    if attempt < len(FIRST_DELAYS_S):
        return FIRST_DELAYS_S[attempt]
    beyond = attempt - len(FIRST_DELAYS_S) - int(STEADY_FOR_S / STEADY_DELAY_S) + 1
    if beyond <= 0:
        return STEADY_DELAY_S
    return float(min(STEADY_DELAY_S * 2 ** min(beyond, 8), MAX_DELAY_S))


def spread_delay_s(attempt: int, spread_ms: int, fraction: float) -> float:
    """``delay_s`` plus a share of the spread that the hub asked for, so thousands do not collide.

    ``fraction`` is a random number in [0, 1) drawn once by the caller. Only the first attempt is
    spread: later ones have kept their distance.
    """
    return delay_s(attempt) + (spread_ms / 1000 * fraction if attempt == 0 else 0.0)
