/**
 * What a page's one worker does: socket, packets and decoder, so that no work of the page delays the
 * sound. It also keeps running at full pace in a page that is hidden while it plays.
 */

import { ProgramReader } from "../audio/program_reader.ts";
import type { Connection } from "./connection.ts";
import type { Joining, News, Surroundings } from "./connection_parts.ts";
import { TalkerTicker } from "./talkers.ts";
import type { FromWorker, ToOutput, ToWorker } from "./worker_messages.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

const scope = self as unknown as WorkerScope;

/** Page and worker have clocks of different origins; `timeOrigin` makes them one. */
const nowMs = () => performance.timeOrigin + performance.now();

const tell = (message: FromWorker, transfer: Transferable[] = []) =>
  scope.postMessage(message, transfer);

let output: MessagePort | null = null;

function toOutput(message: ToOutput): void {
  const transfer = message.kind === "block" ? [message.samples.buffer as ArrayBuffer] : [];
  if (output !== null) output.postMessage(message, transfer);
  else tell(message, transfer);
}

const reader = new ProgramReader(toOutput, nowMs, (text) => tell({ kind: "decoder_failed", text }));
const ticker = new TalkerTicker((talkers) => tell({ kind: "talkers", talkers }));

/** Sockets, time and chance, as a worker has them. */
export const WORLD: Surroundings = {
  openSocket: (url) => new WebSocket(url),
  nowMs,
  setTimer: (run, delayMs) => setTimeout(run, delayMs) as unknown as number,
  clearTimer: (timer) => clearTimeout(timer),
  fraction: () => Math.random(),
};

const news: News = {
  onLink: (state, closeCode) => tell({ kind: "link", state, closeCode }),
  onWelcome: (participant, resume, grant, isSpeaker) =>
    tell({ kind: "welcome", participant, resume, grant, isSpeaker }),
  onView: (view, event) => tell({ kind: "view", view, event }),
  onTime: (time) => tell({ kind: "time", time, atMs: nowMs() }),
  onAck: (ack) => tell({ kind: "ack", ack }),
  onGivenUp: (id) => tell({ kind: "given_up", id }),
  onStatus: (status) => tell({ kind: "status", status }),
  onPulse: (pulse) => tell({ kind: "pulse", pulse }),
  onAttend: ({ what }) => tell({ kind: "attend", what }),
  onVenue: (isReached) => tell({ kind: "venue", isReached }),
  onPacketTime: (ptimeMs) => reader.announce(ptimeMs),
  onPacket: (bytes) => {
    const arrivalMs = nowMs();
    const packet = reader.read(bytes, arrivalMs);
    if (packet !== null) ticker.note(packet, arrivalMs);
  },
};

/** Does what the page says, with connections as `connect` makes them. */
export function serve(connect: (joining: Joining, news: News) => Connection): void {
  let connection: Connection | null = null;
  scope.onmessage = ({ data: message }) => {
    switch (message.kind) {
      case "open":
        connection?.close();
        connection = connect(message.joining, news);
        connection.open();
        return;
      case "reopen":
        return connection?.open();
      case "refresh":
        return connection?.refresh();
      case "rest":
        return connection?.rest();
      case "command":
        return connection?.command(message.command);
      case "report":
        return connection?.report(message.report);
      case "here":
        return connection?.here(message.here);
      case "react":
        return connection?.react(message.reaction);
      case "listen":
        output = message.port;
        return reader.start();
      case "silence":
        output = null;
        return reader.stop();
    }
  };
}
