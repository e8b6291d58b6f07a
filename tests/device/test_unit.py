"""A whole unit against a hub on loopback: what leaves it, when, and what its light says."""

from __future__ import annotations

import asyncio
import logging
import signal
import time

import numpy as np
import pytest

from fakes.consent_hall import recording_of
from fakes.hub import SSRC, UNIT, running_hub
from fakes.machine import MachineWatch
from fakes.running_unit import unit_at
from fakes.unit_parts import TONE_HZ
from parvis_audio.opus import Decoder
from parvis_device import connection
from parvis_device.address import HubAddress
from parvis_device.errors import AudioThreadFailed
from parvis_device.light import Signal
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import FloorMode, FloorRules, Hand, Surface
from parvis_wire.messages import Attend, Attention, RefusalCode, ResumeCredential
from parvis_wire.recording import RecordingStarted, RecordingStopped, SourcesRecorded
from parvis_wire.room_events import HandRaised, HostUnitSet, RulesSet
from parvis_wire.rtp import TalkFlags
from parvis_wire.stage import LinkKind


async def test_a_turn_from_hand_to_step_down() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await hub.until(lambda hub: len(hub.levels) >= 2)
        assert not hub.packets
        await bench.take_floor()
        assert bench.light.lamps.red
        bench.button.press()
        assert not bench.light.lamps.red, "red goes off with the press"
        await hub.until(lambda hub: hub.command_types[-1] == "leave_floor")
        await bench.light.until(Signal.IDLE)
        flags = [packet.flags for packet in hub.packets]
        assert flags[0] is TalkFlags.FIRST and hub.packets[0].marker
        assert flags[-1] is TalkFlags.LAST
        assert not any(flags[1:-1])
        assert hub.command_types == ["raise_hand", "take_floor", "leave_floor"]
        count = len(hub.packets)
        levels = len(hub.levels)
        await hub.until(lambda hub: len(hub.levels) > levels + 1)
        assert len(hub.packets) == count, "only levels after the turn"
        assert Signal.NO_HUB not in bench.light.history


async def test_what_arrives_is_the_sound() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.packets) > 40)
    decoder = Decoder()
    sound = np.concatenate([decoder.decode(packet.payload) for packet in hub.packets[:40]])[4800:]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    loudest_hz = float(np.argmax(spectrum)) * 48_000 / len(sound)
    assert abs(loudest_hz - TONE_HZ) < 10
    assert abs(float(np.sqrt(np.mean(sound**2))) - 0.3 / np.sqrt(2)) < 0.03
    levels = [packet.level.level_dbov for packet in hub.packets[10:40] if packet.level]
    assert levels and all(-15 <= level <= -12 for level in levels)


async def test_red_goes_off_while_the_network_stands_still() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        hub.stand_still()
        await bench.light.until(Signal.NO_HUB)
        assert not bench.light.lamps.red
        hub.go_on()
        await bench.light.until(Signal.LIVE)
        count = len(hub.packets)
        await hub.until(lambda hub: len(hub.packets) > count + 5)
        assert hub.command_types == ["raise_hand", "take_floor"]


async def test_what_is_recorded_shows_white_beside_red() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await hub.happen(RecordingStarted(recording=recording_of()))
        await bench.light.until(Signal.ROOM_RECORDED)
        bench.button.press()
        await bench.light.until(Signal.NEXT)
        await hub.grant()
        await bench.light.until(Signal.GRANTED)
        bench.button.press()
        await bench.light.until(Signal.LIVE)
        assert not bench.light.lamps.white
        await hub.happen(SourcesRecorded(sources=(SSRC,)))
        await bench.light.until(Signal.LIVE_RECORDED)
        assert (bench.light.lamps.red, bench.light.lamps.white) == (True, True)
        await hub.happen(RecordingStopped(recording="20261123T190000Z-1"))
        await bench.light.until(Signal.LIVE)


async def test_the_host_ends_the_turn() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        await hub.release()
        await bench.light.until(Signal.IDLE)
        await hub.until(lambda hub: hub.packets[-1].flags is TalkFlags.LAST)
        assert "leave_floor" not in hub.command_types


async def test_a_press_carries_a_phones_turn() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await hub.invite()
        await bench.light.until(Signal.INVITED)
        bench.button.press()
        await bench.light.until(Signal.LIVE)
        await hub.until(lambda hub: bool(hub.packets))


async def test_a_refused_hand_flashes_three_times_and_then_shows_what_was_before() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        hub.refusal = RefusalCode.LINE_FULL
        bench.button.press()
        await bench.light.until(Signal.REFUSED)
        await bench.light.until(Signal.IDLE)


async def test_a_press_that_the_hub_dropped_is_not_lost() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        hub.answers = False  # as over its rate of messages
        bench.button.press()
        await hub.until(lambda hub: len(hub.commands) == 1)
        hub.answers = True
        await bench.light.until(Signal.NEXT)
        assert {command.id for command in hub.commands} == {hub.commands[0].id}


async def test_red_comes_back_before_the_sound_does() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        bench.microphone.stall()
        await bench.light.until(Signal.NO_MICROPHONE)
        count = len(hub.packets)
        bench.microphone.go_on()
        await hub.until(lambda hub: len(hub.packets) > count)
        assert bench.light.lamps.red


async def test_without_a_button_the_hub_opens_the_microphone() -> None:
    async with running_hub() as hub, unit_at(hub, button="none") as bench:
        await bench.light.until(Signal.IDLE)
        assert hub.joins[0].unit is not None and hub.joins[0].unit.always_open
        await hub.open_microphone()
        await bench.light.until(Signal.LIVE)
        await hub.until(lambda hub: len(hub.packets) > 5)


async def test_a_broken_connection_keeps_the_turn() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        hub.cut()
        await bench.light.until(Signal.NO_HUB)
        assert not bench.light.lamps.red
        count = len(hub.packets)
        await bench.light.until(Signal.LIVE)
        await hub.until(lambda hub: len(hub.packets) > count)
        assert hub.packets[count].flags is TalkFlags.FIRST
        assert hub.joins[1].credential == ResumeCredential(token="token-1")


async def test_the_hub_is_restarted(caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        with caplog.at_level(logging.WARNING, "parvis_device"):
            await hub.stop()
            await bench.light.until(Signal.NO_HUB)
            hub.view = hub.view.model_copy(update={"seq": 0, "line": (), "floor": ()})
            await hub.start()
            await bench.light.until(Signal.IDLE)
        assert all("trying again" in record.getMessage() for record in caplog.records)
        assert 1 <= len(caplog.records) <= 2  # lost; perhaps: nobody listens
        assert len(hub.joins) == 2


async def test_the_microphone_is_unplugged_and_comes_back() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        bench.microphone.unplug()
        await bench.light.until(Signal.NO_MICROPHONE)
        await hub.until(lambda hub: hub.packets[-1].flags is TalkFlags.LAST)
        count = len(hub.packets)
        bench.microphone.plug()
        await bench.light.until(Signal.LIVE)
        await hub.until(lambda hub: len(hub.packets) > count)
        assert hub.packets[count].flags is TalkFlags.FIRST


async def test_nobody_is_let_in_and_then_they_are() -> None:
    async with running_hub() as hub:
        hub.turn_away = (CloseCode.FORBIDDEN, "start the hub with --open-house")
        async with unit_at(hub) as bench:
            await bench.light.until(Signal.NOT_ALLOWED)
            hub.turn_away = None
            await bench.light.until(Signal.IDLE)


async def test_a_hub_that_loses_count_is_joined_anew() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await hub.say_text(
            '{"type":"change","seq":77,"room_clock":0,'
            '"event":{"type":"floor_released","participant":"x"}}'
        )
        await hub.until(lambda hub: len(hub.joins) == 2)
        await bench.light.until(Signal.IDLE)


async def test_the_end_of_the_sound_ends_the_unit() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        bench.microphone.end()
        async with asyncio.timeout(20):
            await bench.running
        assert bench.light.signal is not Signal.LIVE
        await hub.until(lambda hub: hub.packets[-1].flags is TalkFlags.LAST)


async def test_a_signal_ends_the_unit_in_order() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await bench.running
        await hub.until(lambda hub: hub.packets[-1].flags is TalkFlags.LAST)
        await hub.until(lambda hub: hub.command_types[-1] == "leave_floor")


async def test_an_error_in_the_audio_thread_ends_the_unit() -> None:
    async with running_hub() as hub:
        with pytest.raises(ExceptionGroup) as caught:
            async with unit_at(hub) as bench:
                await bench.light.until(Signal.IDLE)
                bench.microphone.failure = AudioThreadFailed("the audio thread failed")
                await bench.running
        assert caught.group_contains(AudioThreadFailed)


@pytest.mark.parametrize("connections", [1, 2])
@pytest.mark.parametrize("live", [False, True])
async def test_a_network_that_stands_still_does_not_hold_up_a_stop(
    monkeypatch: pytest.MonkeyPatch, live: bool, connections: int
) -> None:
    """Without a bound for the whole stop this would wait for the hub's goodbye, a minute here."""
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT_S", 60.0)
    async with running_hub() as hub:
        async with unit_at(hub, connections=connections) as bench:
            await bench.light.until(Signal.IDLE)
            if live:
                await bench.take_floor()
            hub.stand_still()
        assert bench.running.done()  # within the block's own twenty seconds
        hub.go_on()


async def test_a_hub_that_answers_hears_the_goodbye() -> None:
    async with running_hub() as hub:
        async with unit_at(hub) as bench:
            await bench.take_floor()
        await hub.until(lambda hub: hub.packets[-1].flags is TalkFlags.LAST)
        assert await hub.closed_with() == 1000


async def test_a_goodbye_that_is_overdue_is_not_waited_for() -> None:
    async with running_hub() as hub:
        address = HubAddress.parse(hub.url)
        opened = await connection.open_connection(address, LinkKind.WIRED)
        await connection.close_connection(opened, asyncio.get_running_loop().time() - 1)
        assert opened.transport.is_closing()


async def test_a_hub_that_hangs_is_shown_within_two_seconds(machine: MachineWatch) -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await bench.hub.until(lambda hub: bool(hub.levels))
        hub.frozen = True
        began = time.monotonic()
        await bench.light.until(Signal.NO_HUB)
        machine.assert_within(2.0, began, "shown")
        hub.frozen = False
        await bench.light.until(Signal.IDLE)


async def test_no_sound_leaves_for_a_hub_that_hangs_and_the_turn_goes_on_after(
    machine: MachineWatch,
) -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        hub.frozen = True
        began = time.monotonic()
        await bench.light.until(Signal.RECONNECTING)
        machine.assert_within(2.0, began, "shown")
        assert not bench.light.lamps.red
        hub.frozen = False
        await bench.light.until(Signal.LIVE)
        before = len(hub.packets)
        await hub.until(lambda hub: len(hub.packets) > before + 5)


async def test_a_broken_turn_is_shown_as_such() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        await hub.stop()
        await bench.light.until(Signal.RECONNECTING)
        await hub.start()
        await bench.light.until(Signal.LIVE)


async def test_identify_blinks_and_chimes() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await hub.say(Attend(what=Attention.IDENTIFY))
        await bench.light.until(Signal.IDENTIFY)
        await bench.buzzer.until([3])
        await hub.happen(HandRaised(hand=Hand(participant="p", name="Ada", surface=Surface.PHONE)))
        await hub.say(Attend(what=Attention.CHIME))
        await bench.buzzer.until([3, 2])


async def test_a_speakers_time_is_shown_and_never_sounded() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        for what, signal in (
            (Attention.TIME_SOON, Signal.LIVE_TIME_SOON),
            (Attention.TIME_OVER, Signal.LIVE_TIME_OVER),
        ):
            await hub.say(Attend(what=what))
            await bench.light.until(signal)
            assert bench.light.lamps.red
        await hub.say(Attend(what=Attention.CHIME))
        await hub.release()
        await bench.light.until(Signal.IDLE)
        assert bench.buzzer.notes == []


async def test_a_hosts_unit_shows_who_waits_and_silences() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await hub.happen(HostUnitSet(unit=UNIT, on=True))
        await hub.happen(HandRaised(hand=Hand(participant="p", name="Ada", surface=Surface.PHONE)))
        await bench.light.until(Signal.WAITING)
        bench.button.hold()
        await hub.until(lambda hub: hub.view.silenced)
        bench.button.release()
        await hub.until(lambda hub: hub.command_types == ["silence_all", "silence_all"])
        assert not hub.view.silenced
        bench.button.press()
        await hub.until(lambda hub: hub.command_types[-1] == "next")
        await bench.light.until(Signal.IDLE)


async def test_a_long_press_lowers_the_hand() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        bench.button.press()
        await bench.light.until(Signal.NEXT)
        bench.button.hold()
        await bench.light.until(Signal.IDLE)
        bench.button.release()
        assert hub.command_types == ["raise_hand", "lower_hand"]


async def test_push_to_talk_from_button_to_sound() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.IDLE)
        await hub.happen(RulesSet(rules=FloorRules(mode=FloorMode.PUSH_TO_TALK)))
        await hub.say(Attend(what=Attention.IDENTIFY))
        await bench.light.until(Signal.IDENTIFY)  # the rules are known by then
        bench.button.hold()
        await bench.light.until(Signal.LIVE)
        await hub.until(lambda hub: len(hub.packets) > 5)
        bench.button.release()
        await hub.until(lambda hub: hub.command_types == ["take_floor", "leave_floor"])
        assert not bench.light.lamps.red
