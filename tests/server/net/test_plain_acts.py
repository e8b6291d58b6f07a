"""Who was made a co-host over plain http elsewhere: what their rank allows is refused."""

from pathlib import Path

import pytest

from fakes.house import claimed_hub
from fakes.peer import host_credential, joined, peer
from parvis_server.net.plain_acts import asks_for_a_rank
from parvis_wire.base import Wire
from parvis_wire.commands import LowerHand, RaiseHand, SetRank, SilenceAll
from parvis_wire.floor import Rank
from parvis_wire.messages import RefusalCode, Role

BY_A_PROXY = {"X-Forwarded-For": "192.0.2.7"}
"""Plain http from a machine that is not the hub's own."""
RANKS_ACTS: list[tuple[type[Wire], dict[str, object]]] = [
    (SilenceAll, {"on": True}),
    (LowerHand, {"participant": "somebody-else-0000000001"}),
]


@pytest.mark.parametrize("secure", [False, True])
async def test_a_cohost_acts_on_a_private_way_alone(tmp_path: Path, secure: bool) -> None:
    headers = {} if secure else BY_A_PROXY
    async with (
        claimed_hub(tmp_path) as hub,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        peer(hub.listen, additional_headers=headers) as connection,
    ):
        phone = await connection.join(Role.LISTENER, name="Ada")
        who = phone.welcome.participant
        await host.do(SetRank, participant=who, rank=Rank.COHOST)
        assert (await phone.do(RaiseHand)).refused is None, "what anybody may"
        for act, fields in RANKS_ACTS:
            ack = await phone.do(act, **fields)
            if secure:
                assert ack.refused is not RefusalCode.OVER_PLAIN, act
            else:
                assert ack.refused is RefusalCode.OVER_PLAIN, act
                assert "over https" in ack.text
        assert (await phone.do(LowerHand)).refused is None, "one's own hand"
        hub.hub.trust.set_plain_host(True, "Eve", "127.0.0.1", 1)
        assert (await phone.do(SilenceAll, on=True)).refused is None, "the operator allows it"


def test_what_anybody_may_do_to_themselves_asks_for_no_rank() -> None:
    assert not asks_for_a_rank(RaiseHand(id="1"), "me-00000000000000000001")
    assert not asks_for_a_rank(LowerHand(id="1"), "me-00000000000000000001")
    assert asks_for_a_rank(SilenceAll(id="1", on=True), "me-00000000000000000001")
