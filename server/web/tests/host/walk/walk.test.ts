import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Links } from "../../../src/host/units/quality.ts";
import { type Fault, faults, SoundWalk } from "../../../src/host/walk/walk.ts";
import { faultWords, kindWords } from "../../../src/host/walk/words.ts";
import { Heard } from "../../../src/host/watch/heard.ts";
import { HOST_WORDS } from "../../../src/i18n/host_words.ts";
import { learnWords, say } from "../../../src/i18n/words.ts";
import type { OutputStatus, SourceStatus, Status, UnitStatus } from "../../../src/wire/messages.ts";
import { SOURCE, STATUS, unit } from "../sound/stage.ts";

const OUTPUT: OutputStatus = {
  kind: "loudspeaker",
  playing: true,
  delay_ms: 30,
  buffer_ms: 10,
  underruns: 0,
  turned_down_db: 0,
};
const GOOD = () => "good" as const;
const at = (level_dbfs: number | null, change: Partial<UnitStatus> = {}): Status => ({
  ...STATUS,
  units: [unit("u1", { level_dbfs, ...change })],
});
const source = (change: Partial<SourceStatus>) => ({ source: { ...SOURCE, ...change } });

let walk: SoundWalk;

beforeAll(() => learnWords(HOST_WORDS));
beforeEach(() => {
  walk = new SoundWalk();
});

/** Passes these levels by a microphone; the fault that is left there. */
function hear(levels: number[], change: Partial<UnitStatus> = {}): Fault | null {
  for (const level of levels) walk.note(at(level, change));
  return walk.ticks(at(levels.at(-1) ?? null, change), GOOD)[0]?.fault ?? null;
}

describe("a word at a microphone", () => {
  test("is heard when it stands clear of the room, twice", () => {
    expect(hear([-60, -61])).toBe("unheard");
    expect(hear([-24])).toBe("unheard");
    expect(hear([-26])).toBeNull();
    expect(walk.ticks(at(-60), GOOD)[0]).toMatchObject({ voiceDbfs: -24, noiseDbfs: -61 });
  });

  test("may come before the noise is known: what follows is quieter", () => {
    expect(hear([-20, -22])).toBe("unheard");
    expect(hear([-60, -20, -20])).toBeNull();
  });

  test.each([
    [[-60, -55, -55], "unheard"],
    [[-80, -48, -48], "faint"],
    [[-40, -27, -27], "noisy"],
    [[-60, -2, -2], "loud"],
  ] as const)("%j is %s", (levels, fault) => {
    expect(hear([...levels])).toBe(fault);
  });

  test.each([
    [{ connected: false }, "away"],
    [source({ muted: true }), "muted"],
    [source({ kept_out: "too_many" }), "kept_out"],
    [source({ kept_out: "returns", muted: true }), "returns"],
  ] as const)("%j comes first: %s", (change, fault) => {
    expect(hear([-60, -20, -20], change)).toBe(fault);
  });

  test("counts for nothing on a link that loses it", () => {
    hear([-60, -20, -20]);
    expect(walk.ticks(at(-20), () => "poor")[0]?.fault).toBe("lossy");
  });
});

describe("the rest of the walk", () => {
  test("a desk needs a signal, no voice", () => {
    const desk = source({ kind: "desk" });
    expect(hear([-80, -80], desk)).toBe("no_signal");
    expect(hear([-30], desk)).toBeNull();
  });

  test("a loudspeaker is judged by the host's ears, and by what comes back", () => {
    const speaker: Status = { ...at(-40), units: [unit("o1", { source: null, output: OUTPUT })] };
    const fault = (status = speaker) =>
      walk.ticks(status, GOOD).find(({ kind }) => kind === "output")?.fault;
    expect(fault()).toBe("untested");
    walk.answer("o1", false);
    expect(fault()).toBe("inaudible");
    walk.answer("o1", true);
    expect(fault()).toBeNull();
    const back = { output: "o1", state: "returns", desk: "d1", gain_db: -6, delay_ms: 40 } as const;
    expect(fault({ ...speaker, checks: [back] })).toBe("returns");
    walk.playAgain("o1");
    expect(fault()).toBe("untested");
  });

  test("a hub without a microphone, and a room without far listeners, are not ready", () => {
    const found = faults(walk.ticks({ ...STATUS, units: [], listeners: 3, in_hall: 3 }, GOOD));
    expect(found.map(({ fault }) => fault)).toEqual(["no_microphone", "nobody_far"]);
  });

  test("ends when everything has its tick", () => {
    hear([-60, -20, -20]);
    expect(faults(walk.ticks({ ...at(-50), listeners: 1 }, GOOD))).toEqual([]);
  });

  test("says each fault in a sentence, and what it is about", () => {
    const [tick] = walk.ticks(at(-60), GOOD);
    if (tick === undefined) throw new Error("there is one microphone");
    expect(faultWords((key, values) => say("en", key, values), tick)).toContain("say a word");
    expect(kindWords((key) => say("en", key), tick)).toBe("microphone");
    expect(faultWords((key) => say("en", key), { ...tick, fault: null })).toBe("");
  });
});

describe("a link", () => {
  const withGaps = (late: number, concealed = 0): Status => at(-40, source({ late, concealed }));

  test("is judged by the gaps of the last seconds", () => {
    const links = new Links();
    links.note(withGaps(100), 0);
    expect(links.quality("u1")).toBeNull();
    links.note(withGaps(100), 10_000);
    expect(links.quality("u1")).toBe("good");
    links.note(withGaps(102), 11_000);
    expect(links.quality("u1")).toBe("fair");
    links.note(withGaps(102, 40), 12_000);
    expect(links.quality("u1")).toBe("poor");
    links.note(withGaps(102, 40), 60_000);
    expect(links.quality("u1")).toBe("good");
  });

  test("that began anew is not good because its count fell", () => {
    const links = new Links();
    links.note(withGaps(1000), 0);
    links.note(withGaps(0), 1000);
    expect(links.quality("u1")).toBeNull();
    expect(links.quality("nobody")).toBeNull();
  });
});

describe("a microphone that nobody hears", () => {
  test("is told after half a minute, until it is heard again", () => {
    const heard = new Heard();
    heard.note(at(-40), 0);
    heard.note(at(null), 29_000);
    expect(heard.quiet(29_999)).toEqual([]);
    heard.note(at(null, { connected: false }), 30_000);
    expect(heard.quiet(30_000)).toEqual([
      { unit: "u1", name: "Table u1", quietMs: 30_000, isConnected: false },
    ]);
    heard.note(at(-40), 31_000);
    expect(heard.quiet(31_000)).toEqual([]);
  });

  test("is no remote speaker, no loudspeaker, and nothing that left for good", () => {
    const heard = new Heard();
    heard.note(at(null, source({ kind: "speaker" })), 0);
    expect(heard.quiet(90_000)).toEqual([]);
    heard.note(at(null), 0);
    heard.note({ ...STATUS, units: [] }, 40_000);
    heard.note(at(null), 80_000);
    expect(heard.quiet(90_000)).toEqual([]);
  });
});
