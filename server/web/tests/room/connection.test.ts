import { beforeEach, describe, expect, test } from "vitest";
import { Connection } from "../../src/room/connection.ts";
import type { Joining } from "../../src/room/connection_parts.ts";
import { aboutWith, rulesWith } from "../rooms.ts";
import { FakeNews, type FakeSocket, FakeWorld, raised, VIEW, welcomeWith } from "./fakes.ts";

let world: FakeWorld;
let news: FakeNews;

function connect(
  role: Joining["role"] = "listener",
  resume: string | null = null,
  invite: string | null = null,
): Connection {
  const hostSecret = role === "host" ? "s3cret" : null;
  const joining = {
    origin: "ws://hub",
    role,
    room: "main",
    resume,
    hostSecret,
    invite,
    grant: null,
  };
  const connection = new Connection(joining, world, news);
  connection.open();
  return connection;
}

const lastLink = () => news.links[news.links.length - 1];
beforeEach(() => {
  world = new FakeWorld();
  news = new FakeNews();
});

describe("a connection", () => {
  test("joins as a listener, and again with its token", () => {
    connect();
    expect(world.urls).toEqual(["ws://hub/ws/listen"]);
    world.socket.welcome();
    expect(world.socket.sent).toEqual([
      { type: "join", version: 1, role: "listener", room: "main" },
    ]);
    expect(lastLink()).toEqual(["open", null]);
    world.socket.drop(1006);
    world.pass(250);
    world.socket.welcome();
    expect(world.socket.sent[0]).toMatchObject({
      credential: { kind: "resume", token: "token1" },
    });
  });

  test("joins as the host with the secret", () => {
    connect("host");
    world.socket.accept();
    expect(world.socket.sent[0]).toMatchObject({
      role: "host",
      credential: { kind: "host", secret: "s3cret" },
    });
  });

  test("a host comes back as the same host, and shows the secret beside the token", () => {
    connect("host");
    world.socket.welcome();
    world.socket.drop(1006);
    world.pass(250);
    world.socket.welcome();
    expect(world.socket.sent[0]).toMatchObject({
      role: "host",
      credential: { kind: "resume", token: "token1" },
      invite: { kind: "invite", token: "s3cret" },
    });
  });

  test("another token in the midst of it is kept, and nothing else changes", () => {
    connect();
    world.socket.welcome();
    const told = news.packetTimes.length;
    world.socket.say(welcomeWith({ resume: "p1.raised-x", rank: "cohost" }));
    expect(news.packetTimes).toHaveLength(told);
    expect(lastLink()).toEqual(["open", null]);
    world.socket.drop(1006);
    world.pass(250);
    world.socket.accept();
    const credential = { kind: "resume", token: "p1.raised-x" };
    expect(world.socket.sent[0]).toMatchObject({ credential });
  });

  test("says that a token came which the hub asks about, as often as it is told", () => {
    connect();
    world.socket.accept();
    const welcome = welcomeWith({ resume: "p1.raised-x", confirm: true });
    world.socket.say(welcome);
    expect(world.socket.sent).toHaveLength(1); // not in the room yet
    world.socket.say({ type: "snapshot", view: VIEW });
    const kept = { type: "token_kept", resume: "p1.raised-x" };
    expect(world.socket.sent.slice(1)).toEqual([kept]);
    world.socket.say(welcome);
    expect(world.socket.sent.slice(1)).toEqual([kept, kept]);
    world.socket.say(welcomeWith());
    expect(world.socket.sent).toHaveLength(3);
  });

  test("joins by an invitation, and repeats it beside its token", () => {
    connect("screen", null, "t0ken");
    world.socket.welcome();
    const invite = { kind: "invite", token: "t0ken" };
    expect(world.socket.sent).toEqual([
      { type: "join", version: 1, role: "screen", room: "main", credential: invite },
    ]);
    world.socket.drop(1006);
    world.pass(250);
    world.socket.welcome();
    expect(world.socket.sent[0]).toMatchObject({ credential: { kind: "resume" }, invite });
  });

  test("tells how the audience is", () => {
    connect();
    world.socket.welcome();
    const pulse = { type: "pulse", listeners: 4, in_hall: null, reactions: {}, yes: 2 } as const;
    world.socket.say(pulse);
    expect(news.pulses).toEqual([pulse]);
  });

  test("folds changes and starts anew when one is missing", () => {
    connect();
    world.socket.welcome();
    world.socket.say(raised(6, "a"));
    expect(news.views.at(-1)?.line).toHaveLength(1);
    world.socket.say(raised(8, "b"));
    expect(lastLink()).toEqual(["reconnecting", null]);
    world.pass(250);
    world.socket.welcome({ ...VIEW, seq: 8 });
    expect(news.views.at(-1)?.seq).toBe(8);
  });

  test("a message that is none starts anew too", () => {
    connect();
    world.socket.welcome();
    world.socket.say({ type: "sing" });
    expect(lastLink()).toEqual(["reconnecting", null]);
  });

  test("tries again at the times of the contract, the first one spread", () => {
    connect();
    world.socket.welcome(VIEW, 2000);
    world.pass(6000);
    world.socket.drop(1001);
    world.pass(1249);
    expect(world.sockets).toHaveLength(1);
    world.pass(1);
    expect(world.sockets).toHaveLength(2);
    world.socket.drop(1006);
    world.pass(500);
    expect(world.sockets).toHaveLength(3);
    world.socket.drop(1006);
    world.pass(999);
    expect(world.sockets).toHaveLength(3);
    world.pass(1);
    expect(world.sockets).toHaveLength(4);
  });

  test("a hub that takes us in and drops us is not hurried", () => {
    connect();
    for (let round = 0; round < 4; round++) {
      world.socket.welcome();
      world.socket.drop(1006);
      world.pass(1000);
    }
    expect(world.sockets.length).toBeLessThanOrEqual(5);
  });

  test.each([4003, 4005, 4009, 4010, 4000, 1009])("code %i ends it for good", (code) => {
    const connection = connect();
    world.socket.welcome();
    world.socket.drop(code);
    expect(lastLink()).toEqual(["refused", code]);
    world.pass(60_000);
    connection.refresh();
    expect(world.sockets).toHaveLength(1);
    connection.open();
    expect(world.sockets).toHaveLength(2);
  });

  test("a token that the hub no longer knows is given up once", () => {
    connect("listener", "old");
    world.socket.accept();
    world.socket.drop(4001);
    world.pass(250);
    world.socket.accept();
    expect(world.socket.sent[0]).not.toHaveProperty("credential");
    world.socket.drop(4001);
    expect(lastLink()).toEqual(["refused", 4001]);
  });

  test("a host with a wrong key is told so", () => {
    connect("host");
    world.socket.accept();
    world.socket.drop(4001);
    expect(lastLink()).toEqual(["refused", 4001]);
  });
});

describe("commands", () => {
  test("wait for the join, and are sent again until they are answered", () => {
    const connection = connect();
    connection.command({ type: "raise_hand", id: "c1", name: "Zoé" });
    expect(world.socket.sent).toEqual([]);
    world.socket.welcome();
    expect(world.socket.sent.at(-1)).toEqual({ type: "raise_hand", id: "c1", name: "Zoé" });
    world.socket.drop(1006);
    world.pass(250);
    world.socket.welcome();
    expect(world.socket.sent.at(-1)).toMatchObject({ id: "c1" });
    world.socket.say({ type: "ack", id: "c1", refused: null, text: "" });
    expect(news.acks).toHaveLength(1);
    world.socket.drop(1006);
    world.pass(1000);
    world.socket.welcome();
    expect(world.socket.sent).toHaveLength(1);
  });

  test("are bounded", () => {
    const connection = connect();
    for (let i = 0; i < 50; i++) connection.command({ type: "next", id: `c${i}` });
    world.socket.welcome();
    expect(world.socket.sent).toHaveLength(17);
    expect(news.givenUp).toHaveLength(34);
    expect(news.givenUp[0]).toBe("c16");
  });

  test("that the hub dropped over its rate are repeated, the oldest first", () => {
    const connection = connect();
    world.socket.welcome();
    connection.command({ type: "raise_hand", id: "c1", name: "Zoé" });
    connection.command({ type: "lower_hand", id: "c2" });
    world.pass(900);
    expect(world.socket.sent).toHaveLength(3);
    world.pass(200);
    expect(world.socket.sent.at(-1)).toMatchObject({ id: "c1" });
    world.socket.say({ type: "ack", id: "c1", refused: null, text: "" });
    world.pass(500);
    expect(world.socket.sent.at(-1)).toMatchObject({ id: "c2" });
    world.socket.say({ type: "ack", id: "c2", refused: null, text: "" });
    world.pass(1800);
    expect(world.socket.sent).toHaveLength(5);
  });

  test("that set the same are sent again only in their last form", () => {
    const connection = connect("host");
    world.socket.welcome();
    const set = (id: string, participant: string, gain_db: number) =>
      connection.command({ type: "set_source", id, participant, gain_db });
    set("c1", "u1", 1);
    set("c2", "u2", 2);
    set("c3", "u1", 3);
    expect(news.givenUp).toEqual(["c1"]);
    world.socket.drop(1006);
    world.pass(250);
    world.socket.welcome();
    const again = world.socket.sent.slice(1);
    expect(again.map(({ id, gain_db }) => [id, gain_db])).toEqual([
      ["c2", 2],
      ["c3", 3],
    ]);
  });

  test.each([
    [
      { type: "silence_all", on: true },
      { type: "silence_all", on: false },
    ],
    [
      { type: "block", participant: "p1" },
      { type: "unblock", participant: "p1" },
    ],
    [
      { type: "set_rank", participant: "p1", rank: "host" },
      { type: "set_rank", participant: "p1", rank: null },
    ],
    [
      { type: "set_rules", rules: rulesWith({ cap: 2 }) },
      { type: "set_rules", rules: rulesWith({ cap: 3 }) },
    ],
    [
      { type: "describe", about: aboutWith("A") },
      { type: "describe", about: aboutWith("B") },
    ],
    [
      { type: "set_host_unit", unit: "u1", on: true },
      { type: "set_host_unit", unit: "u1", on: false },
    ],
    [
      { type: "answer_ask", yes: true },
      { type: "answer_ask", yes: false },
    ],
  ] as const)("of which the later one undoes the earlier one leave only it: %j", (one, other) => {
    const connection = connect("host");
    world.socket.welcome();
    connection.command({ ...one, id: "c1" });
    connection.command({ ...other, id: "c2" });
    expect(news.givenUp).toEqual(["c1"]);
  });

  test("for different people all count", () => {
    const connection = connect("host");
    world.socket.welcome();
    connection.command({ type: "block", id: "c1", participant: "p1" });
    connection.command({ type: "block", id: "c2", participant: "p2" });
    expect(news.givenUp).toEqual([]);
  });

  test("that set the same never fill the room of the others", () => {
    const connection = connect("host");
    for (let step = 0; step < 50; step++) {
      connection.command({ type: "set_source", id: `s${step}`, participant: "u1", gain_db: 0 });
      connection.command({ type: "set_lift", id: `l${step}`, zone: "hall", on: true });
      connection.command({ type: "set_sharing", id: `h${step}`, on: step % 2 === 0 });
    }
    world.socket.welcome();
    expect(world.socket.sent.slice(1).map(({ id }) => id)).toEqual(["s49", "l49", "h49"]);
  });

  test("of the moment are void when the hub was away for long, a hand is not", () => {
    const connection = connect();
    world.socket.welcome();
    world.socket.drop(1006);
    connection.command({ type: "next", id: "c1" });
    connection.command({ type: "raise_hand", id: "c2", name: "Zoé" });
    connection.command({ type: "answer_ask", id: "c3", yes: true });
    connection.command({ type: "silence_all", id: "c4", on: false });
    while (world.sockets.length < 18) {
      world.pass(1000);
      if (world.sockets.length < 18) world.socket.drop(1006);
    }
    world.socket.welcome();
    expect(news.givenUp).toEqual(["c1", "c3"]);
    expect(world.socket.sent.map((message) => message.id)).toEqual([undefined, "c2", "c4"]);
  });
});

describe("a silent hub", () => {
  test("is said to falter after 2.5 s and is left after 6 s", () => {
    connect();
    world.socket.welcome();
    world.socket.sound();
    world.pass(2400);
    expect(lastLink()).toEqual(["open", null]);
    world.pass(600);
    expect(lastLink()).toEqual(["stalled", null]);
    world.socket.sound();
    expect(lastLink()).toEqual(["open", null]);
    world.pass(6000);
    expect(lastLink()).toEqual(["reconnecting", null]);
    expect(world.sockets[0]?.isClosed).toBe(true);
  });

  test("is asked once whether it is still there", () => {
    const connection = connect();
    world.socket.welcome();
    const report = {
      type: "report",
      rung: "mp3",
      buffer_ms: 1,
      played_ms: 2,
      underruns: 0,
    } as const;
    connection.report(report);
    world.socket.sound();
    world.pass(4000);
    expect(world.socket.sent.filter(({ type }) => type === "report")).toEqual([report, report]);
  });

  test("may be silent for longer in a room without sound", () => {
    connect();
    world.socket.welcome();
    world.pass(24_000);
    expect(lastLink()).toEqual(["open", null]);
    world.pass(2000);
    expect(lastLink()).toEqual(["reconnecting", null]);
  });

  test("a phone that wakes up does not wait for the timer", () => {
    const connection = connect();
    world.socket.welcome();
    world.pass(2000);
    connection.refresh();
    expect(world.sockets).toHaveLength(1);
    world.pass(1000);
    connection.refresh();
    expect(world.sockets).toHaveLength(2);
    expect(world.sockets[0]?.isClosed).toBe(true);
  });

  test("a page that rests is gone at once, and comes back when it is looked at", () => {
    const connection = connect();
    world.socket.welcome();
    connection.rest();
    expect(world.sockets[0]?.isClosed).toBe(true);
    expect(lastLink()).toEqual(["reconnecting", null]);
    world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
    connection.refresh();
    world.socket.welcome();
    expect(lastLink()).toEqual(["open", null]);
  });

  test("a page that was refused stays so when it rests", () => {
    const connection = connect();
    world.socket.welcome();
    world.socket.drop(4010);
    connection.rest();
    expect(lastLink()).toEqual(["refused", 4010]);
  });

  test("a closed connection says nothing more", () => {
    const connection = connect();
    const [socket] = world.sockets as [FakeSocket];
    connection.close();
    socket.welcome();
    world.pass(60_000);
    expect(news.views).toEqual([]);
    expect(world.sockets).toHaveLength(1);
  });
});

test("a host stays at its hub, whatever edge is named", () => {
  connect("host");
  world.socket.accept();
  world.socket.say(welcomeWith());
  world.socket.say({ type: "move", place: "/e/1", within_ms: 0 });
  world.pass(1000);
  expect(world.urls).toEqual(["ws://hub/ws/listen"]);
});

describe("what is told beside the room", () => {
  test("an event comes with the room that it made, a snapshot with none", () => {
    connect();
    world.socket.welcome();
    world.socket.say(raised(6, "p2"));
    expect(news.events).toEqual([null, "hand_raised"]);
  });

  test("a call for attention is passed on", () => {
    connect();
    world.socket.welcome();
    world.socket.say({ type: "attend", what: "chime" });
    expect(news.attended).toEqual(["chime"]);
  });

  test("how a listener is here waits for the room, and is told each new connection", () => {
    const connection = connect();
    connection.here({ type: "here", in_hall: true });
    connection.here({ type: "here", in_hall: true, name: "Ida" });
    const ida = { type: "here", in_hall: true, name: "Ida" };
    const told = () => world.socket.sent.filter((one) => (one as { type: string }).type === "here");
    world.socket.welcome();
    expect(told()).toEqual([ida]);
    world.socket.drop(1006);
    world.pass(250);
    world.socket.welcome();
    expect(told()).toEqual([ida]);
  });

  test("a reaction is shown now or never", () => {
    const connection = connect();
    connection.react("clap");
    world.socket.welcome();
    expect(world.socket.sent).toHaveLength(1);
    connection.react("heart");
    expect(world.socket.sent.at(-1)).toEqual({ type: "react", reaction: "heart" });
  });
});
