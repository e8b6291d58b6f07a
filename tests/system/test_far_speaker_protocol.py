"""Somebody far away speaks from a phone, on the wire: heard, lost, back, lost for long, shown out.

A real hub with its real engine and a real unit; the phone is the protocol without a browser.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
import soundfile

from fakes.machine import MachineWatch
from fakes.parvis import HubProcess, unit
from fakes.peer import Peer, host_credential, peer
from fakes.phone_speaker import RATE_HZ, PhoneSpeaker, energy_dbfs, swelling
from parvis_wire.commands import Block, GiveFloor, SetMuted
from parvis_wire.floor import Mute
from parvis_wire.messages import PROTOCOL_VERSION, Join, ResumeCredential, Role

pytestmark = [pytest.mark.system, pytest.mark.patient]

TABLE_HZ, PHONE_HZ = 440.0, 1_250.0
LEAST_DBFS = -45.0
"""Of a voice that is heard: both are brought to about -20 in the mix."""
OWN_DB = -40.0
"""What is left of one's own voice in the return, below what it is in the program."""
NOTHING_DBFS = -65.0
"""Of a voice that is not in the mix: what Opus makes of the table at this pitch is some -78."""
LOOK_S = 1.2
SETTLE_S = 0.6
"""Jitter buffers, encoders and the way to us hold less."""


async def heard(who: PhoneSpeaker, hertz: float, *, back: bool = False) -> float:
    """How loud this pitch is in what somebody hears from now on."""
    await asyncio.sleep(SETTLE_S)
    begin_ns = time.monotonic_ns()
    await asyncio.sleep(LOOK_S)
    return energy_dbfs((who.back if back else who.program).since(begin_ns), hertz)


async def grant(host: Peer, phone: PhoneSpeaker) -> None:
    assert (await host.do(GiveFloor, participant=phone.participant)).refused is None
    await phone.until_granted()


async def test_a_phone_far_away_speaks_is_lost_comes_back_and_is_shown_out(
    hub: HubProcess, machine: MachineWatch, tmp_path: Path
) -> None:
    url, tone = f"ws://127.0.0.1:{hub.port}", tmp_path / "table.wav"
    soundfile.write(tone, swelling(TABLE_HZ), RATE_HZ, subtype="PCM_16")
    table = unit(hub, "Table", tone, "none")
    await asyncio.to_thread(table.__enter__)
    try:
        async with (
            PhoneSpeaker(url, "Zoe", swelling(PHONE_HZ)) as listener,
            PhoneSpeaker(url, "Ada", swelling(PHONE_HZ)) as ada,
            peer(f"{url}/ws/listen", max_queue=None) as host,
        ):
            await host.join(Role.HOST, credential=host_credential(hub.secret))
            await ada.raise_hand()
            await grant(host, ada)
            await _speaks(ada, listener)
            await _is_lost_for_three_seconds(ada, listener)
            await _is_lost_for_long(machine, ada, listener)
            await grant(host, ada)
            await ada.open_microphone()
            await ada.go_live()
            await _is_shown_out(machine, url, host, ada, listener)
    finally:
        await asyncio.to_thread(table.__exit__, None, None, None)


async def _speaks(ada: PhoneSpeaker, listener: PhoneSpeaker) -> None:
    await ada.open_microphone()
    before = await heard(listener, PHONE_HZ)
    print(f"\ngranted, sending: {before:.0f} dBFS of it in the program")
    assert before < NOTHING_DBFS, "a grant opens nothing"
    assert (await ada.go_live()).refused is None
    in_program, table, (own, back) = await asyncio.gather(
        heard(listener, PHONE_HZ), heard(listener, TABLE_HZ), _return_of(ada)
    )
    print(f"live: {in_program:.0f} in the program, the table {table:.0f}")
    print(f"return: the table {back:.0f}, its own {own:.0f}")
    assert min(in_program, table, back) > LEAST_DBFS
    assert own < in_program + OWN_DB
    assert ada.back.repeated > ada.back.received / 2, "the return comes on both connections"
    await ada.say(SetMuted, muted=Mute.SELF)
    muted = await heard(listener, PHONE_HZ)
    print(f"muted: {muted:.0f}")
    assert muted < NOTHING_DBFS
    await ada.say(SetMuted, muted=None)


async def _return_of(ada: PhoneSpeaker) -> tuple[float, float]:
    own, table = await asyncio.gather(
        heard(ada, PHONE_HZ, back=True), heard(ada, TABLE_HZ, back=True)
    )
    return own, table


async def _is_lost_for_three_seconds(ada: PhoneSpeaker, listener: PhoneSpeaker) -> None:
    ada.lose_network()
    await listener.page.until(lambda: any(t.away for t in listener.view.floor), "its absence")
    await asyncio.sleep(3.0)
    await ada.open_microphone()  # before its page, as it may happen
    await ada.listen()
    await listener.page.until(lambda: not any(t.away for t in listener.view.floor), "its return")
    loud = await heard(listener, PHONE_HZ)
    print(f"back after 3 s: {loud:.0f}")
    assert loud > LEAST_DBFS


async def _is_lost_for_long(
    machine: MachineWatch, ada: PhoneSpeaker, listener: PhoneSpeaker
) -> None:
    ada.lose_network()
    lost_s = time.monotonic()
    await listener.page.until(lambda: bool(listener.view.line), "its hand in the line")
    kept_s = time.monotonic() - lost_s
    print(f"the floor was kept for {kept_s:.1f} s")
    assert kept_s > 9.0
    machine.assert_within(12.0, lost_s, "the floor was kept")
    assert listener.view.floor == ()
    assert listener.view.line[0].speaks
    await asyncio.sleep(max(0.0, lost_s + 15 - time.monotonic()))
    await ada.listen()
    assert ada.view.line[0].participant == ada.participant, "the first in the line"
    code, text = await ada.refused()
    assert (code, "not your turn" in text) == (4003, True)
    assert await heard(listener, PHONE_HZ) < NOTHING_DBFS


async def _is_shown_out(
    machine: MachineWatch, url: str, host: Peer, ada: PhoneSpeaker, listener: PhoneSpeaker
) -> None:
    assert await heard(listener, PHONE_HZ) > LEAST_DBFS
    lines, began_s = [ada.page, *ada.microphones], time.monotonic()
    assert (await host.do(Block, participant=ada.participant, out=True)).refused is None
    assert await ada.until_shown_out(lines) == [4003, 4003, 4003]
    print(f"\nshown out within {(time.monotonic() - began_s) * 1000:.0f} ms")
    machine.assert_within(1.0, began_s, "shown out")
    assert await heard(listener, PHONE_HZ) < NOTHING_DBFS
    token = ResumeCredential(token=ada.page.peer.welcome.resume)
    async with peer(f"{url}/ws/listen") as again:
        await again.say(Join(version=PROTOCOL_VERSION, role=Role.LISTENER, credential=token))
        code, failures = await again.until_closed()
        assert (code, bool(failures[0].text)) == (4003, True)
    assert (await ada.refused())[0] == 4003
