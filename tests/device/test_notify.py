"""What systemd hears, and when the watchdog is fed."""

import socket
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from parvis_device.notify import Notifier, WatchdogFeed


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


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=40))
def test_food_only_when_both_moved(steps: list[tuple[int, int]]) -> None:
    feed = WatchdogFeed()
    blocks = rounds = fed_blocks = fed_rounds = 0
    for more_blocks, more_rounds in steps:
        blocks, rounds = blocks + more_blocks, rounds + more_rounds
        due = feed.due(blocks=blocks, sender_rounds=rounds)
        assert due == (blocks > fed_blocks and rounds > fed_rounds)
        if due:
            fed_blocks, fed_rounds = blocks, rounds
