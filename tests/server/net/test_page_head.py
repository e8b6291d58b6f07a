"""Previews of links and the calendar file: right for other programs, silent about hidden rooms."""

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from fakes.live_hub import LiveHub, live_hub
from parvis_server.net.page_head import LATEST_UTC_MS, LINE_OCTETS, calendar, with_head
from parvis_server.net.pages import read_pages
from parvis_wire.floor import About, Access, Phase

PAGE = b"<!doctype html><html><head><title>Parvis</title></head><body></body></html>"
LINK = "http://192.0.2.7:8080/r/evening"
BEGINS = 1_796_149_800_000


class Tags(HTMLParser):
    """The meta tags of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.others: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta":
            self.found[given.get("property") or given.get("name") or ""] = given["content"] or ""
        else:
            self.others.append(tag)


def event_of(written: bytes) -> Any:
    """The only event of a calendar file, as another program reads it."""
    [event] = Calendar.from_ical(written).walk("VEVENT")
    return event


def test_a_preview_says_what_the_room_is() -> None:
    about = About(title="Été", description="One.\n\nTwo." + " x" * 200, language="fr")
    tags = Tags(with_head(PAGE, about, LINK)).found
    assert tags["og:title"] == tags["twitter:title"] == "Été"
    assert tags["og:description"].startswith("One. Two. x")
    assert len(tags["description"]) == 200
    assert (tags["og:url"], tags["og:locale"]) == (LINK, "fr")
    assert "robots" not in tags


@given(st.text(min_size=1, max_size=40, alphabet="<>\"&'/ab="), st.text(max_size=60))
def test_no_word_of_a_room_becomes_part_of_the_page(title: str, description: str) -> None:
    about = About.model_construct(title=title, description=description, language="en")
    page = Tags(with_head(PAGE, about, LINK))
    assert page.others == ["html", "head", "title", "body"]
    assert page.found["og:title"] == title


@given(
    title=st.text(min_size=1, max_size=120, alphabet=st.characters(exclude_categories=["C", "Z"])),
    description=st.text(max_size=300, alphabet=st.characters(exclude_categories=["Cs", "Cc"])),
    begins=st.integers(0, (1 << 53) - 1),
)
def test_other_programs_read_the_calendar_file(title: str, description: str, begins: int) -> None:
    about = About.model_construct(
        title=title, description=description, language="en", begins_utc_ms=begins
    )
    written = calendar("evening", about, LINK, BEGINS)
    assert all(len(line) <= LINE_OCTETS for line in written.split(b"\r\n"))
    assert b"\n" not in written.replace(b"\r\n", b"")
    event = event_of(written)
    assert str(event["summary"]) == title
    assert str(event["description"]) == description
    assert str(event["url"]) == LINK
    starts = int(event["dtstart"].dt.timestamp())
    assert starts == min(begins, LATEST_UTC_MS) // 1000
    assert str(event["uid"]) == "evening@192.0.2.7:8080"


def test_a_line_break_does_not_begin_another_property() -> None:
    about = About.model_construct(
        title="A\r\nATTENDEE:x", description="B\nC\\n;,", language="en", begins_utc_ms=0
    )
    written = calendar("evening", about, LINK, 0)
    event = event_of(written)
    assert "attendee" not in event
    assert str(event["description"]) == "B\nC\\n;,"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_bytes(PAGE)
    async with live_hub(tmp_path / "data", pages=read_pages(static)) as running:
        for access in Access:
            about = About(title="Board <1>", access=access, begins_utc_ms=BEGINS)
            running.hub.rooms.create(about, name=access.value, phase=Phase.SCHEDULED)
        yield running


async def test_only_open_rooms_say_what_they_are(hub: LiveHub) -> None:
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        pages = {name: await client.get(f"/r/{name}") for name in (*Access, "attic")}
        assert "Board &lt;1&gt;" in pages["open"].text
        assert "noindex" not in pages["open"].text
        assert pages["private"].text == pages["closed"].text == pages["attic"].text
        assert pages["private"].headers["etag"] == pages["attic"].headers["etag"]
        assert "noindex" in pages["attic"].text
        assert "Board" not in pages["private"].text
        again = {"If-None-Match": pages["open"].headers["etag"]}
        assert (await client.get("/r/open", headers=again)).status_code == 304


async def test_the_calendar_file_of_a_hidden_room_needs_its_secret(hub: LiveHub) -> None:
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        shown = await client.get("/r/open/event.ics")
        assert shown.headers["content-type"] == "text/calendar; charset=utf-8"
        assert shown.headers["content-disposition"] == 'attachment; filename="open.ics"'
        event = event_of(shown.content)
        assert str(event["location"]) == f"{hub.http}/r/open"
        for name in ("private", "closed", "attic", "main"):
            assert (await client.get(f"/r/{name}/event.ics")).status_code == 404
        key = hub.hub.keys.audience_token("private")
        headers = {"Authorization": f"Bearer {key}"}
        shown = await client.get("/r/private/event.ics", headers=headers)
        assert b"SUMMARY;LANGUAGE=en:Board <1>" in shown.content
        assert key.encode() not in shown.content


async def test_the_sound_of_hidden_and_silent_rooms_is_nobodys(hub: LiveHub) -> None:
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        for name in (*Access, "attic"):
            answer = await client.get("/listen.mp3", params={"room": name})
            assert answer.status_code == 404, "an open one only while it is live"
        assert (await client.head("/listen.mp3")).status_code == 200


async def test_the_front_door_leads_to_the_only_room_that_is_open_and_not_over(
    hub: LiveHub,
) -> None:
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        assert (await client.get("/")).headers["location"] == "/r/main"
