/**
 * The one player of the page: carries out the lifecycle's effects on the browser's real parts.
 */

import type { HubClient } from "../room/hub_client.ts";
import { Store } from "../ui/store.ts";
import { ClockWatch } from "./clock_watch.ts";
import { NO_FIGURES, type OutputFigures } from "./diagnostics.ts";
import { type AudioEffect, type AudioEvent, type AudioState, advance } from "./lifecycle.ts";
import { type FindStream, Mp3Stream, mp3Path } from "./mp3_stream.ts";
import { type Output, openWorklet, ScheduledOutput } from "./outputs.ts";
import {
  type Abilities,
  audioContextClass,
  chooseRung,
  detect,
  type PlayedRung,
  phoneKind,
} from "./platform.ts";
import { openSink, type Sink } from "./sinks.ts";
import { type SoundSource, SourceSwitch } from "./source_switch.ts";

/** What the page shows of the sound. */
export interface PlayerState {
  state: AudioState;
  rung: PlayedRung | null;
  figures: OutputFigures;
  /** Buffer and device together, smoothed; null before the first sound. */
  totalDelayMs: number | null;
  /** Sound leaves late because the device does (Bluetooth). */
  deviceDelayMs: number;
  tapToSoundMs: number | null;
  figuresAtMs: number | null;
  outputRate: number | null;
}

/** Weight of one of ten measurements a second: settles in two seconds. */
const SMOOTHING = 0.05;
/** The delay is not the same thing any more. */
const JUMP_MS = 200;
/** A context that does not run by then will not without another tap ... */
const START_TIMEOUT_MS = 4000;
/** ... and a stream has to come over the network first. */
const STREAM_TIMEOUT_MS = 15_000;
const REPORT_EVERY_MS = 10_000;

export class Player {
  readonly store = new Store<PlayerState>({
    state: "idle",
    rung: null,
    figures: NO_FIGURES,
    totalDelayMs: null,
    deviceDelayMs: 0,
    tapToSoundMs: null,
    figuresAtMs: null,
    outputRate: null,
  });
  readonly abilities: Abilities;
  /** The person asked for the plain stream. */
  wantsMp3 = false;
  /** Where the plain stream is; the audience's page knows of rooms that are not open. */
  findStream: FindStream = () => mp3Path(this.room);
  private failures = 0;
  private context: AudioContext | null = null;
  private sink: Sink | null = null;
  private output: Output | null = null;
  private stream: Mp3Stream | null = null;
  private tapMs = 0;
  private startTimer = 0;
  private readonly source: SourceSwitch;
  private readonly clock = new ClockWatch(() => this.dispatch("clock_frozen"));

  constructor(
    private readonly hub: HubClient,
    private readonly room: string,
  ) {
    this.abilities = detect(window);
    this.source = new SourceSwitch(hub);
    hub.onDecoderFailed = () => {
      if (this.context !== null) this.fail();
    };
    window.setInterval(() => this.report(), REPORT_EVERY_MS);
    document.addEventListener("visibilitychange", () => this.followVisibility());
  }

  /** The rung that a tap would use; null: this browser cannot play. */
  get possibleRung(): PlayedRung | null {
    return chooseRung(this.abilities, this.failures, this.wantsMp3);
  }

  /** Inside a click handler: everything that needs the gesture happens before this returns. */
  tap(): void {
    this.tapMs = performance.now();
    this.dispatch("tap");
  }

  stop(): void {
    this.dispatch("stop");
  }

  /** Changes to or from the plain stream; inside a click handler. */
  preferMp3(wantsMp3: boolean): void {
    this.wantsMp3 = wantsMp3;
    if (this.store.value.state === "idle") return;
    this.stop();
    this.tap();
  }

  /** Plays what a speaker hears instead of the program, or the program again (null). */
  hear(source: SoundSource | null): void {
    this.source.turnTo(source);
    this.output?.restart();
  }

  /** The page came back or the network changed: to the live edge. */
  resync(): void {
    if (this.store.value.state !== "live") return;
    this.stream?.restart();
  }

  private dispatch(event: AudioEvent): void {
    const before = this.store.value.state;
    const { to, effects } = advance(before, event);
    if (to !== before) this.store.set({ state: to });
    for (const effect of effects) this.carryOut(effect);
    // What queued up while the context stood still is old.
    if (before !== "starting" && before !== to && to === "live") this.output?.restart();
    if (to === "suspended" || to === "interrupted") this.source.silence();
  }

  private carryOut(effect: AudioEffect): void {
    switch (effect) {
      case "open":
        return this.open();
      case "resume":
        this.stream?.resume();
        this.context?.resume().catch(() => {});
        return;
      case "watch_clock":
        window.clearTimeout(this.startTimer);
        if (this.context !== null) this.clock.start(this.context);
        return;
      case "close":
        return this.close();
    }
  }

  private open(): void {
    const rung = this.possibleRung;
    this.store.set({ rung, tapToSoundMs: null, totalDelayMs: null, figures: NO_FIGURES });
    claimPlayback();
    const timeoutMs = rung === "mp3" ? STREAM_TIMEOUT_MS : START_TIMEOUT_MS;
    this.startTimer = window.setTimeout(() => this.giveUpStarting(), timeoutMs);
    if (rung === "mp3") this.openStream();
    else if (rung !== null) this.openContext(rung);
    else this.fail();
  }

  private openStream(): void {
    this.stream = new Mp3Stream(
      this.findStream,
      (event) => {
        if (event !== "failure") return this.dispatch(event);
        this.wantsMp3 = false; // not here: the next tap plays directly where that can be
        this.fail();
      },
      (figures) => this.take(figures),
    );
  }

  private openContext(rung: "worklet" | "buffer_source"): void {
    const Context = audioContextClass(window) as typeof AudioContext;
    const context = new Context({ latencyHint: "interactive" });
    this.context = context;
    context.resume().catch(() => {});
    this.sink = openSink(context, phoneKind(navigator));
    context.onstatechange = () => this.contextChanged(context);
    this.store.set({ outputRate: context.sampleRate });
    const opened = rung === "worklet" ? this.openWorklet(context) : this.openSources(context);
    opened.then(
      (output) => this.opened(context, output),
      () => {
        if (this.context === context) this.fail();
      },
    );
    this.contextChanged(context);
  }

  private openWorklet(context: AudioContext): Promise<Output> {
    const sink = (this.sink as Sink).input;
    return openWorklet(context, sink, this.source, (figures) => this.take(figures));
  }

  private async openSources(context: AudioContext): Promise<Output> {
    const sink = (this.sink as Sink).input;
    return new ScheduledOutput(context, sink, this.source, (figures) => this.take(figures));
  }

  private opened(context: AudioContext, output: Output): void {
    // Stopped meanwhile: a closed context never asks for sound, so there is nothing to undo.
    if (this.context !== context) return;
    this.output = output;
    output.setHidden(document.hidden);
  }

  private contextChanged(context: AudioContext): void {
    if (this.context !== context) return;
    // TypeScript's library does not know Safari's "interrupted" everywhere yet.
    const state = context.state as string;
    if (state === "running" || state === "interrupted" || state === "closed") this.dispatch(state);
    else if (this.store.value.state !== "starting") this.dispatch("suspended");
  }

  private giveUpStarting(): void {
    if (this.store.value.state === "starting") this.dispatch("clock_frozen");
  }

  private fail(): void {
    this.failures += 1;
    this.dispatch("failure");
  }

  private close(): void {
    window.clearTimeout(this.startTimer);
    this.clock.stop();
    this.output?.close();
    this.sink?.close();
    this.stream?.close();
    const context = this.context;
    this.output = null;
    this.sink = null;
    this.stream = null;
    this.context = null;
    if (context === null) return;
    context.onstatechange = null;
    if (context.state !== "closed") context.close().catch(() => {});
  }

  private followVisibility(): void {
    this.output?.setHidden(document.hidden);
  }

  private take(figures: OutputFigures): void {
    const { tapToSoundMs, totalDelayMs } = this.store.value;
    const nowMs = performance.now();
    const isFirst = tapToSoundMs === null && figures.playedMs > 0;
    const deviceDelayMs = deviceDelay(this.context);
    const delayMs = figures.delayMs + deviceDelayMs;
    this.store.set({
      figures,
      deviceDelayMs,
      figuresAtMs: nowMs,
      totalDelayMs: figures.playout === "playing" ? smooth(totalDelayMs, delayMs) : totalDelayMs,
      ...(isFirst ? { tapToSoundMs: nowMs - this.tapMs } : {}),
    });
  }

  private report(): void {
    const { rung, state, figures } = this.store.value;
    if (rung === null || state !== "live") return;
    this.hub.report({
      type: "report",
      rung,
      buffer_ms: Math.min(60_000, Math.max(0, figures.bufferMs)),
      played_ms: Math.max(0, figures.playedMs),
      underruns: figures.underruns,
    });
  }
}

/** The next smoothed value; after a jump (a skip, a new clock) smoothing begins anew. */
function smooth(smoothed: number | null, value: number): number {
  if (smoothed === null || Math.abs(value - smoothed) > JUMP_MS) return value;
  return smoothed + SMOOTHING * (value - smoothed);
}

/** What the device adds, as far as the browser tells. */
function deviceDelay(context: AudioContext | null): number {
  if (context === null) return 0;
  const latency = (context.baseLatency ?? 0) + (context.outputLatency ?? 0);
  return Number.isFinite(latency) ? latency * 1000 : 0;
}

/**
 * iOS 16.4+: as media, sound goes on when locked and does not obey the silent switch. Not while the
 * microphone is open, which that would end.
 */
function claimPlayback(): void {
  const session = (navigator as { audioSession?: { type: string } }).audioSession;
  if (session !== undefined && session.type !== "play-and-record") session.type = "playback";
}
