"""Opus at 48 kHz mono: the one place that touches opuslib and declares libopus.

opuslib finds and loads the library. Its own calls are not used: 3.0.1 drops the FEC setting, has no
DTX setting, refuses `None` for concealment and decodes through a Python list. Here the functions
are declared anew over the same handle (subscripting a ctypes handle gives function objects of our
own, so opuslib's declarations stay as they are) and take float32 numpy arrays over reused memory.

libopus is loaded by the first call that needs it, so that a program can start and say what is
missing. ctypes releases the interpreter lock during a call; an encoder or a decoder belongs to one
thread at a time.
"""

import ctypes
import functools
import warnings
import weakref
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import BadFrame, BadPacket, OpusError, OpusLibraryMissing
from parvis_audio.opus_packet import INVALID_PACKET, MAX_PACKET_SAMPLES
from parvis_audio.opus_packet import packet_duration_samples as packet_duration_samples
from parvis_audio.work import Job, done

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 48_000
"""RFC 7587 section 4.1: Opus in RTP always counts at 48 kHz."""

FRAME_SAMPLES: Final = (120, 240, 480, 960, 1920, 2880, 3840, 4800, 5760)
"""The lengths that can be encoded: 2.5 to 120 ms (RFC 6716 section 2.1.4; repeated above 60 ms)."""

UNIT_FRAME_SAMPLES: Final = 480
UNIT_FRAME_CHOICES: Final = (480, 240)
"""10 ms, and 5 ms for a zone that hears itself."""
PROGRAM_FRAME_SAMPLES: Final = 960
_LOUDEST = 100.0
"""40 dB over full scale: no sound but a fault of the caller's, which must not upset the codec."""

_CONCEALMENT_STEP_SAMPLES = 120
"""2.5 ms: libopus conceals in whole steps of its shortest frame."""

MAX_PACKET_BYTES = 7680
"""Six frames of at most 1275 bytes and their lengths (RFC 6716 section 3.4): nothing is larger."""

_BAD_REMOTE_CODES = frozenset({-1, -2, INVALID_PACKET})
"""What decoding answers to bytes that are no packet: bad argument, does not fit, invalid."""

_SET_BITRATE, _SET_MAX_BANDWIDTH, _SET_VBR, _SET_BANDWIDTH, _SET_COMPLEXITY = range(4002, 4011, 2)
_SET_INBAND_FEC, _SET_PACKET_LOSS_PERC, _SET_DTX = range(4012, 4017, 2)
_GET_APPLICATION, _SET_VBR_CONSTRAINT, _SET_SIGNAL = 4001, 4020, 4024
_GET_LOOKAHEAD, _RESET_STATE, _GET_FINAL_RANGE = 4027, 4028, 4031


class Application(IntEnum):
    """What the encoder is tuned for (opus_defines.h)."""

    VOIP = 2048
    """Speech; 6.5 ms of lookahead."""
    AUDIO = 2049
    RESTRICTED_LOWDELAY = 2051
    """CELT only; 2.5 ms of lookahead."""


class Signal(IntEnum):
    """What the encoder should expect to hear."""

    AUTO = -1000
    VOICE = 3001
    MUSIC = 3002


class Bandwidth(IntEnum):
    """The coded bandwidth (RFC 6716 table 1)."""

    AUTO = -1000
    NARROWBAND = 1101
    MEDIUMBAND = 1102
    WIDEBAND = 1103
    SUPERWIDEBAND = 1104
    FULLBAND = 1105


@functools.cache
def library() -> dict[str, Any]:
    """The functions of libopus by name; ``OpusLibraryMissing`` says what to install."""
    try:
        with warnings.catch_warnings():
            # opuslib 3.0.1 compares with "is not 0": a warning when its byte code is first made.
            warnings.simplefilter("ignore", SyntaxWarning)
            import opuslib.api
    except ImportError as error:
        raise OpusLibraryMissing(f"the Python package opuslib is missing: {error}") from error
    except Exception as error:  # opuslib raises a bare Exception when it finds no libopus
        raise OpusLibraryMissing(
            "the Opus library is missing: install it, for example with `apt install libopus0`"
        ) from error
    return _declare(opuslib.api.libopus)


def _declare(handle: Any) -> dict[str, Any]:
    """Own function objects over ``handle`` with the types of opus.h."""
    integer, pointer, text = ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p
    error = ctypes.POINTER(integer)
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "opus_strerror": (text, [integer]),
        "opus_get_version_string": (text, []),
        "opus_encoder_create": (pointer, [integer, integer, integer, error]),
        "opus_encoder_destroy": (None, [pointer]),
        "opus_encode_float": (integer, [pointer, pointer, integer, pointer, integer]),
        # variadic: the fixed arguments only; the others are passed as ctypes objects
        "opus_encoder_ctl": (integer, [pointer, integer]),
        "opus_decoder_create": (pointer, [integer, integer, error]),
        "opus_decoder_destroy": (None, [pointer]),
        "opus_decode_float": (integer, [pointer, text, integer, pointer, integer, integer]),
        "opus_decoder_ctl": (integer, [pointer, integer]),
        "opus_repacketizer_create": (pointer, []),
        "opus_repacketizer_destroy": (None, [pointer]),
        "opus_repacketizer_init": (pointer, [pointer]),
        "opus_repacketizer_cat": (integer, [pointer, text, integer]),
        "opus_repacketizer_get_nb_frames": (integer, [pointer]),
        "opus_repacketizer_out_range": (integer, [pointer, integer, integer, pointer, integer]),
    }
    functions = {}
    for name, (result, arguments) in signatures.items():
        function = handle[name]
        function.restype, function.argtypes = result, arguments
        functions[name] = function
    return functions


def library_version() -> str:
    """What libopus calls itself, such as ``libopus 1.3.1``."""
    return str(library()["opus_get_version_string"]().decode())


def _text(code: int) -> str:
    return str(library()["opus_strerror"](code).decode())


def check(code: int, doing: str) -> int:
    """``code`` when it is a success; otherwise ``OpusError`` with ``doing`` and libopus' reason."""
    if code < 0:
        raise OpusError(code, f"{doing}: {_text(code)}")
    return code


def check_packet(code: int, packet: bytes) -> int:
    """Like ``check`` for a call that read ``packet``: ``BadPacket`` when the bytes are to blame."""
    if code in _BAD_REMOTE_CODES:
        raise BadPacket(code, f"{len(packet)} bytes are not an Opus packet: {_text(code)}")
    return check(code, "decoding")


class _State:
    """A libopus object with settings: freed with its owner, asked and told through `ctl`."""

    def __init__(self, kind: str, *arguments: int) -> None:
        functions = library()
        error = ctypes.c_int()
        self.pointer = functions[f"opus_{kind}_create"](*arguments, ctypes.byref(error))
        check(error.value, f"making an Opus {kind}")
        self._ctl = functions[f"opus_{kind}_ctl"]
        weakref.finalize(self, functions[f"opus_{kind}_destroy"], self.pointer)

    def tell(self, request: int, value: int) -> None:
        code = self._ctl(self.pointer, request, ctypes.c_int(value))
        check(code, f"setting {request} to {value}")

    def ask(self, request: int) -> int:
        answer = ctypes.c_int()
        check(self._ctl(self.pointer, request, ctypes.byref(answer)), f"asking for {request}")
        return answer.value

    def final_range(self) -> int:
        """The range coder's last state: the same in the encoder and in a decoder that follows."""
        return self.ask(_GET_FINAL_RANGE) & 0xFFFF_FFFF

    def reset(self) -> None:
        check(self._ctl(self.pointer, _RESET_STATE), "resetting")


class _Setting:
    """An encoder setting as an attribute: written to libopus and read back from it."""

    def __init__(self, set_request: int) -> None:
        """The request that reads a setting is one above the one that writes it."""
        self._set, self._get = set_request, set_request + 1

    def __get__(self, encoder: "Encoder", owner: type["Encoder"]) -> int:
        return encoder._state.ask(self._get)

    def __set__(self, encoder: "Encoder", value: int) -> None:
        encoder._state.tell(self._set, int(value))


class Encoder:
    """Samples in, packets out; each packet depends on those before it.

    The settings are attributes that libopus itself answers; a value it does not take raises
    ``OpusError`` and changes nothing. ``bandwidth`` answers what the last packet used, so a setting
    shows after the next packet; the others show at once.
    """

    bitrate_bps = _Setting(_SET_BITRATE)
    max_bandwidth = _Setting(_SET_MAX_BANDWIDTH)
    vbr = _Setting(_SET_VBR)
    bandwidth = _Setting(_SET_BANDWIDTH)
    complexity = _Setting(_SET_COMPLEXITY)
    inband_fec = _Setting(_SET_INBAND_FEC)
    packet_loss_perc = _Setting(_SET_PACKET_LOSS_PERC)
    dtx = _Setting(_SET_DTX)
    vbr_constraint = _Setting(_SET_VBR_CONSTRAINT)
    signal = _Setting(_SET_SIGNAL)

    def __init__(
        self,
        application: Application,
        *,
        bitrate_bps: int,
        complexity: int,
        signal: Signal = Signal.AUTO,
        bandwidth: Bandwidth = Bandwidth.AUTO,
        vbr: bool = True,
        vbr_constraint: bool = True,
        inband_fec: bool = False,
        packet_loss_perc: int = 0,
        dtx: bool = False,
    ) -> None:
        """Everything is said to libopus here; ``OpusError`` when it refuses a value.

        FEC and DTX are off unless asked for: over TCP nothing is lost, and DTX clicks at each
        refresh. FEC codes nothing while ``packet_loss_perc`` is 0 or the mode is CELT.
        """
        self._state = _State("encoder", SAMPLE_RATE_HZ, 1, application)
        self.bitrate_bps, self.complexity = bitrate_bps, complexity
        self.signal, self.bandwidth = signal, bandwidth
        self.vbr, self.vbr_constraint = vbr, vbr_constraint
        self.inband_fec, self.packet_loss_perc, self.dtx = inband_fec, packet_loss_perc, dtx
        self._encode = library()["opus_encode_float"]
        self._samples = np.zeros(MAX_PACKET_SAMPLES, dtype=np.float32)
        self._samples_address = self._samples.ctypes.data
        self._packet = np.zeros(MAX_PACKET_BYTES, dtype=np.uint8)
        self._packet_address = self._packet.ctypes.data

    @property
    def application(self) -> Application:
        """What the encoder was made for."""
        return Application(self._state.ask(_GET_APPLICATION))

    @property
    def lookahead_samples(self) -> int:
        """The delay that coding adds at the start of the stream, in samples."""
        return self._state.ask(_GET_LOOKAHEAD)

    @property
    def final_range(self) -> int:
        """To compare with the decoder's after the same packet."""
        return self._state.final_range()

    def reset(self) -> None:
        """Forget the past; the settings stay."""
        self._state.reset()

    def encode(self, samples: Samples) -> bytes:
        """One packet from ``(n,)`` float32 samples in [-1, 1], n one of ``FRAME_SAMPLES``.

        A sample that is not finite counts as silence, since libopus would keep it in its state for
        ever. ``BadFrame`` for another length or shape.
        """
        return done(self.encode_job(samples))

    def encode_job(self, samples: Samples) -> Job[bytes]:
        """The same with libopus' call handed out, to be made beside those of other encoders."""
        if samples.ndim != 1 or samples.size not in FRAME_SAMPLES:
            raise BadFrame(f"{samples.shape} samples: Opus takes one of {FRAME_SAMPLES}")
        held = self._samples[: samples.size]
        held[:] = samples
        if not np.abs(held).max() <= _LOUDEST:  # also true for NaN
            np.nan_to_num(held, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            np.clip(held, -1.0, 1.0, out=held)
        length = yield functools.partial(
            self._encode,
            self._state.pointer,
            self._samples_address,
            held.size,
            self._packet_address,
            MAX_PACKET_BYTES,
        )
        return self._packet[: check(length, "encoding")].tobytes()


class Decoder:
    """Packets in, samples out. Feed late packets too (and drop the sound): state stays in step."""

    def __init__(self) -> None:
        """Start in silence."""
        self._state = _State("decoder", SAMPLE_RATE_HZ, 1)
        self._decode = library()["opus_decode_float"]
        self._samples = np.zeros(MAX_PACKET_SAMPLES, dtype=np.float32)
        self._address = self._samples.ctypes.data

    @property
    def final_range(self) -> int:
        """To compare with the encoder's after the same packet."""
        return self._state.final_range()

    def reset(self) -> None:
        """Forget the past, as before the first packet."""
        self._state.reset()

    def decode(self, packet: bytes) -> Samples:
        """The packet's samples, a copy of shape ``(n,)``, n = ``packet_duration_samples(packet)``.

        ``BadPacket`` when the bytes are not an Opus packet.
        """
        return done(self.decode_job(packet))

    def decode_job(self, packet: bytes) -> Job[Samples]:
        """The same with libopus' call handed out, to be made beside those of other decoders."""
        if not packet:
            raise BadPacket(INVALID_PACKET, "an empty payload is not an Opus packet")
        return (yield from self._run(packet, MAX_PACKET_SAMPLES, fec=False))

    def conceal(self, samples: int) -> Samples:
        """``samples`` samples in place of a packet that did not come (a multiple of 2.5 ms)."""
        _check_concealment(samples)
        return done(self._run(None, samples, fec=False))

    def decode_fec(self, packet: bytes, samples: int) -> Samples:
        """The ``samples`` samples before ``packet``, from the copy that it carries.

        ``samples`` is how much is missing. A packet without such a copy conceals instead.
        """
        _check_concealment(samples)
        if not packet:
            raise BadPacket(INVALID_PACKET, "an empty payload is not an Opus packet")
        return done(self._run(packet, samples, fec=True))

    def _run(self, packet: bytes | None, room: int, *, fec: bool) -> Job[Samples]:
        length = 0 if packet is None else len(packet)
        code = yield functools.partial(
            self._decode, self._state.pointer, packet, length, self._address, room, fec
        )
        count = check(code, "concealing") if packet is None else check_packet(code, packet)
        return self._samples[:count].copy()


def _check_concealment(samples: int) -> None:
    if samples % _CONCEALMENT_STEP_SAMPLES or not 0 < samples <= MAX_PACKET_SAMPLES:
        raise BadFrame(f"cannot conceal {samples} samples: a multiple of 120 up to 5760 is right")


def unit_encoder(frame_samples: int = UNIT_FRAME_SAMPLES) -> Encoder:
    """A unit's microphone: CELT at 64 kb/s, 2.5 ms of lookahead, 50 µs for a packet of 10 ms.

    The first generation gets the bits: through this and ``program_encoder`` speech scores better
    (PESQ-WB 4.29) than twice at 32 kb/s (4.14). ``frame_samples`` is what each ``encode`` will get:
    480, or 240 for the 5 ms profile; ``BadFrame`` for another length.
    """
    if frame_samples not in UNIT_FRAME_CHOICES:
        raise BadFrame(f"packets of {frame_samples} samples: a unit sends 480 or 240")
    return Encoder(
        Application.RESTRICTED_LOWDELAY,
        bitrate_bps=64_000,
        complexity=5,
        signal=Signal.VOICE,
        vbr_constraint=False,
    )


def program_encoder() -> Encoder:
    """What the audience hears, 20 ms a packet at 32 kb/s: encoded once for everybody.

    Voice and a fixed full bandwidth keep the mode, so that packets merge (2 % are refused without).
    """
    return Encoder(
        Application.VOIP,
        bitrate_bps=32_000,
        complexity=9,
        signal=Signal.VOICE,
        bandwidth=Bandwidth.FULLBAND,
    )
