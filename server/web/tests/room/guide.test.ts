import { beforeEach, describe, expect, test } from "vitest";
import { Connection } from "../../src/room/connection.ts";
import { EdgeGuide, type GuideWorld } from "../../src/room/guide.ts";
import { FakeNews, type FakeSocket, FakeWorld, raised, VIEW, welcomeWith } from "./fakes.ts";

const HUB = "ws://hub";
const A = "ws://hub/e/1";
const B = "ws://hub/e/2";

/** A world whose hub names places. */
class EdgeWorld extends FakeWorld implements GuideWorld {
  /** What the hub names; null: it does not answer. */
  places: string[] | null = [A, B];
  asked = 0;
  override chance = 0;

  askPlaces(told: (origins: string[] | null) => void): void {
    this.asked += 1;
    if (this.places !== null) told(this.places);
  }

  /** Where the last socket was opened. */
  get at(): string | undefined {
    return this.urls.at(-1)?.replace("/ws/listen", "");
  }
}

let world: EdgeWorld;
let news: FakeNews;

function connect(grant: string | null = null): Connection {
  const joining = {
    origin: HUB,
    role: "listener" as const,
    room: "main",
    resume: null,
    hostSecret: null,
    invite: null,
    grant,
  };
  const connection = new Connection(
    joining,
    world,
    news,
    (guided) => new EdgeGuide(guided, HUB, world),
  );
  connection.open();
  return connection;
}

/** Listens at the first edge, which has sent frames 0 to 9. */
function listening(): { connection: Connection; old: FakeSocket } {
  const connection = connect();
  const old = world.socket;
  old.welcome();
  for (let frame = 0; frame < 10; frame++) old.packet(960 * frame);
  return { connection, old };
}

const move = (place: string, within_ms = 0) => ({ type: "move", place, within_ms });
const frames = () => news.heard.map((timestamp) => timestamp / 960);
const upTo = (end: number) => Array.from({ length: end }, (_, frame) => frame);
const lastLink = () => news.links.at(-1);

beforeEach(() => {
  world = new EdgeWorld();
  news = new FakeNews();
});

describe("before it joins a listener", () => {
  test("asks for places and takes the best", () => {
    connect();
    expect(world.urls).toEqual([`${A}/ws/listen`]);
  });

  test("stays at its own host where there are none", () => {
    world.places = [];
    connect();
    expect(world.at).toBe(HUB);
  });

  test("waits for a second at most; a later answer is void", () => {
    world.places = null;
    let tell: (origins: string[] | null) => void = () => {};
    world.askPlaces = (told) => {
      tell = told;
    };
    connect();
    world.pass(999);
    expect(world.urls).toEqual([]);
    world.pass(1);
    expect(world.at).toBe(HUB);
    tell([A]);
    expect(world.urls).toHaveLength(1);
  });

  test("that left meanwhile does not join", () => {
    let tell: (origins: string[] | null) => void = () => {};
    world.askPlaces = (told) => {
      tell = told;
    };
    connect().rest();
    tell([A]);
    world.pass(5000);
    expect(world.urls).toEqual([]);
  });

  test("takes the next place when one cannot be reached, its own host at last", () => {
    connect();
    world.socket.drop(1006);
    world.pass(250);
    expect(world.at).toBe(B);
    world.socket.drop(1006);
    world.pass(500);
    expect(world.at).toBe(HUB);
    world.socket.welcome();
    expect(lastLink()).toEqual(["open", null]);
  });

  test("does not wait for ever for a place that does not answer", () => {
    connect();
    world.pass(4400);
    expect(world.at).toBe(B);
  });

  test("has the more patience the longer it takes, and all of it where there is no other", () => {
    connect();
    for (let tries = 0; tries < 3; tries++) world.pass(40_000);
    const waits = world.urls.length;
    expect(waits).toBeGreaterThan(4);
    world.places = [];
    world = new EdgeWorld();
    world.places = [];
    connect();
    world.pass(20_000);
    expect(world.urls).toHaveLength(1);
  });
});

describe("an edge that dies", () => {
  test("is left for another, under the same token, within half a second", () => {
    const { old } = listening();
    old.drop(1006);
    world.pass(250);
    expect([world.at, world.asked]).toEqual([B, 2]);
    world.socket.welcome();
    expect(world.socket.sent[0]).toMatchObject({ credential: { kind: "resume", token: "token1" } });
    expect(lastLink()).toEqual(["open", null]);
  });

  test("with the page's own host is left for one that was named before", () => {
    const { old } = listening();
    world.places = null;
    old.drop(1006);
    world.pass(1250);
    expect(world.at).toBe(B);
  });

  test("keeps the hand shown as it was", () => {
    const { old } = listening();
    old.say(raised(6, "p1"));
    old.drop(1006);
    expect(news.views.at(-1)?.line.map((hand) => hand.participant)).toEqual(["p1"]);
    world.pass(250);
    world.socket.welcome(news.views.at(-1));
    expect(news.views.at(-1)?.line).toHaveLength(1);
  });

  test("in silence is replaced as soon as another one speaks", () => {
    const { old } = listening();
    world.pass(2500);
    expect(world.sockets).toHaveLength(1);
    world.pass(1500);
    expect(world.at).toBe(B);
    world.socket.welcome();
    expect(old.isClosed).toBe(false);
    world.socket.packet(960 * 200);
    expect(old.isClosed).toBe(true);
    expect(frames()).toEqual([...upTo(10), 200]);
    expect(lastLink()).toEqual(["open", null]);
  });

  test("is kept when it was silent only for a while", () => {
    const { old } = listening();
    world.pass(4000);
    world.socket.welcome();
    const other = world.socket;
    old.packet(960 * 200);
    expect([old.isClosed, other.isClosed]).toEqual([false, true]);
  });

  test("is not left for one that is as silent", () => {
    const { old } = listening();
    world.pass(4000);
    world.socket.welcome();
    old.say({ type: "venue", is_reached: false });
    world.pass(500);
    expect([old.isClosed, world.socket.isClosed]).toEqual([false, true]);
    world.pass(15_000);
    expect(world.sockets).toHaveLength(2);
  });

  test("that only refuses for a while is not avoided", () => {
    const { old } = listening();
    old.drop(4008);
    world.pass(250);
    expect(world.at).toBe(A);
  });

  test("that says the token is unknown makes a newcomer without a grant", () => {
    connect("g1");
    world.socket.accept();
    expect(world.socket.sent[0]).toMatchObject({ grant: "g1" });
    world.socket.say(welcomeWith({ grant: "g2" }));
    expect(news.grants).toEqual(["g2"]);
    world.socket.say({ type: "snapshot", view: VIEW });
    world.socket.drop(4001);
    world.pass(250);
    world.socket.accept();
    expect(world.socket.sent[0]).not.toHaveProperty("grant");
    expect(world.socket.sent[0]).not.toHaveProperty("credential");
  });
});

describe("a move", () => {
  test("happens at a moment of one's own, before the old connection ends", () => {
    world.chance = 0.5;
    const { old } = listening();
    old.say(move("/e/2", 4000));
    for (let frame = 10; frame < 12; frame++) {
      world.pass(990);
      old.packet(960 * frame);
    }
    expect(world.sockets).toHaveLength(1);
    world.pass(20);
    expect(world.at).toBe(B);
    expect(old.isClosed).toBe(false);
  });

  test("leaves nothing out and plays nothing twice", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    const young = world.socket;
    young.welcome();
    expect(young.sent[0]).toMatchObject({ credential: { kind: "resume", token: "token1" } });
    young.packet(960 * 9);
    old.packet(960 * 10);
    young.packet(960 * 10);
    expect(old.isClosed).toBe(false);
    young.packet(960 * 11);
    expect(old.isClosed).toBe(true);
    young.packet(960 * 12);
    expect(frames()).toEqual(upTo(13));
    expect(news.links.filter(([link]) => link !== "open")).toEqual([["connecting", null]]);
  });

  test("to an edge that is ahead waits until the old one has brought what lies between", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    const young = world.socket;
    young.welcome();
    for (const frame of [12, 13, 14]) young.packet(960 * frame);
    old.packet(960 * 10);
    expect(old.isClosed).toBe(false);
    old.packet(960 * 11);
    expect(old.isClosed).toBe(true);
    expect(frames()).toEqual(upTo(15));
  });

  test("keeps the token that came while it was under way", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    const young = world.socket;
    young.welcome();
    old.say(welcomeWith({ resume: "p1.raised-x", rank: "cohost", confirm: true }));
    expect(old.sent.at(-1)).toEqual({ type: "token_kept", resume: "p1.raised-x" });
    old.packet(960 * 10);
    young.packet(960 * 10);
    young.packet(960 * 11);
    expect(old.isClosed).toBe(true);
    young.drop(4001);
    world.pass(250);
    world.socket.accept();
    const credential = { kind: "resume", token: "p1.raised-x" };
    expect(world.socket.sent[0]).toMatchObject({ credential });
    world.socket.drop(4001);
    world.pass(500);
    world.socket.accept();
    expect(world.socket.sent[0]).not.toHaveProperty("credential");
  });

  test("to longer packets is at a common edge", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    const young = world.socket;
    young.welcome();
    young.packet(960 * 9, 3, 8);
    old.packet(960 * 10);
    young.packet(960 * 12, 3, 8);
    expect(old.isClosed).toBe(false);
    old.packet(960 * 11);
    expect(old.isClosed).toBe(true);
    expect(frames()).toEqual(upTo(13));
  });

  test("in a room without sound is done with the snapshot", () => {
    connect();
    const old = world.socket;
    old.welcome();
    old.say(move("/e/2"));
    world.pass(0);
    world.socket.accept();
    world.socket.say(welcomeWith());
    expect(old.isClosed).toBe(false);
    world.socket.say({ type: "snapshot", view: VIEW });
    expect(old.isClosed).toBe(true);
  });

  test("waits until the new edge knows what the old one told, and tells nothing twice", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    const young = world.socket;
    young.welcome();
    old.say(raised(6, "a"));
    young.packet(960 * 10);
    expect(old.isClosed).toBe(false);
    young.say(raised(6, "a"));
    expect(old.isClosed).toBe(true);
    young.say(raised(7, "b"));
    expect(news.events.filter((event) => event !== null)).toEqual(["hand_raised", "hand_raised"]);
    expect(news.views.at(-1)?.line).toHaveLength(2);
  });

  test("repeats commands that wait, and how one is here, on the new connection", () => {
    const { connection, old } = listening();
    connection.here({ type: "here", in_hall: true });
    connection.command({ type: "raise_hand", id: "c1", name: "Zoé" });
    old.say(move("/e/2"));
    world.pass(0);
    world.socket.welcome();
    world.socket.packet(960 * 10);
    expect(world.socket.sent.map(({ type }) => type)).toEqual(["join", "here", "raise_hand"]);
    world.socket.say({ type: "ack", id: "c1", refused: null, text: "" });
    expect(news.acks).toHaveLength(1);
  });

  test("to an edge that never comes tries the others, and else stays", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    world.socket.drop(1006);
    expect(world.at).toBe(HUB);
    world.socket.drop(1006);
    expect(world.sockets).toHaveLength(3);
    old.packet(960 * 10);
    expect(old.isClosed).toBe(false);
    expect(frames()).toEqual(upTo(11));
  });

  test("to an edge that lets one in and stays mute does not happen", () => {
    const { old } = listening();
    world.places = [A, B];
    old.say(move("/e/2"));
    world.pass(0);
    const mute = world.socket;
    mute.welcome();
    for (let step = 0; step < 5; step++) {
      world.pass(450);
      old.packet(960 * (10 + step));
    }
    expect([mute.isClosed, old.isClosed]).toEqual([true, false]);
  });

  test("ends the old one in order when it ends by itself meanwhile", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    old.drop(1001);
    expect(lastLink()).toEqual(["reconnecting", null]);
    world.socket.welcome();
    world.socket.packet(960 * 10);
    expect(lastLink()).toEqual(["open", null]);
    expect(world.sockets).toHaveLength(2);
    expect(frames()).toEqual(upTo(11));
  });

  test("is no end when the hub says that the same person joined elsewhere", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    world.socket.welcome();
    old.drop(4010);
    expect(lastLink()).toEqual(["open", null]);
    world.socket.packet(960 * 10);
    expect(frames()).toEqual(upTo(11));
  });

  test("that fails after the old one ended becomes a reconnection", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    old.drop(1001);
    world.socket.drop(1006); // the other edge
    world.socket.drop(1006); // the own host
    world.pass(250);
    world.socket.welcome();
    expect(lastLink()).toEqual(["open", null]);
  });

  test("is void once the page rests", () => {
    const { connection, old } = listening();
    world.chance = 0.9;
    old.say(move("/e/2", 10_000));
    connection.rest();
    world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
  });

  test("to no place, or to where one is, changes nothing", () => {
    const { old } = listening();
    for (const place of ["//evil.example", "/e/1"]) old.say(move(place));
    world.pass(0);
    expect(world.sockets).toHaveLength(1);
  });

  test("that is told twice goes to the last place", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    const second = world.socket;
    old.say(move(":8081"));
    world.pass(0);
    expect(second.isClosed).toBe(true);
    expect(world.at).toBe("ws://hub:8081");
  });

  test("to an edge that floods is given up", () => {
    const { old } = listening();
    old.say(move("/e/2"));
    world.pass(0);
    const flooding = world.socket;
    flooding.accept();
    for (let index = 0; index < 5000 && !flooding.isClosed; index++) flooding.packet(960 * 9);
    expect([flooding.isClosed, old.isClosed]).toEqual([true, false]);
  });
});

describe("a venue out of reach", () => {
  test("is told once, and that it is back", () => {
    const { old } = listening();
    for (const is_reached of [true, false, false, true]) old.say({ type: "venue", is_reached });
    expect(news.venue).toEqual([false, true]);
  });

  test("is no reason to leave the edge", () => {
    const { old } = listening();
    old.say({ type: "venue", is_reached: false });
    world.pass(59_000);
    expect(world.sockets).toHaveLength(1);
    expect(lastLink()).toEqual(["open", null]);
    world.pass(2000);
    expect(world.sockets.length).toBeGreaterThan(1);
  });

  test("that is told to somebody at the door is said, and tried again elsewhere", () => {
    connect();
    world.socket.accept();
    world.socket.say({ type: "venue", is_reached: false });
    world.socket.drop(1001);
    expect(news.venue).toEqual([false]);
    world.pass(250);
    expect(world.at).toBe(B);
    world.socket.welcome();
    world.pass(1500);
    expect(news.venue).toEqual([false, true]);
  });

  test("is no longer said at an edge that reaches it", () => {
    const { old } = listening();
    old.say({ type: "venue", is_reached: false });
    old.drop(1006);
    world.pass(250);
    world.socket.welcome();
    expect(news.venue).toEqual([false]);
    world.pass(1500);
    expect(news.venue).toEqual([false, true]);
  });

  test("is still said at an edge that does not reach it either", () => {
    const { old } = listening();
    old.say({ type: "venue", is_reached: false });
    old.drop(1006);
    world.pass(250);
    world.socket.welcome();
    world.socket.say({ type: "venue", is_reached: false });
    world.pass(5000);
    expect(news.venue).toEqual([false]);
  });

  test("has commands wait for twenty seconds under one id, then refuses", () => {
    const { connection, old } = listening();
    connection.command({ type: "raise_hand", id: "c1", name: "Zoé" });
    const refusal = { type: "ack", id: "c1", refused: "not_reached", text: "" };
    for (let second = 0; second < 19; second++) {
      old.say(refusal);
      world.pass(1000);
    }
    expect(news.acks).toEqual([]);
    const sent = old.sent.filter(({ id }) => id === "c1").length;
    expect(sent).toBeGreaterThan(8);
    world.pass(1000);
    old.say(refusal);
    expect(news.acks).toMatchObject([{ id: "c1", refused: "not_reached" }]);
    world.pass(3000);
    expect(old.sent.filter(({ id }) => id === "c1").length).toBeLessThanOrEqual(sent + 2);
  });

  test("takes a command as soon as it is back", () => {
    const { connection, old } = listening();
    connection.command({ type: "lower_hand", id: "c1" });
    old.say({ type: "ack", id: "c1", refused: "not_reached", text: "" });
    world.pass(1500);
    old.say({ type: "ack", id: "c1", refused: null, text: "" });
    expect(news.acks).toMatchObject([{ id: "c1", refused: null }]);
  });

  test("does not carry an answer of the moment for as long", () => {
    const { connection, old } = listening();
    old.say({ type: "venue", is_reached: false });
    connection.command({ type: "answer_ask", id: "c1", yes: true });
    world.pass(15_000);
    old.say({ type: "ack", id: "c1", refused: "not_reached", text: "" });
    expect(news.acks).toHaveLength(1);
  });
});
