"""`parvis demo`: links at once, an evening that goes on by itself, keys, and no process left."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from fakes.parvis import HubProcess
from fakes.processes import ProcessError, command, free_port, running
from fakes.watcher import WAIT_S, Watcher
from parvis_server.demo.script import PARTS, PHONE_NAME, PHONE_QUESTIONS, VISITOR_NAME

pytestmark = [pytest.mark.system, pytest.mark.beside]

TABLES = {part.name for part in PARTS}
EVENING_S = 40.0
ENDED_WITHIN_S = 20.0
PRESSES_AGAIN_S = 3.0


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all have ended, each within its time."""
    return not psutil.wait_procs(processes, timeout=ENDED_WITHIN_S)[1]


def test_links_come_first_and_the_tables_speak_by_themselves() -> None:
    port = free_port()
    started_s = time.monotonic()
    with running(*command("parvis", "demo", "--port", str(port))) as demo:
        demo.wait_for(rf"^listen: http://[^/]+:{port}/r/main$")
        secret = demo.wait_for(rf"^host: http://[^/]+:{port}/host#k=(\S+)$")[1]
        print(f"\nparvis demo printed its links after {time.monotonic() - started_s:.1f} s")
        with Watcher(port, secret) as room:
            room.wait_until(
                lambda me: me.status and {unit.name for unit in me.status.units} == TABLES,
                EVENING_S,
                "three tables",
            )
            view = room.wait_for_view(
                lambda view: any(turn.ssrc is not None for turn in view.floor),
                EVENING_S,
                "a table that speaks",
            )
            assert view.floor[0].name in TABLES
            ssrc = view.floor[0].ssrc
            room.wait_until(
                lambda me: any(ssrc in packet.csrcs for packet in me.packets),
                what="its voice in the program",
            )
            room.wait_for_view(lambda view: not view.floor, EVENING_S, "a table that steps down")
        demo.wait_for(r"^floor: .* \(live\); line: ")
        left = descendants(demo.pid)
        assert len(left) >= 5
        folder = temporary_folder(left)
        assert demo.stop(signal.SIGINT) == 0
        assert gone(left)
        assert not folder.exists()


def test_a_phone_asks_and_the_hubs_voice_reads_it_out() -> None:
    """It asks before the tables do, so that their turns are not waited for."""
    with running(*command("parvis", "demo", "--port", "0", "--question-every", "1")) as demo:
        demo.wait_for(f"line: .*{PHONE_NAME}", within_s=2 * EVENING_S)
        demo.wait_for(
            re.escape(f"floor: {PHONE_NAME} (is read out: {PHONE_QUESTIONS[0]}); "),
            within_s=2 * EVENING_S,
        )
        demo.wait_for("^floor: free")
        assert demo.stop(signal.SIGINT) == 0


def temporary_folder(processes: list[psutil.Process]) -> Path:
    """The demo's own folder, as its hub was told it."""
    words = [word for process in processes for word in process.cmdline()]
    [data] = [word for word in words if word.startswith(tempfile.gettempdir()) and "/hub" in word]
    return Path(data).parent


def test_a_demo_that_is_killed_leaves_nothing_running() -> None:
    with running(*command("parvis", "demo", "--port", "0")) as demo:
        demo.wait_for("^host: ")
        demo.wait_for("^floor: .*line: 1 ")
        left = descendants(demo.pid)
        demo.kill()
        assert gone(left)


def test_a_taken_port_is_told_by_the_hub(hub: HubProcess) -> None:
    asked = command("parvis", "demo", "--port", str(hub.port))
    done = subprocess.run(asked, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("parvis: ") and str(hub.port) in line


def test_a_table_that_dies_ends_the_demo_with_one_line() -> None:
    with running(*command("parvis", "demo", "--port", "0")) as demo:
        demo.wait_for("^floor: .*line: 1 ")
        all_of_them = descendants(demo.pid)
        unit = next(p for p in all_of_them if PARTS[0].name in p.cmdline())
        unit.kill()
        assert demo.wait() == 1
        assert f"parvis: {PARTS[0].name} ended with exit code -9" in demo.lines[-1]
        assert gone(all_of_them)


class Terminal:
    """A terminal of our own with a demo in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._shown = ""
        self._grew = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def wait_for(self, pattern: str, within_s: float = EVENING_S) -> re.Match[str]:
        with self._grew:
            self._grew.wait_for(lambda: re.search(pattern, self._shown), within_s)
            found = re.search(pattern, self._shown)
        if found is None:
            raise ProcessError(f"the terminal never showed {pattern!r}:\n{self._shown[-3000:]}")
        return found

    def _read(self) -> None:
        try:
            while octets := os.read(self._descriptor, 65_536):
                with self._grew:
                    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", octets.decode(errors="replace"))
                    self._shown += plain
                    self._grew.notify_all()
        except OSError:
            return  # the other end was closed


@contextmanager
def demo_in_a_terminal() -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    ours, theirs = pty.openpty()
    size = {**os.environ, "COLUMNS": "120", "LINES": "60", "TERM": "xterm"}
    program = subprocess.Popen(
        command("parvis", "demo", "--port", "0"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=size,
    )
    os.close(theirs)
    try:
        yield program, Terminal(ours)
    finally:
        if program.poll() is None:
            program.terminate()
        program.wait(ENDED_WITHIN_S)
        os.close(ours)


def on_floor(room: Watcher) -> str | None:
    """Whose turn it is."""
    return room.view.floor[0].name if room.view and room.view.floor else None


def floor_is_not(name: str | None) -> Callable[[Watcher], bool]:
    return lambda room: on_floor(room) not in (name, None)


def press_until_live(terminal: Terminal, room: Watcher) -> None:
    """Press as a person does whose light has not turned yet: a host may see a grant some
    milliseconds before the unit does, and until then a press does nothing."""
    for last in (False, False, True):
        terminal.type("h")
        if room.comes_to(visitor_is_live, WAIT_S if last else PRESSES_AGAIN_S):
            return
    raise AssertionError(f"waited for the visitor live, the room is {room.view}")


def visitor_is_live(room: Watcher) -> bool:
    return room.view is not None and any(
        turn.name == VISITOR_NAME and turn.ssrc for turn in room.view.floor
    )


def test_keys_press_the_visitors_button_give_the_floor_and_end_the_evening() -> None:
    with demo_in_a_terminal() as (program, terminal):
        port = int(terminal.wait_for(r"listen\s+http://[^/]+:(\d+)/r/main")[1])
        secret = terminal.wait_for(r"/host#k=(\S+)")[1]
        terminal.wait_for("▀|█")
        with Watcher(port, secret) as room:
            terminal.type("h")
            room.wait_until(lambda me: VISITOR_NAME in me.line(), EVENING_S, "the visitor's hand")
            while (before := on_floor(room)) != VISITOR_NAME:
                if VISITOR_NAME not in room.line():  # two turns ended at once: it was passed over
                    terminal.type("h")
                    room.wait_until(lambda me: VISITOR_NAME in me.line(), EVENING_S, "its hand")
                terminal.type("n")
                room.wait_until(floor_is_not(before), EVENING_S, "the next one's turn")
            press_until_live(terminal, room)
        terminal.wait_for(re.escape(f"{VISITOR_NAME} (live)"))
        left = descendants(program.pid)
        terminal.type("q")
        assert program.wait(ENDED_WITHIN_S) == 0
        assert gone(left)
