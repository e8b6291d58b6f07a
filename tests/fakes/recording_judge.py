"""Judges what is on the disk of a recording: everything opens, and sound and log agree."""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av

from parvis_server.record.ogg_opus import read_packets, read_tail
from parvis_server.record.places import Places
from parvis_server.record.recording import Recording


@dataclass(frozen=True)
class Kept:
    """What is there of a recording."""

    recording: Recording
    folder: Path

    @property
    def mix_end(self) -> int:
        """Room clock at which the mix ends."""
        tail = read_tail((self.folder / "mix.opus").read_bytes())
        assert self.recording.mix_clock is not None
        return self.recording.mix_clock + tail.granule - tail.pre_skip

    @property
    def last_event(self) -> int:
        """Room clock of the last event."""
        lines = (self.folder / "events.jsonl").read_bytes().splitlines()
        clock = json.loads(lines[-1])["room_clock"]
        assert isinstance(clock, int)
        return clock

    def track_end(self, number: int) -> int:
        """Room clock at which a track's sound ends, by its places."""
        track = self.recording.tracks[number]
        content = (self.folder / track.file).read_bytes()
        tail = read_tail(content)
        first = int(tail.tags["PARVIS_TIMESTAMP"])
        places = Places.parse((self.folder / track.places).read_bytes())
        sounding = [one for one in places.positions(first) if one[1] is not None]
        clock, position, _ = sounding[-1]
        assert position is not None
        return clock + tail.granule - position


def opened(folder: Path) -> Kept:
    """Open everything of a recording with our reader and with libav."""
    recording = Recording.parse((folder / "recording.json").read_bytes())
    names = ["mix.opus", *(track.file for track in recording.tracks)]
    on_disk = {str(path.relative_to(folder)) for path in folder.rglob("*.opus")}
    assert on_disk == set(names)
    for name in names:
        content = (folder / name).read_bytes()
        tail = read_tail(content)
        assert tail.whole_bytes == len(content), f"{name} is torn"
        with av.open(str(folder / name), "r") as container:
            played = sum(frame.samples for frame in container.decode(audio=0))
        assert played == tail.granule - tail.pre_skip
        begins = [begin for begin, _ in read_packets(content)]
        assert all(before < after for before, after in pairwise(begins))
    return Kept(recording, folder)
