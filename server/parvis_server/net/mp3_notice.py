"""What a plain player is told of a room: its title, and that it is being recorded. Pure.

A player of its own shows no page. It gets ICY headers, which most of them show, and hears the
sentence first (``spoken_notice``), where the hub has a voice.
"""

from collections.abc import Mapping

from parvis_wire.floor import About
from parvis_wire.recording import Recording

MAX_HEADER_CHARACTERS = 1000


def shown(about: About, recording: Recording | None) -> Mapping[str, str]:
    """ICY headers of a room's plain stream; other signs than Latin-1's cannot stand in one."""
    headers = {"icy-name": _plain(about.title), "icy-pub": "0"}
    if recording is not None:
        notice = recording.notice
        words = notice.fr if about.language == "fr" else notice.en
        headers["icy-description"] = _plain(words.hearing)
    return headers


def _plain(text: str) -> str:
    one_line = " ".join(text.replace("\u2019", "'").split())[:MAX_HEADER_CHARACTERS]
    return one_line.encode("latin-1", "replace").decode("latin-1")
