import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PlayoutController } from "../../src/audio/playout.ts";
import { vectors } from "../vectors.ts";

/** `tests/vectors/make_playout.py` says what the fields mean. */
interface Trace {
  name: string;
  about: string;
  step_ms: number;
  end_ms: number;
  hidden: [number, boolean][];
  announced: [number, number][];
  arrivals: [number, number, number][];
  expected: {
    samples: [number, number, number | null][];
    underruns: number;
    skips: number;
    rates_within: [number, number];
    states: [number, string][];
  };
}

interface Outcome {
  samples: Trace["expected"]["samples"];
  states: [number, string][];
  rates: number[];
  controller: PlayoutController;
}

const folder = new URL("../../../../tests/vectors/playout/", import.meta.url);
const traces = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => vectors<Trace>(`playout/${name}`));

/** A listener whose buffer is only a number, stepped every 10 ms. */
function run(trace: Trace): Outcome {
  const controller = new PlayoutController();
  const [firstArrival] = trace.arrivals as [[number, number, number]];
  let position = firstArrival[1];
  let end = position;
  let next = 0;
  let hidden = 0;
  let announced = 0;
  const outcome: Outcome = { samples: [], states: [], rates: [], controller };
  for (let now = 0; now <= trace.end_ms; now += trace.step_ms) {
    for (; (trace.hidden[hidden]?.[0] ?? Number.POSITIVE_INFINITY) <= now; hidden++) {
      controller.target.setHidden((trace.hidden[hidden] as [number, boolean])[1]);
    }
    for (; (trace.announced[announced]?.[0] ?? Number.POSITIVE_INFINITY) <= now; announced++) {
      controller.target.announce((trace.announced[announced] as [number, number])[1]);
    }
    for (; (trace.arrivals[next]?.[0] ?? Number.POSITIVE_INFINITY) <= now; next++) {
      const [arrival, timestamp, duration] = trace.arrivals[next] as [number, number, number];
      controller.arrived(arrival, timestamp, duration);
      end = timestamp + duration;
    }
    const buffered = end - position;
    const playable = buffered > trace.step_ms * 1.005 ? buffered : 0;
    const command = controller.advance(now, position, playable, true);
    if (outcome.states.at(-1)?.[1] !== command.state) outcome.states.push([now, command.state]);
    if (now % 1000 === 0) {
      const isPlaying = command.state === "playing";
      const delay = isPlaying ? controller.delayMs(now, position + command.skipMs) : null;
      outcome.samples.push([now, controller.target.targetMs, delay]);
    }
    outcome.rates.push(command.rate);
    position += command.skipMs;
    if (command.state === "playing") {
      position = Math.min(end, position + trace.step_ms * command.rate);
    }
  }
  return outcome;
}

describe("the playout controller", () => {
  test("there are traces", () => {
    expect(traces.length).toBeGreaterThanOrEqual(10);
  });

  test.each(traces)("follows $name: $about", (trace) => {
    const { expected } = trace;
    const outcome = run(trace);
    expect(outcome.states).toEqual(expected.states);
    expect(outcome.controller.underruns).toBe(expected.underruns);
    expect(outcome.controller.skips).toBe(expected.skips);
    expect([Math.min(...outcome.rates), Math.max(...outcome.rates)]).toEqual(expected.rates_within);
    expected.samples.forEach(([at, target, delay], index) => {
      const found = outcome.samples[index] as [number, number, number | null];
      expect(found[0]).toBe(at);
      expect(found[1]).toBeCloseTo(target, 1);
      if (delay === null) expect(found[2]).toBeNull();
      else expect(found[2]).toBeCloseTo(delay, 1);
    });
  });
});
