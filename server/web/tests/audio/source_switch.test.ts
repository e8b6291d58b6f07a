import { describe, expect, test } from "vitest";
import { type SoundSource, SourceSwitch } from "../../src/audio/source_switch.ts";
import { LISTENING, SPEAKING, TargetDelay } from "../../src/audio/target_delay.ts";
import type { ToOutput } from "../../src/room/worker_messages.ts";

class FakeSource implements SoundSource {
  isHeard = false;
  onSound: (message: ToOutput) => void = () => {};
  listen = () => {
    this.isHeard = true;
  };
  silence = () => {
    this.isHeard = false;
  };
}

const RESTART: ToOutput = { kind: "restart" };

describe("the program and the return", () => {
  test("are never heard together, and the program comes back", () => {
    const program = new FakeSource();
    const own = new FakeSource();
    const heard: string[] = [];
    const output = new SourceSwitch(program);
    output.onSound = () => heard.push("sound");
    output.listen(null);
    expect([program.isHeard, own.isHeard]).toEqual([true, false]);
    output.turnTo(own);
    output.listen(null);
    expect([program.isHeard, own.isHeard]).toEqual([false, true]);
    program.onSound(RESTART);
    expect(heard).toEqual([]);
    own.onSound(RESTART);
    expect(heard).toEqual(["sound"]);
    output.turnTo(null);
    output.listen(null);
    expect([program.isHeard, own.isHeard]).toEqual([true, false]);
    own.onSound(RESTART);
    expect(heard).toEqual(["sound"]);
  });

  test("each change says once how late its sound shall be", () => {
    const output = new SourceSwitch(new FakeSource());
    expect(output.newBounds()).toBeUndefined();
    output.turnTo(new FakeSource());
    expect(output.newBounds()).toEqual(SPEAKING);
    expect(output.newBounds()).toBeUndefined();
    output.turnTo(null);
    expect(output.newBounds()).toEqual(LISTENING);
  });
});

describe("a speaker's target", () => {
  test("begins lower than a listener's, and never grows to a second", () => {
    const target = new TargetDelay();
    expect(target.targetMs).toBe(120);
    target.setBounds(SPEAKING);
    expect(target.targetMs).toBe(80);
    for (let i = 0; i < 50; i++) target.ranDry();
    expect(target.targetMs).toBe(400);
    target.setBounds(LISTENING);
    expect(target.targetMs).toBe(120);
  });

  test("falls to 40 ms on a quiet network", () => {
    const target = new TargetDelay();
    target.setBounds(SPEAKING);
    for (let i = 0; i < 1000; i++) target.note(5, i * 20);
    expect(target.targetMs).toBe(40);
  });
});
