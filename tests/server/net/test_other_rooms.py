"""What is somebody's right in one room is nothing in another of the same hub."""

from pathlib import Path
from typing import Any

from fakes.far_microphone import grant, microphone, own, refused
from fakes.live_hub import live_hub
from fakes.peer import joined, resume
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import TakeFloor
from parvis_wire.floor import About, Phase
from parvis_wire.messages import HostCredential, Role


async def test_a_speakers_tokens_open_no_microphone_in_another_room(tmp_path: Path) -> None:
    """Whoever has the floor in the attic has it there, by each of their tokens."""
    async with live_hub(tmp_path) as hub:
        attic = hub.hub.rooms.create(About(title="Attic"), name="attic", phase=Phase.LIVE)
        secret = HostCredential(secret=hub.hub.keys.host_secret_of("attic"))
        async with (
            joined(hub.listen, Role.HOST, room="attic", credential=secret) as run,
            joined(hub.listen, room="attic") as phone,
        ):
            await grant(run, phone)
            async with microphone(hub, phone, room="attic") as mic:
                assert (await mic.do(TakeFloor)).refused is None
                alone: dict[str, Any] = {"credential": resume(mic)}
                for back in ({}, alone, {**alone, "stream": mic.welcome.stream}):
                    code, text = await refused(hub, room="main", speaker=own(phone), **back)
                    assert code == CloseCode.FORBIDDEN
                    assert text
                assert (hub.live.room.view.floor, hub.engine.sources) == ((), ())
                [turn] = attic.live.room.view.floor
                assert turn.unit == mic.participant, "there it goes on"
