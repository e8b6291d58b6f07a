"""The doctor against real servers of this machine, well and ill; each illness has one line."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import time
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from starlette.responses import JSONResponse, PlainTextResponse

from fakes.examined import Connected, Edge, answering, serving
from fakes.linked import LOOPBACK, address, published, until
from parvis_server.doctor import joint
from parvis_server.doctor.examination import examine, examine_machine
from parvis_server.doctor.findings import Finding, Language, Says
from parvis_server.doctor.machine import look_at_ports
from parvis_server.doctor.target import Target
from parvis_server.doctor.way import read_answer
from parvis_server.errors import UsageError
from parvis_server.link.entrance import Entrance

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


async def says(target: Target) -> list[Says]:
    findings: list[Finding] = []
    await examine(target, findings.append)
    for finding in findings:
        for language in Language:
            print(finding.line(language))
    return [finding.says for finding in findings]


def answer(text: str, **headers: str) -> Connected:
    """A server that says this to whatever it is asked."""
    body = text.encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body)
        await writer.drain()

    return connected


async def test_a_well_edge_has_ticks_only() -> None:
    edge = Edge()
    async with serving(edge):
        found = await says(Target.published(edge.address))
    assert found == [
        *(Says.REACHED, Says.PLAIN, Says.CLOCK_GOOD, Says.PARVIS_ANSWERS, Says.VENUE_SEEN),
        *(Says.SOCKET_OPENS, Says.BUS_GOOD, Says.LINK_GOOD),
    ]


async def test_a_hub_that_publishes_is_not_disturbed() -> None:
    edge = Edge()
    async with serving(edge) as port, published(lambda place: port) as hub:
        await until(lambda: edge.door.end.lines == 2)
        assert (await says(Target.published(edge.address)))[-1] is Says.LINK_TAKEN
        assert edge.door.end.lines == hub.sound.end.lines == 2


async def test_an_old_address_is_told_by_bus_and_link() -> None:
    edge = Edge()
    edge.bus_line = b"-ERR 'Authorization Violation'\r\n"
    async with serving(edge) as port:
        old = address(port, secret=bytes(18))
        assert (await says(Target.published(old)))[-2:] == [Says.BUS_REFUSES, Says.LINK_REFUSES]


@pytest.mark.parametrize("off_ms", [0, 86_400_000])
async def test_an_edge_that_refuses_strangers_lets_the_doctor_in(off_ms: int) -> None:
    """Also where this machine's clock is a day off; with an old address it is told so."""
    edge = Edge()
    key = edge.address.entry_key
    edge.entrance = Entrance(key, lambda: time.time_ns() // 1_000_000)
    async with serving(edge) as port:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(joint, "_utc_ms", lambda: time.time_ns() // 1_000_000 - off_ms)
            found = await says(Target.published(edge.address))
            assert found[-2:] == [Says.BUS_GOOD, Says.LINK_GOOD]
        old = address(port, secret=bytes(18))
        assert (await says(Target.published(old)))[-2:] == [Says.BUS_REFUSES, Says.LINK_REFUSES]


async def test_a_venue_that_is_away_is_told() -> None:
    edge = Edge()
    edge.health = JSONResponse({"status": "venue away"})
    async with serving(edge) as port:
        found = await says(Target.at(f"http://{LOOPBACK}:{port}", is_edge=True))
    assert Says.VENUE_AWAY in found and Says.VENUE_SEEN not in found


async def test_a_hub_that_is_ill_says_why() -> None:
    edge = Edge()
    edge.health = JSONResponse({"status": "the engine does not tick"}, status_code=503)
    async with serving(edge) as port:
        found = await says(Target.at(f"http://{LOOPBACK}:{port}"))
    assert Says.PARVIS_ILL in found


async def test_a_proxy_that_swallows_upgrades_is_told() -> None:
    edge = Edge()
    edge.sockets_open = False
    async with serving(edge):
        assert (await says(Target.published(edge.address)))[-1] is Says.SOCKET_SWALLOWED


async def test_another_program_is_no_parvis() -> None:
    edge = Edge()
    edge.health = PlainTextResponse("welcome to my home page")
    async with serving(edge) as port:
        assert (await says(Target.at(f"http://{LOOPBACK}:{port}")))[-1] is Says.OTHER_ANSWERS


async def test_who_speaks_no_http_is_told() -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()

    async with answering(connected) as port:
        assert (await says(Target.at(f"http://{LOOPBACK}:{port}")))[-1] is Says.NO_HTTP


async def test_nobody_and_nothing_are_told() -> None:
    assert await says(Target.at(f"http://{LOOPBACK}:1")) == [Says.REFUSED]
    assert await says(Target.at("https://nobody.invalid")) == [Says.NAME_UNKNOWN]


async def test_a_wrong_clock_is_told() -> None:
    later = format_datetime(NOW + 30 * DAY / 86_400 * 60, usegmt=True)
    async with answering(answer('{"status": "ok"}', Date=later)) as port:
        found = await says(Target.at(f"http://{LOOPBACK}:{port}"))
    assert Says.CLOCK_OFF in found


@pytest.mark.parametrize(
    ("begins", "ends", "name", "is_trusted", "last"),
    [
        (-DAY, 60 * DAY, LOOPBACK, True, Says.SOCKET_SWALLOWED),
        (-DAY, 60 * DAY, LOOPBACK, False, Says.CERTIFICATE_UNKNOWN),
        (-DAY, 60 * DAY, "other.example", True, Says.CERTIFICATE_NAME),
        (-9 * DAY, -DAY, LOOPBACK, True, Says.CERTIFICATE_EXPIRED),
    ],
)
async def test_certificates_are_judged(
    tmp_path: Path,
    begins: datetime.timedelta,
    ends: datetime.timedelta,
    name: str,
    is_trusted: bool,
    last: Says,
) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    certificate = theirs.issue_cert(name, not_before=NOW + begins, not_after=NOW + ends)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    authority = tmp_path / "ca.pem"
    (theirs if is_trusted else ours).cert_pem.write_to_path(str(authority))
    async with answering(answer('{"status": "ok"}'), context) as port:
        found = await says(Target.at(f"https://{LOOPBACK}:{port}", authority))
    assert found[-1] is last
    assert (Says.CERTIFICATE_GOOD in found) == (last is Says.SOCKET_SWALLOWED)


async def test_an_expired_certificate_and_another_clock_is_a_wrong_clock(tmp_path: Path) -> None:
    theirs = trustme.CA()
    certificate = theirs.issue_cert(LOOPBACK, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    authority = tmp_path / "ca.pem"
    theirs.cert_pem.write_to_path(str(authority))
    before = format_datetime(NOW - 5 * DAY, usegmt=True)
    async with answering(answer("{}", Date=before), context) as port:
        assert (await says(Target.at(f"https://{LOOPBACK}:{port}", authority)))[-1] is (
            Says.CLOCK_WRONG
        )


async def test_tls_where_there_is_none_is_told() -> None:
    async with answering(answer("hello")) as port:
        assert (await says(Target.at(f"https://{LOOPBACK}:{port}")))[-1] is Says.NO_TLS


def test_this_machine_is_looked_at() -> None:
    findings: list[Finding] = []
    examine_machine(findings.append)
    assert findings[0].says in (Says.FILES_ENOUGH, Says.FILES_FEW)
    assert len(findings) == 3


async def test_who_holds_a_port_is_named() -> None:
    async with answering(answer("")) as port:
        [taken] = look_at_ports([port])
    assert taken.says is Says.PORT_TAKEN
    assert "process" in str(taken.facts["holder"])
    assert [one.says for one in look_at_ports([port])] == [Says.PORT_FREE]


@pytest.mark.parametrize("text", ["", "ftp://x", "https://", "http://a:b"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"say https://room\.example"):
        Target.at(text)


def test_an_answer_in_pieces_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (
        read_answer(head, b'4\r\n{"a"\r\n3;x=y\r\n: 1\r\n1\r\n}\r\n0\r\n\r\n').body == b'{"a": 1}'
    )
    with pytest.raises(ValueError, match="no HTTP"):
        read_answer(b"SSH-2.0-x y\r\n\r\n", b"")
