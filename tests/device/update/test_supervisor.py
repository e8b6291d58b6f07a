"""An update from its arrival to its end, with the power cut at every moment of it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from fakes.bundles import Box, Maker, wheel
from fakes.platter import PowerCut
from parvis_device.update.lifecycle import MAX_STARTS, State
from parvis_device.update.record import Record, read_record
from parvis_device.update.supervisor import Supervisor
from parvis_wire.update import UpdateFault, UpdateStep

OVERLAID = {
    "wheels/parvis-2.0.0-py3-none-any.whl": wheel("2.0.0"),
    "overlay/etc/asound.conf": b"new",
    "overlay/etc/parvis/unit.toml": b"new",
    "overlay/etc/new.conf": b"new",
    "overlay/etc/new.d/new.conf": b"new",
}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    (made.root / "etc/parvis").mkdir(parents=True)
    (made.root / "etc/asound.conf").write_text("old")
    (made.root / "etc/parvis/unit.toml").write_text("the host's")
    return made


def staged(box: Box, content: bytes) -> Supervisor:
    supervisor = box.start()
    box.quiet = box.arrive(content)
    supervisor.look()
    return supervisor


def state(supervisor: Supervisor) -> State:
    return supervisor.record.state


def lies(box: Box, path: str) -> str | None:
    place = box.root / path
    return place.read_text() if place.exists() else None


def test_an_update_is_tried_and_kept(box: Box) -> None:
    supervisor = staged(box, box.maker.bundle(OVERLAID))
    assert state(supervisor) is State.STAGED
    assert box.running == "1.0.0"
    box.run(supervisor, 14)
    assert state(supervisor) is State.TRIAL
    assert box.running.startswith("2.0.0-")
    assert box.restarts == 1
    assert lies(box, "etc/asound.conf") == "new"
    assert lies(box, "etc/parvis/unit.toml") == "the host's", "settings stay the host's"
    box.run(supervisor, 14)
    record = supervisor.record
    assert record.state is State.IDLE
    assert record.last is not None
    assert (record.last.step, record.last.version) == (UpdateStep.DONE, "2.0.0")
    assert box.places.led_to(box.places.good) == box.running
    assert not box.places.bundle.exists()
    assert record.floor == "1.0.0"
    program = box.places.program(box.running)
    assert (program / "bin/parvis-unit").stat().st_mode & 0o111


def test_it_waits_while_a_room_is_in_use(box: Box) -> None:
    supervisor = staged(box, box.maker.bundle())
    box.quiet = None
    box.run(supervisor, 60)
    assert state(supervisor) is State.STAGED
    box.quiet = supervisor.record.sha256
    box.silent.add("1.0.0")
    box.run(supervisor, 60)
    assert state(supervisor) is State.STAGED, "what runs is not well: nobody could compare"
    box.silent.clear()
    box.run(supervisor, 14)
    assert state(supervisor) is State.TRIAL


def test_a_yes_of_seconds_ago_counts_no_more(box: Box) -> None:
    """A room may have opened since."""
    supervisor = staged(box, box.maker.bundle())
    box.pulse_age_s = 4.0
    box.run(supervisor, 60)
    assert state(supervisor) is State.STAGED
    box.pulse_age_s = 1.0
    box.run(supervisor, 14)
    assert state(supervisor) is State.TRIAL


def test_one_that_is_silent_is_taken_back(box: Box) -> None:
    box.silent.add("2.0.0")
    supervisor = staged(box, box.maker.bundle(OVERLAID))
    box.run(supervisor, 14)
    assert box.running.startswith("2.0.0-")
    box.run(supervisor, 200)
    record = supervisor.record
    assert box.running == "1.0.0"
    assert box.restarts == 2
    assert record.last is not None
    assert (record.last.step, record.last.fault) == (UpdateStep.UNDONE, UpdateFault.SILENT)
    assert lies(box, "etc/asound.conf") == "old"
    assert lies(box, "etc/new.conf") is None
    again = box.start()
    assert [folder.name for folder in box.places.versions.iterdir()] == ["1.0.0"]
    assert again.record.last == record.last


def test_one_that_pulls_the_unit_down_is_taken_back(box: Box) -> None:
    supervisor = staged(box, box.maker.bundle())
    box.run(supervisor, 14)
    for _ in range(MAX_STARTS - 1):
        assert box.start().record.state is State.TRIAL
    undone = box.start()
    assert box.running == "1.0.0"
    assert undone.record.last is not None
    assert undone.record.last.fault is UpdateFault.CUT_SHORT


def refused(box: Box, content: bytes) -> UpdateFault | None:
    supervisor = staged(box, content)
    box.run(supervisor, 30)
    assert box.running == "1.0.0"
    assert box.restarts == 0
    assert state(supervisor) is State.IDLE
    assert not box.places.bundle.exists()
    assert [folder.name for folder in box.places.versions.iterdir()] == ["1.0.0"]
    last = supervisor.record.last
    assert last is not None
    assert last.step is UpdateStep.REFUSED
    return last.fault


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"machine": "x86_64"}, UpdateFault.OTHER_MACHINE),
        ({"python": "cpython-311"}, UpdateFault.OTHER_MACHINE),
        ({"built": "2020-01-01", "support_until": "2026-11-22"}, UpdateFault.SUPPORT_ENDED),
        ({"unpacked_bytes": 10}, UpdateFault.UNREADABLE),
    ],
)
def test_what_does_not_fit_is_refused(
    box: Box, changes: dict[str, Any], fault: UpdateFault
) -> None:
    assert refused(box, box.maker.bundle(**changes)) is fault


def test_somebody_elses_bundle_is_refused(box: Box) -> None:
    assert refused(box, Maker().bundle()) is UpdateFault.TAMPERED


def test_a_key_that_is_pinned_while_the_updater_runs_counts(box: Box) -> None:
    box.pin(None)
    supervisor = box.start()
    box.pin(box.maker.public)
    box.quiet = box.arrive(box.maker.bundle())
    supervisor.look()
    assert state(supervisor) is State.STAGED
    other = Maker()
    record = read_record(box.places.record.read_bytes())
    box.places.record.write_bytes(record.model_copy(update={"key": other.public}).written())
    box.run(supervisor, 40)
    assert box.running == "1.0.0", "whose key was taken away installs nothing any more"
    installed(box, other.bundle(version="2.1.0"))
    assert box.running.startswith("2.1.0-")


def test_without_a_pinned_key_none_is_taken(box: Box) -> None:
    box.pin(None)
    assert refused(box, box.maker.bundle()) is UpdateFault.NO_KEY


def test_every_byte_that_is_changed_is_seen(box: Box) -> None:
    content = box.maker.bundle()
    places = [*range(0, len(content), 97), len(content) - 1]
    for at in places:
        changed = bytearray(content)
        changed[at] ^= 1
        assert refused(box, bytes(changed)) is not None, f"byte {at}"


def test_a_bundle_that_ends_anywhere_is_refused(box: Box) -> None:
    content = box.maker.bundle()
    for length in [*range(0, len(content), 61), len(content) - 1]:
        fault = refused(box, content[:length])
        assert fault in (UpdateFault.CUT_OFF, UpdateFault.UNREADABLE), f"{length} bytes"


def test_what_follows_the_last_file_is_seen(box: Box) -> None:
    assert refused(box, box.maker.bundle() + b"x") is UpdateFault.TAMPERED


def test_a_full_card_is_told(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    supervisor = box.start()
    box.disk.free = 20 << 20
    box.arrive(box.maker.bundle())
    supervisor.look()
    assert supervisor.record.last is not None
    assert supervisor.record.last.fault is UpdateFault.CARD_FULL
    assert "the card has 20 MB left, and this update needs 32 MB" in caplog.text


def test_a_program_that_does_not_start_is_not_tried(box: Box) -> None:
    box.broken.add("2.0.0")
    assert refused(box, box.maker.bundle()) is UpdateFault.DOES_NOT_START


def test_a_program_of_another_version_than_it_says(box: Box) -> None:
    files = {"wheels/parvis-2.0.0-py3-none-any.whl": wheel("1.9.0")}
    assert refused(box, box.maker.bundle(files)) is UpdateFault.DOES_NOT_START


def installed(box: Box, content: bytes) -> Supervisor:
    supervisor = staged(box, content)
    box.run(supervisor, 40)
    return supervisor


def test_below_the_floor_nothing_comes_back(box: Box) -> None:
    installed(box, box.maker.bundle(floor="1.5.0"))
    supervisor = installed(box, box.maker.bundle(version="1.4.9"))
    assert supervisor.record.last is not None
    assert supervisor.record.last.fault is UpdateFault.TOO_OLD
    installed(box, box.maker.bundle(version="1.5.0"))
    assert box.running.startswith("1.5.0-"), "above the floor, an older one may be had"


def test_older_bundles_one_after_the_other_do_not_lead_below_the_floor(box: Box) -> None:
    installed(box, box.maker.bundle(floor="1.5.0"))
    older = installed(box, box.maker.bundle(version="1.5.0", floor="1.0.0", built="2020-01-01"))
    assert box.running.startswith("1.5.0-")
    assert older.record.floor == "1.5.0"
    assert str(older.record.built) != "2020-01-01", "no clock is right that says an earlier day"
    oldest = installed(box, box.maker.bundle(version="1.2.0", floor="1.0.0"))
    assert oldest.record.last is not None
    assert oldest.record.last.fault is UpdateFault.TOO_OLD


def test_a_floor_is_not_raised_by_what_was_taken_back(box: Box) -> None:
    box.silent.add("2.0.0")
    supervisor = staged(box, box.maker.bundle(floor="2.0.0"))
    box.run(supervisor, 220)
    assert supervisor.record.floor == "0.0"


def test_another_key_counts_once_a_bundle_of_the_old_one_was_kept(box: Box) -> None:
    new = Maker()
    installed(box, box.maker.bundle(next_key=new.public))
    old_key = installed(box, box.maker.bundle(version="2.1.0"))
    assert old_key.record.last is not None
    assert old_key.record.last.fault is UpdateFault.TAMPERED
    installed(box, new.bundle(version="2.2.0"))
    assert box.running.startswith("2.2.0-")


def test_a_key_is_not_changed_by_what_was_taken_back(box: Box) -> None:
    box.silent.add("2.0.0")
    supervisor = staged(box, box.maker.bundle(next_key=Maker().public))
    box.run(supervisor, 220)
    assert supervisor.record.key == box.maker.public


def test_a_clock_at_1970_is_not_believed(box: Box) -> None:
    box.day = datetime.date(1970, 1, 1)
    installed(box, box.maker.bundle())
    assert box.running.startswith("2.0.0-"), "support ends later than in 1970, anyway"
    ended = box.maker.bundle(version="2.1.0", built="2020-01-01", support_until="2026-11-01")
    supervisor = installed(box, ended)
    assert supervisor.record.last is not None
    assert supervisor.record.last.fault is UpdateFault.SUPPORT_ENDED, "what runs is younger"


def test_another_bundle_takes_the_place_of_one_that_waits(box: Box) -> None:
    supervisor = staged(box, box.maker.bundle())
    first = supervisor.record.folder
    box.arrive(box.maker.bundle(version="2.1.0"))
    supervisor.look()
    assert supervisor.record.version == "2.1.0"
    assert not box.places.program(first or "").exists()


def test_links_that_lead_nowhere_take_no_program_with_them(box: Box) -> None:
    """A card that lost both links: the unit comes back with a program that starts, by itself."""
    installed(box, box.maker.bundle())
    kept = box.running
    half = box.places.program("9.9.9-00000000")
    half.mkdir()
    for link in (box.places.current, box.places.good):
        link.unlink()
        link.symlink_to("versions/gone")
    for _ in range(2):
        box.start()
        there = {folder.name for folder in box.places.versions.iterdir()}
        assert there == {kept, "1.0.0", half.name}, "nothing was removed"
    assert box.running == kept, "the highest that is whole and says its version"
    assert box.places.led_to(box.places.good) == kept
    installed(box, box.maker.bundle(version="2.1.0"))
    assert not half.exists(), "once another one is kept, the card is swept again"


def test_without_any_whole_program_nothing_is_removed(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    box.broken.add("2.0.0")
    (box.places.program("1.0.0") / "bin/parvis-unit").unlink()
    box.places.current.unlink()
    box.start()
    assert box.running == "nothing"
    assert [folder.name for folder in box.places.versions.iterdir()] == ["1.0.0"]
    assert "no program on this card is whole" in caplog.text


def test_a_program_that_was_not_tried_is_the_last_choice(box: Box) -> None:
    staged(box, box.maker.bundle())
    box.places.current.unlink()
    box.places.good.unlink()
    supervisor = box.start()
    assert box.running == "1.0.0"
    assert state(supervisor) is State.STAGED


def test_what_was_kept_runs_where_only_the_other_link_is_broken(box: Box) -> None:
    installed(box, box.maker.bundle())
    kept = box.running
    box.places.current.unlink()
    box.places.current.symlink_to("versions/gone")
    box.start()
    assert box.running == kept


def test_a_lost_link_to_what_was_kept_does_not_keep_what_is_tried(box: Box) -> None:
    supervisor = staged(box, box.maker.bundle())
    box.run(supervisor, 14)
    box.places.good.unlink()
    again = box.start()
    assert state(again) is State.TRIAL
    assert box.places.led_to(box.places.good) == "1.0.0"


STEPS = 60
"""Writes, renames, removals and waits of an update; the test after the next one holds it."""


@pytest.mark.parametrize("lossy", [False, True], ids=["kept", "lossy"])
@pytest.mark.parametrize("silent", [False, True], ids=["good", "silent"])
@pytest.mark.parametrize("cut_at", range(STEPS))
def test_a_power_cut_leaves_the_old_or_the_new(
    box: Box, cut_at: int, silent: bool, lossy: bool
) -> None:
    """Whatever the moment: something whole runs, and the update ends by itself. With a card that
    keeps everything that was written, and with one that keeps what was waited for."""
    if silent:
        box.silent.add("2.0.0")
    box.quiet = box.arrive(box.maker.bundle(OVERLAID))
    try:
        box.run(box.start(cut_at, lossy=lossy), 220)
    except PowerCut:
        program = box.places.program(box.running)
        assert program.is_dir(), "what is started next is whole"
        assert (program / "site").is_dir()
        read_record(box.places.record.read_bytes())
    supervisor = box.start()
    box.quiet = box.quiet if supervisor.record.sha256 is None else supervisor.record.sha256
    box.run(supervisor, 240)
    assert state(supervisor) is State.IDLE
    last = supervisor.record.last
    assert last is not None
    if silent:
        assert (last.step, box.running) == (UpdateStep.UNDONE, "1.0.0")
        assert lies(box, "etc/asound.conf") == "old"
        assert lies(box, "etc/new.conf") is None
        assert lies(box, "etc/new.d/new.conf") is None
    else:
        assert last.step is UpdateStep.DONE
        assert box.running.startswith("2.0.0-")
        assert lies(box, "etc/asound.conf") == "new"
        assert lies(box, "etc/new.d/new.conf") == "new"
    assert (box.places.program(box.running) / "site").is_dir()


@pytest.mark.parametrize("silent", [False, True], ids=["good", "silent"])
def test_the_proof_above_cuts_through_the_whole_update(box: Box, silent: bool) -> None:
    if silent:
        box.silent.add("2.0.0")
    box.quiet = box.arrive(box.maker.bundle(OVERLAID))
    box.run(box.start(), 220)
    assert STEPS - 16 < box.disk.done < STEPS


def test_the_first_record_is_empty() -> None:
    assert read_record(None) == Record()
