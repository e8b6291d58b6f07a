"""What the unit costs, on a clock that does not hang on this machine: instructions.

    unshare --net python -m emulated.figures

The emulated machine has one core that does exactly half a gigainstruction a second of its own time.
On it a card's first start is timed, and the instructions are counted that the unit's program takes
for a second of sound.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from emulated.boot import Trial, told_end
from emulated.house import house
from emulated.report import Report
from emulated.talking import PATIENCE_S, at_table, listener
from emulated.unit import service
from parvis_firmware.emulation import counting
from parvis_firmware.emulation.cache import Cache, usual_folder
from parvis_firmware.emulation.image import Image, image
from parvis_firmware.emulation.machine import Machine

COUNT_S = 10.0
COUNT_WITHIN_S = 240.0
MILLION = 1e6


def counted(machine: Machine, report: Report, what: str) -> float:
    """Instructions of the unit's program for each second of its microphone's sound."""
    pid = service(machine, "MainPID")["MainPID"]
    asked = f"python3 /run/emulation/count.py {pid} {COUNT_S:.0f}"
    per_s = counting.parse(machine.ask(asked, COUNT_WITHIN_S))
    report.figure(f"{what}, instructions for a second of sound", per_s / MILLION, "million")
    return per_s


def measure(folder: Path, made: Image, report: Report) -> None:
    """All of it."""
    with ExitStack() as stack:
        hub = stack.enter_context(house(folder / "hub"))
        one = Trial(folder, made, hub, report)
        machine = one.card.start(instructions=True)
        stack.callback(machine.cut)
        one.first_start(machine)
        table = stack.enter_context(at_table(hub))
        with listener(hub, folder / "heard.wav") as heard:
            one.pair(machine, table, heard)
            live = counted(machine, report, "live, sound leaves the unit")
        table.end_turn()
        hub.until_units(lambda units: units["paired"], PATIENCE_S, "the unit")
        counted(machine, report, "at rest, the microphone open and nothing sent")
        for board in counting.BOARDS:
            report.say(f"estimate, {counting.share(board, live)}")


def main() -> int:
    """The exit code: 1 when something is not as asked, 3 when a tool is missing."""
    cache, report = Cache(usual_folder()), Report("figures")

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="figures-", dir=cache.folder) as folder:
            measure(Path(folder), image(cache, fresh=False), report)

    return told_end(report, work)


if __name__ == "__main__":
    sys.exit(main())
