"""The short way to a connection: shut at once, opened by whoever fans out, never closed here."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from fakes.sink import FakeSink
from parvis_server.net.fanout import Fanout
from parvis_server.net.outlet import Outlet, hold


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_a_row_of_ways_made_before_is_shut_and_opened(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    outlet = Outlet(ends[0].fileno())
    send = outlet.send
    assert send(b"one") == 3
    hold(outlet)
    with pytest.raises(OSError, match="descriptor"):
        send(b"lost")
    outlet.reopen()
    assert not outlet.is_open, "something waits elsewhere"
    outlet.drained()
    assert not outlet.is_open, "that is for whoever fans out to say"
    outlet.reopen()
    assert send(b"two") == 3
    assert ends[1].recv(100) == b"onetwo"
    hold(outlet)


def test_a_descriptor_that_is_somebody_elses_by_now_is_not_closed(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    outlet = Outlet(ends[0].fileno())
    hold(outlet)
    del outlet
    os.fstat(ends[0].fileno())
    hold(None)


def test_who_is_dismissed_while_a_row_is_served_gets_nothing_more(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    fanout = Fanout(lambda: 0)
    last = FakeSink(direct=Outlet(ends[0].fileno()))

    class First(FakeSink):
        def write_frame(self, frame: bytes) -> None:
            fanout.remove(receiver)

    fanout.add(First(), wants_sound=True)
    receiver = fanout.add(last, wants_sound=True)
    fanout.publish_control(b"change")
    ends[1].setblocking(False)
    with pytest.raises(BlockingIOError):
        ends[1].recv(100)
    assert last.frames == []
    fanout.add(last, wants_sound=True)
    fanout.publish_control(b"again")
    fanout.publish_control(b"directly")
    assert (last.frames, ends[1].recv(100)) == ([b"again"], b"directly")
    hold(last.direct)
