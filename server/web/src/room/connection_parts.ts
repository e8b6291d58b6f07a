/** What a connection is told, what it tells, and what it needs: the types between the parts. */

import type { Ack, Attend, Move, Pulse, RoomView, Status, Time } from "../wire/messages.ts";
import type { RoomEvent } from "../wire/room_view.ts";

/** Where a connection stands, for the page's words. */
export type LinkState = "connecting" | "open" | "stalled" | "reconnecting" | "refused";

/** The part of a WebSocket that a connection uses. */
export interface Socket {
  binaryType: BinaryType;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** What a connection needs from the world. */
export interface Surroundings {
  openSocket(url: string): Socket;
  nowMs(): number;
  setTimer(run: () => void, delayMs: number): number;
  clearTimer(timer: number): void;
  /** A random number in [0, 1). */
  fraction(): number;
}

/** Who joins. `origin` is ws:// or wss:// with host and port: the page's own host. */
export interface Joining {
  origin: string;
  role: "listener" | "host" | "screen";
  room: string;
  /** A token of an earlier visit in this tab. */
  resume: string | null;
  /** Lets a listener back into a room that is not open; of the same visit. */
  grant: string | null;
  hostSecret: string | null;
  /** The secret of an invitation's link, or of a private room's. */
  invite: string | null;
}

/** What a connection tells. */
export interface News {
  onLink(state: LinkState, closeCode: number | null): void;
  /** `isSpeaker`: they came by a speaker's invitation. */
  onWelcome(participant: string, resume: string, grant: string | null, isSpeaker: boolean): void;
  /** The room, and the event that made it so; null: as it was found. */
  onView(view: RoomView, event: RoomEvent | null): void;
  onTime(time: Time): void;
  onAck(ack: Ack): void;
  /** This command needs no answer: too many waited, it is no longer meant, or another replaced it. */
  onGivenUp(id: string): void;
  onStatus(status: Status): void;
  onPulse(pulse: Pulse): void;
  onAttend(attend: Attend): void;
  /** Whether the edge reaches the venue. */
  onVenue(isReached: boolean): void;
  /** How much the program's packets will hold. */
  onPacketTime(ptimeMs: number): void;
  onPacket(bytes: Uint8Array): void;
}

/** What a guide sees and does of the connection that it guides. */
export interface Guided {
  /** What to say first on a new socket. */
  joinText(): string;
  /** Of the last change that was told; null: not in the room now. */
  readonly seq: number | null;
  /** Whether sound comes, as long as the venue is reached. */
  readonly hasPackets: boolean;
  readonly silentMs: number;
  /** Goes on with this socket, beginning with what it heard. */
  takeOver(socket: Socket, heard: readonly unknown[]): void;
  /** Nobody took over from a connection that was lost: tries again as usual. */
  tryLater(): void;
}

/** Knows where a listener joins, and goes elsewhere without a gap. */
export interface Guide {
  /** Says where to join now, at once or within a second. */
  choose(join: (origin: string) => void): void;
  /** Whether a place had its time to let one in, and there are others. */
  isLate(waitedMs: number, attempt: number): boolean;
  move(move: Move): void;
  /** A packet was passed on. */
  passed(bytes: Uint8Array): void;
  /** A change was told, or time passed. */
  look(): void;
  /** The connection ended; true: another one is about to take over. */
  lost(code: number): boolean;
  stop(): void;
}
