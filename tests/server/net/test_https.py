"""The second listener over real sockets: what it carries, what it refuses, who is believed."""

import asyncio
import gc
import hashlib
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from fakes.peer import joined, peer
from parvis_server import hub_server
from parvis_server.config import NetworkSettings
from parvis_server.encryption import FileEncryption
from parvis_server.hub_server import LeanTls
from parvis_server.net.fanout import MAX_BUFFERED_BYTES
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.identity import from_text, new_nonce, public_bytes, to_text
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role
from parvis_wire.pairing import Challenge, UnitKey
from parvis_wire.stage import AlarmKind, UnitTraits

STAR = "hall.example"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path, tls=True) as running:
        yield running


def over_tls(url: str, hub: LiveHub) -> str:
    """The same socket on the other listener."""
    return url.replace("ws:", "wss:").replace(str(hub.port), str(hub.https_port))


async def test_the_program_is_heard_over_tls(hub: LiveHub) -> None:
    async with peer(over_tls(hub.listen, hub), ssl=hub.trusting()) as far:
        await far.join()
        hub.engine.say(b"\xf8\xff\xfe", 20)
        while len(far.packets) < 20:
            await far.hear()
        assert {packet.payload for packet in far.packets} == {b"\xf8\xff\xfe"}
        async with joined(hub.listen) as near:
            assert (await near.do(RaiseHand, name="Ada")).refused is None
            assert [hand.name for hand in (await far.until_seq(near.view.seq)).line] == ["Ada"]


async def test_pages_and_api_are_the_same_on_both(hub: LiveHub) -> None:
    async with httpx.AsyncClient(verify=hub.trusting(), trust_env=False) as client:
        for path in ("/healthz", "/api/v1/rooms/main", "/nothing", "/"):
            plain, encrypted = [await client.get(origin + path) for origin in (hub.http, hub.https)]
            assert (plain.status_code, set(plain.headers)) == (
                encrypted.status_code,
                set(encrypted.headers),
            )
            assert "strict-transport-security" not in encrypted.headers, "its own certificate"
            assert not plain.headers.get("location", "/").startswith("https")


async def test_the_operator_sees_both_listeners_and_what_is_missing(hub: LiveHub) -> None:
    token = {"Authorization": f"Bearer {hub.hub.keys.operator_token}"}
    async with httpx.AsyncClient(verify=hub.trusting(), trust_env=False) as client:
        house = (await client.get(f"{hub.https}/api/v1/house", headers=token)).json()
    plain, encrypted = house["listeners"]
    assert plain == {
        "scheme": "http",
        "port": hub.port,
        "certificate": None,
        "expires_utc_ms": None,
        "fingerprint": None,
    }
    [_, listener] = hub.hub.listeners
    assert listener.encryption is not None
    shown = listener.encryption.certificate
    assert (encrypted["scheme"], encrypted["certificate"]) == ("https", "own")
    assert encrypted["fingerprint"] == shown.fingerprint
    assert encrypted["expires_utc_ms"] == shown.not_after_utc_ms
    assert "certificate" in house["missing"] and "https" not in house["missing"]
    assert house["announced"] is False, "on loopback nobody is told"


async def test_a_unit_is_told_the_certificate_that_it_saw(hub: LiveHub) -> None:
    public = public_bytes(Ed25519PrivateKey.generate())
    join = Join(
        version=PROTOCOL_VERSION,
        role=Role.UNIT,
        unit=UnitTraits(),
        unit_key=UnitKey(key=to_text(public), nonce=to_text(new_nonce())),
    )

    async def challenged(url: str, context: ssl.SSLContext | None) -> tuple[Challenge, bytes]:
        async with peer(url, ssl=context) as unit:
            await unit.say(join)
            tls = unit.socket.transport.get_extra_info("ssl_object")
            shown = b"" if tls is None else hashlib.sha256(tls.getpeercert(True)).digest()
            return await unit.until(Challenge), shown

    challenge, shown = await challenged(over_tls(hub.unit, hub), hub.trusting())
    assert challenge.certificate is not None and from_text(challenge.certificate, 32) == shown
    challenge, _ = await challenged(hub.unit, None)
    assert challenge.certificate is None


def weak_client(version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    """As old or careless as this OpenSSL can be made."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1: that is the point
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
    return context


@pytest.mark.parametrize(
    ("version", "ciphers", "accepted"),
    [
        (ssl.TLSVersion.TLSv1_3, "ALL", True),
        (ssl.TLSVersion.TLSv1_2, "ALL", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305", True),
        (ssl.TLSVersion.TLSv1_1, "ALL", False),
        (ssl.TLSVersion.TLSv1, "ALL", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA384", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-CCM8", False),
        (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256", False),
        (ssl.TLSVersion.TLSv1_2, "aNULL", False),
        (ssl.TLSVersion.TLSv1_2, "eNULL", False),
    ],
)
async def test_only_strong_tls_is_spoken(
    hub: LiveHub, version: ssl.TLSVersion, ciphers: str, accepted: bool
) -> None:
    context = weak_client(version, ciphers)
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, hub.https_port, ssl=context)
    except (ssl.SSLError, ConnectionError):
        assert not accepted
        return
    spoken = writer.get_extra_info("cipher")
    writer.close()
    assert accepted, f"{spoken} was accepted"


async def test_who_never_says_hello_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub_server.TLS_HANDSHAKE_S == 5
    monkeypatch.setattr(hub_server, "TLS_HANDSHAKE_S", 0.1)
    async with live_hub(tmp_path, tls=True) as hub, asyncio.timeout(20):
        for said in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", bytes(600)):
            reader, writer = await asyncio.open_connection(LOOPBACK, hub.https_port)
            writer.write(said)
            try:
                while await reader.read(1000):
                    pass
            except ConnectionError:
                pass
            writer.close()
        async with peer(over_tls(hub.listen, hub), ssl=hub.trusting()) as honest:
            await honest.join()


async def test_tls_on_the_plain_port_is_refused(hub: LiveHub) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(LOOPBACK, hub.port, ssl=hub.trusting())


async def test_stopping_leaves_nobody_behind_on_either(tmp_path: Path) -> None:
    async with live_hub(tmp_path, tls=True) as hub, asyncio.timeout(10):
        context = hub.trusting()
        async with peer(over_tls(hub.listen, hub), ssl=context) as far, joined(hub.listen) as near:
            await far.join()
            with socket.create_connection((LOOPBACK, hub.https_port)):  # never says hello
                hub.hub.stopping.set()
                for client in (far, near):
                    assert (await client.until_closed())[0] == CloseCode.GOING_AWAY


async def test_a_connection_over_tls_keeps_little_memory(hub: LiveHub) -> None:
    """asyncio would keep 256 kB for each; and long messages still come in."""
    async with peer(over_tls(hub.listen, hub), ssl=hub.trusting()) as far:
        await far.join()
        gc.collect()
        ends = [each for each in gc.get_objects() if isinstance(each, LeanTls)]
        [end] = [each for each in ends if each._loop is asyncio.get_running_loop()]
        assert len(end.get_buffer(-1)) == hub_server.TLS_READ_BYTES
        await far.socket.send("x" * 100_000)
        assert (await far.until_closed())[0] == 1009, "too big, and read to see it"


async def test_what_waits_behind_tls_is_counted(hub: LiveHub) -> None:
    """A listener who reads nothing is seen at once, not after 64 kB and more."""
    async with peer(over_tls(hub.listen, hub), ssl=hub.trusting()) as stuck:
        await stuck.join()
        stuck.socket.transport.pause_reading()
        [seat] = hub.live.seats
        raw, written = seat.connection.raw, 0
        before = raw.buffered_bytes()
        while raw.buffered_bytes() <= before and written < 4_000_000:
            raw.write_frame(bytes(4000))  # until the kernel takes no more
            written += 4000
        first = raw.buffered_bytes()
        assert before < first <= 8000, "the first that waits is counted"
        for _ in range(5):
            raw.write_frame(bytes(4000))
        assert first + 20_000 <= raw.buffered_bytes() <= first + 20_500
        assert raw.buffered_bytes() < MAX_BUFFERED_BYTES
        raw.close(CloseCode.SLOW)


def certificate(folder: Path, *names: str, days: float = 90) -> NetworkSettings:
    """Settings with files of an authority, which stay in ``folder``."""
    ends = datetime.now(UTC) + timedelta(days=days)
    authority = trustme.CA()
    leaf = authority.issue_cert(*names, not_after=ends, not_before=ends - timedelta(days=100))
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    key.write_bytes(leaf.private_key_pem.bytes())
    (folder / "authority.pem").write_bytes(authority.cert_pem.bytes())
    return NetworkSettings(host=LOOPBACK, port=0, tls_port=0, certificate=chain, key=key)


async def test_a_public_name_is_kept_to_https(tmp_path: Path) -> None:
    network = certificate(tmp_path, "hall.example", LOOPBACK)
    async with live_hub(tmp_path / "data", tls=True, network=network) as hub:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
            named = {"Host": f"hall.example:{hub.https_port}"}
            answer = await client.get(f"{hub.https}/healthz", headers=named)
            assert answer.status_code == 200, "the name of the certificate is the hub's"
            lasting = answer.headers["strict-transport-security"]
            assert lasting == "max-age=31536000"
            plain = await client.get(f"{hub.http}/healthz", headers=named)
            assert "strict-transport-security" not in plain.headers, "RFC 6797, 7.2"
        said = hub.hub.announcement()
        assert said.listener_link == f"https://hall.example:{hub.https_port}/r/main"
        assert said.host_link.startswith(f"https://hall.example:{hub.https_port}/host#k=")


async def test_an_expired_certificate_goes_on_with_an_alarm(tmp_path: Path) -> None:
    network = certificate(tmp_path, LOOPBACK, days=-1)
    async with live_hub(tmp_path / "data", tls=True, network=network) as hub:
        blind = ssl.create_default_context()
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        async with peer(over_tls(hub.listen, hub), ssl=blind) as listener:
            await listener.join()
            hub.engine.say()
            while not listener.packets:
                await listener.hear()
        assert hub.hub.announcement().listener_link == f"{hub.http}/r/main"
        [alarm] = hub.live.status().alarms
        assert alarm.kind is AlarmKind.CERTIFICATE and alarm.value == pytest.approx(-1, abs=0.1)


async def test_renewed_files_are_shown_to_who_comes_next(tmp_path: Path) -> None:
    network = certificate(tmp_path, LOOPBACK)
    async with live_hub(tmp_path / "data", tls=True, network=network) as hub:
        old = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        async with peer(over_tls(hub.listen, hub), ssl=old) as early:
            await early.join()
            certificate(tmp_path, LOOPBACK)  # another authority
            encryption = hub.hub.listeners[1].encryption
            assert isinstance(encryption, FileEncryption)
            encryption.refresh(0)
            new = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
            async with peer(over_tls(hub.listen, hub), ssl=new) as late:
                await late.join()
                hub.engine.say()
                for client in (early, late):
                    while not client.packets:
                        await client.hear()


PROXIED = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https", "Host": STAR}


@pytest.mark.parametrize(
    ("proxies", "believed"), [(("127.0.0.0/8",), True), ((), False), (("192.0.2.1",), False)]
)
async def test_a_proxy_is_believed_where_it_was_named(
    tmp_path: Path, proxies: tuple[str, ...], believed: bool
) -> None:
    network = NetworkSettings(host=LOOPBACK, port=0, names=(STAR,), behind_proxy=proxies)
    async with live_hub(tmp_path, network=network) as hub:
        async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
            headers = (await client.get("/r/main", headers=PROXIED)).headers
            assert ("cross-origin-opener-policy" in headers) == believed, "a secure context"
        async with peer(
            f"ws://{STAR}/ws/listen",
            host=LOOPBACK,
            port=hub.port,
            origin=f"https://{STAR}",
            additional_headers={key: PROXIED[key] for key in PROXIED if key != "Host"},
        ) as listener:
            await listener.join()
            [seat] = hub.live.seats
            there = seat.connection.peer
            assert there.address == ("192.0.2.9" if believed else LOOPBACK)
            assert there.encrypted is believed and not there.is_this_machine
