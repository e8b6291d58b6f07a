"""A hub killed between a command and its answer: the repetition is answered, not done twice."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from fakes.parvis import HubProcess
from fakes.peer import Peer, host_credential, joined, resume
from parvis_wire.commands import LowerHand, Next, RaiseHand
from parvis_wire.messages import Role
from parvis_wire.room_events import FloorGranted
from parvis_wire.room_view import RoomView

pytestmark = [pytest.mark.system, pytest.mark.beside]

STORED, LOST = "pressed-and-stored", "pressed-and-lost"


async def before_the_kill(hub: HubProcess) -> tuple[Peer, int]:
    """Two hands; a *Next* that is stored, whose answer nobody reads; a press that is lost."""
    url = f"ws://127.0.0.1:{hub.port}/ws/listen"
    secret = host_credential(hub.secret)
    async with (
        joined(url) as ada,
        joined(url) as bea,
        joined(url, Role.HOST, credential=secret) as host,
    ):
        await ada.do(RaiseHand, name="Ada")
        await bea.do(RaiseHand, name="Bea")
        await host.say(Next(id=STORED))
        while not bea.view.floor:
            await bea.hear()
        os.kill(hub.program.pid, signal.SIGSTOP)
        await bea.say(LowerHand(id=LOST))
        await asyncio.to_thread(hub.kill)
        return bea, bea.view.seq


async def after_it(hub: HubProcess, bea: Peer, seq: int) -> tuple[RoomView, list[int]]:
    """Both are repeated, twice each; the view at the end, and its number after each."""
    url = f"ws://127.0.0.1:{hub.port}/ws/listen"
    seqs = []
    async with (
        joined(url, Role.HOST, credential=host_credential(hub.secret)) as host,
        joined(url, credential=resume(bea)) as again,
    ):
        assert again.participant == bea.participant
        assert again.view.seq >= seq, "whatever was told is not lost"
        assert [hand.name for hand in again.view.line] == ["Bea"]
        for one, command, sent in ((host, Next, STORED), (again, LowerHand, LOST)):
            for _ in range(2):
                ack = await one.do(command, id=sent)
                assert ack.refused is None, ack
                seqs.append(one.view.seq)
        assert not any(isinstance(getattr(m, "event", None), FloorGranted) for m in host.heard)
        return again.view, seqs


def test_a_repetition_after_the_kill_is_answered_and_not_done_twice(hub: HubProcess) -> None:
    bea, seq = asyncio.run(before_the_kill(hub))
    hub.start_again()
    hub.program.wait_for(r"listen: ")
    view, seqs = asyncio.run(after_it(hub, bea, seq))
    assert [turn.name for turn in view.floor] == ["Ada"], "the stored Next skipped nobody"
    assert view.line == (), "the press that was lost counts once it is repeated"
    assert seqs[0] == seqs[1], "the stored one makes no event again"
    assert seqs[3] == seqs[2] == seqs[1] + 1, "the lost one makes one"
