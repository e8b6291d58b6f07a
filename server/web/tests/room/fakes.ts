import type { LinkState, News, Socket, Surroundings } from "../../src/room/connection_parts.ts";
import type { Ack, Attend, Pulse, RoomView } from "../../src/wire/messages.ts";
import type { RoomEvent } from "../../src/wire/room_view.ts";
import { handOf, roomWith } from "../rooms.ts";
import { FakeTimers } from "../timers.ts";

/** A room that somebody finds. */
export const VIEW: RoomView = roomWith({ seq: 5 });

/** A hub's end of a socket, driven by hand. */
export class FakeSocket implements Socket {
  binaryType: BinaryType = "blob";
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: { type: string; [key: string]: unknown }[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  accept(): void {
    this.onopen?.(new Event("open"));
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  sound(): void {
    this.onmessage?.({ data: new ArrayBuffer(20) } as MessageEvent);
  }

  /** A packet of the program: `frames` of 20 ms (Opus, one configuration, code 3) from `timestamp`. */
  packet(timestamp: number, frames = 1, ssrc = 7): void {
    const bytes = new Uint8Array(15);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, 0x80);
    view.setUint8(1, 111);
    view.setUint32(4, timestamp);
    view.setUint32(8, ssrc);
    bytes.set([0xfb, frames, 0xff], 12);
    this.onmessage?.({ data: bytes.buffer } as MessageEvent);
  }

  drop(code: number): void {
    this.onclose?.({ code } as CloseEvent);
  }

  /** What a hub says to everybody who joins. */
  welcome(view: RoomView = VIEW, spreadMs = 0): void {
    this.accept();
    this.say(welcomeWith({ reconnect_spread_ms: spreadMs }));
    this.say({ type: "snapshot", view });
  }
}

/** Time that passes when told, sockets that wait to be driven. */
export class FakeWorld extends FakeTimers implements Surroundings {
  readonly sockets: FakeSocket[] = [];
  readonly urls: string[] = [];
  chance = 0.5;

  openSocket(url: string): Socket {
    this.urls.push(url);
    this.sockets.push(new FakeSocket());
    return this.socket;
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1] as FakeSocket;
  }

  fraction(): number {
    return this.chance;
  }
}

/** Writes down what a connection tells. */
export class FakeNews implements News {
  links: [LinkState, number | null][] = [];
  views: RoomView[] = [];
  acks: Ack[] = [];
  givenUp: string[] = [];
  packets = 0;
  tokens: string[] = [];
  onLink = (state: LinkState, code: number | null) => void this.links.push([state, code]);
  grants: (string | null)[] = [];
  onWelcome = (_: string, resume: string, grant: string | null) => {
    this.tokens.push(resume);
    this.grants.push(grant);
  };
  events: (string | null)[] = [];
  onView = (view: RoomView, event: RoomEvent | null) => {
    this.views.push(view);
    this.events.push(event?.type ?? null);
  };
  onTime = () => {};
  onAck = (ack: Ack) => void this.acks.push(ack);
  onGivenUp = (id: string) => void this.givenUp.push(id);
  onStatus = () => {};
  pulses: Pulse[] = [];
  onPulse = (pulse: Pulse) => void this.pulses.push(pulse);
  attended: string[] = [];
  onAttend = ({ what }: Attend) => void this.attended.push(what);
  venue: boolean[] = [];
  onVenue = (isReached: boolean) => void this.venue.push(isReached);
  packetTimes: number[] = [];
  onPacketTime = (ptimeMs: number) => void this.packetTimes.push(ptimeMs);
  /** Timestamps of the packets that were passed on. */
  heard: number[] = [];
  onPacket = (bytes: Uint8Array) => {
    this.packets += 1;
    this.heard.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4));
  };
}

/** A `welcome` of `p1`, as far as it says nothing else. */
export function welcomeWith(more: object = {}): object {
  return {
    type: "welcome",
    participant: "p1",
    resume: "token1",
    confirm: false,
    grant: null,
    reconnect_spread_ms: 0,
    speaker: false,
    stream: null,
    ssrc: null,
    ...more,
  };
}

/** Somebody raised a hand. */
export const raised = (seq: number, participant: string) => ({
  type: "change",
  seq,
  room_clock: 1,
  event: { type: "hand_raised", hand: handOf(participant), place: null, rule: null },
});
