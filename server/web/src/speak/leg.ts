/**
 * One of the two connections of a phone that speaks: both carry the same packets, both ways, and
 * each comes back by itself.
 *
 * It ends an attempt that was not answered, and a connection on which the return has stopped: a
 * socket that only looks open takes speech and gives it to nobody.
 */

import type { Socket, Surroundings } from "../room/connection_parts.ts";
import { CLOSE_CODES, isRetryable } from "../wire/close_codes.ts";
import { delayS } from "../wire/reconnect.ts";
import { SendQueue } from "./send_queue.ts";

/** The part of a WebSocket that a leg uses. */
export interface SoundSocket extends Socket {
  readonly bufferedAmount: number;
  sendPacket(packet: Uint8Array): void;
}

export interface SpeakWorld extends Surroundings {
  openSocket(url: string): SoundSocket;
}

/** What a leg tells, and what it asks. */
export interface LegNews {
  /** The `join` of now. */
  join(): object;
  /** A text message, `welcome` included. */
  onMessage(message: { type: string }): void;
  onPacket(packet: Uint8Array): void;
  onDown(): void;
  /** The hub ended it, and trying again is no use; `text` is the hub's own. */
  onRefused(code: number, text: string): void;
}

const LOOK_EVERY_MS = 100;
/** The return comes fifty times a second. */
const DEAD_AFTER_MS = 2500;
/** TCP, TLS and `welcome` over a poor network. */
const JOINED_WITHIN_MS = 6000;
/** A connection that breaks sooner does not start the waiting times again from the shortest. */
const GOOD_AFTER_MS = 5000;

export class Leg {
  readonly queue = new SendQueue();
  isUp = false;
  private socket: SoundSocket | null = null;
  private attempt = 0;
  private retry: number | null = null;
  private watch: number | null = null;
  private openedMs = 0;
  private heardMs = 0;
  private failure = "";

  constructor(
    private readonly url: string,
    private readonly world: SpeakWorld,
    private readonly news: LegNews,
  ) {}

  open(): void {
    this.close();
    const socket = this.world.openSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify(this.news.join()));
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.lost(event.code);
    this.socket = socket;
    this.failure = "";
    this.openedMs = this.world.nowMs();
    this.watch = this.world.setTimer(() => this.look(), LOOK_EVERY_MS);
  }

  /** Without a word: nothing of it may speak later. */
  close(): void {
    if (this.retry !== null) this.world.clearTimer(this.retry);
    if (this.watch !== null) this.world.clearTimer(this.watch);
    this.retry = null;
    this.watch = null;
    this.isUp = false;
    this.queue.clear();
    if (this.socket === null) return;
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  say(message: object): void {
    if (this.isUp) this.socket?.send(JSON.stringify(message));
  }

  /** Sends a packet as soon as the network takes it, or never. */
  send(packet: Uint8Array): void {
    if (!this.isUp) return;
    this.queue.push(packet);
    this.flush();
  }

  private flush(): void {
    const socket = this.socket;
    if (socket === null || !this.isUp) return;
    this.queue.flush(
      (packet) => socket.sendPacket(packet),
      () => socket.bufferedAmount,
      this.world.nowMs() - this.heardMs,
    );
  }

  private receive(received: unknown): void {
    this.heardMs = this.world.nowMs();
    if (received instanceof ArrayBuffer) {
      this.flush();
      return this.news.onPacket(new Uint8Array(received));
    }
    const message = readMessage(String(received));
    if (message.type === "welcome") this.isUp = true;
    if (message.type === "failure") this.failure = String(message.text ?? "");
    this.news.onMessage(message);
  }

  private look(): void {
    this.watch = this.world.setTimer(() => this.look(), LOOK_EVERY_MS);
    const nowMs = this.world.nowMs();
    const isLate = !this.isUp && nowMs - this.openedMs > JOINED_WITHIN_MS;
    const isDead = this.isUp && nowMs - this.heardMs > DEAD_AFTER_MS;
    if (isLate || isDead) this.lost(CLOSE_CODES.silentHere);
    else this.flush();
  }

  private lost(code: number): void {
    const wasUp = this.isUp;
    if (wasUp && this.world.nowMs() - this.openedMs > GOOD_AFTER_MS) this.attempt = 0;
    const { failure } = this;
    this.close();
    // The way back first: who is told may well end it all.
    if (isRetryable(code)) this.tryLater();
    if (wasUp) this.news.onDown();
    if (!isRetryable(code)) this.news.onRefused(code, failure);
  }

  private tryLater(): void {
    const waitMs = delayS(this.attempt) * 1000;
    this.attempt += 1;
    this.retry = this.world.setTimer(() => this.open(), waitMs);
  }
}

/** A message of the hub; what cannot be read is nothing that we need. */
function readMessage(text: string): { type: string; text?: unknown } {
  try {
    const message = JSON.parse(text) as { type?: unknown; text?: unknown } | null;
    if (typeof message?.type === "string") return { ...message, type: message.type };
  } catch {
    // as below
  }
  return { type: "" };
}
