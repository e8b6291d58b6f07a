"""Draws how the stage's sound behaves, from runs of the real modules; `scripts/report` starts it.

Everything but the delays is virtual time with fixed seeds: the same picture every time. The delays
are those of real kernel TCP over an impaired link between two network namespaces.
"""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fakes.clock_loop import ETHERNET, WIFI, CountingResampler, Crystal, Link, run
from fakes.hall import Air
from fakes.voices import Samples, dbfs, delayed, noise, voice
from parvis_audio.opus import program_encoder
from parvis_server.bench.impairment.link import impaired_link
from parvis_server.bench.impairment.measure import Stream, send_frames
from parvis_server.bench.impairment.patterns import PROFILES
from parvis_server.engine.program import ProgramChain
from parvis_server.media.comfort_noise import ComfortNoise
from parvis_server.media.howl_guard import HowlGuard
from parvis_server.media.limiter import Limiter
from parvis_server.media.loudness import LoudnessMeter
from parvis_server.media.speech_law import Hand, SpeechLaw

IMAGES = Path(__file__).parents[1] / "docs/images"
FRAME = 480
FRAMES_PER_S = 100
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
COLOURS = (BLUE, ORANGE, GREEN, RED, "#cc79a7", "#8c6d31")
"""Told apart by everybody (Okabe and Ito)."""

Floats = NDArray[np.float64]


# --- drift ---

LINKS = {"Ethernet": (ETHERNET, 0.014), "Wi-Fi with stalls": (WIFI, 0.085)}
CRYSTALS = (20, -50, 200, -1000)


def draw_drift() -> Figure:
    """How soon the drift is known, and how still the buffer lies then."""
    figure, panels = pyplot.subplots(2, 2, figsize=(9, 6), sharex="row", sharey="row")
    for column, (name, (link, target_s)) in enumerate(LINKS.items()):
        _drift_column(panels[0][column], panels[1][column], link, target_s)
        panels[0][column].set_title(name)
    panels[0][0].set_ylabel("error of the drift (ppm)")
    panels[1][0].set_ylabel("error of the depth (ms)")
    panels[1][0].legend(loc="lower right", title="the source's crystal", ncols=2)
    figure.suptitle("Clock drift: known within seconds, taken out by the resampler")
    return figure


def _drift_column(drift: Axes, depth: Axes, link: Link, target_s: float) -> None:
    for colour, ppm in zip(COLOURS, CRYSTALS, strict=False):
        outcome = run(Crystal(ppm), link, target_s, 5, resampler=CountingResampler())
        seconds = np.array(outcome.seconds)
        drift.plot(seconds, np.abs(outcome.drift_error_ppm), color=colour, lw=1.2)
        depth.plot(
            seconds, np.array(outcome.depth_error_s) * 1e3, color=colour, lw=1, label=f"{ppm:+} ppm"
        )
    drift.set(yscale="log", ylim=(1e-3, 2e3), xlim=(0, 90), xlabel="seconds")
    drift.axhline(0.5, color="black", ls="--", lw=0.8)
    drift.text(88, 0.6, "0.5 ppm", ha="right", va="bottom")
    depth.set(ylim=(-6, 6), xlim=(0, 300), xlabel="seconds")
    for bound in (-3, 3):
        depth.axhline(bound, color="black", ls="--", lw=0.8)


# --- the automatic mix ---

TALKERS = 6
TURN_S, OVERLAP_S = 4.0, 1.0
BLEED_DB = -12.0


def scene(levels_dbfs: Samples | tuple[float, ...]) -> tuple[Samples, list[tuple[float, float]]]:
    """Six people who speak one after the other, each into the next one's last second; each voice
    is also in all other microphones, 12 dB down and some milliseconds later."""
    seconds = TALKERS * (TURN_S - OVERLAP_S) + OVERLAP_S + 1.0
    microphones = np.stack([noise(seconds, -65, 40 + place) for place in range(TALKERS)])
    turns = []
    for place in range(TALKERS):
        begin_s = 0.5 + place * (TURN_S - OVERLAP_S)
        turns.append((begin_s, begin_s + TURN_S))
        said = voice(TURN_S, 1 + place, levels_dbfs[place])
        at = round(begin_s * 48_000)
        for other in range(TALKERS):
            late = 0 if other == place else 144 + 48 * abs(other - place)
            heard = delayed(said, late, 0.0 if other == place else BLEED_DB)
            microphones[other, at : at + heard.size] += heard
    return microphones, turns


def through_the_law(microphones: Samples) -> tuple[Samples, Floats]:
    """The sum at the gains of the automatic mix, and the share of each microphone in dB."""
    count, size = microphones.shape
    law, ssrcs = SpeechLaw(count), tuple(range(1, count + 1))
    law.set(dict.fromkeys(ssrcs, Hand()), sharing=True)
    heard = np.zeros(count, dtype=bool)
    mixed, shares = [], []
    for at in range(0, size - FRAME + 1, FRAME):
        mixed.append(law.apply(ssrcs, microphones[:, at : at + FRAME], heard).sum(axis=0))
        shares.append([law.share_db(ssrc) for ssrc in ssrcs])
    return np.concatenate(mixed), np.array(shares).T


def draw_automix() -> Figure:
    """Who gets how much of the mix while six people speak and interrupt each other."""
    microphones, turns = scene((-20.0,) * TALKERS)
    mixed, shares = through_the_law(microphones)
    figure, (who, gains, floor) = pyplot.subplots(
        3, 1, figsize=(9, 7), sharex=True, height_ratios=(2, 4, 3)
    )
    for place, (begin_s, end_s) in enumerate(turns):
        who.barh(place, end_s - begin_s, left=begin_s, color=COLOURS[place], height=0.7)
        gains.plot(_seconds(shares[place]), shares[place], color=COLOURS[place], lw=1.3)
    who.set(yticks=range(TALKERS), yticklabels=[f"talker {n + 1}" for n in range(TALKERS)])
    who.invert_yaxis()
    gains.set(ylabel="share of each\nmicrophone (dB)", ylim=(-32, 2))
    single, all_open = _levels(mixed), _levels(microphones.sum(axis=0))
    floor.plot(_seconds(all_open), all_open, color="0.65", lw=1, label="all six simply added")
    floor.plot(_seconds(single), single, color="black", lw=1.2, label="the automatic mix")
    floor.set(
        ylabel="level (dBFS)", ylim=(-72, 2), xlabel="seconds", xlim=(0, shares.shape[1] / 100)
    )
    floor.legend(loc="upper right", ncols=2)
    figure.suptitle("Gain sharing: six open microphones sound like one")
    return figure


# --- loudness ---

APART_LUFS = (-16.0, -36.0, -26.0, -31.0)
LONG_TURN_S = 14.0


def draw_loudness() -> Figure:
    """Talkers 20 LU apart, before and after levelling, program servo and limiter."""
    said = [_at_lufs(voice(LONG_TURN_S, 3 + n), lufs) for n, lufs in enumerate(APART_LUFS * 2)]
    size = said[0].size
    microphones = np.stack(
        [noise(LONG_TURN_S * len(said), -70, 60 + n) for n in range(len(APART_LUFS))]
    )
    for turn, sound in enumerate(said):
        microphones[turn % len(APART_LUFS), turn * size : (turn + 1) * size] += sound
    heard = _program(microphones)
    figure, axes = pyplot.subplots(figsize=(9, 4.5))
    for sound, colour, name in (
        (microphones.sum(axis=0), "0.65", "as the four talkers come"),
        (heard, BLUE, "as the audience hears them"),
    ):
        loudness = _short_term(sound)
        axes.plot(_seconds(loudness), loudness, color=colour, lw=1.5, label=name)
    axes.axhspan(-19, -17, color=GREEN, alpha=0.25, label="−18 ± 1 LUFS")
    for turn in range(1, len(said)):
        axes.axvline(turn * LONG_TURN_S, color="0.85", lw=0.8)
    peak_dbfs = 20 * np.log10(np.abs(heard).max())
    axes.text(
        0.99, 0.04, f"highest sample {peak_dbfs:.1f} dBFS", ha="right", transform=axes.transAxes
    )
    axes.set(xlabel="seconds", ylabel="short-term loudness (LUFS)", ylim=(-42, -8), xlim=(0, None))
    axes.legend(loc="upper right", ncols=3)
    figure.suptitle("Loudness: four talkers up to 20 LU apart, each twice")
    return figure


def _program(microphones: Samples) -> Samples:
    """As the engine makes the listeners' program: law, servo, limiter, comfort noise."""
    count, size = microphones.shape
    law, ssrcs, none = SpeechLaw(count), tuple(range(1, count + 1)), np.zeros(count, dtype=bool)
    law.set(dict.fromkeys(ssrcs, Hand()), sharing=True)
    chain, floor, heard = ProgramChain(1, program_encoder()), ComfortNoise(FRAME), []
    for tick in range(size // FRAME):
        frames = microphones[:, tick * FRAME : (tick + 1) * FRAME]
        mixed = law.apply(ssrcs, frames, none).sum(axis=0)
        if chain.take(tick, mixed, floor.next_frame(), settled=law.settled):
            heard.append(chain.pcm.copy())
    return np.concatenate(heard)


def _at_lufs(sound: Samples, lufs: float) -> Samples:
    meter = LoudnessMeter()
    for frame in sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME):
        meter.add(frame)
    return np.asarray(sound * 10 ** ((lufs - meter.integrated_lufs) / 20), dtype=np.float32)


def _short_term(sound: Samples) -> Floats:
    meter, found = LoudnessMeter(), []
    for frame in sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME):
        meter.add(frame)
        found.append(meter.short_term_lufs)
    return np.array(found)


# --- howling ---

HALL_SEEDS = (1, 2, 3)
GAINS_DB = np.arange(-14.0, 7.0, 1.0)
LOOP_S = 5.0
HOWLS_OVER_DBFS = -20.0


def draw_howl() -> Figure:
    """A loudspeaker that its own microphone hears, with and without the guard."""
    figure, (course, margin) = pyplot.subplots(1, 2, figsize=(9, 4.2))
    for guarded, colour, name in ((False, RED, "without guard"), (True, BLUE, "with guard")):
        levels = _loop(-1.0, guarded, HALL_SEEDS[0])
        course.plot(_seconds(levels), levels, color=colour, lw=1.3, label=name)
        ends = np.array(
            [[_loop(gain, guarded, seed)[-100:].mean() for gain in GAINS_DB] for seed in HALL_SEEDS]
        )
        margin.plot(GAINS_DB, ends.max(axis=0), color=colour, marker="o", ms=3, label=name)
        stable = GAINS_DB[(ends < HOWLS_OVER_DBFS).all(axis=0)]
        print(f"howl: {name}: stable up to {stable.max():+.0f} dB of loop gain in all halls")
    course.set(xlabel="seconds", ylabel="level at the loudspeaker (dBFS)", ylim=(-75, 0))
    course.set_title("loop gain −1 dB, RT60 0.4 s")
    course.legend(loc="center right")
    margin.set(xlabel="gain of the loop (dB)", ylabel="level after 5 s (dBFS)", ylim=(-75, 0))
    margin.axhline(HOWLS_OVER_DBFS, color="black", ls="--", lw=0.8)
    margin.set_title("worst of three halls")
    figure.suptitle("Howl guard: notch, then less level, within a second")
    return figure


def _loop(gain_db: float, guarded: bool, seed: int) -> Floats:
    """Level of each frame at a loudspeaker whose microphone hears it and somebody who speaks."""
    air, limiter = Air(1, 0.4, gain_db, 0.06, seed), Limiter(-6.0)
    guard = HowlGuard() if guarded else None
    talker, heard, levels = voice(LOOP_S, 2, -35), np.zeros(FRAME, np.float32), []
    for at in range(0, talker.size, FRAME):
        frame = heard + talker[at : at + FRAME]
        played = limiter.process(guard.process(frame)[0] if guard else frame)
        levels.append(dbfs(played))
        heard = air.play(played)[0]
    return np.array(levels)


# --- a bad network ---

DELAYS_S, STREAMS = 40, 8
PROFILE = "rtt40_loss1"
LATE_MS = 40.0


def draw_delays() -> Figure:
    """How late frames come over one connection and over two, through real kernel TCP."""
    found, kind = asyncio.run(_frames())
    figure, (histogram, tail) = pyplot.subplots(1, 2, figsize=(9, 4.2))
    for connections, colour, name in ((1, RED, "one connection"), (2, BLUE, "two connections")):
        delays_ms = np.concatenate([_relative(stream, connections) for stream in found])
        shown = np.clip(delays_ms, 0, 120)
        bins = np.arange(0, 122, 2)
        weights = np.full(shown.size, 100 / shown.size)
        histogram.hist(shown, bins, weights=weights, color=colour, alpha=0.6, label=name)
        ranked = np.sort(shown)
        tail.plot(
            ranked, 100 * (1 - np.arange(ranked.size) / ranked.size), color=colour, label=name
        )
        late = 100 * float(np.mean(delays_ms > LATE_MS))
        print(f"delay: {name}: {late:.3f} % later than 40 ms, of {delays_ms.size} frames")
    histogram.set(yscale="log", xlabel="delay over the quickest (ms)", ylabel="frames (%)")
    tail.set(
        yscale="log", xlabel="delay over the quickest (ms)", ylabel="frames later than this (%)"
    )
    tail.set_xlim(0, 120)
    tail.axvline(LATE_MS, color="black", ls="--", lw=0.8)
    tail.axhline(0.05, color="black", ls="--", lw=0.8)
    tail.text(118, 0.055, "0.05 %", ha="right")
    histogram.legend(loc="upper right")
    how = "real TCP" if kind == "tun" else "a proxy that models TCP"
    figure.suptitle(f"Round trip 40 ms, 1 % loss, {how}: every frame on two connections")
    return figure


async def _frames() -> tuple[list[Stream], str]:
    async with impaired_link(PROFILES[PROFILE], 1, "auto", None) as link:
        found = await send_frames(link, DELAYS_S, 2, STREAMS)
        await link.counts()
        return found, link.kind


def _relative(stream: Stream, connections: int) -> Floats:
    """Delays over the quickest twentieth; frames that never came count as 999 ms."""
    delays_ms = np.where(
        np.isfinite(delays := stream.delays_ms(connections)), delays, RELATIVE_NEVER_MS
    )
    return np.asarray(delays_ms - np.percentile(delays_ms, 5), dtype=np.float64)


RELATIVE_NEVER_MS = 999.0


# --- the pages ---

PICTURES: dict[str, Callable[[], Figure]] = {
    "drift": draw_drift,
    "automix": draw_automix,
    "loudness": draw_loudness,
    "howl": draw_howl,
    "delays": draw_delays,
}


def _seconds(series: Floats) -> Floats:
    return np.arange(series.size) / FRAMES_PER_S


def _levels(sound: Samples) -> Floats:
    frames = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    smooth = np.convolve((frames.astype(np.float64) ** 2).mean(axis=1), np.ones(10) / 10, "same")
    return np.asarray(10 * np.log10(smooth + 1e-12))


def main() -> None:
    """Draw the pictures that were asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    names = parser.parse_args().names or list(PICTURES)
    if unknown := set(names) - set(PICTURES):
        parser.error(f"no picture is called {', '.join(sorted(unknown))}: {', '.join(PICTURES)}")
    matplotlib.use("agg")
    pyplot.rcParams.update({"font.size": 10, "axes.grid": True, "grid.color": "0.92"})
    pyplot.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    pyplot.rcParams.update({"axes.axisbelow": True})
    for name in names:
        figure = PICTURES[name]()
        figure.tight_layout()
        path = IMAGES / f"sound-{name}.png"
        figure.savefig(path, dpi=130)
        print(path.relative_to(IMAGES.parents[1]), flush=True)


if __name__ == "__main__":
    main()
