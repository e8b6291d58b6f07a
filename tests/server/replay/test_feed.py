"""The feed and the chapter files say what was said; another maker's XML parser reads them."""

from __future__ import annotations

import xml.dom.minidom

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.replay.chapters import Chapter, ChapterKind
from parvis_server.replay.feed import Episode, Sound, feed, json_chapters

ZOE = Chapter(1_500, 9_000, ChapterKind.SPEAKER, "p1", "Zoé <&>")


def episode(title: str = "Evening", begun: int = 1_700_000_000_000) -> Episode:
    sound = Sound("e1/mix.mp3", "audio/mpeg", 1234)
    return Episode("e1", title, "", begun, 61_500, "e1/", "e1/chapters.json", sound, (ZOE,), "fr")


def texts(document: xml.dom.minidom.Document, tag: str) -> list[str]:
    return [node.firstChild.nodeValue for node in document.getElementsByTagName(tag)]  # type: ignore[union-attr,misc]


def test_a_feed_names_sound_page_and_chapters() -> None:
    read = xml.dom.minidom.parseString(
        feed("Main", "fr", "", [episode()], "https://room.example/replays/main/")
    )
    [enclosure] = read.getElementsByTagName("enclosure")
    assert enclosure.getAttribute("url") == "https://room.example/replays/main/e1/mix.mp3"
    assert enclosure.getAttribute("length") == "1234"
    assert texts(read, "itunes:duration") == ["61"]
    assert texts(read, "pubDate") == ["Tue, 14 Nov 2023 22:13:20 +0000"]
    chapters = read.getElementsByTagName("psc:chapter")
    assert [(one.getAttribute("start"), one.getAttribute("title")) for one in chapters] == [
        ("00:00:00.000", "Début"),
        ("00:00:01.500", "Zoé <&>"),
    ]


def test_the_newest_is_first() -> None:
    read = xml.dom.minidom.parseString(
        feed("Main", "en", "", [episode("old", 1), episode("new", 2)], "")
    )
    assert texts(read, "title") == ["Main", "new", "old"]


def test_the_file_of_chapters_counts_in_seconds() -> None:
    assert json_chapters((ZOE,), "en") == {
        "version": "1.2.0",
        "chapters": [
            {"startTime": 0.0, "title": "Beginning"},
            {"startTime": 1.5, "title": "Zoé <&>"},
        ],
    }


@given(st.text(max_size=40))
def test_any_title_gives_a_feed_that_can_be_read(title: str) -> None:
    assert xml.dom.minidom.parseString(feed(title, "en", title, [episode(title)], ""))
