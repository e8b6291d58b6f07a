"""What the audience's page says of its room before any script runs, and the room's calendar file.

Networks that show a link's preview read Open Graph tags (ogp.me) and run no script. A room that is
not open says nothing of itself: its page is the same as that of a name which no room has.
"""

import html
from datetime import UTC, datetime, timedelta

from parvis_wire.floor import About

HEAD_END = b"</head>"
SUMMARY_CHARACTERS = 200
"""What previews show of a description."""

GENERIC = About(title="Parvis", description="Listen, raise your hand, speak: an audio room.")

EVENT_LASTS = timedelta(hours=2)
"""Nobody says how long an evening lasts; calendars want an end."""

LATEST_UTC_MS = 253_370_764_800_000
"""The beginning of 9999, the last year that calendars and Python write."""

LINE_OCTETS = 75
"""RFC 5545 section 3.1: longer lines are folded."""

CALENDAR_TYPE = "text/calendar; charset=utf-8"


def with_head(page: bytes, about: About | None, link: str) -> bytes:
    """A page with the tags of its room.

    Args:
        page: as it was built.
        about: of an open room; None says nothing about any.
        link: the room's address without a secret.
    """
    tags = "".join(_tags(about or GENERIC, link if about is not None else None))
    if about is None:
        tags += '<meta name="robots" content="noindex">'
    return page.replace(HEAD_END, tags.encode() + HEAD_END, 1)


def _tags(about: About, link: str | None) -> list[str]:
    summary = one_line(about.description)[:SUMMARY_CHARACTERS]
    properties = {
        "og:type": "website",
        "og:site_name": "Parvis",
        "og:title": about.title,
        "og:description": summary,
        "og:url": link,
        "og:locale": about.language,
    }
    names = {
        "description": summary,
        "twitter:card": "summary",
        "twitter:title": about.title,
        "twitter:description": summary,
    }
    return [
        f'<meta {key}="{name}" content="{html.escape(content)}">'
        for key, entries in (("property", properties), ("name", names))
        for name, content in entries.items()
        if content
    ]


def one_line(text: str) -> str:
    """A text with every run of white space as one space."""
    return " ".join(text.split())


def calendar(room: str, about: About, link: str, created_utc_ms: int) -> bytes:
    """The room as one event of a calendar (RFC 5545); it has to have a beginning.

    Args:
        room: its name.
        about: what it is.
        link: where it takes place.
        created_utc_ms: when it was made.
    """
    begins = _at(about.begins_utc_ms or 0)
    host = link.partition("//")[2].partition("/")[0]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Parvis//Parvis//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{room}@{host}",
        f"DTSTAMP:{_written(_at(created_utc_ms))}",
        f"DTSTART:{_written(begins)}",
        f"DTEND:{_written(begins + EVENT_LASTS)}",
        f"SUMMARY;LANGUAGE={about.language}:{_escaped(about.title)}",
        f"DESCRIPTION;LANGUAGE={about.language}:{_escaped(about.description)}",
        f"LOCATION:{_escaped(link)}",
        f"URL:{link}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _at(utc_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(utc_ms, LATEST_UTC_MS))


def _written(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """A TEXT value (RFC 5545 section 3.3.11); control characters have no place in one."""
    plain = "".join(sign for sign in text.replace("\r\n", "\n") if sign == "\n" or sign >= " ")
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(sign, written)
    return plain


def _folded(line: str) -> bytes:
    """The line with its end, in pieces that split no character."""
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        written = character.encode()
        if len(piece) + len(written) > LINE_OCTETS - (1 if pieces else 0):
            pieces.append(piece)
            piece = b""
        piece += written
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
