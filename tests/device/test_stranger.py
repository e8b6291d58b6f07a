"""A unit at a hub's door: paired by code and by press, welcomed, turned away; nothing leaks."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from fakes.door import Door
from fakes.hub import FakeHub, running_hub
from fakes.running_unit import Bench, unit_at
from parvis_device import dialing
from parvis_device import link as link_module
from parvis_device.address import HubAddress
from parvis_device.hub_addresses import GivenAddress
from parvis_device.identity import open_identity
from parvis_device.light import Signal
from parvis_device.pairing import Pairing
from parvis_device.papers import Papers
from parvis_device.stranger import answer_share
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Attend, Attention
from parvis_wire.pairing import MAX_TRIES, PairByCode, PairRefusal

CODE = "K7MQ2HXD"


def papers(folder: Path, code: str | None = None) -> Papers:
    return Papers(open_identity(folder), Pairing(has_code=code is not None), code)


def site_of(folder: Path) -> bytes | None:
    return open_identity(folder).site


async def test_paired_by_code_and_a_press(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    door = Door()
    with caplog.at_level(logging.INFO, "parvis_device"):
        async with running_hub(door) as hub, unit_at(hub, papers(tmp_path, CODE)) as bench:
            await bench.light.until(Signal.UNPAIRED)
            bench.button.press()  # for nobody yet
            await door.pair(CODE)
            await bench.light.until(Signal.PRESS_TO_PAIR)
            assert door.right and site_of(tmp_path) is None
            bench.button.press()
            await bench.light.until(Signal.IDLE)
            assert site_of(tmp_path) == door.key
            assert not door.too_much, "nothing of the microphone before the welcome"
            await bench.take_floor()  # and a press means what it always does
            assert hub.command_types == ["raise_hand", "take_floor"]
            assert Signal.NO_HUB not in bench.light.history
            door.knows.clear()  # removed by an operator, who pairs it again
            hub.cut()
            await bench.light.until(Signal.UNPAIRED)
            assert not bench.light.lamps.red
    assert CODE not in caplog.text


async def test_accepted_without_a_code_by_a_long_press(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parvis_device.pairing.FIRST_USE_HOLD_S", 0.3)
    door = Door()
    async with running_hub(door) as hub, unit_at(hub, papers(tmp_path)) as bench:
        await bench.light.until(Signal.UNPAIRED)
        await door.pair(CODE)
        await door.until(lambda door: door.refusals == [PairRefusal.NO_CODE])
        await door.accept()
        await bench.light.until(Signal.PRESS_TO_PAIR)
        bench.button.press()
        assert site_of(tmp_path) is None, "a short press is none"
        bench.button.hold()
        await bench.light.until(Signal.IDLE)
        bench.button.release()
        assert site_of(tmp_path) == door.key and hub.command_types == []


async def test_wrong_codes_and_the_pause_outlives_the_connection(tmp_path: Path) -> None:
    door = Door()
    async with running_hub(door) as hub, unit_at(hub, papers(tmp_path, CODE)) as bench:
        for number in range(MAX_TRIES):
            await bench.light.until(Signal.UNPAIRED)
            await door.until(lambda door: door.waiting)
            door.lies_about_code = number < 2
            await door.pair("K7MQ2HXE")
            await door.until(lambda door: door.right is False)
            door.waiting = False
            hub.cut()
        await door.until(lambda door: door.waiting)
        await door.pair(CODE)
        await door.until(lambda door: door.refusals[-1:] == [PairRefusal.PAUSED])
        assert door.right is None, "not even the right one"
        await door.accept()
        await door.until(lambda door: door.refusals[-1] is PairRefusal.HAS_CODE)
        assert Signal.PRESS_TO_PAIR not in bench.light.history


async def test_a_share_that_is_none_and_a_host_who_looks_for_the_unit(tmp_path: Path) -> None:
    door = Door()
    async with running_hub(door) as hub, unit_at(hub, papers(tmp_path, CODE)) as bench:
        await bench.light.until(Signal.UNPAIRED)
        await door.say(PairByCode(share="Q" + "_" * 43))
        await door.until(lambda door: door.refusals == [PairRefusal.WRONG_CODE])
        await hub.say(Attend(what=Attention.IDENTIFY))
        await bench.light.until(Signal.IDENTIFY)


async def test_a_paired_unit_is_welcomed_at_once_also_on_its_second_connection(
    tmp_path: Path,
) -> None:
    door = Door()
    mine = papers(tmp_path, CODE)
    mine.identity.belong_to(door.key)
    door.knows.add(mine.identity.public)
    async with running_hub(door) as hub, unit_at(hub, mine, connections=2) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.second_packets) > 3)
        assert door.proofs == 2
        assert Signal.UNPAIRED not in bench.light.history


async def test_a_hub_that_nobody_claimed_lets_a_unit_in_and_is_not_kept(tmp_path: Path) -> None:
    open_door = Door(lets_strangers_in=True)
    async with running_hub(open_door) as hub, unit_at(hub, papers(tmp_path)) as bench:
        await bench.light.until(Signal.IDLE)
    async with running_hub() as old_hub, unit_at(old_hub, papers(tmp_path)) as bench:
        await bench.light.until(Signal.IDLE)  # one that knows nothing of keys
    assert site_of(tmp_path) is None


class Found(GivenAddress):
    """A hub that the unit found by itself."""

    def __init__(self, hub: FakeHub) -> None:
        super().__init__(HubAddress.parse(hub.url))
        self.named = False


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("keyed", [True, False])
async def test_an_open_microphone_is_for_no_hub_that_merely_announces_itself(
    here: bool,
    keyed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dialing, "_is_here", lambda connection: here)
    mine = papers(tmp_path, CODE) if keyed else None
    door = Door(lets_strangers_in=True)
    async with running_hub(door) as hub, unit_at(hub, mine, Found(hub), button="none") as bench:
        await bench.light.until(Signal.IDLE if here else Signal.WRONG_ADDRESS)
        assert bool(hub.levels) <= here and not hub.packets
    assert ("say which hub with --hub, or pair it" in caplog.text) is not here


async def shows_wrong_address(bench: Bench) -> None:
    await bench.light.until(Signal.WRONG_ADDRESS)
    assert bench.light.history[-1] is Signal.WRONG_ADDRESS
    assert not bench.hub.levels and not bench.hub.packets


async def test_a_unit_of_another_site_says_so_and_leaves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine, door = papers(tmp_path), Door()
    mine.identity.belong_to(Door().key)
    async with running_hub(door) as hub, unit_at(hub, mine) as bench:
        await shows_wrong_address(bench)
        await door.until(lambda door: door.refusals[:1] == [PairRefusal.OTHER_SITE])
        assert not door.proofs
    assert "of another site" in caplog.text and "parvis-unit forget" in caplog.text


@pytest.mark.parametrize("challenged", [True, False])
async def test_nobody_else_is_the_hub_of_a_paired_unit(
    tmp_path: Path, challenged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(lets_strangers_in=True)
    mine = papers(tmp_path)
    mine.identity.belong_to(door.key)
    door.signs_with = Door().site
    async with running_hub(door if challenged else None) as hub, unit_at(hub, mine) as bench:
        await shows_wrong_address(bench)
        assert not door.proofs
    words = "does not have the key" if challenged else "did not prove who it is"
    assert words in caplog.text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (CloseCode.UNAUTHORISED, "an operator can pair it again"),
        (CloseCode.SUPERSEDED, "parvis-unit forget --new-key"),
    ],
)
async def test_a_copied_or_removed_unit_is_told_what_to_do_and_tries_slowly(
    tmp_path: Path,
    code: CloseCode,
    words: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    async def note(self: object, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.Event().wait()

    monkeypatch.setattr(link_module.HubLink, "_pause", note)
    async with running_hub() as hub:
        hub.turn_away = (code, "because")
        async with unit_at(hub, papers(tmp_path)) as bench:
            await bench.light.until(Signal.NOT_ALLOWED)
    assert words in caplog.text
    assert pauses == [link_module.NOT_WELCOME_S]


async def test_a_hub_that_leaves_while_its_code_is_worked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes of it is for nobody, and the next code is answered as ever."""
    started, done = threading.Event(), threading.Event()

    def slow(*asked: object) -> tuple[bytes, bytes]:
        started.set()
        done.wait(5)
        return bytes(33), bytes(32)

    monkeypatch.setattr("parvis_device.stranger.answer_share", slow)
    door = Door()
    async with running_hub(door) as hub, unit_at(hub, papers(tmp_path, CODE)) as bench:
        await bench.light.until(Signal.UNPAIRED)
        await door.pair(CODE)
        await asyncio.to_thread(started.wait, 5)
        await door.pair(CODE)
        door.waiting = False
        hub.cut()
        await door.until(lambda door: door.waiting)
        done.set()
        monkeypatch.undo()
        await door.pair(CODE)
        await bench.light.until(Signal.PRESS_TO_PAIR)
        assert door.right


def test_both_sides_of_spake2_come_to_the_same_key_only_by_the_same_code() -> None:
    from spake2 import SPAKE2_A

    for typed in (CODE, "K7MQ2HXE"):
        hub = SPAKE2_A(typed.encode(), idA=bytes(32), idB=bytes([1]) * 32)
        answer = answer_share(CODE, bytes(32), bytes([1]) * 32, hub.start())
        assert answer is not None
        assert (hub.finish(answer[0]) == answer[1]) is (typed == CODE)
