"""The acoustic plan: microphones compared, and the gain structure from capsule to Opus.

Sources: ``acoustics.toml`` (makers' figures of the class of part) and the hub's own constants
(levelling targets, limiter), which are imported, so that plan and program cannot differ.
Formulas: a voice falls 6 dB for each doubling of distance (free field); critical distance
0.057 sqrt(Q V / RT60) (Sabine, metres); levels of independent sounds add as powers.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from parvis_hardware.errors import SourceError
from parvis_server.media.levelling import PROGRAM, TALKER
from parvis_server.media.limiter import CEILING_DBFS

SOURCE = "acoustics.toml"

SINE_TO_LUFS_DB = -3.0
"""A sine of 0 dBFS peak is -3 dBFS in power, about -3 LUFS: mean power stands for loudness here."""
PASCAL_DB_SPL = 94.0
FULL_RATE_HZ = 48_000


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Talker(_Table):
    """A voice: levels at 1 m, and how far its peaks stand over its mean."""

    level_1m_db_spl: float
    loud_1m_db_spl: float
    crest_db: float


class Room(_Table):
    """The hall that the figures are for."""

    title: str
    volume_m3: float
    reverberation_s: float
    noise_db_spl_a: float


class Microphone(_Table):
    """One class of microphone at the distance it is used at."""

    title: str
    pattern_q: float
    distance_m: float
    self_noise_db_spl_a: float
    most_db_spl: float
    rate_hz: int
    full_scale_db_spl: float | None = None
    """The sound pressure level of a sine that gives 0 dBFS peak; or, instead, the next three."""
    sensitivity_dbv_pa: float | None = None
    preamplifier_db: float | None = None
    full_scale_dbv: float | None = None


class Desk(_Table):
    """The hall's desk and the hub's interface."""

    nominal_dbu: float
    full_scale_dbu: float
    desk_clips_dbu: float


class AcousticTable(_Table):
    """``acoustics.toml``."""

    talker: Talker
    room: Room
    microphones: Mapping[str, Microphone]
    desk: Desk


@dataclass(frozen=True, slots=True)
class Row:
    """One microphone's figures in the hall."""

    title: str
    distance_m: float
    speech_db_spl: float
    """At the microphone, a voice without effort."""
    over_noise_db: float
    """Speech over the hall's noise and the microphone's own."""
    direct_over_reverberant_db: float
    critical_distance_m: float
    headroom_db: float
    """From the peaks of a loud voice to what the microphone or its converter bears."""
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One place of the way from capsule to Opus."""

    name: str
    mean_dbfs: float
    peak_dbfs: float
    headroom_db: float


def parse(text: str) -> AcousticTable:
    """The table of a source text.

    Raises:
        SourceError: it is no TOML, a key is unknown or missing.
    """
    try:
        table = AcousticTable.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(SOURCE, "the file", f"it is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SourceError(SOURCE, ".".join(map(str, first["loc"])), first["msg"]) from error
    for name, microphone in table.microphones.items():
        full_scale_db_spl(name, microphone)
    return table


def full_scale_db_spl(name: str, microphone: Microphone) -> float:
    """The sound pressure level whose peaks give 0 dBFS (of a sine, as makers say it)."""
    if microphone.full_scale_db_spl is not None:
        return microphone.full_scale_db_spl
    sensitivity, gain = microphone.sensitivity_dbv_pa, microphone.preamplifier_db
    if sensitivity is None or gain is None or microphone.full_scale_dbv is None:
        wanted = "full_scale_db_spl, or sensitivity, preamplifier and full_scale_dbv"
        raise SourceError(SOURCE, f"microphones.{name}", f"how loud is 0 dBFS? say {wanted}")
    sine_dbv = microphone.full_scale_dbv + SINE_TO_LUFS_DB
    return PASCAL_DB_SPL + sine_dbv - gain - sensitivity


def at_distance(level_1m_db: float, distance_m: float) -> float:
    """A level at another distance than 1 m, in the free field."""
    return level_1m_db - 20 * math.log10(distance_m)


def critical_distance_m(room: Room, pattern_q: float) -> float:
    """Where direct and reverberant sound are equally loud for this microphone."""
    return 0.057 * math.sqrt(pattern_q * room.volume_m3 / room.reverberation_s)


def compare(name: str, table: AcousticTable) -> Row:
    """One microphone in the hall of the table."""
    microphone, talker = table.microphones[name], table.talker
    speech = at_distance(talker.level_1m_db_spl, microphone.distance_m)
    loud_peak = at_distance(talker.loud_1m_db_spl, microphone.distance_m) + talker.crest_db
    # A pattern hears less of what comes from all sides: 10 log Q.
    hall = table.room.noise_db_spl_a - 10 * math.log10(microphone.pattern_q)
    noise = _added(hall, microphone.self_noise_db_spl_a)
    critical = critical_distance_m(table.room, microphone.pattern_q)
    # Both limits are levels of a sine: its peaks are 3 dB over them.
    bears = min(microphone.most_db_spl, full_scale_db_spl(name, microphone)) - SINE_TO_LUFS_DB
    return Row(
        title=microphone.title,
        distance_m=microphone.distance_m,
        speech_db_spl=speech,
        over_noise_db=speech - noise,
        direct_over_reverberant_db=20 * math.log10(critical / microphone.distance_m),
        critical_distance_m=critical,
        headroom_db=bears - loud_peak,
        rate_hz=microphone.rate_hz,
    )


def _added(*levels_db: float) -> float:
    return 10 * math.log10(sum(10 ** (level / 10) for level in levels_db))


def gain_structure(name: str, table: AcousticTable, loud: bool) -> list[Stage]:
    """Where a voice stands at each place between capsule and Opus."""
    microphone, talker = table.microphones[name], table.talker
    level_1m = talker.loud_1m_db_spl if loud else talker.level_1m_db_spl
    at_capsule = at_distance(level_1m, microphone.distance_m)
    capsule_bears = microphone.most_db_spl - SINE_TO_LUFS_DB
    mean = at_capsule - full_scale_db_spl(name, microphone) + SINE_TO_LUFS_DB
    crest = talker.crest_db
    gain = min(max(TALKER.target_lufs - mean, TALKER.lowest_db), TALKER.highest_db)
    levelled = mean + gain
    second = min(max(PROGRAM.target_lufs - levelled, PROGRAM.lowest_db), PROGRAM.highest_db)
    program = levelled + second
    capsule = at_capsule - capsule_bears
    return [
        Stage("capsule (0 = what it bears)", capsule, capsule + crest, -capsule - crest),
        Stage("converter, and Opus of the unit", mean, mean + crest, -mean - crest),
        Stage(
            f"hub, talker levelled ({gain:+.0f} dB)", levelled, levelled + crest, -levelled - crest
        ),
        Stage(f"hub, program ({second:+.0f} dB)", program, program + crest, -program - crest),
        Stage(
            "limiter, and Opus of the program",
            min(program, CEILING_DBFS),
            min(program + crest, CEILING_DBFS),
            -min(program + crest, CEILING_DBFS),
        ),
    ]


@dataclass(frozen=True, slots=True)
class DeskLevels:
    """How hub and desk meet, in dB."""

    nominal_dbfs: float
    """The desk's nominal level in the hub."""
    headroom_in_db: float
    """Over it, before the hub's converter clips."""
    program_dbu: float
    """What the desk gets of a program at its target."""
    headroom_at_desk_db: float
    """From the program's highest peak to what the desk bears."""


def desk_levels(table: AcousticTable) -> DeskLevels:
    """The hub at the hall's desk."""
    desk = table.desk
    return DeskLevels(
        nominal_dbfs=desk.nominal_dbu - desk.full_scale_dbu,
        headroom_in_db=desk.full_scale_dbu - desk.nominal_dbu,
        program_dbu=desk.full_scale_dbu + PROGRAM.target_lufs,
        headroom_at_desk_db=desk.desk_clips_dbu - (desk.full_scale_dbu + CEILING_DBFS),
    )


def findings(name: str, table: AcousticTable) -> list[str]:
    """What a microphone of a build does not keep: a loud voice must not clip, 48 kHz are wanted."""
    found = []
    for stage in gain_structure(name, table, loud=True)[:2]:
        if stage.headroom_db < 0:
            found.append(f"{name}: a loud voice clips at the {stage.name}")
    if table.microphones[name].rate_hz != FULL_RATE_HZ:
        found.append(f"{name}: {table.microphones[name].rate_hz} Hz, the mix is of 48000 Hz")
    if compare(name, table).direct_over_reverberant_db < 0:
        found.append(f"{name}: it stands farther than the critical distance")
    return found
