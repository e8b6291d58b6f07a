"""Composition root of the engine's process: the mix with its codecs and decoding chains."""

from parvis_audio.opus import program_encoder
from parvis_server.engine.boundary import GoLive, SourceSpec
from parvis_server.engine.mix_engine import MixEngine
from parvis_server.engine.sources import SourceReceiver


def open_receiver(spec: SourceSpec) -> SourceReceiver:
    """The decoding chain of one source, bounded by its kind of link."""
    raise NotImplementedError


def build_mix_engine(live: GoLive) -> MixEngine:
    """The mix of a live room."""
    return MixEngine(live.program_ssrc, program_encoder(), open_receiver)
