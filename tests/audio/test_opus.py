"""Opus: what is set is what libopus says, what goes in comes out, and no bytes do harm."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import opuslib.constants
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio import opus, opus_packet
from parvis_audio.errors import BadFrame, BadPacket, OpusError, OpusLibraryMissing
from parvis_audio.opus import Application, Bandwidth, Decoder, Encoder, Samples, Signal

RATE = 48_000
VOICE_LIKE_HZ = (220, 440, 1320, 2640)


def tone(samples: int, start: int = 0) -> Samples:
    """A steady chord at about -12 dBFS."""
    at = (np.arange(start, start + samples) / RATE)[:, None]
    waves = np.sin(2 * np.pi * np.array(VOICE_LIKE_HZ) * at).sum(axis=1)
    return np.asarray(0.12 * waves, dtype=np.float32)


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def voip() -> Encoder:
    return Encoder(Application.VOIP, bitrate_bps=32_000, complexity=5, signal=Signal.VOICE)


# --- settings ---


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bitrate_bps", (12_000, 32_000, 64_000)),
        ("complexity", (0, 5, 10)),
        ("signal", tuple(Signal)),
        ("max_bandwidth", (Bandwidth.WIDEBAND, Bandwidth.FULLBAND)),
        ("vbr", (0, 1)),
        ("vbr_constraint", (0, 1)),
        ("inband_fec", (0, 1)),
        ("packet_loss_perc", (0, 10, 100)),
        ("dtx", (0, 1)),
    ],
)
def test_every_setting_is_read_back_from_libopus(name: str, values: tuple[int, ...]) -> None:
    encoder = voip()
    for value in values:
        setattr(encoder, name, value)
        assert getattr(encoder, name) == value
        assert getattr(encoder, name) == encoder._state.ask(getattr(opuslib.constants, GET[name]))


GET = {
    "bitrate_bps": "GET_BITRATE_REQUEST",
    "complexity": "GET_COMPLEXITY_REQUEST",
    "signal": "GET_SIGNAL_REQUEST",
    "max_bandwidth": "GET_MAX_BANDWIDTH_REQUEST",
    "vbr": "GET_VBR_REQUEST",
    "vbr_constraint": "GET_VBR_CONSTRAINT_REQUEST",
    "inband_fec": "GET_INBAND_FEC_REQUEST",
    "packet_loss_perc": "GET_PACKET_LOSS_PERC_REQUEST",
    "dtx": "GET_DTX_REQUEST",
}


@pytest.mark.parametrize("bandwidth", [Bandwidth.NARROWBAND, Bandwidth.WIDEBAND])
def test_the_bandwidth_shows_after_the_next_packet(bandwidth: Bandwidth) -> None:
    encoder = voip()
    encoder.bandwidth = bandwidth
    encoder.encode(tone(960))
    assert encoder.bandwidth == bandwidth


def test_a_setting_out_of_range_is_refused_and_changes_nothing() -> None:
    encoder = voip()
    with pytest.raises(OpusError, match="invalid argument") as refused:
        encoder.complexity = 11
    assert refused.value.code == -1
    assert encoder.complexity == 5


def test_the_constructor_refuses_what_libopus_refuses() -> None:
    with pytest.raises(OpusError):
        Encoder(Application.VOIP, bitrate_bps=32_000, complexity=99)


def test_the_names_have_the_numbers_of_the_header() -> None:
    for enum, prefix in ((Application, "APPLICATION_"), (Bandwidth, "BANDWIDTH_")):
        for member in enum:
            if member.name != "AUTO":
                assert getattr(opuslib.constants, prefix + member.name) == member
    assert opuslib.constants.SIGNAL_VOICE == Signal.VOICE
    assert opuslib.constants.SIGNAL_MUSIC == Signal.MUSIC
    assert opuslib.constants.AUTO == int(Signal.AUTO) == int(Bandwidth.AUTO)


# --- profiles ---


def test_the_unit_has_little_delay_and_many_bits() -> None:
    encoder = opus.unit_encoder()
    assert encoder.application is Application.RESTRICTED_LOWDELAY
    assert (encoder.bitrate_bps, encoder.complexity) == (64_000, 5)
    assert (encoder.vbr, encoder.vbr_constraint) == (1, 0)
    assert (encoder.inband_fec, encoder.dtx) == (0, 0)
    assert encoder.lookahead_samples == 120


def test_the_program_is_speech_at_full_bandwidth() -> None:
    encoder = opus.program_encoder()
    assert encoder.application is Application.VOIP
    assert (encoder.bitrate_bps, encoder.complexity) == (32_000, 9)
    assert (encoder.vbr, encoder.vbr_constraint) == (1, 1)
    assert encoder.signal == Signal.VOICE
    assert encoder.lookahead_samples == 312
    quiet = np.zeros(960, dtype=np.float32)
    encoder.encode(quiet)
    encoder.encode(tone(960))
    assert encoder.bandwidth == Bandwidth.FULLBAND


def test_the_rate_that_was_asked_for_is_used() -> None:
    encoder = opus.program_encoder()
    packets = [encoder.encode(tone(960, start)) for start in range(0, 96_000, 960)]
    rate_bps = sum(len(packet) for packet in packets) * 8 / 2
    assert 20_000 < rate_bps < 36_000


# --- sound ---


@pytest.mark.parametrize("length", opus.FRAME_SAMPLES)
@pytest.mark.parametrize("application", Application)
def test_the_decoder_follows_the_encoder_to_the_bit(application: Application, length: int) -> None:
    encoder, decoder = Encoder(application, bitrate_bps=48_000, complexity=5), Decoder()
    for start in range(0, 10 * length, length):
        packet = encoder.encode(tone(length, start))
        assert opus.packet_duration_samples(packet) == length
        assert decoder.decode(packet).shape == (length,)
        assert decoder.final_range == encoder.final_range


@pytest.mark.parametrize(
    ("make", "least"),
    # below 8 kHz the program is SILK, which keeps the sound and not the waveform
    [(opus.unit_encoder, 0.999), (opus.program_encoder, 0.8)],
)
def test_what_comes_out_is_what_went_in_later_by_the_lookahead(make: type, least: float) -> None:
    encoder, decoder = make(), Decoder()
    sent = tone(48_000)
    heard = np.concatenate([decoder.decode(encoder.encode(part)) for part in sent.reshape(-1, 960)])
    delay = encoder.lookahead_samples
    steady = slice(9_600, 40_000)
    heard, sent = heard[delay:][steady], sent[:-delay][steady]
    alike = float(np.dot(heard, sent) / (np.linalg.norm(heard) * np.linalg.norm(sent)))
    assert alike > least
    assert rms(heard) == pytest.approx(rms(sent), rel=0.1)


def test_encoding_has_a_memory_and_reset_clears_it() -> None:
    encoder = opus.program_encoder()
    first, second = encoder.encode(tone(960)), encoder.encode(tone(960))
    assert first != second
    encoder.reset()
    assert encoder.encode(tone(960)) == first
    assert encoder.bitrate_bps == 32_000


def test_decoding_gives_a_copy() -> None:
    encoder, decoder = opus.unit_encoder(), Decoder()
    heard = decoder.decode(encoder.encode(tone(480)))
    before = heard.copy()
    decoder.decode(encoder.encode(-tone(480, 480)))
    assert np.array_equal(heard, before)


def test_a_decoder_after_reset_is_like_new() -> None:
    packets = [opus.unit_encoder().encode(tone(480)) for _ in range(3)]
    used, new = Decoder(), Decoder()
    for packet in packets:
        used.decode(packet)
    used.reset()
    assert np.array_equal(used.decode(packets[0]), new.decode(packets[0]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_a_sample_that_is_no_number_does_not_stay_in_the_encoder(bad: float) -> None:
    encoder, decoder = opus.unit_encoder(), Decoder()
    poisoned = tone(480)
    poisoned[100] = bad
    decoder.decode(encoder.encode(poisoned))
    assert poisoned[100] == bad or np.isnan(bad)  # the caller's array is not written to
    heard = np.concatenate(
        [decoder.decode(encoder.encode(tone(480, start))) for start in range(480, 9_600, 480)]
    )
    assert np.isfinite(heard).all()
    assert rms(heard[-4_800:]) == pytest.approx(rms(tone(4_800)), rel=0.1)


def test_samples_of_another_layout_are_taken_as_they_are_meant() -> None:
    strided = np.repeat(tone(480), 2)[::2]
    assert opus.unit_encoder().encode(strided) == opus.unit_encoder().encode(tone(480))


@pytest.mark.parametrize(
    "shape", [(0,), (479,), (481,), (48_000,), (480, 1), (1, 480), ()], ids=str
)
def test_a_length_that_opus_does_not_know_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadFrame, match="Opus takes one of"):
        opus.unit_encoder().encode(np.zeros(shape, dtype=np.float32))


# --- loss ---


@pytest.mark.parametrize("make", [opus.unit_encoder, opus.program_encoder])
def test_a_lost_packet_is_concealed_by_something_alike(make: type) -> None:
    encoder, decoder = make(), Decoder()
    for start in range(0, 19_200, 960):
        decoder.decode(encoder.encode(tone(960, start)))
    concealed = decoder.conceal(480)
    assert concealed.shape == (480,)
    assert 0.5 < rms(concealed) / rms(tone(480)) < 1.3


def test_concealing_for_long_fades() -> None:
    encoder, decoder = opus.program_encoder(), Decoder()
    for start in range(0, 19_200, 960):
        decoder.decode(encoder.encode(tone(960, start)))
    concealed = [rms(decoder.conceal(960)) for _ in range(30)]
    assert concealed[-1] < 0.1 * concealed[0]


@pytest.mark.parametrize("samples", [0, -120, 100, 119, 5880])
def test_concealing_takes_steps_of_its_shortest_frame(samples: int) -> None:
    decoder = Decoder()
    with pytest.raises(BadFrame, match="multiple of 120"):
        decoder.conceal(samples)
    with pytest.raises(BadFrame, match="multiple of 120"):
        decoder.decode_fec(b"\x00", samples)


def test_fec_brings_back_more_of_a_lost_packet_than_concealment() -> None:
    encoder = voip()
    encoder.inband_fec, encoder.packet_loss_perc = 1, 30
    sweep = np.sin(2 * np.pi * np.cumsum(np.linspace(150, 900, 48_000)) / RATE)
    sweep = (0.3 * sweep).astype(np.float32)
    packets = [encoder.encode(part) for part in sweep.reshape(-1, 960)]
    whole, with_fec, without = Decoder(), Decoder(), Decoder()
    fec_error, concealment_error = [], []
    for earlier, later in zip(packets[10::4], packets[11::4], strict=False):
        truth = whole.decode(earlier)
        fec_error.append(rms(with_fec.decode_fec(later, 960) - truth))
        concealment_error.append(rms(without.conceal(960) - truth))
        for decoder in (whole, with_fec, without):
            decoder.decode(later)
    assert np.mean(fec_error) < 0.7 * np.mean(concealment_error)


def test_fec_of_a_packet_without_it_conceals() -> None:
    encoder, decoder, other = opus.unit_encoder(), Decoder(), Decoder()
    for start in range(0, 4_800, 480):
        packet = encoder.encode(tone(480, start))
        decoder.decode(packet), other.decode(packet)
    later = encoder.encode(tone(480, 5_280))
    assert np.array_equal(decoder.decode_fec(later, 480), other.conceal(480))


# --- bytes from outside ---


def test_an_empty_payload_is_no_packet() -> None:
    decoder = Decoder()
    for call in (decoder.decode, opus.packet_duration_samples):
        with pytest.raises(BadPacket):
            call(b"")
    with pytest.raises(BadPacket):
        decoder.decode_fec(b"", 480)


@pytest.mark.parametrize(
    "packet", [b"\xff", b"\x03\x00", b"\x0b\x30", b"\xfb\x3f\x00", b"\x02\xff"]
)
def test_bytes_that_break_the_rules_of_rfc_6716_are_no_packet(packet: bytes) -> None:
    with pytest.raises(BadPacket, match="not an Opus packet") as refused:
        Decoder().decode(packet)
    assert isinstance(refused.value, ValueError)
    assert refused.value.code < 0


_FUZZED = Decoder()  # one for all examples: what one packet leaves behind must not hurt the next


@settings(max_examples=400, deadline=None)
@given(packet=st.binary(max_size=300), missing=st.sampled_from([120, 480, 960, 5760]))
def test_any_bytes_are_sound_or_a_bad_packet(packet: bytes, missing: int) -> None:
    with contextlib.suppress(BadPacket):
        assert 0 < _FUZZED.decode(packet).size <= opus_packet.MAX_PACKET_SAMPLES
    with contextlib.suppress(BadPacket):
        assert _FUZZED.decode_fec(packet, missing).size == missing
    with contextlib.suppress(BadPacket):
        assert opus.packet_duration_samples(packet) <= opus_packet.MAX_PACKET_SAMPLES


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 80), value=st.integers(0, 255), cut=st.integers(1, 80))
def test_a_damaged_packet_never_does_more_than_fail(at: int, value: int, cut: int) -> None:
    packet = bytearray(opus.unit_encoder().encode(tone(480)))
    packet[at % len(packet)] = value
    with contextlib.suppress(BadPacket):
        _FUZZED.decode(bytes(packet[:cut]))
    assert _FUZZED.decode(opus.unit_encoder().encode(tone(480))).shape == (480,)


# --- library ---


def test_the_library_says_its_name() -> None:
    assert opus.library_version().startswith("libopus")


def test_memory_is_given_back() -> None:
    for _ in range(300):
        opus.unit_encoder().encode(tone(480))
        Decoder()
    gc.collect()  # a double free would end the process here


WITHOUT_LIBRARY = """
import ctypes.util
ctypes.util.find_library = lambda name: None
from parvis_audio import opus
from parvis_audio.errors import OpusLibraryMissing
for call in (opus.unit_encoder, opus.Decoder, opus.library_version):
    try:
        call()
    except OpusLibraryMissing as error:
        print(error)
"""


def run(program: str, *options: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPYCACHEPREFIX": str(cache)} if cache else {}
    return subprocess.run(
        [sys.executable, *options, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin:/sbin:/usr/sbin", **environment},
    )


def test_without_libopus_the_error_says_what_to_install() -> None:
    done = run(WITHOUT_LIBRARY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("apt install libopus0") == 3
    assert issubclass(OpusLibraryMissing, ImportError)


def test_the_module_can_be_imported_without_libopus_being_loaded() -> None:
    done = run("import sys, parvis_audio.opus; sys.exit('opuslib' in sys.modules)")
    assert done.returncode == 0, done.stderr


def test_the_warnings_of_opuslibs_first_compilation_stay_hidden(tmp_path: Path) -> None:
    program = "from parvis_audio import opus; print(opus.library_version())"
    done = run(program, "-W", "error", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "libopus" in done.stdout
