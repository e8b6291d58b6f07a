"""What shall sound where: the stage as the hub describes it to the engine, whole each time."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parvis_wire.fields import Ssrc, ZoneName
from parvis_wire.stage import GainDb, LinkKind, OutputKind, PriorityDb, SourceKind

MAX_SOURCES = 96
"""Open sources at once: the 50 microphones and 20 returns that the engine must run, and spare."""

MAX_OUTPUTS = 64
"""20 returns, and a loudspeaker for every other unit that a hub admits."""

MAX_ZONES = 16

BusGainDb = Annotated[float, Field(ge=-60.0, le=6.0)]


class Body(BaseModel):
    """Base of the JSON bodies: immutable, and strict, since both sides are of one release."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSpec(Body):
    """One source that shall be in the mix."""

    ssrc: Ssrc
    link: LinkKind = LinkKind.WIRED
    """Sets the bounds of its jitter buffer."""
    kind: SourceKind = SourceKind.MICROPHONE
    zone: ZoneName | None = None
    """Whose loudspeakers its microphone hears; None: a remote speaker, heard in every zone."""
    gain_db: GainDb | None = None
    """By hand; None: levelled (a desk: 0 dB)."""
    priority_db: PriorityDb = 0.0
    shared: bool = True
    """Whether it takes part in gain sharing."""
    muted: bool = False
    recorded: bool = True
    """Whether its talker agreed to the recording."""


class OutputSpec(Body):
    """One bus that shall be made, under its own RTP source."""

    ssrc: Ssrc
    kind: OutputKind
    zone: ZoneName | None = None
    """Where it sounds; None for a return."""
    own_ssrc: Ssrc | None = None
    """The source at the same place, which is never in it; an assistive output has it all the same:
    its listeners must not lose the podium because the loop's amplifier hangs on the same unit."""
    gain_db: BusGainDb = 0.0
    shifted: bool = False
    """Move a loudspeaker's or line's sound up by 5 Hz: 8 dB more before it howls, for speech."""

    @model_validator(mode="after")
    def _complete(self) -> "OutputSpec":
        """A loudspeaker or line needs the zone whose microphones it must not play."""
        if self.kind in (OutputKind.LOUDSPEAKER, OutputKind.LINE) and self.zone is None:
            raise ValueError(f"a {self.kind.value} needs a zone")
        return self


class ZoneGain(Body):
    """How loud the microphones of one zone are in the loudspeakers of another."""

    talks: ZoneName
    hears: ZoneName
    gain_db: BusGainDb | None = None
    """None: silent. A pair that is not named is heard at 0 dB."""


class SetStage(Body):
    """All sources and outputs; packets of any other source are dropped before decoding."""

    command: Literal["set_stage"] = "set_stage"
    sources: tuple[SourceSpec, ...] = Field(default=(), max_length=MAX_SOURCES)
    outputs: tuple[OutputSpec, ...] = Field(default=(), max_length=MAX_OUTPUTS)
    zone_gains: tuple[ZoneGain, ...] = Field(default=(), max_length=MAX_ZONES**2)
    lifted: tuple[ZoneName, ...] = Field(default=(), max_length=MAX_ZONES)
    """Zones that hear their own microphones; the hub has checked that they may."""
    sharing: bool = True
    """Whether gain sharing and levelling run; off, a source is at its own gain, or 0 dB."""
    record_ssrc: Ssrc | None = None
    """For a recorder: the RTP source of the record bus, which is the program without the sources
    that are not ``recorded``. With it ``Tap`` is emitted. None: nothing is recorded."""


class CheckOutput(Body):
    """Play a coded signal into one output, alone, and measure which desk feed brings it back."""

    command: Literal["check_output"] = "check_output"
    check: int = Field(ge=0, lt=1 << 32)
    """Told back with the result; a number that was checked already is not played again."""
    output: Ssrc
