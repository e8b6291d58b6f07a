/**
 * A phone that speaks, as the hub sees it: one participant over two connections.
 *
 * Theory of operation: the first connection joins with the token of the page's own `welcome` and
 * carries messages and packets; the second joins the stream that the first one's `welcome` named and
 * carries packets only. Each comes back by itself at the times of the contract, and as long as one
 * of them is up, nothing is lost. Commands go over the first and are repeated until they are
 * answered. A refusal that time does not heal (the turn is over) ends both.
 */

import { type Command, PendingCommands } from "../room/commands.ts";
import { CLOSE_CODES } from "../wire/close_codes.ts";
import type { Ack, Join, Time, TimeReply, Welcome } from "../wire/messages.ts";
import { PROTOCOL_VERSION } from "../wire/messages.ts";
import { type ClockReading, HubClock } from "./clock.ts";
import { Leg, type SpeakWorld } from "./leg.ts";

/** Who speaks. `origin` is ws:// or wss:// with host and port. */
export interface SpeakJoining {
  origin: string;
  room: string;
  /** The token of the page's own `welcome`. */
  person: string;
  /** The secret of an invitation's link, or of a private room's. */
  invite: string | null;
  /** A token of an earlier connection in this tab. */
  resume: string | null;
}

export interface SpeakNews {
  onWelcome(participant: string, resume: string): void;
  /** How many of the two connections are up. */
  onLegs(up: number): void;
  onPacket(packet: Uint8Array): void;
  onAck(ack: Ack): void;
  onGivenUp(id: string): void;
  /** The hub lets this phone speak no more; its own words for why. */
  onRefused(code: number, text: string): void;
}

const TICK_MS = 50;

export class SpeakLink {
  readonly clock = new HubClock();
  ssrc: number | null = null;
  /** The room clock at a moment of the hub's. */
  time: Time | null = null;
  private readonly first: Leg;
  private readonly second: Leg;
  private readonly commands = new PendingCommands();
  private stream: string | null = null;
  private timer: number | null = null;

  constructor(
    private readonly joining: SpeakJoining,
    private readonly world: SpeakWorld,
    private readonly news: SpeakNews,
  ) {
    const url = `${joining.origin}/ws/speak`;
    const onPacket = (packet: Uint8Array) => news.onPacket(packet);
    this.first = new Leg(url, world, {
      join: () => this.join(null),
      onMessage: (message) => this.told(message),
      onPacket,
      onDown: () => this.tellLegs(),
      onRefused: (code, text) => this.refused(code, text),
    });
    this.second = new Leg(url, world, {
      join: () => this.join(this.stream),
      onMessage: ({ type }) => type === "welcome" && this.tellLegs(),
      onPacket,
      onDown: () => this.tellLegs(),
      // Its first is gone, or another tab speaks: the first connection tells.
      onRefused: () => {},
    });
  }

  /** The network's own reading of the hub's clock; null before the first answer. */
  get reading(): ClockReading | null {
    return this.clock.reading;
  }

  /** Packets that either connection did not take in time. */
  get dropped(): number {
    return this.first.queue.dropped + this.second.queue.dropped;
  }

  open(): void {
    this.first.open();
    this.timer = this.world.setTimer(() => this.tick(), TICK_MS);
  }

  close(): void {
    if (this.timer !== null) this.world.clearTimer(this.timer);
    this.timer = null;
    this.first.close();
    this.second.close();
    this.commands.clear();
  }

  command(command: Command): void {
    for (const id of this.commands.giveUpReplaced(command)) this.news.onGivenUp(id);
    if (!this.commands.add(command, this.world.nowMs())) return this.news.onGivenUp(command.id);
    this.first.say(command);
  }

  /** A message that needs no answer. */
  say(message: object): void {
    this.first.say(message);
  }

  send(packet: Uint8Array): void {
    this.first.send(packet);
    this.second.send(packet);
  }

  private join(stream: string | null): Join {
    const { room, person, invite, resume } = this.joining;
    const join: Join = {
      type: "join",
      version: PROTOCOL_VERSION,
      role: "speaker",
      room,
      speaker: { person },
    };
    const secret = invite === null ? null : ({ kind: "invite", token: invite } as const);
    if (resume !== null) join.credential = { kind: "resume", token: resume };
    else if (secret !== null) join.credential = secret;
    if (resume !== null && secret !== null) join.invite = secret;
    if (stream !== null) join.stream = stream;
    return join;
  }

  private told(message: { type: string }): void {
    switch (message.type) {
      case "welcome":
        return this.welcomed(message as Welcome);
      case "ack":
        this.commands.settle((message as Ack).id);
        return this.news.onAck(message as Ack);
      case "time":
        this.time = message as Time;
        return;
      case "time_reply":
        return this.clock.answered(message as TimeReply, this.world.nowMs());
    }
  }

  private welcomed({ participant, resume, ssrc, stream }: Welcome): void {
    this.joining.resume = resume;
    this.ssrc = ssrc;
    this.clock.restart();
    const isOther = this.stream !== stream;
    this.stream = stream;
    this.news.onWelcome(participant, resume);
    this.tellLegs();
    if (stream !== null && (isOther || !this.second.isUp)) this.second.open();
    for (const id of this.commands.giveUpStale(this.world.nowMs())) this.news.onGivenUp(id);
    for (const command of this.commands.again(this.world.nowMs())) this.first.say(command);
  }

  private refused(code: number, text: string): void {
    if (code === CLOSE_CODES.unauthorised && this.joining.resume !== null) {
      // The hub no longer knows this token: come as somebody new.
      this.joining.resume = null;
      return this.first.open();
    }
    this.close();
    this.news.onRefused(code, text);
  }

  private tellLegs(): void {
    this.news.onLegs(Number(this.first.isUp) + Number(this.second.isUp));
  }

  private tick(): void {
    this.timer = this.world.setTimer(() => this.tick(), TICK_MS);
    if (!this.first.isUp) return;
    const nowMs = this.world.nowMs();
    const request = this.clock.request(nowMs);
    if (request !== null) this.first.say(request);
    const overdue = this.commands.overdue(nowMs);
    if (overdue !== null) this.first.say(overdue);
  }
}
