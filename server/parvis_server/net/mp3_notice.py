"""What a plain player is told of a room: its title, and that it is being recorded.

A player of its own shows no page. It gets ICY headers, which most of them show, and where there is
a voice it hears the sentence before any sound of the room. Each sentence is made once, and kept as
long as it is among the newest.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from parvis_server.errors import ReadingFailed
from parvis_server.net.mp3 import encode_sound
from parvis_server.net.reading import ReadingVoice
from parvis_wire.floor import About
from parvis_wire.recording import NoticeWords, Recording

log = logging.getLogger(__name__)

MAX_HEADER_CHARACTERS = 1000

MAX_KEPT: Final = 16
"""Sentences as sound, some 150 kB each."""


def shown(about: About, recording: Recording | None) -> Mapping[str, str]:
    """ICY headers of a room's plain stream; other signs than Latin-1's cannot stand in one."""
    headers = {"icy-name": _plain(about.title), "icy-pub": "0"}
    if recording is not None:
        headers["icy-description"] = _plain(_words(about, recording).hearing)
    return headers


def _words(about: About, recording: Recording) -> NoticeWords:
    return recording.notice.fr if about.language == "fr" else recording.notice.en


def _plain(text: str) -> str:
    one_line = " ".join(text.replace("\u2019", "'").split())[:MAX_HEADER_CHARACTERS]
    return one_line.encode("latin-1", "replace").decode("latin-1")


class SpokenNotices:
    """The sentences that players hear first."""

    def __init__(self, voice: ReadingVoice) -> None:
        """``voice``: who says them; where it is not installed nobody does."""
        self._voice = voice
        self._made: OrderedDict[tuple[str, str], asyncio.Task[bytes]] = OrderedDict()

    async def of(self, about: About, recording: Recording | None) -> bytes:
        """The sentence as MP3; nothing where the room is not recorded, or nobody can say it."""
        if recording is None or not self._voice.is_installed:
            return b""
        language = "fr" if about.language == "fr" else "en"
        wanted = (_words(about, recording).hearing, language)
        making = self._made.get(wanted)
        if making is None:
            making = self._made[wanted] = asyncio.ensure_future(self._say(*wanted))
            while len(self._made) > MAX_KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(wanted)
        try:
            return await asyncio.shield(making)  # a player that goes takes it from nobody else
        except ReadingFailed as error:
            self._made.pop(wanted, None)
            log.warning("players hear nothing of the recording, they are shown it: %s", error)
            return b""

    async def _say(self, text: str, language: str) -> bytes:
        return await asyncio.to_thread(encode_sound, await self._voice.say(text, language))
