"""TLS to a hub: by a certificate that the site's key vouches for, or by one that has a name."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from fakes.door import Door, certified
from fakes.hub import running_hub
from fakes.running_unit import unit_at
from parvis_device.address import HubAddress
from parvis_device.dialing import Dialer
from parvis_device.hub_addresses import GivenAddress
from parvis_device.identity import open_identity
from parvis_device.light import Signal
from parvis_device.pairing import Pairing
from parvis_device.papers import Papers
from parvis_wire.stage import LinkKind


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(open_identity(tmp_path / "unit"), Pairing(has_code=False))


def known_here(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let this system trust the authority."""
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.mark.parametrize("connections", [1, 2])
async def test_a_hubs_own_certificate_needs_no_authority(papers: Papers, connections: int) -> None:
    tls, digest, _ = certified()
    door = Door(certificate=digest)
    papers.identity.belong_to(door.key)
    door.knows.add(papers.identity.public)
    async with running_hub(door, tls) as hub:
        async with unit_at(hub, papers, connections=connections) as bench:
            await bench.take_floor()
            if connections == 2:
                await hub.until(lambda hub: len(hub.second_packets) > 3)
        assert door.proofs == connections


async def test_with_a_clock_at_1970_the_sites_key_vouches(
    papers: Papers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """To a unit without a clock every certificate is one of the future, also an authority's."""
    authority = trustme.CA()
    known_here(authority, monkeypatch, tmp_path)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    issued = authority.issue_cert(
        "127.0.0.1", not_before=tomorrow, not_after=tomorrow + timedelta(days=1)
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(tls)
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    door = Door(certificate=hashlib.sha256(der).digest())
    papers.identity.belong_to(door.key)
    door.knows.add(papers.identity.public)
    async with running_hub(door, tls) as hub, unit_at(hub, papers) as bench:
        await bench.take_floor()


@pytest.mark.parametrize(
    ("vouched", "words"),
    [(b"another certificate's digest....", "may be between"), (None, "nobody")],
)
async def test_a_certificate_of_somebody_between(
    papers: Papers,
    vouched: bytes | None,
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tls, _, _ = certified()
    door = Door(certificate=vouched, lets_strangers_in=True)
    async with running_hub(door, tls) as hub, unit_at(hub, papers) as bench:
        await bench.light.until(Signal.WRONG_ADDRESS)
        assert not door.proofs and not hub.levels
    assert words in caplog.text


async def test_a_certificate_that_an_authority_signed_for_this_name(
    papers: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, _, authority = certified()
    known_here(authority, monkeypatch, tmp_path)
    door = Door()
    papers.identity.belong_to(door.key)
    door.knows.add(papers.identity.public)
    async with running_hub(door, tls) as hub, unit_at(hub, papers) as bench:
        await bench.light.until(Signal.IDLE)


class Announced(GivenAddress):
    """A hub that was found: whoever announced it chose the address."""

    named = False

    def __init__(self, address: HubAddress) -> None:
        self._address = address


async def test_an_authority_knows_no_hub_that_merely_announced_itself(
    papers: Papers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody between them has a good certificate for their own address, and passes on what the
    site's hub says to whoever comes from a proxy."""
    tls, _, authority = certified()
    known_here(authority, monkeypatch, tmp_path)
    door = Door()
    papers.identity.belong_to(door.key)
    door.knows.add(papers.identity.public)
    async with running_hub(door, tls) as hub:
        address = Announced(HubAddress.parse(hub.url))
        async with unit_at(hub, papers, address) as bench:
            await bench.light.until(Signal.WRONG_ADDRESS)
        assert not door.proofs
    assert "nobody vouches for the certificate" in caplog.text


async def test_a_name_that_the_certificate_does_not_have(
    papers: Papers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tls, _, authority = certified("another.example")
    known_here(authority, monkeypatch, tmp_path)
    async with running_hub(Door(), tls) as hub, unit_at(hub, papers) as bench:
        await bench.light.until(Signal.WRONG_ADDRESS)
    assert "nobody vouches for the certificate" in caplog.text


async def test_without_an_identity_only_authorities_count(caplog: pytest.LogCaptureFixture) -> None:
    tls, _, _ = certified()
    async with running_hub(None, tls) as hub, unit_at(hub) as bench:
        await bench.light.until(Signal.WRONG_ADDRESS)
        assert not hub.joins
    assert "does not offer a secure connection we can trust" in caplog.text


async def test_https_where_only_http_is(papers: Papers, caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub() as hub:
        hub.tls = certified()[0]  # too late for its port: only its address says so
        async with unit_at(hub, papers) as bench:
            await bench.light.until(Signal.WRONG_ADDRESS)
        assert not hub.joins
    assert "is that its https port?" in caplog.text


async def test_what_was_seen_of_the_way() -> None:
    tls, digest, _ = certified()
    dialer = Dialer(own_certificates=True)
    async with running_hub(None, tls) as hub:
        dialed = await dialer.dial(HubAddress.parse(hub.url), LinkKind.WIRED)
        assert dialed.wiring.certificate == digest
        assert dialed.wiring.own_machine and not dialed.wiring.named
        dialed.connection.transport.abort()
    async with running_hub() as plain:
        dialed = await dialer.dial(HubAddress.parse(plain.url), LinkKind.WIRED)
        assert dialed.wiring.certificate is None and dialed.wiring.own_machine
        dialed.connection.transport.abort()
