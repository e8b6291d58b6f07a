"""What systemd hears, and when the watchdog is fed."""

import contextlib
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device import notify
from parvis_device.notify import Notifier, Progress, WatchdogFeed


def test_lines_arrive(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "15000000"})
        assert notifier.watchdog_s == 15.0
        notifier.ready()
        notifier.status("live")
        notifier.alive()
        notifier.stopping()
        heard = [systemd.recv(100) for _ in range(4)]
    assert heard == [b"READY=1", b"STATUS=live", b"WATCHDOG=1", b"STOPPING=1"]


def test_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("")  # Linux picks an abstract name
        name = systemd.getsockname()
        Notifier({"NOTIFY_SOCKET": "@" + name[1:].decode()}).ready()
        assert systemd.recv(100) == b"READY=1"


def test_a_socket_that_nobody_hears_ends_no_turn(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).status("live")
    assert Notifier({"WATCHDOG_USEC": "soon"}).watchdog_s == 0


def test_by_hand_nothing_is_sent() -> None:
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog_s == 0


class Seen(Exception):
    """The script is over."""


async def heard(tmp_path: Path, *work: tuple[int, int], watchdog: str = "4000") -> list[bytes]:
    """What systemd hears of a unit that has come this far at each look."""
    script = iter(work)

    def look() -> Progress:
        found = next(script, None)
        if found is None:
            raise Seen
        return Progress(*found)

    place = tmp_path / "notify"
    place.unlink(missing_ok=True)
    path = str(place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": watchdog})
        with contextlib.suppress(Seen):
            await notifier.follow(look)
        told = []
        with contextlib.suppress(BlockingIOError):
            while True:
                told.append(systemd.recv(100))
    return told


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "READY_LOOK_S", 0.0)


async def test_ready_when_sound_flows_and_the_hub_is_tried(tmp_path: Path) -> None:
    assert await heard(tmp_path, (0, 0), (5, 0), (0, 5)) == []
    assert await heard(tmp_path, (0, 0), (5, 0), (5, 1)) == [b"READY=1"]


async def test_a_deaf_unit_is_not_fed(tmp_path: Path) -> None:
    works, hears_alone, sends_alone = (2, 2), (9, 2), (2, 9)
    told = await heard(tmp_path, (1, 1), works, works, hears_alone, sends_alone, (10, 10))
    assert told == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


async def test_without_a_watchdog_it_is_told_ready_and_no_more(tmp_path: Path) -> None:
    assert await heard(tmp_path, (1, 1), (2, 2), (3, 3), watchdog="") == [b"READY=1"]


async def test_by_hand_nobody_looks() -> None:
    def look() -> Progress:
        raise AssertionError("nobody wants to know")

    await Notifier({}).follow(look)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=40))
def test_food_only_when_both_moved(steps: list[tuple[int, int]]) -> None:
    feed = WatchdogFeed()
    blocks = rounds = fed_blocks = fed_rounds = 0
    for more_blocks, more_rounds in steps:
        blocks, rounds = blocks + more_blocks, rounds + more_rounds
        due = feed.due(Progress(blocks, rounds))
        assert due == (blocks > fed_blocks and rounds > fed_rounds)
        if due:
            fed_blocks, fed_rounds = blocks, rounds
