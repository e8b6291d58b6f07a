/**
 * One listener's or host's connection to the hub, for as long as the page lives.
 *
 * Theory of operation: a connection joins (with its resume token, so that the hub knows the same
 * person again), folds the room's changes, and is replaced by a new one at the times of the
 * contract when it is lost, stalls, or misses a change. Commands wait until the hub acknowledges
 * them and are sent again after a reconnection; their ids keep the hub from applying them twice.
 * Sockets, timers, clock and chance come in through `Surroundings`, so tests drive all of it.
 */

import { CLOSE_CODES, isRetryable } from "../wire/close_codes.ts";
import {
  type Ack,
  type Attend,
  BadMessage,
  type Here,
  type HubMessage,
  type Join,
  PROTOCOL_VERSION,
  type Pulse,
  parseHubMessage,
  type Reaction,
  type Report,
  type RoomView,
  type Status,
  type Time,
} from "../wire/messages.ts";
import { spreadDelayS } from "../wire/reconnect.ts";
import { fold, MissedChange, type RoomEvent } from "../wire/room_view.ts";
import { type Command, PendingCommands } from "./commands.ts";
import { stallVerdict } from "./stall.ts";

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

/** Who joins. `origin` is ws:// or wss:// with host and port. */
export interface Joining {
  origin: string;
  role: "listener" | "host" | "screen";
  room: string;
  /** A token of an earlier visit in this tab. */
  resume: string | null;
  hostSecret: string | null;
  /** The secret of an invitation's link, or of a private room's. */
  invite: string | null;
}

/** What a connection tells. */
export interface News {
  onLink(state: LinkState, closeCode: number | null): void;
  onWelcome(participant: string, resume: string): void;
  /** The room, and the event that made it so; null: as it was found. */
  onView(view: RoomView, event: RoomEvent | null): void;
  onTime(time: Time): void;
  onAck(ack: Ack): void;
  /** This command needs no answer: too many waited, it is no longer meant, or another replaced it. */
  onGivenUp(id: string): void;
  onStatus(status: Status): void;
  onPulse(pulse: Pulse): void;
  onAttend(attend: Attend): void;
  onPacket(bytes: Uint8Array): void;
}

/** How often a connection looks whether the hub still speaks. */
const LOOK_EVERY_MS = 500;

/** A connection that breaks sooner does not start the waiting times again from the shortest. */
const GOOD_AFTER_MS = 5000;

export class Connection {
  private socket: Socket | null = null;
  private attempt = 0;
  private timer: number | null = null;
  private watch: number | null = null;
  private view: RoomView | null = null;
  private state: LinkState = "connecting";
  private spreadMs = 0;
  private lastBytesMs = 0;
  /** When the room was last entered; null before the first time. */
  private joinedMs: number | null = null;
  private hasPackets = false;
  private lastReport: Report | null = null;
  private lastHere: Here | null = null;
  private readonly commands = new PendingCommands();

  constructor(
    private readonly joining: Joining,
    private readonly world: Surroundings,
    private readonly news: News,
  ) {}

  /** Connects now, whatever happened before (also after a refusal). */
  open(): void {
    this.abandon();
    this.tell(this.joinedMs === null ? "connecting" : "reconnecting", null);
    const socket = this.world.openSocket(`${this.joining.origin}/ws/listen`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.join(socket);
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.lost(event.code);
    this.socket = socket;
    this.lastBytesMs = this.world.nowMs();
    this.hasPackets = false;
    this.watch = this.world.setTimer(() => this.look(), LOOK_EVERY_MS);
  }

  /** The page came back, the network changed: a socket that only looks alive is replaced. */
  refresh(): void {
    if (this.state === "refused") return;
    const silentMs = this.world.nowMs() - this.lastBytesMs;
    const isWaiting = this.socket === null;
    if (isWaiting || stallVerdict(silentMs, true) !== "well") this.open();
  }

  /** The page leaves, perhaps to come back: the hub need not count it meanwhile. */
  rest(): void {
    if (this.state === "refused") return;
    this.abandon();
    this.tell("reconnecting", null);
  }

  /** Sends a command now or after the next join; the answer comes as `onAck`. */
  command(command: Command): void {
    for (const id of this.commands.giveUpReplaced(command)) this.news.onGivenUp(id);
    if (!this.commands.add(command, this.world.nowMs())) return this.news.onGivenUp(command.id);
    this.send(command);
  }

  /** Tells how the listener fares. */
  report(report: Report): void {
    this.lastReport = report;
    this.send(report);
  }

  /** Tells how the listener is here; each new connection is told again. */
  here(here: Here): void {
    this.lastHere = here;
    this.send(here);
  }

  /** Shows a reaction, if the room hears it now: a late one is about another moment. */
  react(reaction: Reaction): void {
    this.send({ type: "react", reaction });
  }

  /** Ends for good. */
  close(): void {
    this.abandon();
  }

  private send(message: object): void {
    if (this.view !== null) this.socket?.send(JSON.stringify(message));
  }

  private join(socket: Socket): void {
    const { role, room, resume, hostSecret } = this.joining;
    const join: Join = { type: "join", version: PROTOCOL_VERSION, role, room };
    const secret = hostSecret ?? this.joining.invite;
    const invite = secret === null ? null : ({ kind: "invite", token: secret } as const);
    if (resume !== null) join.credential = { kind: "resume", token: resume };
    else if (hostSecret !== null) join.credential = { kind: "host", secret: hostSecret };
    else if (invite !== null) join.credential = invite;
    // The same person as before; what opens the door is still the secret.
    if (resume !== null && invite !== null) join.invite = invite;
    socket.send(JSON.stringify(join));
  }

  private receive(data: unknown): void {
    this.lastBytesMs = this.world.nowMs();
    if (this.state === "stalled") this.tell("open", null);
    if (data instanceof ArrayBuffer) {
      this.hasPackets = true;
      this.news.onPacket(new Uint8Array(data));
      return;
    }
    try {
      this.handle(parseHubMessage(String(data)));
    } catch (error) {
      // A change was missed, or the hub speaks otherwise than agreed: begin again with a snapshot.
      if (!(error instanceof BadMessage || error instanceof MissedChange)) throw error;
      this.lost(CLOSE_CODES.malformedHere);
    }
  }

  private handle(message: HubMessage): void {
    switch (message.type) {
      case "welcome":
        this.joining.resume = message.resume;
        this.spreadMs = message.reconnect_spread_ms;
        this.news.onWelcome(message.participant, message.resume);
        return this.moveTo(message.edge);
      case "snapshot":
        return this.joined(message.view);
      case "change":
        if (this.view === null) return;
        this.view = fold(this.view, message.seq, message.event);
        return this.news.onView(this.view, message.event);
      case "time":
        return this.news.onTime(message);
      case "ack":
        this.commands.settle(message.id);
        return this.news.onAck(message);
      case "status":
        return this.news.onStatus(message);
      case "pulse":
        return this.news.onPulse(message);
      case "attend":
        return this.news.onAttend(message);
      case "failure":
        return; // its code follows as the close code
    }
  }

  /** The hub asks to listen at an edge of its own. */
  private moveTo(edge: string | null): void {
    const origin = edge?.replace(/^http/, "ws") ?? this.joining.origin;
    if (origin === this.joining.origin) return;
    this.joining.origin = origin;
    this.open();
  }

  private joined(view: RoomView): void {
    this.view = view;
    this.joinedMs = this.world.nowMs();
    this.tell("open", null);
    this.news.onView(view, null);
    if (this.lastHere !== null) this.send(this.lastHere);
    this.giveUpStale();
    for (const command of this.commands.again(this.world.nowMs())) this.send(command);
  }

  private lost(code: number): void {
    const wasGood = this.view !== null && this.sinceJoinedMs() > GOOD_AFTER_MS;
    if (wasGood) this.attempt = 0;
    this.abandon();
    if (code === CLOSE_CODES.unauthorised && this.joining.resume !== null && !this.isHost()) {
      this.startAfresh();
    } else if (!isRetryable(code)) {
      this.commands.clear();
      this.tell("refused", code);
    } else {
      this.tryLater();
    }
  }

  private sinceJoinedMs(): number {
    return this.world.nowMs() - (this.joinedMs ?? 0);
  }

  private isHost(): boolean {
    return this.joining.role === "host";
  }

  /** The hub no longer knows this token (its data was wiped): come as somebody new. */
  private startAfresh(): void {
    this.joining.resume = null;
    this.commands.clear();
    this.tryLater();
  }

  private tryLater(): void {
    const delayS = spreadDelayS(this.attempt, this.spreadMs, this.world.fraction());
    this.attempt += 1;
    this.tell("reconnecting", null);
    this.timer = this.world.setTimer(() => this.open(), delayS * 1000);
  }

  private giveUpStale(): void {
    for (const id of this.commands.giveUpStale(this.world.nowMs())) this.news.onGivenUp(id);
  }

  private repeatCommand(): void {
    const command = this.view === null ? null : this.commands.overdue(this.world.nowMs());
    if (command !== null) this.send(command);
  }

  private look(): void {
    this.watch = this.world.setTimer(() => this.look(), LOOK_EVERY_MS);
    this.repeatCommand();
    const silentMs = this.world.nowMs() - this.lastBytesMs;
    const verdict = stallVerdict(silentMs, this.hasPackets);
    if (verdict === "dead") this.lost(CLOSE_CODES.silentHere);
    else if (verdict === "stalled" && this.state === "open") {
      this.tell("stalled", null);
      // Pages cannot ping; bytes on a socket that only looks open bring its end to light.
      if (this.lastReport !== null) this.send(this.lastReport);
    }
  }

  private tell(state: LinkState, closeCode: number | null): void {
    if (state === this.state && closeCode === null && state !== "connecting") return;
    this.state = state;
    this.news.onLink(state, closeCode);
  }

  /** Drops socket and timers without a word: nothing of the old connection may speak later. */
  private abandon(): void {
    if (this.timer !== null) this.world.clearTimer(this.timer);
    if (this.watch !== null) this.world.clearTimer(this.watch);
    this.timer = null;
    this.watch = null;
    this.view = null;
    if (this.socket === null) return;
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }
}
