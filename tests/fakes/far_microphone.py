"""What tests of a hub say to give somebody far away the floor, and to join as their microphone."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from fakes.live_hub import LiveHub
from fakes.peer import Peer, host_credential, joined, peer
from parvis_wire.commands import GiveFloor, RaiseHand
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role
from parvis_wire.stage import SpeakerTraits


def host(hub: LiveHub) -> AbstractAsyncContextManager[Peer]:
    return joined(hub.listen, Role.HOST, credential=host_credential(hub.secret))


def own(phone: Peer) -> SpeakerTraits:
    """What the microphone of this phone joins with."""
    return SpeakerTraits(person=phone.welcome.resume)


def microphone(hub: LiveHub, phone: Peer, **fields: Any) -> AbstractAsyncContextManager[Peer]:
    return joined(hub.speak, Role.SPEAKER, speaker=own(phone), **fields)


async def grant(run: Peer, phone: Peer, **hand: Any) -> None:
    """The floor, for somebody far away who can speak."""
    raised = await phone.do(RaiseHand, **{"name": "Ada", "speaks": True, **hand})
    assert raised.refused is None
    assert (await run.do(GiveFloor, participant=phone.participant)).refused is None


async def refused(
    hub: LiveHub, role: Role = Role.SPEAKER, url: str | None = None, **join: Any
) -> tuple[int, str]:
    """How a join is refused, at ``/ws/speak`` unless told."""
    async with peer(url or hub.speak) as client:
        await client.say(Join(version=PROTOCOL_VERSION, role=role, **join))
        code, failures = await client.until_closed()
        assert [failure.code for failure in failures] == [code], "the refusal says why"
        return code, failures[0].text
