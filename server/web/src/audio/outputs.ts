/**
 * The two rungs that decode here: sound into a worklet, or into buffer sources on plain http.
 */

import type { Block, ToOutput } from "../room/worker_messages.ts";
import type { OutputFigures } from "./diagnostics.ts";
import { MediaBuffer } from "./media_buffer.ts";
import { FigureMeter } from "./meter.ts";
import workletUrl from "./playout.worklet.ts?worker&url";
import { Renderer } from "./renderer.ts";
import type { SourceSwitch } from "./source_switch.ts";

/** An output that is running. */
export interface Output {
  setHidden(isHidden: boolean): void;
  /** Begins again at the live edge. */
  restart(): void;
  close(): void;
}

type Tell = (figures: OutputFigures) => void;

/** Secure origins: worker to worklet, past the page. */
export async function openWorklet(
  context: AudioContext,
  sink: AudioNode,
  source: SourceSwitch,
  tell: Tell,
): Promise<Output> {
  await context.audioWorklet.addModule(workletUrl);
  const node = new AudioWorkletNode(context, "parvis-playout", {
    numberOfInputs: 0,
    outputChannelCount: [1],
  });
  const feed = () => {
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage({ kind: "feed", port: port1, bounds: source.newBounds() }, [port1]);
    source.listen(port2);
  };
  node.port.onmessage = ({ data }: MessageEvent<OutputFigures | "ready">) => {
    if (data === "ready") feed();
    else tell(data);
  };
  node.connect(sink);
  return {
    setHidden: (isHidden) => node.port.postMessage({ kind: "hidden", isHidden }),
    restart: feed,
    close: () => {
      source.silence();
      node.port.onmessage = null;
      node.disconnect();
    },
  };
}

/** One source plays this much. */
const BLOCK_S = 0.02;
/** Scheduled at least so far ahead, with sound or without. */
const AHEAD_S = 0.02;
/** What has come is scheduled at once, so that the page may then be busy or asleep. */
const MAX_AHEAD_S = 1;
/** What the buffer keeps back of it: a pull wants more than its 10 ms. */
const KEPT_MS = 20;
/** Blocks come with every packet; the timer only bridges their absence. */
const TIMER_MS = 20;

/** Plain http: the same buffer and renderer, scheduled as a row of short sources. */
export class ScheduledOutput implements Output {
  private readonly media = new MediaBuffer();
  private readonly renderer: Renderer;
  private readonly meter: FigureMeter;
  private readonly timer: number;
  private nextS = 0;
  private isFed = false;

  constructor(
    private readonly context: AudioContext,
    private readonly sink: AudioNode,
    private readonly source: SourceSwitch,
    tell: Tell,
  ) {
    this.renderer = new Renderer(this.media, context.sampleRate);
    this.meter = new FigureMeter(this.media, (figures) => tell(this.heard(figures)));
    source.onSound = (message) => this.take(message);
    this.timer = window.setInterval(() => this.schedule(), TIMER_MS);
  }

  setHidden(isHidden: boolean): void {
    this.media.controller.target.setHidden(isHidden);
  }

  restart(): void {
    this.isFed = true;
    const bounds = this.source.newBounds();
    if (bounds !== undefined) this.media.controller.target.setBounds(bounds);
    this.media.restart();
    this.source.listen(null);
  }

  close(): void {
    window.clearInterval(this.timer);
    this.source.silence();
    this.source.onSound = () => {};
  }

  private take(message: ToOutput): void {
    if (message.kind === "restart") this.media.restart();
    else if (message.kind === "packet_length") this.media.announce(message.ptimeMs);
    else this.media.put(message, this.context.currentTime * 1000 - ageMs(message));
    this.schedule();
  }

  private schedule(): void {
    const nowS = this.context.currentTime;
    // While the clock stands still, sound that arrives would look as if it came before its time.
    if (this.context.state !== "running" || nowS === 0) return;
    if (!this.isFed) this.restart();
    // After a hiccup longer than what was scheduled, go on from now.
    if (this.nextS < nowS) this.nextS = nowS + 0.005;
    while (this.nextS < nowS + AHEAD_S || this.maySchedule(nowS)) this.play();
  }

  private maySchedule(nowS: number): boolean {
    return this.nextS < nowS + MAX_AHEAD_S && this.media.bufferMs > BLOCK_S * 1000 + KEPT_MS;
  }

  /** What is scheduled counts as held: it is not heard yet. */
  private heard(figures: OutputFigures): OutputFigures {
    const aheadS = this.nextS - this.context.currentTime;
    const { bufferMs, sampleClock } = figures;
    return {
      ...figures,
      bufferMs: bufferMs + aheadS * 1000,
      delayMs: figures.delayMs + AHEAD_S * 1000,
      sampleClock: sampleClock === null ? null : Math.round(sampleClock - aheadS * 48_000),
    };
  }

  private play(): void {
    const length = Math.round(BLOCK_S * this.context.sampleRate);
    const buffer = this.context.createBuffer(1, length, this.context.sampleRate);
    const samples = buffer.getChannelData(0);
    // The audio clock's own line of time: even, whenever the page gets to run.
    const nowMs = (this.nextS - AHEAD_S) * 1000;
    this.renderer.render(samples, nowMs);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.sink);
    source.start(this.nextS);
    this.nextS += length / this.context.sampleRate;
    this.meter.note(samples, nowMs);
  }
}

/** Since its packet came; a busy page takes it in later, which is not the network's fault. */
function ageMs(block: Block): number {
  return block.ageMs + performance.timeOrigin + performance.now() - block.sentMs;
}
