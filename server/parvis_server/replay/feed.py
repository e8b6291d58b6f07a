"""What podcast players read: a room's recordings as RSS, and chapters in both common shapes. Pure.

RSS 2.0 with Apple's and Podlove's elements (Podlove Simple Chapters 1.2); the chapters stand also
in a file of their own, as Podcasting 2.0's JSON chapters 1.2, which replay pages and players load.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from parvis_server.replay.chapters import Chapter, chapter_title

CHAPTERS_TYPE: Final = "application/json+chapters"

_ITUNES: Final = "http://www.itunes.com/dtds/podcast-1.0.dtd"
_PODCAST: Final = "https://podcastindex.org/namespace/1.0"
_PODLOVE: Final = "http://podlove.org/simple-chapters"
_ATOM: Final = "http://www.w3.org/2005/Atom"

FEED_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"unnamed": "Somebody", "vote": "Show of hands", "begin": "Beginning"},
    "fr": {"unnamed": "Quelqu’un", "vote": "Vote à main levée", "begin": "Début"},
}
"""By the room's language; English for every other."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A published file of sound."""

    url: str
    """Relative to the feed."""
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Episode:
    """One recording in a feed."""

    id: str
    title: str
    description: str
    begun_utc_ms: int
    duration_ms: int
    page: str
    """Relative to the feed, as are the others."""
    chapters_url: str
    sound: Sound
    chapters: tuple[Chapter, ...]
    language: str = "en"


def words_of(language: str) -> Mapping[str, str]:
    """What the feed says beside names and questions."""
    return FEED_WORDS.get(language, FEED_WORDS["en"])


def titled(chapters: Iterable[Chapter], language: str) -> list[tuple[int, str]]:
    """Beginning in milliseconds and title of each chapter; players want one at 0."""
    words = words_of(language)
    found = [(one.begin_ms, chapter_title(one, words)) for one in chapters]
    return found if found and found[0][0] == 0 else [(0, words["begin"]), *found]


def json_chapters(chapters: Sequence[Chapter], language: str) -> dict[str, Any]:
    """The file of chapters."""
    found = [
        {"startTime": begin / 1000, "title": title} for begin, title in titled(chapters, language)
    ]
    return {"version": "1.2.0", "chapters": found}


def feed(
    title: str, language: str, description: str, episodes: Sequence[Episode], base: str
) -> bytes:
    """The feed of a room; newest recording first.

    Args:
        title: the room's.
        language: the room's, two letters.
        description: the room's, may be empty.
        episodes: in any order.
        base: address of the feed's folder, ending in ``/``; empty: addresses stay relative, which
            only some players read.
    """
    for prefix, namespace in (
        ("itunes", _ITUNES),
        ("podcast", _PODCAST),
        ("psc", _PODLOVE),
        ("atom", _ATOM),
    ):
        ET.register_namespace(prefix, namespace)
    rss = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(rss, "channel")
    _say(channel, "title", title)
    _say(channel, "link", base or ".")
    _say(channel, "description", description or title)
    _say(channel, "language", language)
    _say(channel, f"{{{_ITUNES}}}explicit", "false")
    _say(channel, f"{{{_ITUNES}}}block", "yes")
    if base:
        link = {"href": f"{base}feed.xml", "rel": "self", "type": "application/rss+xml"}
        ET.SubElement(channel, f"{{{_ATOM}}}link", link)
    for episode in sorted(episodes, key=lambda one: -one.begun_utc_ms):
        _item(channel, episode, base)
    ET.indent(rss)
    return bytes(ET.tostring(rss, encoding="utf-8", xml_declaration=True))


def _item(channel: ET.Element, episode: Episode, base: str) -> None:
    item = ET.SubElement(channel, "item")
    _say(item, "title", episode.title)
    _say(item, "link", base + episode.page)
    _say(item, "description", episode.description or episode.title)
    ET.SubElement(item, "guid", {"isPermaLink": "false"}).text = episode.id
    begun = datetime.fromtimestamp(episode.begun_utc_ms / 1000, UTC)
    _say(item, "pubDate", format_datetime(begun))
    _say(item, f"{{{_ITUNES}}}duration", str(episode.duration_ms // 1000))
    sound = episode.sound
    enclosure = {"url": base + sound.url, "type": sound.media_type, "length": str(sound.size_bytes)}
    ET.SubElement(item, "enclosure", enclosure)
    found = {"url": base + episode.chapters_url, "type": CHAPTERS_TYPE}
    ET.SubElement(item, f"{{{_PODCAST}}}chapters", found)
    listed = ET.SubElement(item, f"{{{_PODLOVE}}}chapters", {"version": "1.2"})
    for begin_ms, title in titled(episode.chapters, episode.language):
        start = {"start": _clock(begin_ms), "title": _printable(title)}
        ET.SubElement(listed, f"{{{_PODLOVE}}}chapter", start)


def _say(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _printable(text)


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 does not know."""
    return "".join(
        sign
        for sign in text
        if sign in "\t\n\r"
        or (sign >= " " and sign not in "\ufffe\uffff" and not "\ud800" <= sign <= "\udfff")
    )


def _clock(ms: int) -> str:
    """Podlove's normal play time."""
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
