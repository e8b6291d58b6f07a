"""Distributions as a bench prints them. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

PERCENTILES = {"p50": 50, "p95": 95, "p99": 99}


def figures(values: Iterable[float]) -> dict[str, float] | None:
    """``mean``, ``p50``, ``p95``, ``p99`` and ``max``, to 0.01; None when nothing was measured."""
    measured = np.asarray(tuple(values), dtype=np.float64)
    if not measured.size:
        return None
    named = {"mean": measured.mean()}
    named |= {name: np.percentile(measured, percent) for name, percent in PERCENTILES.items()}
    named |= {"max": measured.max()}
    return {name: round(float(value), 2) for name, value in named.items()}


def counted_percentiles(counts: Sequence[int], bounds: Sequence[float]) -> dict[str, float]:
    """``p50``, ``p95`` and ``p99`` of a histogram, to 0.01, read off along its steps.

    Args:
        counts: one for each bound, and one for what lies above the last, which reads as that bound.
        bounds: the upper bounds, rising from above 0.
    """
    edges = np.array([0.0, *bounds])
    share = np.cumsum(np.asarray(counts, dtype=np.float64)[: len(bounds)]) / max(1, sum(counts))
    named = {
        name: float(np.interp(percent / 100, [0.0, *share], edges))
        for name, percent in PERCENTILES.items()
    }
    return {name: round(value, 2) for name, value in named.items()}


def table(rows: Mapping[str, object]) -> str:
    """The figures as lines for people: name, then mean, p50, p95, p99, max."""
    lines = [f"{'':<28}{'mean':>9}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}"]
    for name, value in rows.items():
        if isinstance(value, dict) and "p50" in value:
            numbers = "".join(f"{value[key]:>9.2f}" for key in ("mean", *PERCENTILES, "max"))
            lines.append(f"{name:<28}{numbers}")
        elif isinstance(value, dict):
            lines += [f"{name + '.' + key:<28}{inner!s:>9}" for key, inner in value.items()]
        else:
            lines.append(f"{name:<28}{value!s:>9}")
    return "\n".join(lines)
