"""Everything that comes out of the mix: the program, and a bus for each output of the stage.

Theory of operation. The routes of all mixes are one matrix (``media/buses.py``), so a tick is one
product, and after it each distinct mix goes its own way (``bus_chain.py``). Loudspeakers, lines and
assistive outputs give a packet each tick. The program gives one each 20 ms, on the last tick of
each; the returns are spread over the ticks, so that no tick has to encode them all. An output whose
mix changes (its speaker opens or closes their source, a zone is lifted) keeps its limiter and the
part of a packet that it had, so that the change is not heard.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import ParvisAudioError
from parvis_audio.work import Crew, Job, alone, results
from parvis_server.engine.boundary import TICK_SAMPLES, Howling
from parvis_server.engine.bus_chain import (
    TALK_PTIME_SAMPLES,
    TREATMENTS,
    BusChain,
    Encoders,
    Floor,
    OutputStream,
    Treatment,
)
from parvis_server.engine.contributions import Contributions, Lap, OutputSaid, no_lap
from parvis_server.engine.echo_gates import EchoGates
from parvis_server.engine.program import PROGRAM_CEILING_DBFS, ProgramChain, Talkers
from parvis_server.engine.routing import PROGRAM, RECORD, Mix, Plan, Routing
from parvis_server.engine.sound_check import SoundChecks
from parvis_server.engine.stage import CheckOutput, OutputSpec, SetStage
from parvis_server.media.buses import Buses, Routes, finite
from parvis_server.media.howl_guard import Howl
from parvis_wire.stage import OutputKind

Frame = NDArray[np.float32]

PROGRAM_LOAD: Final = 2
"""The program's encoder, at its complexity, takes as long as two of the returns'."""

RECORD_TREATMENT: Final = Treatment(PROGRAM_CEILING_DBFS, low_delay=False)
"""Loud as the program, whose servo's gain it gets, under a limiter of its own."""

HIGHEST_COMPLEXITY: Final = 10


class OutputBank:
    """Makes the packets of all outputs, tick by tick."""

    def __init__(
        self,
        program_ssrc: int,
        encoders: Encoders,
        frame_samples: int = TICK_SAMPLES,
        lap: Lap = no_lap,
        crew: Crew = alone,
    ) -> None:
        """``program_ssrc``: the program's RTP source; ``frame_samples``: length of a tick.

        ``lap``: told when the sums are done, the dynamics, and the encoders, which ``crew`` runs.
        """
        self._lap = lap
        self._crew = crew
        self._encoders = encoders
        self._frame_samples = frame_samples
        self._ticks = TALK_PTIME_SAMPLES // frame_samples
        self._stage = SetStage()
        self._muted: set[int] = set()
        self._routing = Routing()
        self._buses = Buses(frame_samples)
        self._floor = Floor(frame_samples)
        self._gates = EchoGates(frame_samples)
        self._talkers = Talkers(self._ticks)
        self._checks = SoundChecks()
        self._checked: int | None = None
        self._program = ProgramChain(program_ssrc, encoders.program(), frame_samples)
        self._most_complexity = HIGHEST_COMPLEXITY
        self._chains: dict[Mix, BusChain] = {}
        self._streams: dict[int, OutputStream] = {}
        self._phases: dict[int, int] = {}
        self._planned_for: tuple[int, ...] | None = None
        self._plan = Plan({}, {})
        self._hall: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._microphones: list[int] = []
        self._gated_mixes: dict[int, tuple[int, Mix]] = {}

    def set_stage(self, stage: SetStage) -> None:
        """Make exactly these buses from the next tick on."""
        self._stage = stage
        self._muted = {source.ssrc for source in stage.sources if source.muted}
        self._routing.set_stage(stage)
        wanted = {output.ssrc: output for output in stage.outputs}
        kept = wanted.keys() | {stage.record_ssrc}
        for gone in self._streams.keys() - kept:
            del self._streams[gone]
            self._phases.pop(gone, None)
        for ssrc, output in wanted.items():
            if ssrc not in self._streams:
                self._streams[ssrc] = OutputStream(ssrc)
                self._phases[ssrc] = self._free_phase(output)
        if stage.record_ssrc is not None and stage.record_ssrc not in self._streams:
            self._streams[stage.record_ssrc] = OutputStream(stage.record_ssrc)
        self._gates.keep({o.own_ssrc for o in stage.outputs if o.own_ssrc is not None})
        self._planned_for = None

    @property
    def program_db(self) -> float:
        """What the program's loudness servo adds now."""
        return self._program.servo_db

    def begin_at(self, program_db: float) -> None:
        """Go on from the gain that another engine's program had."""
        self._program.begin_at(program_db)

    def check(self, command: CheckOutput) -> None:
        """Begin a sound check of one output, which then plays nothing else for 1.7 s."""
        self._checks.ask(command)

    def set_complexity(self, most: int) -> None:
        """No encoder works harder than this from now on (0 to 10); 10: each at its own."""
        self._most_complexity = most
        self._program.encoder.limit(most)
        for chain in self._chains.values():
            chain.encoder.limit(most)

    def tick(self, tick: int, now_ns: int, contributions: Contributions) -> tuple[OutputSaid, ...]:
        """Run one tick: packets that are due, howls, finished sound checks."""
        self._checks.begin(self._streams, contributions.raw)
        if contributions.ssrcs != self._planned_for or self._checks.output != self._checked:
            self._replan(contributions.ssrcs)
        frames, _ = finite(contributions.frames)
        mixed = self._buses.mix(frames, contributions.ssrcs, self._gated(contributions, frames))
        levels = contributions.levels_dbfs.items()
        talkers = self._talkers.note({s: level for s, level in levels if s not in self._muted})
        self._floor.step()
        self._lap("mix")
        full = self._program.take(
            tick, mixed[PROGRAM], self._floor.frame, settled=contributions.settled
        )
        jobs: dict[Mix, Job[bytes]] = {}
        if full:  # first, since it takes the longest
            jobs[PROGRAM] = self._program.encoder.encode_job(self._program.pcm)
        howling = self._run_chains(tick, mixed, jobs)
        self._lap("limit")
        payloads = self._encoded(jobs)
        self._lap("encode")
        said: list[OutputSaid] = []
        if full:
            said.append(self._program.packet(tick, payloads[PROGRAM], talkers))
        said += howling
        said += self._packets(tick, payloads, talkers)
        return (*said, *self._checks.end(contributions.raw, self._frame_samples))

    def _encoded(self, jobs: dict[Mix, Job[bytes]]) -> dict[Mix, bytes]:
        """All packets of this tick, their encoders side by side."""
        payloads = {}
        for mix, payload in zip(jobs, results(jobs.values(), self._crew), strict=True):
            if isinstance(payload, ParvisAudioError):
                raise payload
            payloads[mix] = payload
        return payloads

    def _run_chains(
        self, tick: int, mixed: dict[Mix, Frame], jobs: dict[Mix, Job[bytes]]
    ) -> list[OutputSaid]:
        """Give every mix its frame; adds what is to be encoded now, answers what howls."""
        howling: list[OutputSaid] = []
        for mix, chain in self._chains.items():
            frame = mixed[mix] if mix.checked is None else self._checks.frame(self._frame_samples)
            if mix is RECORD:
                frame = frame * self._program.gains
            full, howls = chain.take(tick, frame, self._floor.frame)
            if full:
                jobs[mix] = chain.encode_job()
            for howl in howls:
                howling += self._alarms(mix, howl)
        return howling

    def _alarms(self, mix: Mix, howl: Howl) -> list[Howling]:
        return [
            Howling(
                output=ssrc,
                hertz=howl.hertz,
                level_dbfs=howl.level_dbfs,
                turned_down_db=howl.bus_db,
            )
            for ssrc, its in self._plan.outputs.items()
            if its == mix
        ]

    def _packets(
        self, tick: int, payloads: dict[Mix, bytes], talkers: tuple[tuple[int, float], ...]
    ) -> list[OutputSaid]:
        """A packet for each output whose mix was encoded in this tick."""
        packets: list[OutputSaid] = []
        for ssrc, mix in self._plan.outputs.items():
            if mix in payloads:
                named = (
                    tuple(talker for talker in talkers if talker[0] != mix.own_ssrc)
                    if mix.kind is OutputKind.RETURN
                    else ()
                )
                at = (self._program if mix is PROGRAM else self._chains[mix]).first_sample(tick)
                packets.append(self._streams[ssrc].packet(payloads[mix], at, named))
        return packets

    def _gated(self, contributions: Contributions, frames: Frame) -> dict[Mix, Routes]:
        """The routes, with the hall turned down in returns that would hear their own echo."""
        routes = dict(self._plan.routes)
        if not self._gated_mixes:
            return routes
        levels = contributions.levels_dbfs
        heard = np.array([10 ** (levels.get(ssrc, -127.0) / 10) for ssrc in self._microphones])
        played = {
            ssrc: float(np.dot(frames[row], frames[row])) / self._frame_samples
            for ssrc, (row, _) in self._gated_mixes.items()
        }
        gains = self._gates.gains(played, self._microphones, heard)
        for ssrc, (_, mix) in self._gated_mixes.items():
            gain = gains.get(ssrc, 1.0)
            if gain != 1.0:
                routes[mix] = routes[mix] * np.where(self._hall, np.float32(gain), np.float32(1))
        return routes

    @property
    def _sounds_in_the_hall(self) -> bool:
        kinds = (OutputKind.LOUDSPEAKER, OutputKind.LINE)
        return any(output.kind in kinds for output in self._stage.outputs)

    def _replan(self, ssrcs: tuple[int, ...]) -> None:
        """Other sources or another stage: keep the chains that are still needed, make others."""
        before, self._checked = self._plan, self._checks.output
        self._plan = self._routing.plan(ssrcs, self._phases, self._checked)
        self._planned_for = ssrcs
        self._plan_gates(ssrcs)
        chains: dict[Mix, BusChain] = {}
        for ssrc, mix in self._plan.outputs.items():
            if mix in chains or mix is PROGRAM:
                continue
            chain = self._chains.get(mix)
            if chain is None:
                chain = self._new_chain(mix)
                last = before.outputs.get(ssrc)
                if last is PROGRAM:
                    program = self._program
                    chain.go_on_from(program.limiter, program.pcm, program.coded)
                elif last in self._chains:
                    chain.continue_from(self._chains[last])
            chains[mix] = chain
        self._chains = chains

    def _plan_gates(self, ssrcs: tuple[int, ...]) -> None:
        """Which rows are the hall's, and which returns have a gate."""
        local = [self._routing.source(ssrc).zone is not None for ssrc in ssrcs]
        self._hall = np.array(local, dtype=bool)
        self._microphones = [ssrc for ssrc, here in zip(ssrcs, self._hall, strict=True) if here]
        self._gated_mixes = {
            mix.own_ssrc: (ssrcs.index(mix.own_ssrc), mix)
            for mix in self._plan.routes
            if self._sounds_in_the_hall
            and mix.kind is OutputKind.RETURN
            and mix.own_ssrc is not None
        }

    def _new_chain(self, mix: Mix) -> BusChain:
        if mix.kind is None:
            return self._record_chain()
        treatment = TREATMENTS[mix.kind]
        make = self._encoders.low_delay if treatment.low_delay else self._encoders.talk
        shifted = mix.shifted and mix.checked is None  # a code that is shifted is not found again
        chain = BusChain(treatment, make(), self._frame_samples, mix.phase, shifted=shifted)
        chain.encoder.limit(self._most_complexity)
        return chain

    def _record_chain(self) -> BusChain:
        """Coded like the program, in packets that begin where the program's do."""
        samples, phase = self._frame_samples, self._ticks - 1
        chain = BusChain(RECORD_TREATMENT, self._encoders.program(), samples, phase)
        chain.encoder.limit(self._most_complexity)
        return chain

    def _free_phase(self, output: OutputSpec) -> int:
        """The tick of each packet that has the least to encode; 0 for one that has no choice."""
        if output.kind is not OutputKind.RETURN:
            return 0
        load = [0] * self._ticks
        load[-1] = PROGRAM_LOAD
        returns = {o.ssrc for o in self._stage.outputs if o.kind is OutputKind.RETURN}
        for ssrc, phase in self._phases.items():
            if ssrc in returns:
                load[phase] += 1
        return load.index(min(load))
