"""How many instructions a program needs, and what that would be on a real board. Pure but
``SCRIPT``.

With ``-icount`` QEMU's processor counts the instructions that it retires, and Linux shares that
counter out to the threads that ran (perf_event_open(2)): the count is exact and the same on every
host. What a board makes of it hangs on how many instructions a tick its cores do, which nobody
measured on this program: hence the bars.
"""

from dataclasses import dataclass
from typing import Final

SCRIPT: Final = '''"""COUNT PID SECONDS: instructions of a process's threads, and the seconds on
this clock."""
import ctypes, os, struct, sys, time

pid, seconds = sys.argv[1], float(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
PERF_EVENT_OPEN, HARDWARE, INSTRUCTIONS, INHERIT = 241, 0, 1, 1 << 1
attribute = struct.pack("IIQQQQQ", HARDWARE, 64, INSTRUCTIONS, 0, 0, 0, INHERIT).ljust(64, b"\\0")
counters = []
for thread in os.listdir(f"/proc/{pid}/task"):
    opened = libc.syscall(PERF_EVENT_OPEN, attribute, int(thread), -1, -1, 0)
    if opened < 0:
        sys.exit(f"no counter: {os.strerror(ctypes.get_errno())}")
    counters.append(opened)


def total():
    return sum(struct.unpack("Q", os.read(one, 8))[0] for one in counters)


before, began = total(), time.monotonic()
time.sleep(seconds)
after, ended = total(), time.monotonic()
print(after - before, ended - began)
'''
"""For the emulated machine's own Python; 241 is perf_event_open's number on arm64."""

MILLION: Final = 1e6


@dataclass(frozen=True, slots=True)
class Board:
    """A core of it: its clock, and how many instructions a tick it does, at worst and at best."""

    name: str
    clock_hz: float
    least_per_tick: float
    most_per_tick: float


BOARDS: Final = (
    Board("Zero 2 W (Cortex-A53, in order)", 1.0e9, 0.5, 1.0),
    Board("Pi 4 (Cortex-A72)", 1.5e9, 0.8, 1.6),
    Board("Pi 5 (Cortex-A76)", 2.4e9, 1.3, 2.6),
)
"""The ranges are those of interpreters and codecs on such cores: two ways at once at most on an
A53, three on an A72, four on an A76, and caches that miss. They are assumed, and are the error
bar."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of one core, in percent."""

    board: str
    least: float
    likely: float
    most: float

    def __str__(self) -> str:
        """For people."""
        return f"{self.board}: {self.likely:.0f} % of a core ({self.least:.0f} to {self.most:.0f})"


def share(board: Board, instructions_per_s: float) -> Share:
    """What so many instructions a second take of one of its cores."""

    def percent(per_tick: float) -> float:
        return 100 * instructions_per_s / (board.clock_hz * per_tick)

    least, most = percent(board.most_per_tick), percent(board.least_per_tick)
    # The geometric mean: a bar of factors.
    return Share(board.name, least, (least * most) ** 0.5, most)


def parse(said: str) -> float:
    """Instructions a second, of what the script prints."""
    instructions, seconds = said.split()[-2:]
    return int(instructions) / float(seconds)
