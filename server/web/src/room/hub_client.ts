/**
 * The page's side of its worker: opens it, keeps what the hub tells in a store, sends commands.
 */

import { Store } from "../ui/store.ts";
import type {
  Ack,
  Attention,
  Here,
  Pulse,
  Reaction,
  RefusalCode,
  Report,
  RoomView,
  Status,
  Time,
} from "../wire/messages.ts";
import type { RoomEvent } from "../wire/room_view.ts";
import type { Wish } from "./commands.ts";
import type { Joining, LinkState } from "./connection_parts.ts";
import type { FromWorker, Talker, ToOutput, ToWorker } from "./worker_messages.ts";

/** A command that the hub has not answered yet. */
export interface Waiting {
  id: string;
  wish: Wish;
}

/** A command that was not applied. */
export interface Refusal {
  wish: Wish;
  code: RefusalCode;
  /** What was measured, where a measure decided. */
  figureMs: number | null;
}

/** A command that was applied, and the link that it made. */
export interface Made {
  wish: Wish;
  link: string;
}

/** The room's clock at a moment of this page. */
export interface RoomMoment {
  /** 48 kHz samples. */
  roomClock: number;
  /** Milliseconds since the epoch, by the hub's clock. */
  utcMs: number;
  /** Milliseconds since the epoch, by the page's own clock. */
  atMs: number;
}

/** Everything the page knows of the room. */
export interface RoomState {
  link: LinkState;
  closeCode: number | null;
  participant: string | null;
  /** Whether they came by a speaker's invitation. */
  isSpeaker: boolean;
  view: RoomView | null;
  talkers: readonly Talker[];
  status: Status | null;
  /** How the audience was a second ago. */
  pulse: Pulse | null;
  waiting: readonly Waiting[];
  /** The last command, if it was not applied. */
  refused: Refusal | null;
  /** The last link that a command made. */
  made: Made | null;
  clock: RoomMoment | null;
  /** Whether the edge that we listen at reaches the venue. */
  isVenueReached: boolean;
}

const NOTHING_YET: RoomState = {
  link: "connecting",
  closeCode: null,
  participant: null,
  isSpeaker: false,
  view: null,
  talkers: [],
  status: null,
  pulse: null,
  waiting: [],
  refused: null,
  made: null,
  clock: null,
  isVenueReached: true,
};

/** Where a tab keeps its resume token: a reload is the same person, another tab is not. */
const RESUME_KEY = "parvis.resume";

/** Where it keeps what lets one back into a room that is not open; followed by the room's name. */
const GRANT_KEY = "parvis.grant.";

export class HubClient {
  readonly room = new Store<RoomState>(NOTHING_YET);
  /** The token of the last `welcome`: who one is. */
  token: string | null = null;
  /** Decoded sound when no worklet takes it directly. */
  onSound: (message: ToOutput) => void = () => {};
  onDecoderFailed: (text: string) => void = () => {};
  /** Something happened in the room; `room` shows it already. */
  onEvent: (event: RoomEvent) => void = () => {};
  /** The hub says: look here. */
  onAttend: (what: Attention) => void = () => {};
  /** The hub says how the audience is, and what it shows. */
  onPulse: (pulse: Pulse) => void = () => {};
  private grantKey = GRANT_KEY;

  constructor(
    private readonly storage: Storage | null,
    private readonly worker: Worker,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
  }

  open(joining: Omit<Joining, "resume" | "grant">): void {
    this.grantKey = GRANT_KEY + joining.room;
    const resume = this.storage?.getItem(RESUME_KEY) ?? null;
    const grant = this.storage?.getItem(this.grantKey) ?? null;
    this.post({ kind: "open", joining: { ...joining, resume, grant } });
  }

  /** The person wants it back: after a refusal too. */
  reopen(): void {
    this.post({ kind: "reopen" });
  }

  /** The page came back or the network changed. */
  refresh(): void {
    this.post({ kind: "refresh" });
  }

  /** The page leaves, perhaps to come back. */
  rest(): void {
    this.post({ kind: "rest" });
  }

  /** Gives a command to the hub; `room.refused` says if it was not applied. */
  wish(wish: Wish): void {
    const id = commandId();
    this.room.set({ waiting: [...this.room.value.waiting, { id, wish }], refused: null });
    this.post({ kind: "command", command: { ...wish, id } });
  }

  report(report: Report): void {
    this.post({ kind: "report", report });
  }

  /** Tells how the listener is here, now and after each reconnection. */
  here(here: Here): void {
    this.post({ kind: "here", here });
  }

  /** Shows something without a word. */
  react(reaction: Reaction): void {
    this.post({ kind: "react", reaction });
  }

  /** Decodes to `port`, or to `onSound`. */
  listen(port: MessagePort | null): void {
    this.post({ kind: "listen", port }, port === null ? [] : [port]);
  }

  silence(): void {
    this.post({ kind: "silence" });
  }

  private post(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private receive(message: FromWorker): void {
    switch (message.kind) {
      case "link":
        return this.linkChanged(message.state, message.closeCode);
      case "welcome":
        this.token = message.resume;
        this.storage?.setItem(RESUME_KEY, message.resume);
        if (message.grant === null) this.storage?.removeItem(this.grantKey);
        else this.storage?.setItem(this.grantKey, message.grant);
        return this.room.set({
          participant: message.participant,
          isSpeaker: message.isSpeaker,
        });
      case "view":
        this.room.set({ view: message.view });
        if (message.event !== null) this.onEvent(message.event);
        return;
      case "time":
        return this.timeTold(message.time, message.atMs);
      case "ack":
        return this.answered(message.ack);
      case "given_up":
        return this.room.set({ waiting: this.waitingWithout(message.id) });
      case "status":
        return this.room.set({ status: message.status });
      case "pulse":
        this.room.set({ pulse: message.pulse });
        return this.onPulse(message.pulse);
      case "venue":
        return this.room.set({ isVenueReached: message.isReached });
      case "attend":
        return this.onAttend(message.what);
      case "talkers":
        return this.room.set({ talkers: message.talkers });
      case "decoder_failed":
        return this.onDecoderFailed(message.text);
      default:
        return this.onSound(message);
    }
  }

  private timeTold({ room_clock: roomClock, utc_ms: utcMs }: Time, atMs: number): void {
    this.room.set({ clock: { roomClock, utcMs, atMs } });
  }

  private answered({ id, refused: code, figure_ms, link }: Ack): void {
    const wish = this.room.value.waiting.find((one) => one.id === id)?.wish;
    if (wish === undefined) return; // replaced meanwhile: its answer is about another moment
    const refused = code === null ? null : { wish, code, figureMs: figure_ms ?? null };
    const made = link === null || link === undefined ? {} : { made: { wish, link } };
    this.room.set({ waiting: this.waitingWithout(id), refused, ...made });
  }

  private waitingWithout(id: string): Waiting[] {
    return this.room.value.waiting.filter((one) => one.id !== id);
  }

  private linkChanged(link: LinkState, closeCode: number | null): void {
    const isGone = link === "reconnecting" || link === "refused";
    this.room.set({
      link,
      closeCode,
      ...(isGone ? { talkers: [] } : {}),
      ...(link === "refused" ? { waiting: [] } : {}),
    });
  }
}

/** 96 random bits. (`crypto.randomUUID` wants a secure context, `getRandomValues` does not.) */
export function commandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The hub that served this page, as ws:// or wss://. */
export function hubOrigin(location: Location): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}`;
}
