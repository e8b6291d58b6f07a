"""``python -m parvis_hardware build [NAME ...]`` and ``check``, ``tables``: what one types."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from parvis_hardware import readme
from parvis_hardware.errors import CheckFailed, HardwareError
from parvis_hardware.places import OUT, shown
from parvis_hardware.registry import CHECKS, MAKERS, Maker, chosen
from parvis_hardware.stamp import version


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code. What a person can mend is one line."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "check":
            check()
        elif asked.command == "tables":
            readme.write()
        else:
            build(asked.names, asked.out)
    except HardwareError as error:
        print(f"hardware: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def check() -> None:
    """Compare all sources with one another.

    Raises:
        CheckFailed: they disagree; each disagreement has been told.
    """
    found = 0
    for entry in CHECKS:
        differences = entry.load()()
        found += len(differences)
        print(f"check {entry.name}: {len(differences)} differences ({entry.what})")
        for line in differences:
            print(f"hardware: {entry.name}: {line}", file=sys.stderr)
    if found:
        raise CheckFailed(f"{found} differences between the sources, each in a line above")


def build(names: Sequence[str], out: Path) -> list[Path]:
    """Check, then make everything, or only what ``names`` says; list each output's size."""
    makers = chosen(names)
    check()
    print(f"making version {version()} into {shown(out)}")
    outputs = [path for maker in makers for path in _run(maker, out)]
    for path in sorted(outputs):
        print(f"{_size(path):>10}  {shown(path)}")
    print(f"{len(outputs)} outputs, {_bytes(sum(path.stat().st_size for path in outputs))}")
    return outputs


def _run(maker: Maker, out: Path) -> list[Path]:
    began_ns = time.monotonic_ns()
    out.mkdir(parents=True, exist_ok=True)
    outputs = maker.load()(out)
    for path in outputs:
        if not path.is_file() or path.stat().st_size == 0:
            raise CheckFailed(f"{maker.name} says that it made {shown(path)}, which is not there")
    took_s = (time.monotonic_ns() - began_ns) / 1e9
    print(f"make {maker.name}: {len(outputs)} outputs in {took_s:.1f} s ({maker.what})", flush=True)
    return outputs


def _size(path: Path) -> str:
    return _bytes(path.stat().st_size)


def _bytes(count: int) -> str:
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parvis_hardware", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="compare all sources with one another")
    commands.add_parser("tables", help="fill the tables of hardware/README.md")
    building = commands.add_parser("build", help="check, then make everything")
    known = ", ".join(maker.name for maker in MAKERS)
    building.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {known}")
    building.add_argument("--out", type=Path, default=OUT, help="where it goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
