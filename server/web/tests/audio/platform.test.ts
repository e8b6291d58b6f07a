import { describe, expect, test } from "vitest";
import { chooseRung, phoneKind } from "../../src/audio/platform.ts";

const ALL = { webAssembly: true, audioContext: true, audioWorklet: true, mp3: true };

describe("the rung", () => {
  test("secure pages use the worklet, plain http buffer sources", () => {
    expect(chooseRung(ALL, 0, false)).toBe("worklet");
    expect(chooseRung({ ...ALL, audioWorklet: false }, 0, false)).toBe("buffer_source");
  });

  test("each failure goes one rung down", () => {
    expect(chooseRung(ALL, 1, false)).toBe("buffer_source");
    expect(chooseRung(ALL, 2, false)).toBe("mp3");
  });

  test("the person's wish for the locked screen comes first", () => {
    expect(chooseRung(ALL, 0, true)).toBe("mp3");
  });

  test("without WebAssembly or Web Audio the plain stream remains", () => {
    expect(chooseRung({ ...ALL, webAssembly: false }, 0, false)).toBe("mp3");
    expect(chooseRung({ ...ALL, audioContext: false }, 0, false)).toBe("mp3");
    expect(chooseRung({ ...ALL, webAssembly: false, mp3: false }, 0, false)).toBeNull();
  });
});

describe("the phone", () => {
  const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 27_2 like Mac OS X) AppleWebKit/605.1.15";
  const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15";
  const android = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/157.0";
  test.each([
    [iPhone, 5, "ios"],
    [mac, 5, "ios"],
    [mac, 0, "other"],
    [android, 5, "android"],
    ["Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0", 0, "other"],
  ])("%s with %i touch points is %s", (userAgent, maxTouchPoints, kind) => {
    expect(phoneKind({ userAgent, maxTouchPoints })).toBe(kind);
  });
});
