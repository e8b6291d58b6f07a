"""Ogg Opus as the recorder writes it: whole pages, torn tails, gaps, and what others make of it."""

import io
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from parvis_audio.opus import Decoder, program_encoder, unit_encoder
from parvis_audio.opus_packet import packet_duration_samples
from parvis_server.errors import BadOgg
from parvis_server.record.ogg_opus import (
    PAGE_SAMPLES,
    OpusHead,
    OpusWriter,
    gap_packets,
    parse_tags,
    read_packets,
    read_pages,
    read_tail,
    serialize_tags,
)
from parvis_server.record.ogg_page import MAX_SEGMENTS, Page, PageFlags, checksum

CELT_10_MS = bytes((30 << 3,))
"""First byte of a packet of one CELT frame of 10 ms."""


def packet(seed: int, size: int = 80) -> bytes:
    """Bytes that look like a packet of 10 ms; no decoder will see them."""
    return CELT_10_MS + bytes((seed * 31 + at) % 256 for at in range(size))


def written(packets: int, *, flush_every: int = 0) -> bytes:
    """A file that was ended in good order."""
    writer = OpusWriter(77, {"PARVIS_TIMESTAMP": "5"})
    file = writer.head
    for number in range(packets):
        file += writer.add(packet(number))
        if flush_every and number % flush_every == 0:
            file += writer.flush()
    return file + writer.end()


def tones(seconds: float, hertz: float = 440.0) -> NDArray[np.float32]:
    clock = np.arange(round(seconds * 48_000)) / 48_000
    return np.asarray(0.25 * np.sin(2 * np.pi * hertz * clock), dtype=np.float32)


pages = st.builds(
    Page,
    serial=st.integers(0, 2**32 - 1),
    sequence=st.integers(0, 2**32 - 1),
    granule=st.integers(-1, 2**62),
    packets=st.lists(st.binary(max_size=600), max_size=60).map(tuple),
    flags=st.sampled_from((PageFlags(0), PageFlags.FIRST, PageFlags.LAST)),
)


@given(pages)
def test_a_page_comes_back_as_it_was(page: Page) -> None:
    content = page.serialize()
    assert Page.parse(content) == (page, len(content))


@given(pages, st.data())
def test_a_page_with_a_wrong_bit_is_none(page: Page, data: st.DataObject) -> None:
    content = bytearray(page.serialize())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadOgg):
        Page.parse(bytes(content))


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    assert [end for _, end in read_pages(content)] == sorted(
        {end for _, end in read_pages(content)}
    )
    with pytest.raises(BadOgg):
        read_tail(content)


def test_the_checksum_is_that_of_the_specification() -> None:
    register = 0
    for byte in b"123456789":
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x04C11DB7 if register & 0x8000_0000 else 0)
            register &= 0xFFFF_FFFF
    assert checksum(b"123456789") == register


def test_a_page_that_would_be_too_large_is_refused() -> None:
    with pytest.raises(BadOgg):
        Page(1, 2, 3, (bytes(255 * MAX_SEGMENTS),)).serialize()


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,20}", fullmatch=True), st.text(max_size=40)))
def test_tags_come_back(tags: dict[str, str]) -> None:
    assert parse_tags(serialize_tags(tags)) == tags


@given(st.binary(max_size=60))
def test_damaged_tags_are_told(rest: bytes) -> None:
    try:
        parse_tags(b"OpusTags" + rest)
    except BadOgg:
        return
    assert len(rest) >= 8


def test_the_head_comes_back() -> None:
    assert OpusHead.parse(OpusHead(312).serialize()) == OpusHead(312)
    with pytest.raises(BadOgg):
        OpusHead.parse(b"OpusHead" + bytes(11))


@given(st.integers(1, 300), st.integers(0, 40))
def test_every_packet_is_there_in_order_and_in_its_place(count: int, flush_every: int) -> None:
    file = written(count, flush_every=flush_every)
    assert list(read_packets(file)) == [(480 * n, packet(n)) for n in range(count)]
    assert [page.sequence for page, _ in read_pages(file)] == list(range(_pages(file)))
    last, end = list(read_pages(file))[-1]
    assert (last.flags, end) == (PageFlags.LAST, len(file))
    assert last.packets


def _pages(file: bytes) -> int:
    return sum(1 for _ in read_pages(file))


def test_no_page_is_longer_than_half_a_second() -> None:
    for page, _ in list(read_pages(written(400)))[2:]:
        assert sum(map(packet_duration_samples, page.packets)) <= PAGE_SAMPLES


def test_large_packets_fill_a_page_by_their_size() -> None:
    writer = OpusWriter(1, {})
    file = writer.head + b"".join(writer.add(packet(n, 1900)) for n in range(60)) + writer.end()
    assert list(read_packets(file)) == [(480 * n, packet(n, 1900)) for n in range(60)]


@pytest.mark.parametrize("cut", range(0, 6000, 37))
def test_a_file_torn_at_any_byte_opens_to_its_last_whole_page(cut: int) -> None:
    file = written(120, flush_every=10)
    ends = [end for _, end in read_pages(file)]
    torn = file[: min(cut, len(file))]
    if cut < ends[1]:
        with pytest.raises(BadOgg):
            read_tail(torn)
        return
    assert read_tail(torn).whole_bytes == max(end for end in ends if end <= len(torn))
    whole = list(read_packets(torn))
    assert whole == list(read_packets(file))[: len(whole)]


@given(st.integers(3, 200), st.integers(0, 90), st.integers(1, 40))
def test_a_torn_file_goes_on_where_it_was_cut(count: int, lost: int, gap_frames: int) -> None:
    file = written(count, flush_every=5)
    tail = read_tail(file[: max(len(file) - lost, 200)])
    writer = tail.go_on()
    mended = file[: tail.whole_bytes] + writer.add_gap(480 * gap_frames)
    mended += writer.add(packet(7)) + writer.end()
    assert read_tail(mended).whole_bytes == len(mended)
    assert [page.sequence for page, _ in read_pages(mended)] == list(range(_pages(mended)))
    assert list(read_packets(mended))[-1] == (tail.granule + 480 * gap_frames, packet(7))


codings = st.integers(0, 255).filter(lambda toc: toc & 3 == 0)


@given(codings, st.integers(0, 4000))
def test_a_gap_is_as_long_as_it_was_asked_for(toc: int, steps: int) -> None:
    packets = list(gap_packets(toc, 120 * steps))
    assert sum(map(packet_duration_samples, packets)) == 120 * steps
    assert all(len(one) <= 2 for one in packets)


def test_a_gap_of_an_odd_length_is_refused() -> None:
    with pytest.raises(BadOgg):
        list(gap_packets(0, 121))


# What others make of it


def _sound_file(*, unit: bool) -> tuple[bytes, int]:
    """Two seconds of a tone with a gap of 300 ms in it, and its length in samples."""
    encoder, frame = (unit_encoder(), 480) if unit else (program_encoder(), 960)
    sound = tones(2)
    writer = OpusWriter(9, {"TITLE": "tone"}, 0 if unit else encoder.lookahead_samples)
    file = writer.head
    for begin in range(0, sound.size, frame):
        coded = encoder.encode(sound[begin : begin + frame])
        if begin == 48_000:
            file += writer.add_gap(14_400)
        if not 48_000 <= begin < 48_000 + 14_400:
            file += writer.add(coded)
        if begin % 9600 == 0:
            file += writer.flush()
    return file + writer.end(), writer.granule


@pytest.mark.parametrize("unit", [True, False])
def test_libav_plays_every_sample(unit: bool) -> None:
    file, samples = _sound_file(unit=unit)
    pre_skip = read_tail(file).pre_skip
    with av.open(io.BytesIO(file), "r") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    played = np.concatenate(frames).astype(np.float64)
    assert played.size == samples - pre_skip
    for begin in (12_000, 76_000):
        part = played[begin - pre_skip : begin - pre_skip + 9_600]
        assert np.sqrt(np.mean(part**2)) == pytest.approx(0.25 / np.sqrt(2), rel=0.05)
    quiet = played[56_000 - pre_skip : 60_000 - pre_skip]
    assert np.sqrt(np.mean(quiet**2)) < 0.15


@pytest.mark.parametrize("unit", [True, False])
def test_libopus_decodes_every_packet_to_its_place(unit: bool) -> None:
    file, samples = _sound_file(unit=unit)
    decoder = Decoder()
    sound = np.concatenate([decoder.decode(coded) for _, coded in read_packets(file)])
    assert sound.size == samples
    clean = tones(2)[78_000:90_000]
    delays = (120,) if unit else range(300, 380)  # SILK's resamplers look ahead a little, too
    errors = [sound[78_000 + delay : 90_000 + delay] - clean for delay in delays]
    assert min(np.sqrt(np.mean(error**2)) for error in errors) < 0.03


def test_ffmpeg_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    file, samples = _sound_file(unit=True)
    path = tmp_path / "track.opus"
    path.write_bytes(file)
    told = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", path, "-f", "f32le", "-"],
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert told.stderr == b""
    assert len(told.stdout) == 4 * samples
