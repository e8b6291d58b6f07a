"""Commands of another machine and a hub with its own certificate: known by its fingerprint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from parvis_server.certificates import make_own, read_certificate
from parvis_server.commands.room import app
from parvis_server.encryption import OWN_FILE
from parvis_server.errors import HubUnreachable, UsageError
from parvis_server.known_certificate import read_fingerprint, trust_fingerprint, trust_own_file
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.session import ListenSession

OTHER = "ab" * 32


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "hub", tls=True) as running:
        yield running


def fingerprint_of(hub: LiveHub) -> str:
    return read_certificate((hub.hub.settings.data / OWN_FILE).read_bytes()).fingerprint


async def listed(hub: LiveHub, tmp_path: Path, *words: str) -> None:
    """`parvis room list` of a machine that has the operator's token and not the data folder."""
    token = tmp_path / "token"
    token.write_text(hub.hub.keys.operator_token, encoding="ascii")
    where = ("--hub", hub.https, "--token-file", str(token), "--data", str(tmp_path / "other"))
    await asyncio.to_thread(app, ["list", *where, *words], standalone_mode=False)


async def test_an_operator_far_away_gives_the_fingerprint(
    hub: LiveHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await listed(hub, tmp_path, "--fingerprint", fingerprint_of(hub))
    assert "main" in capsys.readouterr().out
    with pytest.raises(HubUnreachable, match=r"does not know the certificate.*--fingerprint"):
        await listed(hub, tmp_path)
    with pytest.raises(HubUnreachable, match="another fingerprint"):
        await listed(hub, tmp_path, "--fingerprint", OTHER)


async def test_on_the_hubs_own_machine_its_folder_is_enough(
    hub: LiveHub, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--hub", hub.https, "--data", str(hub.hub.settings.data))
    await asyncio.to_thread(app, ["list", *where], standalone_mode=False)
    assert "main" in capsys.readouterr().out


async def test_a_listener_gives_it_too_or_hears_why(hub: LiveHub) -> None:
    link = ListenerLink.parse(f"{hub.https}/r/main")
    digest = read_fingerprint(fingerprint_of(hub))
    trust = await asyncio.to_thread(trust_fingerprint, link.host, link.port, digest)
    listening = connection_of(link.trusting(trust))
    async with asyncio.timeout(20):
        trying = asyncio.create_task(listening.run())
        await listening.joined.wait()
        trying.cancel()
        with pytest.raises(HubUnreachable, match=r"does not know the certificate.*--fingerprint"):
            await connection_of(link).run()


def connection_of(link: ListenerLink) -> Connection:
    return Connection(link, ListenSession(link.room), lambda packet, ns: None, lambda text: None)


async def test_what_answers_no_tls_is_told(hub: LiveHub) -> None:
    with pytest.raises(HubUnreachable, match="give the https address"):
        await asyncio.to_thread(trust_fingerprint, LOOPBACK, hub.port, bytes(32))


def test_a_fingerprint_is_read_as_anybody_writes_it() -> None:
    written = read_certificate(make_own(("hub.local",), (), 1_800_000_000_000))
    for text in (written.fingerprint, written.digest.hex(":"), written.digest.hex().upper()):
        assert read_fingerprint(text) == written.digest
    for text in ("", "3F29 ... 0C1D", "ab" * 20, "zz" * 32):
        with pytest.raises(UsageError, match="64 hexadecimal digits"):
            read_fingerprint(text)


@pytest.mark.parametrize("words", ["", "no certificate", None])
def test_a_folder_without_certificate_adds_no_trust(tmp_path: Path, words: str | None) -> None:
    path = tmp_path / OWN_FILE
    if words is not None:
        path.write_text(words, encoding="ascii")
    assert trust_own_file(path) is None


async def test_a_fingerprint_is_for_https(hub: LiveHub) -> None:
    words = ("--hub", hub.http, "--fingerprint", OTHER, "--data", str(hub.hub.settings.data))
    with pytest.raises(UsageError, match="for an https address"):
        await asyncio.to_thread(app, ["list", *words], standalone_mode=False)
