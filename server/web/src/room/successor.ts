/** A second connection that joins beside the first one and keeps what it hears until it takes over. */

import { BadMessage, parseHubMessage } from "../wire/messages.ts";
import type { Socket } from "./connection_parts.ts";

/** Some seconds of packets and changes; whoever sends more in that time is no edge of ours. */
const MAX_HEARD = 2000;

/** What a successor tells its guide. */
export interface SuccessorNews {
  /** It was told the room. */
  onJoined(): void;
  /** A packet or a change came. */
  onHeard(packet: Uint8Array | null): void;
  /** It will not take over. */
  onEnd(): void;
}

export class Successor {
  /** What came, in order, as the socket gave it. */
  readonly heard: unknown[] = [];
  /** Of the last change that it was told; null: not joined yet. */
  seq: number | null = null;

  constructor(
    readonly socket: Socket,
    joinText: string,
    private readonly news: SuccessorNews,
  ) {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(joinText);
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => this.news.onEnd();
  }

  /** Ends it without a word. */
  close(): void {
    this.release();
    this.socket.close();
  }

  /** Leaves the socket to whom takes over. */
  release(): void {
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
  }

  private receive(data: unknown): void {
    this.heard.push(data);
    if (this.heard.length > MAX_HEARD) return this.news.onEnd();
    if (data instanceof ArrayBuffer) return this.news.onHeard(new Uint8Array(data));
    try {
      this.read(String(data));
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.news.onEnd();
    }
  }

  private read(text: string): void {
    const message = parseHubMessage(text);
    if (message.type === "snapshot") {
      this.seq = message.view.seq;
      this.news.onJoined();
    } else if (message.type === "change") {
      this.seq = message.seq;
      this.news.onHeard(null);
    }
  }
}
