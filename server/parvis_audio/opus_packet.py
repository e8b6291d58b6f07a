"""How long an Opus packet is, read from its first bytes without libopus."""

from typing import Final

from parvis_audio.errors import BadPacket

MAX_PACKET_SAMPLES: Final = 5760
"""120 ms: no Opus packet holds more (RFC 6716 section 3.2.5)."""

INVALID_PACKET: Final = -4
"""``OPUS_INVALID_PACKET`` of opus_defines.h."""

_FRAMES_BY_CONFIG = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
_FIRST_BYTE_SAMPLES: Final = tuple(
    _FRAMES_BY_CONFIG[first >> 3] * (1, 2, 2, 1)[first & 3] for first in range(256)
)
"""By a packet's first byte (RFC 6716 table 2): the samples in it; for code 3 in one frame."""


def packet_duration_samples(packet: bytes) -> int:
    """How many samples a packet decodes to, read from its first bytes; ``BadPacket`` if none.

    RFC 6716 section 3.1: the first byte tells the frames' length and how many there are; for
    "an arbitrary number" the second one does. (The rule of ``opus_packet_get_nb_samples``.)
    """
    if packet:
        samples = _FIRST_BYTE_SAMPLES[packet[0]]
        if packet[0] & 3 == 3:
            samples *= packet[1] & 0x3F if len(packet) > 1 else 0
        if 0 < samples <= MAX_PACKET_SAMPLES:
            return samples
    raise BadPacket(INVALID_PACKET, f"{len(packet)} bytes are not an Opus packet")
