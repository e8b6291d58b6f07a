"""A sound check by the host's order: what counts as heard."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined
from parvis_server.engine.boundary import Checked, DeskReturn
from parvis_server.net.live_stage import PLAYED_NS
from parvis_wire.messages import Role
from parvis_wire.stage import (
    CheckSound,
    CheckState,
    OutputReport,
    OutputTraits,
    SourceKind,
    TimeReply,
    TimeRequest,
    UnitTraits,
)

LOUDSPEAKER = UnitTraits(source=None, output=OutputTraits())
DESK = UnitTraits(source=SourceKind.DESK)
PLAYS = OutputReport(delay_ms=12, buffer_ms=5, underruns=0, concealed=0, playing=True)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


async def tell(unit: Peer, report: OutputReport) -> None:
    """Report, and wait until the hub has read it."""
    await unit.say(report)
    await unit.say(TimeRequest(client_ns=1))
    await unit.until(TimeReply)


async def check(hub: LiveHub, host: Peer, column: Peer, *clean: Peer) -> CheckState:
    """Check this loudspeaker; the engine finds these desks clean."""
    await host.do(CheckSound, participant=column.participant)
    command = hub.engine.checks[-1]
    ssrcs = [desk.welcome.ssrc for desk in clean]
    desks = tuple(DeskReturn(desk=ssrc, returns=False) for ssrc in ssrcs if ssrc is not None)
    hub.engine.report(Checked(check=command.check, output=command.output, desks=desks))
    [result] = hub.live.status().checks
    return result.state


async def test_a_loudspeaker_that_tells_nothing_is_unheard_and_not_clean(hub: LiveHub) -> None:
    async with (
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        joined(hub.unit, Role.UNIT, name="Desk", unit=DESK) as desk,
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
    ):
        assert await check(hub, host, column, desk) is CheckState.UNHEARD
        await tell(column, PLAYS)
        assert await check(hub, host, column, desk) is CheckState.CLEAN
        stream = hub.live.stage.streams.get(column.participant)
        assert stream is not None and stream.output is not None
        stream.output.report_ns -= PLAYED_NS
        assert await check(hub, host, column, desk) is CheckState.UNHEARD


async def test_a_desk_that_stalled_leaves_the_loudspeaker_unheard(hub: LiveHub) -> None:
    async with (
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        joined(hub.unit, Role.UNIT, name="Desk", unit=DESK) as desk,
        joined(hub.unit, Role.UNIT, name="Desk 2", unit=DESK) as other,
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
    ):
        await tell(column, PLAYS)
        assert await check(hub, host, column, desk) is CheckState.UNHEARD
        assert await check(hub, host, column, desk, other) is CheckState.CLEAN
