"""The pure parts of the emulated machine: its first root, its cache, its packages, its programs."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated import updates
from parvis_firmware.emulation import apt, kernel, machine, tools, wheels_for
from parvis_firmware.emulation import given as brought
from parvis_firmware.emulation.cache import KEPT_OF_EACH, Cache, contents, key
from parvis_firmware.emulation.cpio import TRAILER, Member, archive, program
from parvis_firmware.errors import CheckFailed

NAMES = st.from_regex(r"[a-z]{1,6}(/[a-z]{1,6}){0,3}", fullmatch=True)


def read(packed: bytes) -> dict[str, tuple[int, bytes]]:
    """A reader of its own, from the format's description: mode and content by path."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        assert packed[at : at + 6] == b"070701" and at % 4 == 0
        fields = [int(packed[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = packed[at + 110 : at + 110 + length - 1].decode()
        begin = at + (110 + length + 3) // 4 * 4
        if name == TRAILER:
            return found
        assert name not in found
        found[name] = (mode, packed[begin : begin + size])
        at = (begin + size + 3) // 4 * 4


@given(st.dictionaries(NAMES, st.binary(max_size=9), max_size=5))
def test_a_kernel_finds_every_file_and_the_folders_above_it(files: dict[str, bytes]) -> None:
    below = {f"{path}.x": content for path, content in files.items()}
    found = read(archive(Member(path, content) for path, content in below.items()))
    assert {path: found[path][1] for path in below} == below
    for path in below:
        order = list(found)
        for above in list(Path(path).parents)[:-1]:
            assert stat.S_ISDIR(found[str(above)][0])
            assert order.index(str(above)) < order.index(path)


def test_programs_can_be_started_and_links_lead_somewhere() -> None:
    link = Member("a/link", b"../b", stat.S_IFLNK | 0o777)
    found = read(archive([program("init", b"#!"), link]))
    assert stat.S_IMODE(found["init"][0]) == 0o755
    assert stat.S_ISLNK(found["a/link"][0]) and found["a/link"][1] == b"../b"


def test_a_module_is_loaded_after_all_that_it_needs() -> None:
    needs = kernel.parse_needs(
        "k/ext4.ko: k/jbd2.ko k/crc16.ko\nk/jbd2.ko: k/crc16.ko\nk/crc16.ko:\n"
    )
    assert kernel.load_order(needs, ["ext4"]) == ["k/crc16.ko", "k/jbd2.ko", "k/ext4.ko"]
    compressed = {"k/virtio-pci.ko.xz": ()}
    assert kernel.load_order(compressed, ["virtio_pci"]) == ["k/virtio-pci.ko.xz"]
    with pytest.raises(CheckFailed, match="no module btrfs"):
        kernel.load_order(needs, ["btrfs"])


def test_apts_words_name_the_packages_files() -> None:
    said = "Reading lists...\n'http://x/a_1%3a2_arm64.deb' a_1%3a2_arm64.deb 12 SHA256:ab\n"
    assert apt.file_names(said) == ["a_1%3a2_arm64.deb"]


def test_what_was_not_made_whole_does_not_count(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with pytest.raises(RuntimeError), cache.making("base", "a") as draft:
        (draft / "half").touch()
        raise RuntimeError
    assert cache.find("base", "a") is None and list(tmp_path.iterdir()) == []
    with cache.making("base", "a") as draft:
        (draft / "whole").touch()
    found = cache.find("base", "a")
    assert found is not None and (found / "whole").exists()


def test_the_cache_keeps_the_newest_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for name in "abcd":
        with cache.making("image", name):
            pass
    assert len(list(tmp_path.glob("image-*"))) == KEPT_OF_EACH
    assert cache.find("image", "d") is not None


def test_a_key_follows_from_names_and_contents(tmp_path: Path) -> None:
    assert key("ab", "c") != key("a", "bc") and key(b"a") == key("a")
    (tmp_path / "x").write_bytes(b"1")
    (tmp_path / "y").write_bytes(b"2")
    before = contents(tmp_path.iterdir(), tmp_path)
    assert before == contents(reversed(sorted(tmp_path.iterdir())), tmp_path)
    (tmp_path / "x").rename(tmp_path / "z")
    assert contents(tmp_path.iterdir(), tmp_path) != before


def test_the_same_program_as_another_version(tmp_path: Path) -> None:
    wheel = tmp_path / "parvis-0.1.0-py3-none-any.whl"
    about = "Metadata-Version: 2.4\nName: parvis\nVersion: 0.1.0\n\nVersion: of the text\n"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("parvis_device/unit.py", "works")
        made.writestr("parvis-0.1.0.dist-info/METADATA", about)
    other = wheels_for.another(wheel, "9.2.0", tmp_path, updates.DEAF)
    assert other.name == "parvis-9.2.0-py3-none-any.whl"
    with zipfile.ZipFile(other) as read_back:
        assert read_back.read("parvis-9.2.0.dist-info/METADATA").decode() == about.replace(
            "Version: 0.1.0", "Version: 9.2.0"
        )
        assert read_back.read("parvis_device/unit.py") == updates.DEAF["parvis_device/unit.py"]
        assert len(read_back.namelist()) == 2


def test_a_machine_without_the_tools_is_told_each_with_its_package(tmp_path: Path) -> None:
    lacks = " ".join(tools.missing(str(tmp_path), sbin=""))
    assert "qemu-system-aarch64 (Debian: qemu-system-arm)" in lacks
    assert "dnsmasq (Debian: dnsmasq-base)" in lacks


def test_systemds_words_are_read() -> None:
    assert machine.said_of("MainPID=12\nNote=a=b\n\n") == {"MainPID": "12", "Note": "a=b"}


def test_what_is_brought_lies_below_run_and_is_started() -> None:
    found = {one.path: one for one in brought.members(b"speech")}
    wanted = found["systemd/system/sysinit.target.wants/emulation-shell.service"]
    assert stat.S_ISLNK(wanted.mode) and wanted.content == b"../emulation-shell.service"
    assert found["modules-load.d/emulation.conf"].content == b"snd-aloop\n"


def test_the_end_of_an_update_is_told_by_its_own_version() -> None:
    units = {"paired": [{"update": {"version": "9.1.0", "step": "done", "fault": None}}]}
    assert updates.told(units, "9.1.0") == ("done", None)
    assert updates.told(units, "9.2.0") is None
    assert updates.told({"paired": [{"update": None}]}, "9.1.0") is None
