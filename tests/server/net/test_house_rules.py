"""Who may come into the house, before and after it has an operator; and who was shown out."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from fakes.house import claim, claimed_hub, take_in, trust_of
from fakes.keyed_unit import KeyedUnit, here
from fakes.live_hub import LiveHub, live_hub
from fakes.peer import host_credential, joined, peer, resume
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Peer
from parvis_server.net.house_rules import HouseRules, Known
from parvis_server.room.permissions import OPERATOR
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Block, MakeInvite, RaiseHand, RevokeInvite, Unblock
from parvis_wire.floor import Invite, InviteRole
from parvis_wire.identity import new_nonce, to_text
from parvis_wire.messages import Ack, InviteCredential, Join, Role
from parvis_wire.stage import SpeakerTraits, UnitTraits

HERE = Peer("127.0.0.1", "127.0.0.1")
FAR = Peer("192.0.2.9", "192.0.2.1")
FAR_TLS = Peer("192.0.2.9", "192.0.2.1", encrypted=True)
PROXIED = Peer("127.0.0.1", "127.0.0.1", forwarded=True)
PROXIED_TLS = Peer("192.0.2.9", "127.0.0.1", forwarded=True, encrypted=True)
HTTPS = "https://192.0.2.1:8443"


@dataclass(frozen=True, slots=True)
class Box:
    unit: str
    name: str = "Table"
    is_renamed: bool = False


@dataclass
class FakeTrust:
    claimed: bool = False
    plain_host: bool = False
    paired: frozenset[str] = field(default=frozenset({"paired"}))

    def unit(self, print_: str) -> Known | None:
        return Box(print_) if print_ in self.paired else None


def rules(*, claimed: bool, open_house: bool = False, plain_host: bool = False) -> HouseRules:
    return HouseRules(FakeTrust(claimed, plain_host), open_house, lambda: HTTPS)


def says(check: Any, *args: Any) -> str:
    """Why not; empty: nothing is in the way."""
    try:
        check(*args)
    except PeerFault as fault:
        return f"{int(fault.code)} {fault.text}"
    return ""


@pytest.mark.parametrize("whence", [HERE, FAR, FAR_TLS, PROXIED, PROXIED_TLS], ids=str)
@pytest.mark.parametrize("open_house", [False, True])
@pytest.mark.parametrize("claimed", [False, True])
def test_units(whence: Peer, open_house: bool, claimed: bool) -> None:
    house = rules(claimed=claimed, open_house=open_house)
    near = whence == HERE
    assert house.must_wait("stranger", whence) == (claimed or not (open_house or near))
    assert not house.must_wait("paired", whence)
    admitted = not claimed and (open_house or near)
    assert (says(house.check_unit, None, whence) == "") == admitted
    assert (says(house.check_unit, "stranger", whence) == "") == admitted
    private = near or whence.encrypted
    refusal = says(house.check_unit, "paired", whence)
    assert (refusal == "") == (private or open_house)
    if refusal:
        assert refusal.startswith("4003") and HTTPS in refusal


def test_a_unit_without_a_key_hears_what_to_do() -> None:
    assert says(rules(claimed=True).check_unit, None, HERE).startswith("4001 this hub has an")
    assert "--open-house" in says(rules(claimed=False).check_unit, None, FAR)
    no_https = HouseRules(FakeTrust(claimed=True), False)
    assert "tls_port" in says(no_https.check_way, FAR)
    assert "tls_port" in says(no_https.check_host, FAR)


@pytest.mark.parametrize("whence", [HERE, FAR, FAR_TLS, PROXIED, PROXIED_TLS], ids=str)
@pytest.mark.parametrize("plain_host", [False, True])
@pytest.mark.parametrize("claimed", [False, True])
def test_hosts(whence: Peer, plain_host: bool, claimed: bool) -> None:
    house = rules(claimed=claimed, plain_host=plain_host)
    refusal = says(house.check_host, whence)
    private = whence == HERE or whence.encrypted
    assert (refusal == "") == (not claimed or plain_host or private)
    if refusal:
        assert refusal.startswith("4003") and f"{HTTPS}/host" in refusal


@pytest.mark.parametrize("role", [None, *InviteRole])
@pytest.mark.parametrize("whence", [HERE, FAR])
def test_speakers(role: InviteRole | None, whence: Peer) -> None:
    invite = None if role is None else Invite(number=1, role=role)
    join = Join(version=1, role=Role.SPEAKER, speaker=SpeakerTraits())
    claimed = says(rules(claimed=True, open_house=True).check_speaker, join, invite, whence)
    assert (claimed == "") == (role is InviteRole.SPEAKER)
    assert claimed == "" or claimed.startswith("4001")
    before = says(rules(claimed=False).check_speaker, join, invite, whence)
    assert (before == "") == (whence == HERE)
    phone = join.model_copy(update={"speaker": SpeakerTraits(person="token")})
    assert says(rules(claimed=True).check_speaker, phone, None, whence) == ""


def test_a_paired_unit_comes_by_its_key_alone() -> None:
    house = rules(claimed=False)
    assert house.own_resumed("paired") is None
    assert house.own_resumed("somebody") == "somebody"
    assert house.own_resumed(None) is None


# --- over real sockets ---


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with claimed_hub(tmp_path) as running:
        yield running


async def turned_away(url: str, role: Role, **fields: Any) -> tuple[int, str]:
    async with peer(url) as stranger:
        await stranger.say(Join.model_validate({"version": 1, "role": role, **fields}))
        code, [failure] = await stranger.until_closed()
        return code, failure.text


def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody comes from another machine from now on."""
    monkeypatch.setattr("parvis_server.net.admission.Peer.is_this_machine", False)


async def test_hosts_from_elsewhere_need_https_once_the_hub_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far(monkeypatch)
    async with live_hub(tmp_path) as hub:
        credential = host_credential(hub.secret)
        async with joined(hub.listen, Role.HOST, credential=credential):
            pass
        claim(hub)
        code, text = await turned_away(hub.listen, Role.HOST, credential=credential)
        assert code == CloseCode.FORBIDDEN and "https" in text
        hub.hub.trust.set_plain_host(True, "Ada", "127.0.0.1", 1)
        async with joined(hub.listen, Role.HOST, credential=credential):
            pass


async def test_a_paired_unit_from_elsewhere_needs_https(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = KeyedUnit()
    take_in(hub, unit)
    async with here(unit, hub.unit):
        pass
    far(monkeypatch)
    key = {"key": to_text(unit.public), "nonce": to_text(new_nonce())}
    code, text = await turned_away(hub.unit, Role.UNIT, unit=UnitTraits(), unit_key=key)
    assert code == CloseCode.FORBIDDEN and "https" in text


async def test_speakers_need_an_invitation_of_their_own_once_claimed(hub: LiveHub) -> None:
    def act(command: MakeInvite | RevokeInvite) -> None:
        acks: list[Ack] = []
        hub.live.command(OPERATOR, command, acks.append)
        assert acks[0].refused is None

    code, text = await turned_away(hub.speak, Role.SPEAKER, speaker=SpeakerTraits())
    assert code == CloseCode.UNAUTHORISED and "invitation" in text
    act(MakeInvite(id=token_hex(8), role=InviteRole.SPEAKER))
    token = hub.hub.keys.invite_token("main", 1, InviteRole.SPEAKER)
    invite = InviteCredential(token=token)
    async with joined(hub.speak, Role.SPEAKER, credential=invite) as speaker:
        back = {"credential": resume(speaker), "speaker": SpeakerTraits()}
        async with joined(hub.speak, Role.SPEAKER, **back, invite=invite):
            pass
        act(RevokeInvite(id=token_hex(8), number=1))
        code, _ = await turned_away(hub.speak, Role.SPEAKER, **back, invite=invite)
        assert code == CloseCode.UNAUTHORISED


async def test_who_was_shown_out_stays_out_until_a_host_says_otherwise(hub: LiveHub) -> None:
    async with (
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        joined(hub.listen) as heckler,
    ):
        await heckler.do(RaiseHand, name="Ada")
        assert (await host.do(Block, participant=heckler.participant, out=True)).refused is None
        assert (await heckler.until_closed())[0] == CloseCode.FORBIDDEN
        back = resume(heckler)
        for _ in range(20):
            code, text = await turned_away(hub.listen, Role.LISTENER, credential=back)
            assert code == CloseCode.FORBIDDEN and "shown you out" in text
        assert (await host.do(Unblock, participant=heckler.participant)).refused is None
        async with joined(hub.listen, credential=back) as again:
            assert again.participant == heckler.participant


async def test_a_key_is_for_units(hub: LiveHub) -> None:
    key = {"key": "A" * 43, "nonce": "A" * 43}
    async with peer(hub.listen) as stranger:
        join = {"type": "join", "version": 1, "role": "listener", "unit_key": key}
        await stranger.socket.send(json.dumps(join))
        assert (await stranger.until_closed())[0] == CloseCode.MALFORMED


async def test_strangers_leave_when_somebody_claims_the_hub(tmp_path: Path) -> None:
    paired, keyed = KeyedUnit(), KeyedUnit()
    async with (
        live_hub(tmp_path) as hub,
        joined(hub.listen) as listener,
        joined(hub.unit, Role.UNIT) as table,
        joined(hub.speak, Role.SPEAKER) as speaker,
        here(keyed, hub.unit) as unpaired,
    ):
        take_in(hub, paired)
        async with here(paired, hub.unit) as ours:
            claim(hub)
            for stranger in (table, speaker, unpaired):
                code, [failure] = await stranger.until_closed()
                assert code == CloseCode.UNAUTHORISED and "operator" in failure.text
            assert (await listener.do(RaiseHand, name="Ada")).refused is None
            assert (await ours.do(RaiseHand)).refused is None
        async with peer(hub.unit) as door:
            await keyed.wait(door)
    assert hub.hub.reception.strangers == set()


async def test_hosts_over_plain_http_leave_when_it_is_allowed_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far(monkeypatch)
    async with live_hub(tmp_path) as hub:
        for end in (claim, lambda hub: trust_of(hub).set_plain_host(False, "Ada", "", 0)):
            async with (
                joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
                joined(hub.listen) as listener,
            ):
                end(hub)
                code, [failure] = await host.until_closed()
                assert code == CloseCode.FORBIDDEN and "https" in failure.text
                assert (await listener.do(RaiseHand, name="Ada")).refused is None
            trust_of(hub).set_plain_host(True, "Ada", "", 0)
    assert hub.hub.reception.plain_hosts == set()
