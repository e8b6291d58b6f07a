/**
 * One's own voice on its way: frames of the microphone in, packets on two connections out, and the
 * return decoded. A worker of its own, so that neither the page nor the program's decoder delays it.
 */

import { ProgramReader } from "../audio/program_reader.ts";
import type { ToOutput } from "../room/worker_messages.ts";
import type { CaptureTime, OutputReport } from "../wire/messages.ts";
import { CaptureClock, playedDelayMs } from "./clock.ts";
import { chooseEncoder, type Encoder, waysHere } from "./encoders.ts";
import { FRAME_SAMPLES, type Frame } from "./framer.ts";
import type { SpeakWorld } from "./leg.ts";
import { type Meta, Packetizer } from "./packetizer.ts";
import { SampleLine } from "./sample_line.ts";
import { type SpeakJoining, SpeakLink, type SpeakNews } from "./speak_link.ts";
import { type Said, Talkspurt } from "./talkspurt.ts";
import type { FromSpeakWorker, Played, ToSpeakWorker } from "./worker_messages.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToSpeakWorker>) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

const scope = self as unknown as WorkerScope;
const tell = (message: FromSpeakWorker, transfer: Transferable[] = []) =>
  scope.postMessage(message, transfer);

/** Since this worker began: small enough for whole nanoseconds. */
const nowMs = () => performance.now();

/** Once a second of sound. */
const TELL_EVERY_FRAMES = 100;

const world: SpeakWorld = {
  openSocket: (url) =>
    Object.assign(new WebSocket(url), {
      sendPacket(this: WebSocket, packet: Uint8Array) {
        this.send(packet as Uint8Array<ArrayBuffer>);
      },
    }),
  nowMs,
  setTimer: (run, delayMs) => setTimeout(run, delayMs) as unknown as number,
  clearTimer: (timer) => clearTimeout(timer),
  fraction: () => Math.random(),
};

let output: MessagePort | null = null;
let link: SpeakLink | null = null;
let encoder: Encoder | null = null;
let isPreparing = false;
let microphone: MessagePort | null = null;
let latencyMs = 0;
let packets = 0;

const talk = new Talkspurt();
const line = new SampleLine();
const capture = new CaptureClock();
const [sequence, origin] = crypto.getRandomValues(new Uint32Array(2));
const packetizer = new Packetizer((sequence as number) & 0xffff, origin as number);
/** Frames inside the encoder, in order. */
const encoding: Meta[] = [];
const reader = new ProgramReader(
  toOutput,
  () => performance.timeOrigin + performance.now(),
  () => {}, // the page's own reader has failed too, and the page says so
);

function toOutput(message: ToOutput): void {
  const transfer = message.kind === "block" ? [message.samples.buffer as ArrayBuffer] : [];
  if (output !== null) output.postMessage(message, transfer);
  else tell(message, transfer);
}

const news: SpeakNews = {
  onWelcome: (participant, resume) => tell({ kind: "welcome", participant, resume }),
  onLegs: (up) => tell({ kind: "legs", up }),
  onPacket: (packet) => void reader.read(packet, performance.timeOrigin + performance.now()),
  onAck: (ack) => tell({ kind: "ack", ack }),
  onGivenUp: (id) => tell({ kind: "given_up", id }),
  onRefused: (code, text) => tell({ kind: "refused", code, text }),
};

async function prepare(hasWebCodecs: boolean): Promise<void> {
  if (encoder !== null || isPreparing) return;
  isPreparing = true;
  const rejected: string[] = [];
  try {
    const ways = waysHere(hasWebCodecs);
    encoder = await chooseEncoder(ways, send, encoderFailed, (text) => rejected.push(text));
    tell({ kind: "encoder", which: encoder.kind, rejected });
  } catch (error) {
    tell({ kind: "no_encoder", text: [String(error), ...rejected].join("; ") });
  }
  isPreparing = false;
}

/** The browser's own gave up in the middle: ours goes on. */
function encoderFailed(): void {
  encoder = null;
  encoding.length = 0;
  void prepare(false);
}

function take(received: Frame): void {
  const frame = line.place(received, nowMs());
  capture.arrived(frame.firstSample + FRAME_SAMPLES, nowMs());
  const said = talk.say(frame);
  if (said !== null) encode(said);
}

function encode({ samples, ...meta }: Said): void {
  if (encoder === null) return;
  encoding.push(meta);
  encoder.encode(samples);
}

function send(payload: Uint8Array): void {
  const meta = encoding.shift();
  if (meta === undefined || link === null || link.ssrc === null) return;
  link.send(packetizer.packet(payload, link.ssrc, meta));
  packets += 1;
  if (packets % TELL_EVERY_FRAMES !== 1) return;
  tellCapture(link, meta.firstSample);
  tell({ kind: "sent", packets, dropped: link.dropped });
}

function tellCapture(to: SpeakLink, sample: number): void {
  const { reading } = to;
  const capturedMs = capture.capturedMs(sample);
  if (reading === null || capturedMs === null) return;
  const message: CaptureTime = {
    type: "capture_time",
    timestamp: packetizer.timestamp(sample),
    hub_ns: Math.round((capturedMs - latencyMs) * 1e6 + reading.offsetNs),
    rtt_ms: reading.rttMs,
  };
  to.say(message);
}

function tellPlayed({ sampleClock, atMs, ...played }: Played): void {
  const reading = link?.reading;
  if (link?.time == null || reading == null) return;
  const playedNs = (atMs - performance.timeOrigin) * 1e6 + reading.offsetNs;
  const delayMs = playedDelayMs(sampleClock, playedNs, link.time);
  if (!(delayMs >= 0 && delayMs < 60_000)) return; // another clock: not yet told
  const report: OutputReport = {
    type: "output_report",
    delay_ms: delayMs,
    buffer_ms: Math.max(0, played.bufferMs),
    underruns: played.underruns,
    concealed: Math.round(played.concealedMs / 20),
    playing: true,
  };
  link.say(report);
}

function open(joining: SpeakJoining): void {
  link?.close();
  link = new SpeakLink(joining, world, news);
  link.open();
}

function hush(): void {
  const last = talk.close();
  if (last !== null) encode(last);
}

function close(): void {
  hush();
  link?.close();
  link = null;
  microphone?.close();
  microphone = null;
  reader.stop();
}

scope.onmessage = ({ data: message }) => {
  switch (message.kind) {
    case "prepare":
      return void prepare(message.hasWebCodecs);
    case "open":
      return open(message.joining);
    case "microphone":
      microphone?.close();
      microphone = message.port;
      latencyMs = message.latencyMs;
      line.change(nowMs());
      microphone.onmessage = ({ data }: MessageEvent<Frame>) => take(data);
      return;
    case "speak":
      return message.isOn ? talk.open() : hush();
    case "command":
      return link?.command(message.command);
    case "played":
      return tellPlayed(message.played);
    case "listen":
      output = message.port;
      return reader.start();
    case "silence":
      output = null;
      return reader.stop();
    case "close":
      return close();
  }
};
