/**
 * The page's side of its worker: opens it, keeps what the hub tells in a store, sends commands.
 */

import { Store } from "../ui/store.ts";
import type { RefusalCode, Report, RoomView, Status } from "../wire/messages.ts";
import type { Wish } from "./commands.ts";
import type { Joining, LinkState } from "./connection.ts";
import type { FromWorker, Talker, ToOutput, ToWorker } from "./worker_messages.ts";

/** Everything the page knows of the room. */
export interface RoomState {
  link: LinkState;
  closeCode: number | null;
  participant: string | null;
  view: RoomView | null;
  talkers: readonly Talker[];
  status: Status | null;
  /** Ids of commands that the hub has not answered yet. */
  waiting: readonly string[];
  /** Why the last command was not applied. */
  refused: RefusalCode | null;
}

const NOTHING_YET: RoomState = {
  link: "connecting",
  closeCode: null,
  participant: null,
  view: null,
  talkers: [],
  status: null,
  waiting: [],
  refused: null,
};

/** Where a tab keeps its resume token: a reload is the same person, another tab is not. */
const RESUME_KEY = "parvis.resume";

export class HubClient {
  readonly room = new Store<RoomState>(NOTHING_YET);
  /** Decoded sound when no worklet takes it directly. */
  onSound: (message: ToOutput) => void = () => {};
  onDecoderFailed: (text: string) => void = () => {};
  private readonly worker: Worker;

  constructor(private readonly storage: Storage | null) {
    this.worker = new Worker(new URL("./hub.worker.ts", import.meta.url));
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
  }

  open(joining: Omit<Joining, "resume">): void {
    const resume = this.storage?.getItem(RESUME_KEY) ?? null;
    this.post({ kind: "open", joining: { ...joining, resume } });
  }

  /** The person wants it back: after a refusal too. */
  reopen(): void {
    this.post({ kind: "reopen" });
  }

  /** The page came back or the network changed. */
  refresh(): void {
    this.post({ kind: "refresh" });
  }

  /** Gives a command to the hub; `room.refused` says if it was not applied. */
  wish(wish: Wish): void {
    const id = commandId();
    this.room.set({ waiting: [...this.room.value.waiting, id], refused: null });
    this.post({ kind: "command", command: { ...wish, id } });
  }

  report(report: Report): void {
    this.post({ kind: "report", report });
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
        this.storage?.setItem(RESUME_KEY, message.resume);
        return this.room.set({ participant: message.participant });
      case "view":
        return this.room.set({ view: message.view });
      case "time":
        return;
      case "ack":
        return this.room.set({
          waiting: this.waitingWithout(message.ack.id),
          refused: message.ack.refused,
        });
      case "given_up":
        return this.room.set({ waiting: this.waitingWithout(message.id) });
      case "status":
        return this.room.set({ status: message.status });
      case "talkers":
        return this.room.set({ talkers: message.talkers });
      case "decoder_failed":
        return this.onDecoderFailed(message.text);
      default:
        return this.onSound(message);
    }
  }

  private waitingWithout(id: string): string[] {
    return this.room.value.waiting.filter((waiting) => waiting !== id);
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
function commandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The hub that served this page, as ws:// or wss://. */
export function hubOrigin(location: Location): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}`;
}
