import { describe, expect, test } from "vitest";
import { isInApp, isOwnVoice, obstacleHere } from "../../src/audience/own_voice.ts";
import { CaptureClock, HubClock, playedDelayMs } from "../../src/speak/clock.ts";
import { askForMicrophone, MicrophoneRefused } from "../../src/speak/microphone.ts";
import { eventOf, isOnAir } from "../../src/speak/own_turn.ts";
import { roomAddress } from "../../src/speak/room_address.ts";
import { SampleLine } from "../../src/speak/sample_line.ts";
import type { Turn } from "../../src/wire/messages.ts";
import { handOf } from "../rooms.ts";

const named = (name: string) => Object.assign(new Error(name), { name });
const stream = { getTracks: () => [] } as unknown as MediaStream;

function devices(...answers: (MediaStream | Error)[]) {
  const wishes: MediaStreamConstraints[] = [];
  return {
    wishes,
    getUserMedia: (wish?: MediaStreamConstraints) => {
      wishes.push(wish ?? {});
      const answer = answers.shift();
      return answer instanceof Error
        ? Promise.reject(answer)
        : answer === undefined
          ? new Promise<MediaStream>(() => {})
          : Promise.resolve(answer);
    },
  };
}

describe("asking for the microphone", () => {
  test.each([
    ["NotAllowedError", "denied"],
    ["SecurityError", "denied"],
    ["NotFoundError", "missing"],
    ["NotReadableError", "busy"],
    ["AbortError", "busy"],
  ])("%s: %s", async (name, why) => {
    await expect(askForMicrophone(devices(named(name)))).rejects.toMatchObject({ why });
  });

  test("what a browser does not know is asked for more plainly", async () => {
    const asked = devices(named("OverconstrainedError"), stream);
    await expect(askForMicrophone(asked)).resolves.toBe(stream);
    expect(asked.wishes[1]).toEqual({ audio: { echoCancellation: true } });
  });

  test("a browser that never answers is not waited for, and a late answer is let go", async () => {
    let answer: (late: MediaStream) => void = () => {};
    let stopped = 0;
    const late = { getTracks: () => [{ stop: () => (stopped += 1) }] } as unknown as MediaStream;
    const asked = askForMicrophone(
      { getUserMedia: () => new Promise((resolve) => (answer = resolve)) },
      5,
    );
    await expect(asked).rejects.toEqual(new MicrophoneRefused("silent"));
    answer(late);
    await Promise.resolve();
    await Promise.resolve();
    expect(stopped).toBe(1);
  });
});

describe("what stands in the way", () => {
  const window = (isSecureContext: boolean, userAgent: string, mediaDevices?: object) =>
    ({ isSecureContext, navigator: { userAgent, mediaDevices } }) as unknown as Window;
  const able = { getUserMedia: () => {} };

  test.each([
    [window(true, "Mozilla/5.0 Chrome/156", able), null],
    [window(false, "Mozilla/5.0 Chrome/156"), "insecure"],
    [window(true, "Mozilla/5.0 [FBAN/FBIOS;FBAV/500]", able), "in_app"],
    [window(true, "Mozilla/5.0 Chrome/156"), "in_app"],
  ])("case %#", (where, obstacle) => {
    expect(obstacleHere(where)).toBe(obstacle);
  });

  test.each([
    ["Mozilla/5.0 (iPhone) Instagram 400.0", true],
    ["Mozilla/5.0 (Linux; Android 16; Pixel; wv) Chrome/156", true],
    ["Mozilla/5.0 (iPhone) Version/27.2 Safari/605", false],
    ["Mozilla/5.0 (Linux; Android 16) Chrome/156 Mobile", false],
  ])("%s: %s", (agent, is) => {
    expect(isInApp(agent)).toBe(is);
  });
});

function turnOf(some: Partial<Turn>): Turn {
  const { overtaken_by: _, ...person } = { ...handOf("ada"), speaks: true };
  return {
    ...person,
    state: "live",
    unit: "ada-mic",
    unit_name: null,
    ssrc: 9,
    place: null,
    place_name: null,
    since: 0,
    reminded: false,
    away: false,
    muted: null,
    ...some,
  };
}

describe("one's own turn", () => {
  test("is spoken here when the hand said so, and at no table", () => {
    expect(isOwnVoice(turnOf({}), false)).toBe(true);
    expect(isOwnVoice(turnOf({ state: "granted", unit: null }), false)).toBe(true);
    expect(isOwnVoice({ ...handOf("ada"), speaks: true }, false)).toBe(true);
    expect(isOwnVoice(turnOf({ unit: "t1", unit_name: "Table 1" }), false)).toBe(false);
    expect(isOwnVoice(turnOf({}), true)).toBe(false);
    expect(isOwnVoice(turnOf({ written: true }), false)).toBe(false);
    expect(isOwnVoice({ ...handOf("ada"), speaks: false }, false)).toBe(false);
    expect(isOwnVoice(null, false)).toBe(false);
  });

  test("ON AIR is only what the hub confirms", () => {
    expect(isOnAir("live", turnOf({}), "ada-mic", false)).toBe(true);
    expect(isOnAir("connecting", turnOf({}), "ada-mic", false)).toBe(false);
    expect(isOnAir("live", turnOf({ state: "granted" }), "ada-mic", false)).toBe(false);
    expect(isOnAir("live", turnOf({ unit: "t1" }), "ada-mic", false)).toBe(false);
    expect(isOnAir("live", turnOf({ muted: "self" }), "ada-mic", false)).toBe(false);
    expect(isOnAir("live", turnOf({ away: true }), "ada-mic", false)).toBe(false);
    expect(isOnAir("live", turnOf({}), "ada-mic", true)).toBe(false);
    expect(isOnAir("live", null, "ada-mic", false)).toBe(false);
    expect(isOnAir("live", turnOf({ unit: null }), null, false)).toBe(false);
  });

  test("its news move the machine", () => {
    const granted = turnOf({ state: "granted", unit: null });
    expect(eventOf("connecting", granted, null)).toBeNull();
    expect(eventOf("connecting", turnOf({}), null)).toBeNull();
    expect(eventOf("connecting", turnOf({}), "ada-mic")).toBe("on_air");
    expect(eventOf("connecting", turnOf({ unit: "t1" }), "ada-mic")).toBe("turn_over");
    expect(eventOf("connecting", null, null)).toBe("turn_over");
    expect(eventOf("opening", null, null)).toBe("turn_over");
    expect(eventOf("checking", null, null)).toBeNull();
    expect(eventOf("live", turnOf({}), "ada-mic")).toBeNull();
    expect(eventOf("live", null, "ada-mic")).toBe("turn_over");
    expect(eventOf("muted", granted, "ada-mic")).toBe("turn_over");
  });
});

describe("clocks", () => {
  test("the quickest exchange tells the hub's time", () => {
    const clock = new HubClock();
    clock.answered({ client_ns: 0, received_ns: 1e9 + 40e6, sent_ns: 1e9 + 40e6 }, 50);
    clock.answered({ client_ns: 60e6, received_ns: 1e9 + 65e6, sent_ns: 1e9 + 65e6 }, 70);
    expect(clock.reading?.rttMs).toBeCloseTo(10);
    expect(clock.reading?.offsetNs).toBeCloseTo(1e9, -3);
  });

  test("a frame's least delay tells when it was captured", () => {
    const clock = new CaptureClock();
    expect(clock.capturedMs(0)).toBeNull();
    clock.arrived(960, 1025);
    clock.arrived(1920, 1060);
    clock.arrived(2880, 1063);
    expect(clock.capturedMs(0)).toBeCloseTo(1003);
    expect(clock.capturedMs(4800)).toBeCloseTo(1103);
  });

  test("what is played is late by its distance from the room clock, over the wrap too", () => {
    const time = { room_clock: 2 ** 32 - 4800, hub_ns: 5_000_000_000 };
    expect(playedDelayMs(4800, 5_000_000_000 + 350e6, time)).toBeCloseTo(150);
  });

  test("a microphone opened anew goes on where the last one was, in real time", () => {
    const line = new SampleLine();
    const samples = new Float32Array(480);
    line.change(1000);
    expect(line.place({ firstSample: 0, samples }, 1010).firstSample).toBe(0);
    line.change(3010);
    expect(line.place({ firstSample: 0, samples }, 3020).firstSample).toBe(480 + 96_000);
  });
});

test("the link that is copied opens the same room", () => {
  expect(roomAddress("https://hub", "main", null)).toBe("https://hub/r/main");
  expect(roomAddress("https://hub", "main", "s3")).toBe("https://hub/r/main#k=s3");
});
