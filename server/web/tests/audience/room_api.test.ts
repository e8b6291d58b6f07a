import { describe, expect, test } from "vitest";
import { ownPath, ownStream, readReplays } from "../../src/audience/room_api.ts";

const LINK = { room: "board", secret: "s3cret", seat: null };

describe("what can be heard again", () => {
  test("what is no list of replays is none", () => {
    for (const said of [null, {}, { replays: [] }, "no"]) expect(readReplays(said)).toBeNull();
    const replay = { path: "replay/x/", title: "Soirée", begun_utc_ms: 1 };
    expect(readReplays({ replays: [replay], is_open: true })).toEqual({
      replays: [replay],
      now: null,
      is_open: true,
    });
  });

  test("a path of one's own is asked for with the secret in a header and who one is", async () => {
    const asked: [string, RequestInit][] = [];
    const give = async (path: string, init: RequestInit) => {
      asked.push([path, init]);
      return new Response('{"path": "/p/token/", "grant": "0"}', { status: 201 });
    };
    expect(await ownPath(LINK, "me.tag", give)).toBe("/p/token/");
    const [[path, init] = ["", {}]] = asked;
    expect(path).toBe("/api/v1/rooms/board/paths");
    expect(init.body).toBe('{"resume":"me.tag"}');
    expect(new Headers(init.headers).get("authorization")).toBe("Bearer s3cret");
  });

  test("the plain stream of a room that is not open lies at a path of one's own", async () => {
    const give = async () => new Response('{"path": "/p/token/", "grant": "0"}', { status: 201 });
    expect(await ownStream(LINK, "me.tag", give)).toBe("/p/token/listen.mp3?");
    const refuse = async () => new Response("{}", { status: 429 });
    expect(await ownStream(LINK, "me.tag", refuse)).toBeNull();
  });

  test("none where the hub says no, is away, or names another site", async () => {
    const answers = [
      new Response("{}", { status: 409 }),
      new Response('{"path": "https://elsewhere.example/"}', { status: 201 }),
      new Response("no json", { status: 201 }),
    ];
    for (const answer of answers) expect(await ownPath(LINK, null, async () => answer)).toBeNull();
    const away = async (): Promise<Response> => {
      throw new TypeError("away");
    };
    expect(await ownPath(LINK, null, away)).toBeNull();
  });
});
