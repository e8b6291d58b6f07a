"""Prints what two generations of Opus leave of recorded speech: PESQ-WB and STOI.

`scripts/bench codec [--json]`; ends with 1 when a figure misses its mark. PESQ is compiled when it
is installed, so it is no part of what the tests need: `scripts/bench` installs it for this.
"""

from __future__ import annotations

import argparse
import json
import sys

from fakes.codec_chain import LEAST_PESQ, LEAST_STOI, tandem_pesq, tandem_stoi

PROFILES = {"10 ms": 480, "5 ms": 240}
"""The unit's packets; the second generation is always the program's 20 ms at 32 kb/s."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench codec", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    figures = {
        name: {"pesq_wb": round(tandem_pesq(samples), 3), "stoi": round(tandem_stoi(samples), 4)}
        for name, samples in PROFILES.items()
    }
    if as_json:
        print(json.dumps(figures))
    else:
        for name, found in figures.items():
            print(
                f"unit {name}, program 20 ms: PESQ-WB {found['pesq_wb']:.2f}, at least "
                f"{LEAST_PESQ}; STOI {found['stoi']:.4f}, at least {LEAST_STOI}"
            )
    passed = all(
        each["pesq_wb"] >= LEAST_PESQ and each["stoi"] >= LEAST_STOI for each in figures.values()
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
