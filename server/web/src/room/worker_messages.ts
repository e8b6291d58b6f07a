/** What the page and its worker say to each other. The worker holds the socket and the decoder. */

import type {
  Ack,
  Attention,
  Here,
  Pulse,
  Reaction,
  Report,
  RoomView,
  Status,
  Time,
} from "../wire/messages.ts";
import type { RoomEvent } from "../wire/room_view.ts";
import type { Command } from "./commands.ts";
import type { Joining, LinkState } from "./connection_parts.ts";

/** One contributing source of the program, as its packets list it: loudest first. */
export interface Talker {
  ssrc: number;
  level_dbov: number;
}

/** Decoded sound of one packet. */
export interface Block {
  kind: "block";
  /** 48 kHz samples on a line of plain integers: the room clock, modulo its first wrap. */
  timestamp: number;
  samples: Float32Array;
  /** How long before `sentMs` its packet arrived; zero but for what was kept before the tap. */
  ageMs: number;
  /** When the worker sent it, since the epoch (worklets have no such clock). */
  sentMs: number;
}

/** The line of timestamps broke (the hub began a new one): what is buffered is void. */
export interface Restart {
  kind: "restart";
}

/** Packets will hold so much. */
export interface PacketLength {
  kind: "packet_length";
  ptimeMs: number;
}

export type ToOutput = Block | Restart | PacketLength;

export type ToWorker =
  | { kind: "open"; joining: Joining }
  | { kind: "reopen" }
  | { kind: "refresh" }
  | { kind: "rest" }
  | { kind: "command"; command: Command }
  | { kind: "report"; report: Report }
  | { kind: "here"; here: Here }
  | { kind: "react"; reaction: Reaction }
  /** Decode from now on, to `port` (a worklet's) or, without one, to the page. */
  | { kind: "listen"; port: MessagePort | null }
  | { kind: "silence" };

interface Welcomed {
  kind: "welcome";
  participant: string;
  resume: string;
  grant: string | null;
  isSpeaker: boolean;
}

export type FromWorker =
  | { kind: "link"; state: LinkState; closeCode: number | null }
  | Welcomed
  | { kind: "view"; view: RoomView; event: RoomEvent | null }
  | { kind: "time"; time: Time; atMs: number }
  | { kind: "ack"; ack: Ack }
  /** This command will get no answer. */
  | { kind: "given_up"; id: string }
  | { kind: "status"; status: Status }
  | { kind: "pulse"; pulse: Pulse }
  | { kind: "attend"; what: Attention }
  | { kind: "venue"; isReached: boolean }
  | { kind: "talkers"; talkers: Talker[] }
  | { kind: "decoder_failed"; text: string }
  | ToOutput;
