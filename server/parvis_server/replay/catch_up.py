"""A recording that still goes on, for those who come late: its mix as far as it may be heard.

Theory of operation. The mix's pages are copied, byte for byte, as they come. A page during which
somebody's microphone was open who did not say yes to being published is copied as silence of the
same length, so numbers of pages and positions stay what they were, and everybody's time is one.
When somebody takes their yes back, the copy is made again from its beginning. What is copied was in
the mix before the tracks were read, so whoever is heard in it is among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parvis_audio.opus_packet import packet_duration_samples
from parvis_server.errors import BadRecording
from parvis_server.record.ogg_opus import OpusHead, read_pages
from parvis_server.record.ogg_page import Page
from parvis_server.record.recording import EVENTS, MIX, Track
from parvis_server.replay.index import INDEX, SoundFile, index_of
from parvis_server.replay.opened import Opened, ms_of, open_recording
from parvis_server.replay.overview import CATCH_UP
from parvis_server.replay.page_files import write_page
from parvis_server.replay.refusals import hidden_people, hidden_tracks
from parvis_server.replay.talker import silence
from parvis_server.replay.without import BEFORE_SAMPLES, TAIL_SAMPLES

HEAD_PAGES: Final = 2

MAX_STEP_BYTES: Final = 4_000_000
"""A quarter of an hour: after a restart, the rest comes in the next steps."""

OPUS_TYPE: Final = "audio/ogg; codecs=opus"

Spans = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class CatchUp:
    """The copy of one recording."""

    folder: Path
    """Of the recording."""
    _hidden: frozenset[str] | None = None
    _read_bytes: int = 0
    _samples: int = 0
    """Copied, pre-skip included."""
    _pre_skip: int = 0
    _pages: int = 0
    _told: tuple[int, int] = (-1, -1)

    @property
    def out(self) -> Path:
        """Where the copy lies, with its page."""
        return self.folder / CATCH_UP

    def begin(self, page: Path) -> None:
        """Make the folder; raises ``BadRecording``."""
        try:
            self.out.mkdir(exist_ok=True)
            for stale in (MIX, INDEX):
                (self.out / stale).unlink(missing_ok=True)
        except OSError as error:
            raise BadRecording(f"cannot write {self.out}: {error.strerror}") from error
        write_page(page, self.out)

    def step(self, refused: frozenset[str]) -> bool:
        """Copy what has come; whether there is more to copy at once.

        Args:
            refused: who said no to being published, or took their voice out, whatever their tracks
                say.

        Raises:
            BadRecording: it cannot be read or written.
        """
        known_bytes = self._mix_bytes()  # before the tracks are read
        opened = open_recording(self.folder)
        tracks = opened.description.tracks
        people = hidden_people(tracks, refused)
        if people != self._hidden:
            self._again(people)
        hidden = hidden_tracks(tracks, people)
        if opened.description.mix_clock is None:
            return False
        try:
            is_more = self._copy(opened, _spans(hidden), known_bytes)
        except OSError as error:
            raise BadRecording(f"cannot copy {self.folder / MIX}: {error.strerror}") from error
        self._tell(opened, hidden)
        return is_more

    def _again(self, hidden: frozenset[str]) -> None:
        """From the beginning: others may be heard now."""
        (self.out / MIX).unlink(missing_ok=True)
        self._hidden = hidden
        self._read_bytes = self._samples = self._pages = 0
        self._told = (-1, -1)

    def _mix_bytes(self) -> int:
        try:
            return (self.folder / MIX).stat().st_size
        except OSError:
            return 0

    def _copy(self, opened: Opened, spans: Spans, known_bytes: int) -> bool:
        """What is new of the first ``known_bytes`` of the mix."""
        path = self.folder / MIX
        if known_bytes <= self._read_bytes:
            return False
        with path.open("rb") as file:
            file.seek(self._read_bytes)
            content = file.read(min(MAX_STEP_BYTES, known_bytes - self._read_bytes))
        made, whole_bytes = [], 0
        for page, end in read_pages(content):
            made.append(self._copied(opened, page, spans))
            whole_bytes = end
        with (self.out / MIX).open("ab") as copy:
            copy.write(b"".join(made))
        self._read_bytes += whole_bytes
        return len(content) == MAX_STEP_BYTES

    def _copied(self, opened: Opened, page: Page, spans: Spans) -> bytes:
        self._pages += 1
        if self._pages <= HEAD_PAGES:
            if self._pages == 1:
                self._pre_skip = OpusHead.parse(page.packets[0]).pre_skip
            return page.serialize()
        first = opened.begin - self._pre_skip
        begin, end = first + self._samples, first + page.granule
        self._samples = page.granule
        if any(low < end and begin < high for low, high in spans):
            page = Page(page.serial, page.sequence, page.granule, tuple(_silent(page)), page.flags)
        return page.serialize()

    def _tell(self, opened: Opened, hidden: tuple[Track, ...]) -> None:
        """What the page shows, when it is another one."""
        path = self.folder / EVENTS
        log_bytes = path.stat().st_size if path.exists() else 0
        if (self._samples, log_bytes) == self._told or self._samples <= self._pre_skip:
            return
        self._told = (self._samples, log_bytes)
        length = self._samples - self._pre_skip
        end = opened.begin + length
        sound = SoundFile(url=MIX, type=OPUS_TYPE, bytes=(self.out / MIX).stat().st_size)
        index = index_of(
            opened.description,
            duration_ms=ms_of(length),
            sounds=(sound,),
            chapters=opened.chapters(end, hidden),
            marks=opened.marks(end, hidden),
        )
        draft = self.out / f"{INDEX}.new"
        try:
            draft.write_text(index.model_dump_json(), encoding="utf-8")
            draft.replace(self.out / INDEX)
        except OSError as error:
            raise BadRecording(f"cannot write {draft}: {error.strerror}") from error


def _spans(hidden: tuple[Track, ...]) -> Spans:
    """Room clocks between which nothing may be heard."""
    return tuple(
        (begin - BEFORE_SAMPLES, end + TAIL_SAMPLES) for begin, end in Opened.spans(hidden)
    )


def _silent(page: Page) -> Iterator[bytes]:
    for packet in page.packets:
        for one in silence(0, packet_duration_samples(packet)):
            yield one.payload
