/**
 * One listener's or host's connection to the hub, for as long as the page lives.
 *
 * Theory of operation: a connection joins (with its resume token, so that the hub knows the same
 * person again), folds the room's changes, and is replaced by a new one at the times of the
 * contract when it is lost, stalls, or misses a change. Commands wait until the hub acknowledges
 * them and are sent again after a reconnection; their ids keep the hub from applying them twice.
 * A listener's has a `Guide`, which knows at which edges to join and lays a second connection beside
 * this one when it has to go elsewhere; this one then takes over its socket and what it heard.
 * Sockets, timers, clock and chance come in through `Surroundings`, so tests drive all of it.
 */

import { CLOSE_CODES, isRetryable } from "../wire/close_codes.ts";
import {
  type Ack,
  BadMessage,
  type Change,
  type Here,
  type HubMessage,
  type Join,
  PROTOCOL_VERSION,
  parseHubMessage,
  type Reaction,
  type Report,
  type RoomView,
  type Welcome,
} from "../wire/messages.ts";
import { PROGRAM_PTIME_MS } from "../wire/packet_time.ts";
import { spreadDelayS } from "../wire/reconnect.ts";
import { fold, MissedChange } from "../wire/room_view.ts";
import { type Command, PendingCommands } from "./commands.ts";
import type {
  Guide,
  Guided,
  Joining,
  LinkState,
  News,
  Socket,
  Surroundings,
} from "./connection_parts.ts";
import { stallVerdict } from "./stall.ts";

/** How often a connection looks whether the hub still speaks. */
const LOOK_EVERY_MS = 500;

/** An edge that does not reach the venue says so with its first words. */
const VENUE_TOLD_WITHIN_MS = 1000;

/** A connection that breaks sooner does not start the waiting times again from the shortest. */
const GOOD_AFTER_MS = 5000;

export class Connection implements Guided {
  hasPackets = false;
  private socket: Socket | null = null;
  private attempt = 0;
  private timer: number | null = null;
  private watch: number | null = null;
  private view: RoomView | null = null;
  private state: LinkState = "connecting";
  private spreadMs = 0;
  private lastBytesMs = 0;
  private dialledMs = 0;
  /** When the room was last entered; null before the first time. */
  private joinedMs: number | null = null;
  /** The last change that was told as such: a successor may bring it again. */
  private toldSeq = 0;
  private isVenueReached = true;
  /** This edge has not said yet whether it reaches the venue. */
  private isVenueUnsure = false;
  private lastReport: Report | null = null;
  private lastHere: Here | null = null;
  /** The token that the last join showed, or was given: another one came in the midst of it. */
  private shown: string | null = null;
  /** The hub asks whether it came. */
  private owed: string | null = null;
  private readonly commands = new PendingCommands();
  private readonly guide: Guide | null;

  constructor(
    private readonly joining: Joining,
    private readonly world: Surroundings,
    private readonly news: News,
    guideOf: ((guided: Guided) => Guide) | null = null,
  ) {
    this.guide = guideOf?.(this) ?? null;
  }

  /** Connects now, whatever happened before (also after a refusal). */
  open(): void {
    this.abandon();
    this.toldSeq = 0;
    this.tell(this.joinedMs === null ? "connecting" : "reconnecting", null);
    if (this.guide === null) this.dial(this.joining.origin);
    else this.guide.choose((origin) => this.dial(origin));
  }

  private dial(origin: string): void {
    const socket = this.world.openSocket(`${origin}/ws/listen`);
    socket.binaryType = "arraybuffer";
    this.follow(socket);
    this.dialledMs = this.world.nowMs();
    this.hasPackets = false;
  }

  /** Lives with this socket from now on. */
  private follow(socket: Socket): void {
    socket.onopen = () => socket.send(this.joinText());
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.lost(event.code);
    this.socket = socket;
    this.lastBytesMs = this.world.nowMs();
    this.watch = this.world.setTimer(() => this.look(), LOOK_EVERY_MS);
  }

  /** The page came back, the network changed: a socket that only looks alive is replaced. */
  refresh(): void {
    if (this.state === "refused") return;
    if (this.socket === null || stallVerdict(this.silentMs, true) !== "well") this.open();
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

  get seq(): number | null {
    return this.view?.seq ?? null;
  }

  get silentMs(): number {
    return this.world.nowMs() - this.lastBytesMs;
  }

  takeOver(socket: Socket, heard: readonly unknown[]): void {
    const { resume } = this.joining;
    const isNewer = resume !== this.shown; // than the one under which that was welcomed
    this.drop();
    this.follow(socket);
    for (const data of heard) if (this.socket === socket) this.receive(data);
    if (isNewer) this.joining.resume = resume;
  }

  private send(message: object): void {
    if (this.view !== null) this.socket?.send(JSON.stringify(message));
  }

  joinText(): string {
    const { role, room, resume, hostSecret, grant } = this.joining;
    this.shown = resume;
    const join: Join = { type: "join", version: PROTOCOL_VERSION, role, room };
    const secret = hostSecret ?? this.joining.invite;
    const invite = secret === null ? null : ({ kind: "invite", token: secret } as const);
    if (resume !== null) join.credential = { kind: "resume", token: resume };
    else if (hostSecret !== null) join.credential = { kind: "host", secret: hostSecret };
    else if (invite !== null) join.credential = invite;
    // The same person as before; what opens the door is still the secret.
    if (resume !== null && invite !== null) join.invite = invite;
    if (grant !== null) join.grant = grant;
    return JSON.stringify(join);
  }

  private receive(data: unknown): void {
    this.lastBytesMs = this.world.nowMs();
    if (this.state === "stalled") this.tell("open", null);
    if (data instanceof ArrayBuffer) {
      this.hasPackets = true;
      const bytes = new Uint8Array(data);
      this.news.onPacket(bytes);
      return this.guide?.passed(bytes);
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
        return this.welcomed(message);
      case "snapshot":
        return this.joined(message.view);
      case "change":
        return this.changed(message);
      case "time":
        return this.news.onTime(message);
      case "ack":
        return this.answered(message);
      case "status":
        return this.news.onStatus(message);
      case "pulse":
        return this.news.onPulse(message);
      case "attend":
        return this.news.onAttend(message);
      case "venue":
        return this.venueTold(message.is_reached);
      case "packet_time":
        return this.news.onPacketTime(message.ptime_ms);
      case "move":
        return this.guide?.move(message);
      case "failure":
        return; // its code follows as the close code
    }
  }

  private welcomed({ participant, resume, grant, confirm, ...more }: Welcome): void {
    this.joining.resume = resume;
    this.joining.grant = grant ?? null;
    this.spreadMs = more.reconnect_spread_ms ?? 0;
    this.news.onWelcome(participant, resume, this.joining.grant, more.speaker ?? false);
    this.owed = confirm === true ? resume : null;
    // A welcome in the midst of it only tells who we are from now on.
    if (this.view !== null) return this.confirm();
    this.shown = resume;
    this.news.onPacketTime(PROGRAM_PTIME_MS); // until it says otherwise
  }

  /** Tells the hub that its token came, which has to be said in the room. */
  private confirm(): void {
    if (this.owed !== null) this.send({ type: "token_kept", resume: this.owed });
    this.owed = null;
  }

  private changed({ seq, event }: Change): void {
    if (this.view === null) return;
    this.view = fold(this.view, seq, event);
    this.news.onView(this.view, seq > this.toldSeq ? event : null);
    this.toldSeq = Math.max(seq, this.toldSeq);
    this.guide?.look();
  }

  /** What did not reach the venue is tried again, for as long as it is meant. */
  private answered(ack: Ack): void {
    const { id, refused } = ack;
    if (refused === "not_reached" && this.commands.postpone(id, this.world.nowMs())) return;
    this.commands.settle(id);
    this.news.onAck(ack);
  }

  private venueTold(isReached: boolean): void {
    this.isVenueUnsure = false;
    // No sound comes from a venue that is out of reach: its silence is not the connection's.
    if (!isReached) this.hasPackets = false;
    if (isReached === this.isVenueReached) return;
    this.isVenueReached = isReached;
    this.news.onVenue(isReached);
  }

  private joined(view: RoomView): void {
    this.view = view;
    this.toldSeq = Math.max(view.seq, this.toldSeq);
    this.isVenueUnsure = true;
    this.joinedMs = this.world.nowMs();
    this.tell("open", null);
    this.news.onView(view, null);
    this.confirm();
    if (this.lastHere !== null) this.send(this.lastHere);
    this.giveUpStale();
    for (const command of this.commands.again(this.world.nowMs())) this.send(command);
  }

  private lost(code: number): void {
    const wasGood = this.view !== null && this.sinceJoinedMs() > GOOD_AFTER_MS;
    if (wasGood) this.attempt = 0;
    if (this.guide?.lost(code)) {
      this.drop();
      this.tell("reconnecting", null);
      return this.guide.look();
    }
    this.abandon();
    const hasToken = this.joining.resume !== null && !this.isHost();
    if (code === CLOSE_CODES.unauthorised && hasToken) {
      if (this.joining.resume === this.shown) this.startAfresh();
      else this.tryLater(); // what was refused is an older one
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
    this.joining.grant = null;
    this.commands.clear();
    this.tryLater();
  }

  tryLater(): void {
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
    this.sureOfVenue();
    const verdict = stallVerdict(this.silentMs, this.hasPackets, this.isVenueReached);
    if (verdict === "dead" || this.isLate()) return this.lost(CLOSE_CODES.silentHere);
    this.guide?.look();
    if (verdict === "stalled" && this.state === "open") {
      this.tell("stalled", null);
      // Pages cannot ping; bytes on a socket that only looks open bring its end to light.
      if (this.lastReport !== null) this.send(this.lastReport);
    }
  }

  private isLate(): boolean {
    if (this.view !== null || this.guide === null) return false;
    return this.guide.isLate(this.world.nowMs() - this.dialledMs, this.attempt);
  }

  /** A new edge that says nothing of the venue reaches it. */
  private sureOfVenue(): void {
    const isSure = this.view !== null && this.sinceJoinedMs() >= VENUE_TOLD_WITHIN_MS;
    if (this.isVenueUnsure && isSure) this.venueTold(true);
  }

  private tell(state: LinkState, closeCode: number | null): void {
    if (state === this.state && closeCode === null && state !== "connecting") return;
    this.state = state;
    this.news.onLink(state, closeCode);
  }

  /** Drops everything without a word: nothing of the old connection may speak later. */
  private abandon(): void {
    this.guide?.stop();
    this.drop();
  }

  /** Drops socket and timers. */
  private drop(): void {
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
