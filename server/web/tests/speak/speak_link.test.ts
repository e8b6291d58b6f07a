import { beforeEach, describe, expect, test } from "vitest";
import type { SoundSocket, SpeakWorld } from "../../src/speak/leg.ts";
import { MAX_WAITING } from "../../src/speak/send_queue.ts";
import { SpeakLink, type SpeakNews } from "../../src/speak/speak_link.ts";
import type { Ack } from "../../src/wire/messages.ts";
import { FakeTimers } from "../timers.ts";

/** A hub's end of one of the two sockets. */
class FakeSocket implements SoundSocket {
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly said: { type: string; [key: string]: unknown }[] = [];
  readonly packets: number[] = [];
  isClosed = false;

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  sendPacket(packet: Uint8Array): void {
    this.packets.push(packet[0] as number);
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

  drop(code: number): void {
    this.onclose?.({ code } as CloseEvent);
  }

  welcome(): void {
    this.accept();
    this.say({
      type: "welcome",
      participant: "p1-mic",
      resume: "token",
      confirm: false,
      reconnect_spread_ms: 0,
      stream: "s1",
      ssrc: 9,
      ptime_ms: 10,
      bus: null,
      rank: null,
    });
  }

  saidOf(type: string): { [key: string]: unknown }[] {
    return this.said.filter((message) => message.type === type);
  }
}

class FakeWorld extends FakeTimers implements SpeakWorld {
  readonly sockets: FakeSocket[] = [];

  openSocket(): SoundSocket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  }

  fraction(): number {
    return 0.5;
  }

  at(index: number): FakeSocket {
    return this.sockets.at(index) as FakeSocket;
  }
}

class FakeNews implements SpeakNews {
  legs: number[] = [];
  refusals: [number, string][] = [];
  acks: string[] = [];
  packets = 0;
  onWelcome = () => {};
  onLegs = (up: number) => void this.legs.push(up);
  onPacket = () => {
    this.packets += 1;
  };
  onAck = (ack: Ack) => void this.acks.push(ack.id);
  onGivenUp = () => {};
  onRefused = (code: number, text: string) => void this.refusals.push([code, text]);
}

let world: FakeWorld;
let news: FakeNews;

function connect(more: { invite?: string; resume?: string } = {}): SpeakLink {
  const link = new SpeakLink(
    { origin: "wss://hub", room: "main", person: "listener", invite: null, resume: null, ...more },
    world,
    news,
  );
  link.open();
  return link;
}

function bothUp(): [SpeakLink, FakeSocket, FakeSocket] {
  const link = connect();
  world.at(0).welcome();
  world.at(1).welcome();
  return [link, world.at(0), world.at(1)];
}

/** The return goes on, so that nothing is taken for dead. */
function passWithSound(ms: number, ...sockets: FakeSocket[]): void {
  for (let passed = 0; passed < ms; passed += 100) {
    for (const socket of sockets) socket.sound();
    world.pass(100);
  }
}

beforeEach(() => {
  world = new FakeWorld();
  news = new FakeNews();
});

describe("a phone that speaks", () => {
  test("joins with its owner's token, and its stream a second time", () => {
    bothUp();
    expect(world.at(0).said[0]).toEqual({
      type: "join",
      version: 1,
      role: "speaker",
      room: "main",
      speaker: { person: "listener" },
    });
    expect(world.at(1).said[0]).toMatchObject({
      stream: "s1",
      credential: { kind: "resume", token: "token" },
    });
    expect(news.legs).toEqual([1, 2]);
  });

  test("shows what opens a private room beside the token of an earlier visit", () => {
    connect({ invite: "secret", resume: "earlier" });
    world.at(0).accept();
    expect(world.at(0).said[0]).toMatchObject({
      credential: { kind: "resume", token: "earlier" },
      invite: { kind: "invite", token: "secret" },
    });
  });

  test("sends the same packets over both", () => {
    const [link, first, second] = bothUp();
    for (let i = 0; i < 5; i++) {
      passWithSound(100, first, second);
      link.send(Uint8Array.of(i));
    }
    expect(first.packets).toEqual([0, 1, 2, 3, 4]);
    expect(second.packets).toEqual([0, 1, 2, 3, 4]);
  });

  test("goes on over one while the other is lost, which comes back", () => {
    const [link, first, second] = bothUp();
    first.drop(1006);
    link.send(Uint8Array.of(1));
    expect(second.packets).toEqual([1]);
    expect(news.legs.at(-1)).toBe(1);
    passWithSound(300, second);
    const again = world.at(2);
    again.accept();
    expect(again.said[0]).toMatchObject({ credential: { kind: "resume", token: "token" } });
    expect(again.said[0]?.stream).toBeUndefined();
    again.welcome();
    expect(news.legs.at(-1)).toBe(2);
    expect(second.isClosed).toBe(false);
  });

  test("a stuck connection gets no old speech, and is replaced", () => {
    const [link, first, second] = bothUp();
    passWithSound(500, second);
    for (let i = 0; i < 20; i++) link.send(Uint8Array.of(i));
    expect(first.packets).toEqual([]);
    expect(second.packets.length).toBe(20);
    expect(link.dropped).toBe(20 - MAX_WAITING);
    passWithSound(2500, second);
    expect(first.isClosed).toBe(true);
    expect(news.legs.at(-1)).toBe(1);
  });

  test("what the browser holds back is not made longer", () => {
    const [link, first, second] = bothUp();
    first.bufferedAmount = 5000;
    for (let i = 0; i <= MAX_WAITING; i++) link.send(Uint8Array.of(i));
    expect(first.packets).toEqual([]);
    expect(second.packets.length).toBe(MAX_WAITING + 1);
    first.bufferedAmount = 0;
    passWithSound(100, first, second);
    expect(first.packets).toEqual(Array.from({ length: MAX_WAITING }, (_, i) => i + 1));
  });

  test("repeats a command on the next connection until it is answered", () => {
    const link = connect();
    link.command({ type: "take_floor", id: "c1" });
    world.at(0).welcome();
    expect(world.at(0).saidOf("take_floor")).toHaveLength(1);
    world.at(0).drop(1006);
    world.pass(300);
    const again = world.sockets.filter((socket) => !socket.isClosed).at(-1) as FakeSocket;
    again.welcome();
    expect(again.saidOf("take_floor")).toHaveLength(1);
    again.say({ type: "ack", id: "c1", refused: null, text: "", figure_ms: null, link: null });
    passWithSound(3000, again);
    expect(again.saidOf("take_floor")).toHaveLength(1);
    expect(news.acks).toEqual(["c1"]);
  });

  test("a newer mute voids an older one", () => {
    const link = connect();
    link.command({ type: "set_muted", id: "m1", muted: "self" });
    link.command({ type: "set_muted", id: "m2", muted: null });
    world.at(0).welcome();
    expect(world.at(0).saidOf("set_muted")).toEqual([{ type: "set_muted", id: "m2", muted: null }]);
  });

  test("the end of the turn ends both, with the hub's words", () => {
    const [, first, second] = bothUp();
    first.say({ type: "failure", code: 4003, text: "the turn is over" });
    first.drop(4003);
    expect(news.refusals).toEqual([[4003, "the turn is over"]]);
    expect(second.isClosed).toBe(true);
    const count = world.sockets.length;
    world.pass(60_000);
    expect(world.sockets.length).toBe(count);
  });

  test("a token that the hub forgot makes a newcomer", () => {
    connect({ resume: "earlier" });
    world.at(0).accept();
    world.at(0).drop(4001);
    world.at(1).accept();
    expect(world.at(1).said[0]?.credential).toBeUndefined();
    expect(news.refusals).toEqual([]);
  });

  test("asks the hub's clock eight times at once, then every second", () => {
    const [, first, second] = bothUp();
    passWithSound(1000, first, second);
    const early = first.saidOf("time_request").length;
    expect(early).toBeGreaterThanOrEqual(8);
    passWithSound(5000, first, second);
    expect(first.saidOf("time_request").length - early).toBeLessThanOrEqual(6);
  });

  test("the second connection carries packets only", () => {
    const [link, first, second] = bothUp();
    link.command({ type: "take_floor", id: "c1" });
    passWithSound(2000, first, second);
    expect(second.said.map(({ type }) => type)).toEqual(["join"]);
  });

  test("a connection that is never answered is tried again", () => {
    connect();
    world.at(0).accept();
    world.pass(6500);
    expect(world.at(0).isClosed).toBe(true);
    expect(world.sockets.length).toBe(2);
  });
});
