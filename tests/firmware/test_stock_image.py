"""A stock card's image gets our files on its boot partition, without being mounted."""

import lzma
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_firmware import __main__
from parvis_firmware.errors import UsageError
from parvis_firmware.partitions import Partition, boot_partition

START, SECTORS = 2048, 8192


def table(*entries: tuple[int, int, int]) -> bytes:
    """The first sector of a card: type, first sector and number of sectors of each partition."""
    sector = bytearray(512)
    for number, (kind, start, count) in enumerate(entries):
        at = 446 + 16 * number
        sector[at + 4] = kind
        struct.pack_into("<II", sector, at + 8, start, count)
    sector[510:] = b"\x55\xaa"
    return bytes(sector)


def test_the_first_fat_partition_is_found() -> None:
    card = table((0x83, 9, 9), (0x0C, START, SECTORS), (0x0C, 99_999, 5))
    assert boot_partition(card) == Partition(START * 512, SECTORS * 512)


@given(st.binary(max_size=600))
def test_what_is_no_card_is_one_error(content: bytes) -> None:
    for sector in (content, content[:510].ljust(510, b"\0") + b"\x55\xaa"):
        try:
            assert boot_partition(sector).offset_bytes > 0
        except UsageError as error:
            assert "the image has no" in str(error)


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    """A card with a FAT partition, made by mtools itself."""
    if shutil.which("mformat") is None:
        pytest.skip("mtools is not installed here: images are not proven")
    path = tmp_path / "stock.img"
    path.write_bytes(table((0x0C, START, SECTORS), (0x83, START + SECTORS, 2048)))
    with path.open("r+b") as file:
        file.truncate((START + SECTORS + 2048) * 512)
    place = f"{path}@@{START * 512}"
    subprocess.run(["mformat", "-i", place, "-T", str(SECTORS), "::"], check=True, timeout=60)
    return path


def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "parvis-0.1.0-py3-none-any.whl"
    path.write_bytes(bytes(range(256)) * 900)
    return path


def on_card(image: Path, name: str) -> bytes:
    place = f"{image}@@{START * 512}"
    read = ["mtype", "-i", place, f"::/{name}"]
    return subprocess.run(read, check=True, capture_output=True, timeout=60).stdout


def made(tmp_path: Path, image: Path) -> tuple[int, Path]:
    out = tmp_path / "out" / "parvis-unit.img"
    given = ["--stock", str(image), "--wheel", str(wheel(tmp_path)), "--out", str(out)]
    return __main__.main(["image", "unit", *given]), out


def test_our_files_are_on_the_boot_partition(tmp_path: Path, stock: Path) -> None:
    before = stock.read_bytes()
    code, out = made(tmp_path, stock)
    assert code == 0
    assert on_card(out, "vendor-data").startswith(b"#cloud-config\n")
    assert on_card(out, "parvis/parvis-0.1.0-py3-none-any.whl") == wheel(tmp_path).read_bytes()
    assert stock.read_bytes() == before, "the stock image is somebody's download"
    after = out.read_bytes()
    assert len(after) == len(before)
    end = (START + SECTORS) * 512
    assert after[: START * 512] == before[: START * 512] and after[end:] == before[end:]


def test_a_packed_image_is_unpacked(tmp_path: Path, stock: Path) -> None:
    packed = tmp_path / "stock.img.xz"
    packed.write_bytes(lzma.compress(stock.read_bytes(), preset=0))
    code, out = made(tmp_path, packed)
    assert code == 0 and on_card(out, "meta-data") == b"instance-id: parvis-unit\n"


def test_a_mistake_is_one_line_and_leaves_nothing(
    tmp_path: Path, stock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = lzma.compress(stock.read_bytes(), preset=0)
    (tmp_path / "cut.img.xz").write_bytes(whole[:-40])
    (tmp_path / "text.img").write_text("no image " * 100)
    for name, code, told in (
        ("gone.img", 2, "there is no image"),
        ("cut.img.xz", 2, "is cut off"),
        ("text.img", 2, "has no partition table"),
    ):
        assert made(tmp_path, tmp_path / name)[0] == code
        said = capsys.readouterr().err
        assert told in said and len(said.splitlines()) == 1
    assert not list((tmp_path / "out").iterdir())


def test_a_partition_without_room_is_one_line(
    tmp_path: Path, stock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").write_bytes(bytes(SECTORS * 512 - 150_000))
    place = f"{stock}@@{START * 512}"
    subprocess.run(["mcopy", "-i", place, str(tmp_path / "full"), "::/"], check=True, timeout=60)
    code, out = made(tmp_path, stock)
    assert code == 1 and not out.exists()
    assert capsys.readouterr().err.startswith("firmware: mcopy: ")
