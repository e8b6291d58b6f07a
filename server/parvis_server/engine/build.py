"""Composition root of the engine's process: the mix with its codecs and decoding chains."""

from parvis_audio.opus import Encoder, program_encoder, unit_encoder
from parvis_audio.work import Crew, alone
from parvis_server.engine.boundary import GoLive
from parvis_server.engine.bus_chain import Encoders
from parvis_server.engine.contributions import Lap, no_lap
from parvis_server.engine.crew import best_crew
from parvis_server.engine.decoding_chain import DecodingChain
from parvis_server.engine.mix_engine import MixEngine
from parvis_server.engine.outputs import OutputBank

RETURN_COMPLEXITY = 5
"""115 µs a packet less than the program's 9: there may be twenty of them."""


def return_encoder() -> Encoder:
    """What a remote speaker hears: coded like the program, with less work."""
    encoder = program_encoder()
    encoder.complexity = RETURN_COMPLEXITY
    return encoder


def build_outputs(live: GoLive, lap: Lap = no_lap, crew: Crew = alone) -> OutputBank:
    """Program and output buses of a live room, with their encoders."""
    samples = live.frame_samples
    encoders = Encoders(program_encoder, return_encoder, lambda: unit_encoder(samples))
    return OutputBank(live.program_ssrc, encoders, samples, lap, crew)


def build_mix_engine(live: GoLive, lap: Lap = no_lap) -> MixEngine:
    """The mix of a live room; ``lap``: told when each stage of a tick is done.

    Its second thread gets the priority that the caller has now.
    """
    samples = live.frame_samples
    crew = best_crew()
    outputs = build_outputs(live, lap, crew)
    mix = MixEngine(outputs, lambda spec: DecodingChain(spec, samples), samples, lap, crew)
    mix.begin_at(live.levels_db, live.program_db)
    return mix
