"""The recorder's core with real files: what a room's evening leaves on the disk."""

import json
from pathlib import Path

import pytest

from fakes.recorder import MIX_SSRC, MS, TICK, Bench, FakeHub, payload, recording, talker
from parvis_server.record.disk import DiskUse
from parvis_server.record.mend import mend
from parvis_server.record.messages import End, Retention, Sound, SoundPacket, Tapped, Voices
from parvis_server.record.ogg_opus import read_packets, read_tail
from parvis_server.record.places import Places
from parvis_server.record.recording import Recording
from parvis_server.record.take import MIX_PRE_SKIP
from parvis_server.replay.opened import open_recording


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "recordings")


def folder(bench: Bench) -> Path:
    return bench.files.folder / recording().folder


def described(bench: Bench) -> Recording:
    return Recording.parse((folder(bench) / "recording.json").read_bytes())


def file(bench: Bench, name: str) -> bytes:
    return (folder(bench) / name).read_bytes()


def test_an_evening_leaves_every_packet_in_its_place(bench: Bench) -> None:
    hub = FakeHub(begun_clock=96_000)
    bench.tell(*hub.begin())
    bench.run(hub, 300)
    bench.tell(hub.end())
    kept = described(bench)
    assert kept.ended_clock == 96_000 + 300 * TICK
    assert kept.ended_utc_ms == kept.begun_utc_ms + 3000
    assert kept.mix_clock == 96_000 + MIX_PRE_SKIP
    assert [track.talker.ssrc for track in kept.tracks] == [1, 2]
    for track in kept.tracks:
        ssrc = track.talker.ssrc
        content = file(bench, track.file)
        first = int(read_tail(content).tags["PARVIS_TIMESTAMP"])
        assert first == 96_000 + 500 * ssrc
        expected = [(TICK * n, payload(ssrc, 200 + n)) for n in range(300)]
        assert list(read_packets(content)) == expected
        assert (track.begun_clock, track.ended_clock) == (96_000, kept.ended_clock)
        places = list(Places.parse(file(bench, track.places)).positions(first))
        assert places[0] == (96_000, 0, 1.0)
        assert places[-1] == (kept.ended_clock, None, 0.0)
    assert len(list(read_packets(file(bench, "mix.opus")))) == 150
    lines = file(bench, "events.jsonl").splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, 31))
    assert bench.core.report(bench.now_ns).faults == ()
    assert not list(folder(bench).rglob("*.new"))


def test_no_track_has_a_name_in_it(bench: Bench) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    bench.run(hub, 100)
    bench.tell(hub.end())
    for path in folder(bench).rglob("*.opus"):
        assert b"Person" not in path.read_bytes()


def test_whoever_is_not_named_is_in_no_file(bench: Bench) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    bench.run(hub, 20)
    secret = payload(99, 0)
    bench.tell(Sound(1, (SoundPacket(99, 0, secret),)))
    bench.tell(Voices(number=1, room_clock=hub.clock, talkers=(talker(1),)))
    after = payload(2, 77)
    bench.tell(Sound(1, (SoundPacket(2, hub.clock + 1000, after),)))
    bench.run(FakeHubOf(hub, (1,)), 100)
    bench.tell(hub.end())
    for path in folder(bench).rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()
            assert after not in path.read_bytes()


def FakeHubOf(hub: FakeHub, sources: tuple[int, ...]) -> FakeHub:
    """The same room with other voices."""
    hub.sources = sources
    return hub


def test_each_stretch_is_a_file_of_its_own(bench: Bench) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    for sources in ((1, 2), (2,), (1, 2)):
        hub.sources = sources
        bench.tell(hub.voices())
        bench.run(hub, 100)
    bench.tell(hub.end())
    tracks = described(bench).tracks
    assert [(t.talker.ssrc, t.begun_clock, t.ended_clock) for t in tracks] == [
        (1, 0, 100 * TICK),
        (2, 0, 300 * TICK),
        (1, 200 * TICK, 300 * TICK),
    ]
    assert [t.file for t in tracks] == [f"tracks/000{n}.opus" for n in (1, 2, 3)]


def test_the_shortest_time_that_was_said_is_how_long_it_is_kept(bench: Bench) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    assert described(bench).retention_days == 30
    for days, kept_days in ((90, 30), (7, 7), (30, 7)):
        bench.tell(Retention(number=1, days=days))
        assert described(bench).retention_days == kept_days, "written down at once"


@pytest.mark.parametrize(("said_again", "kept_days"), [(7, 7), (90, 30)])
def test_a_recorder_that_goes_on_keeps_it_for_the_shorter_time(
    said_again: int, kept_days: int, bench: Bench
) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    bench.run(hub, 100)
    hub.begun = hub.begun.model_copy(update={"retention_days": said_again})
    bench = Bench(bench.files.folder)
    bench.tell(*hub.begin())
    assert described(bench).retention_days == kept_days


def test_a_source_that_never_sent_has_no_track(bench: Bench) -> None:
    hub = FakeHub(sources=())
    bench.tell(*hub.begin())
    bench.tell(Voices(number=1, room_clock=0, talkers=(talker(5),)))
    bench.run(hub, 60)
    bench.tell(hub.end())
    assert described(bench).tracks == ()
    assert not (folder(bench) / "tracks").exists()


def _put(bench: Bench, *numbers: int, samples: int = TICK) -> None:
    packets = tuple(SoundPacket(1, number * samples, payload(1, number)) for number in numbers)
    bench.tell(Sound(1, packets))


def _sound_of(bench: Bench, name: str = "tracks/0001.opus") -> list[tuple[int, bytes]]:
    bench.tell(End(number=1, room_clock=48_000, utc_ms=1_795_000_000_000))
    return list(read_packets(file(bench, name)))


def _alone(bench: Bench) -> None:
    bench.tell(*FakeHub(sources=(1,)).begin())


def test_packets_that_overtook_each_other_are_put_in_order(bench: Bench) -> None:
    _alone(bench)
    _put(bench, 0, 2, 1, 4, 3, 5)
    assert _sound_of(bench) == [(TICK * n, payload(1, n)) for n in range(6)]
    assert bench.core.counts.lost_samples == 0


def test_a_lost_packet_leaves_its_place(bench: Bench) -> None:
    _alone(bench)
    _put(bench, 0, 1, 4, 5)
    sound = _sound_of(bench)
    assert [(at, one) for at, one in sound if len(one) > 2] == [
        (TICK * n, payload(1, n)) for n in (0, 1, 4, 5)
    ]
    assert bench.core.counts.lost_samples == 2 * TICK


def test_a_packet_waits_for_others_no_longer_than_250_ms(bench: Bench) -> None:
    _alone(bench)
    _put(bench, 0, 2, 3)
    bench.files.carry_out(bench.core.tick(0))
    bench.now_ns = 300 * MS
    bench.files.carry_out(
        bench.core.handle(Sound(1, (SoundPacket(1, 4 * TICK, payload(1, 4)),)), bench.now_ns)
    )
    _put(bench, 1)
    assert [len(one) for _, one in _sound_of(bench)] == [80, 1, 80, 80, 80]
    assert bench.core.counts.late == 1


def test_a_packet_that_comes_twice_is_there_once(bench: Bench) -> None:
    _alone(bench)
    _put(bench, 0, 1, 1, 2, 4, 4, 3)
    assert _sound_of(bench) == [(TICK * n, payload(1, n)) for n in range(5)]


@pytest.mark.parametrize("jump", [600_000, -600_000, 481, 2**31])
def test_a_source_whose_clock_jumps_goes_on_in_another_file(bench: Bench, jump: int) -> None:
    _alone(bench)
    _put(bench, 0, 1)
    begin = (2 * TICK + jump) % 2**32
    bench.tell(Sound(1, (SoundPacket(1, begin, payload(1, 2)),)))
    assert _sound_of(bench, "tracks/0002.opus") == [(0, payload(1, 2))]
    assert len(described(bench).tracks) == 2


def test_a_source_that_jumps_with_every_packet_does_not_fill_the_folder(bench: Bench) -> None:
    _alone(bench)
    for number in range(200):
        bench.tell(Sound(1, (SoundPacket(1, number * 1_000_001 % 2**32, payload(1, number)),)))
    assert len(described(bench).tracks) <= 2


def test_what_is_no_opus_is_counted_and_dropped(bench: Bench) -> None:
    _alone(bench)
    bench.tell(Sound(1, (SoundPacket(1, 0, b"\xff"),)))
    _put(bench, 1)
    bench.tell(Tapped(1, b"\x0anonsense"))
    assert _sound_of(bench) == [(0, payload(1, 1))]
    assert bench.core.counts.bad == 2


def test_the_mix_keeps_time_over_a_minute_without_an_engine(bench: Bench) -> None:
    hub = FakeHub(sources=())
    bench.tell(*hub.begin())
    bench.run(hub, 100)
    hub.clock += 60 * 48_000
    bench.run(hub, 100)
    bench.tell(hub.end())
    assert read_tail(file(bench, "mix.opus")).granule == 62 * 48_000


def test_a_new_recorder_goes_on_where_the_old_one_was_killed(tmp_path: Path) -> None:
    hub = FakeHub()
    first = Bench(tmp_path)
    first.tell(*hub.begin())
    first.run(hub, 230)
    hub.clock += 24_000
    second = Bench(tmp_path)
    second.tell(*hub.begin())
    assert described(second).ended_clock is None
    second.run(hub, 200)
    second.tell(hub.end())
    kept = described(second)
    assert len(kept.tracks) == 4
    assert kept.ended_clock == hub.clock
    [gap] = kept.gaps
    assert gap.end_clock - gap.begin_clock == pytest.approx(24_000 + 30 * TICK, abs=TICK * 25)
    mix = file(second, "mix.opus")
    assert read_tail(mix).granule == hub.clock
    assert read_tail(mix).is_ended
    sequence = list(read_packets(mix))
    assert sequence[-1] == (hub.clock - 960, payload(MIX_SSRC, hub.clock // TICK - 2, toc=b"\xf8"))


def test_of_a_recorder_that_is_killed_again_and_again_every_gap_is_known(tmp_path: Path) -> None:
    hub = FakeHub(sources=())
    for _ in range(4):
        bench = Bench(tmp_path)
        bench.tell(*hub.begin())
        bench.run(hub, 230)
        hub.clock += 24_000
    assert len(described(bench).gaps) == 3


@pytest.mark.parametrize("torn", ["tracks/0001.opus", "tracks/0001.places"])
def test_a_voice_that_only_the_mix_has_left_is_still_known(bench: Bench, torn: str) -> None:
    hub = FakeHub(sources=(1,))
    bench.tell(*hub.begin())
    bench.run(hub, 230)
    (folder(bench) / torn).unlink()
    mend(folder(bench))
    [track] = described(bench).tracks
    mix = read_tail(file(bench, "mix.opus"))
    mix_end = mix.granule  # its first sample is the room clock's, less its pre-skip
    assert (track.begun_clock, track.ended_clock) == (0, mix_end)
    kept = open_recording(folder(bench)).track(track)
    assert (kept.begin, kept.end) == (0, mix_end)
    assert not kept.sound.read(0, TICK).any()
    assert mend(folder(bench)) is not None, "twice is once"
    assert described(bench).tracks == (track,)


def test_a_voice_that_no_file_has_is_not_kept(bench: Bench) -> None:
    hub = FakeHub(sources=())
    bench.tell(*hub.begin())
    bench.run(hub, 230)
    hub.sources = (1,)
    bench.tell(hub.voices())
    bench.tell(*hub.tick())
    mend(folder(bench))
    assert described(bench).tracks == ()


def test_an_open_voice_ends_with_the_mix_that_has_it(bench: Bench) -> None:
    hub = FakeHub(sources=(1,))
    bench.tell(*hub.begin())
    bench.run(hub, 230)
    for suffix, left in ((".opus", -1), (".places", 40)):
        path = (folder(bench) / "tracks/0001").with_suffix(suffix)
        path.write_bytes(path.read_bytes()[:left])
    mend(folder(bench))
    [track] = described(bench).tracks
    assert track.ended_clock is not None
    assert track.ended_clock >= read_tail(file(bench, "mix.opus")).granule


def test_a_voice_is_written_before_the_mix_that_has_it(bench: Bench) -> None:
    hub = FakeHub(sources=(1,))
    bench.tell(*hub.begin(), *hub.tick())
    written = [effect.path for effect in bench.core.takes[0].write(0)]
    names = [path.rsplit("/", 1)[1] for path in written if path.endswith(".opus")]
    assert names == ["0001.opus", "mix.opus"]


def test_a_recording_that_is_over_is_not_gone_on_with(bench: Bench) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    bench.run(hub, 100)
    bench.tell(hub.end())
    before = file(bench, "mix.opus")
    bench.tell(*hub.begin())
    bench.run(hub, 100)
    assert [fault.over for fault in bench.core.report(bench.now_ns).faults] == [True]
    assert file(bench, "mix.opus") == before


def test_saying_it_again_changes_nothing(bench: Bench) -> None:
    hub = FakeHub()
    for _ in range(3):
        bench.tell(*hub.begin())
        bench.run(hub, 50)
    bench.tell(hub.end())
    assert len(described(bench).tracks) == 2
    assert described(bench).gaps == ()


def test_a_full_disk_ends_the_recording_in_good_order_and_says_so(bench: Bench) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    bench.run(hub, 100)
    bench.files.carry_out(bench.core.disk(DiskUse(10 << 30, 0), bench.now_ns, 5))
    assert bench.core.report(bench.now_ns).faults == ()
    bench.files.carry_out(bench.core.disk(DiskUse(1000, 0), bench.now_ns, 5))
    [fault] = bench.core.report(bench.now_ns).faults
    assert fault.over and "full" in fault.text
    assert described(bench).ended_clock == 99 * TICK
    assert read_tail(file(bench, "mix.opus")).is_ended
    bench.tell(hub.end())
    assert bench.core.report(bench.now_ns).faults == ()


def test_nothing_begins_over_the_budget(tmp_path: Path) -> None:
    bench = Bench(tmp_path, budget_bytes=1000)
    bench.files.carry_out(bench.core.disk(DiskUse(10 << 30, 1001), 0, 0))
    bench.tell(*FakeHub().begin())
    [fault] = bench.core.report(0).faults
    assert fault.over
    assert not folder(bench).exists()


def test_a_low_disk_is_told_with_the_minutes_that_are_left(bench: Bench) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    bench.run(hub, 1000)
    bench.files.carry_out(bench.core.disk(DiskUse((256 << 20) + 24_000_000, 0), bench.now_ns, 0))
    report = bench.core.report(bench.now_ns)
    assert report.is_low
    assert report.minutes_left == pytest.approx(10, abs=0.1)


def test_a_disk_that_refuses_for_a_moment_costs_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FakeHub()
    bench.tell(*hub.begin())
    bench.run(hub, 100)
    blocked = folder(bench)
    blocked.rename(blocked.with_suffix(".away"))
    bench.files._files.clear()
    blocked.write_bytes(b"in the way")
    bench.run(hub, 100)
    bench.core.stuck(bench.files.faults.items())
    [fault] = bench.core.report(bench.now_ns).faults
    assert not fault.over and "cannot write" in fault.text
    blocked.unlink()
    blocked.with_suffix(".away").rename(blocked)
    bench.run(hub, 100)
    bench.core.stuck(bench.files.faults.items())
    assert bench.core.report(bench.now_ns).faults == ()
    bench.tell(hub.end())
    assert [len(list(read_packets(file(bench, t.file)))) for t in described(bench).tracks] == [
        300,
        300,
    ]


def test_a_folder_without_a_description_is_nothing(tmp_path: Path) -> None:
    assert mend(tmp_path) is None
