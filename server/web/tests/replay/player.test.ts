import { beforeEach, describe, expect, test, vi } from "vitest";
import { actOf, type Pressed } from "../../src/replay/keys.ts";
import { followReplay } from "../../src/replay/media_session.ts";
import { RATES, ReplayPlayer } from "../../src/replay/player.ts";
import { shareMoment } from "../../src/replay/share.ts";
import { FakeAudio, index } from "./recordings.ts";

let audio: FakeAudio;
let player: ReplayPlayer;

beforeEach(() => {
  audio = new FakeAudio();
  player = make(0);
});

function make(start_ms: number): ReplayPlayer {
  const element = audio as unknown as HTMLAudioElement;
  return new ReplayPlayer(element, index.sounds, index.duration_ms, start_ms);
}

describe("the player", () => {
  test("takes the best sound and stays silent until somebody plays", () => {
    expect([audio.src, audio.paused, player.store.value.state]).toEqual([
      "mix.opus",
      true,
      "paused",
    ]);
  });

  test("begins at the moment of a link, inside the recording", () => {
    make(12_500);
    expect(audio.currentTime).toBe(12.5);
    make(99_000_000);
    expect(audio.currentTime).toBe(60);
  });

  test("plays, pauses, and follows the element", async () => {
    player.toggle();
    await vi.waitFor(() => expect(player.store.value.state).toBe("playing"));
    audio.currentTime = 3;
    audio.happens("timeupdate");
    expect(player.store.value.at_ms).toBe(3000);
    audio.happens("waiting");
    expect(player.store.value.state).toBe("waiting");
    player.toggle();
    expect(player.store.value.state).toBe("paused");
  });

  test("a tap that the browser does not take for one leaves it paused", async () => {
    audio.refusal = new DOMException("no", "NotAllowedError");
    player.play();
    await vi.waitFor(() => expect(player.store.value.state).toBe("paused"));
  });

  test("a file that cannot be played after all gives the next, from the same moment", async () => {
    player.play();
    await vi.waitFor(() => expect(player.store.value.state).toBe("playing"));
    player.seek(20_000);
    player.setRate(1.5);
    audio.currentTime = 0;
    audio.happens("error");
    expect([audio.src, audio.currentTime, audio.playbackRate]).toEqual(["mix.mp3", 20, 1.5]);
    await vi.waitFor(() => expect(player.store.value.state).toBe("playing"));
    audio.happens("error");
    expect(player.store.value.state).toBe("failed");
    player.play();
    expect(player.store.value.state).toBe("failed");
  });

  test("without any sound that the browser plays it says so", () => {
    const none = new ReplayPlayer(audio as unknown as HTMLAudioElement, [], 1000, 0);
    expect(none.store.value.state).toBe("failed");
  });

  test("goes through its speeds and stops at both ends", () => {
    for (let step = 0; step < 9; step++) player.step(1);
    expect([audio.playbackRate, player.store.value.rate]).toEqual([2, 2]);
    for (let step = 0; step < 9; step++) player.step(-1);
    expect(audio.playbackRate).toBe(0.75);
    expect(RATES).toContain(1);
  });

  test("at the end of a recording that grows it asks again and goes on where it was", async () => {
    player.seek(60_000);
    audio.ended = true;
    audio.src = "";
    player.onEnd = () => player.grow(90_000);
    audio.happens("ended");
    expect([audio.src, audio.currentTime]).toEqual(["mix.opus", 60]);
    await vi.waitFor(() => expect(player.store.value.state).toBe("playing"));
    expect(player.store.value.duration_ms).toBe(90_000);
    player.seek(80_000);
    expect(audio.currentTime).toBe(80);
  });
});

describe("the lock screen", () => {
  class Session {
    metadata: MediaMetadata | null = null;
    playbackState: MediaSessionPlaybackState = "none";
    position: MediaPositionState | undefined;
    readonly handlers = new Map<string, MediaSessionActionHandler>();
    setActionHandler(action: string, handler: MediaSessionActionHandler): void {
      if (action === "seekto") throw new TypeError("not here");
      this.handlers.set(action, handler);
    }
    setPositionState(state: MediaPositionState): void {
      this.position = state;
    }
  }

  test("shows who speaks, where one is, and works its buttons", async () => {
    vi.stubGlobal(
      "MediaMetadata",
      class {
        constructor(readonly init: MediaMetadataInit) {}
      },
    );
    const session = new Session();
    const skipped: number[] = [];
    const shown = () => ({ title: "Ann", artist: "Evening" });
    followReplay(player, session as unknown as MediaSession, shown, "icon.png", (by) => {
      skipped.push(by);
    });
    session.handlers.get("play")?.({ action: "play" });
    await vi.waitFor(() => expect(session.playbackState).toBe("playing"));
    session.handlers.get("seekforward")?.({ action: "seekforward", seekOffset: 30 });
    expect(session.position).toEqual({ duration: 60, position: 30, playbackRate: 1 });
    session.handlers.get("nexttrack")?.({ action: "nexttrack" });
    session.handlers.get("previoustrack")?.({ action: "previoustrack" });
    expect(skipped).toEqual([1, -1]);
    session.handlers.get("pause")?.({ action: "pause" });
    expect(session.playbackState).toBe("paused");
    expect((session.metadata as unknown as { init: MediaMetadataInit }).init.title).toBe("Ann");
    vi.unstubAllGlobals();
  });

  test("is left alone by a browser that has none", () => {
    const shown = () => ({ title: "", artist: "" });
    expect(() => followReplay(player, undefined, shown, "", () => {})).not.toThrow();
  });
});

describe("keys", () => {
  const press = (key: string, more: Partial<Pressed> = {}) =>
    actOf({ key, altKey: false, ctrlKey: false, metaKey: false, on: "body", ...more });

  test.each([
    [" ", { act: "toggle" }],
    ["N", { act: "next" }],
    ["p", { act: "previous" }],
    ["ArrowLeft", { act: "by", ms: -5000 }],
    [">", { act: "faster" }],
    ["s", { act: "share" }],
    ["q", null],
  ])("%s does %j", (key, act) => {
    expect(press(key)).toEqual(act);
  });

  test("belong to the control that has the focus", () => {
    expect(press(" ", { on: "button" })).toBeNull();
    expect(press("n", { on: "button" })).toEqual({ act: "next" });
    expect(press("ArrowLeft", { on: "range" })).toBeNull();
    expect(press("n", { on: "range" })).toEqual({ act: "next" });
    expect(press("n", { on: "input" })).toBeNull();
    expect(press("ArrowDown", { on: "select" })).toBeNull();
  });

  test.each([{ altKey: true }, { ctrlKey: true }, { metaKey: true }])(
    "with %j are the browser's",
    (held) => {
      expect(press("s", held)).toBeNull();
    },
  );
});

describe("sharing a moment", () => {
  const url = "https://room.example/#t=3";
  const fails = (name: string) => () => Promise.reject(new DOMException("no", name));

  test("takes the phone's sheet, also when it is closed again", async () => {
    expect(await shareMoment(url, "x", { share: async () => {} })).toBe("shared");
    expect(await shareMoment(url, "x", { share: fails("AbortError") })).toBe("shared");
  });

  test("else the clipboard", async () => {
    const copied: string[] = [];
    const clipboard = { writeText: async (text: string) => void copied.push(text) };
    expect(await shareMoment(url, "x", { share: fails("DataError"), clipboard })).toBe("copied");
    expect(copied).toEqual([url]);
  });

  test("else shows the link", async () => {
    expect(await shareMoment(url, "x", {})).toBe("nothing");
    const clipboard = { writeText: fails("NotAllowedError") };
    expect(await shareMoment(url, "x", { clipboard })).toBe("nothing");
  });
});
