import { describe, expect, test } from "vitest";
import type { RoomView, Surface } from "../../src/wire/messages.ts";
import { fold, MissedChange, placeInLine, type RoomEvent } from "../../src/wire/room_view.ts";
import { standing } from "../../src/wire/standing.ts";
import { vectors } from "../vectors.ts";

interface Step {
  seq: number;
  event: RoomEvent;
  changed: Partial<RoomView>;
  standings: Record<string, string>;
  public_event?: RoomEvent;
  public_changed?: Partial<RoomView>;
}

interface Evening {
  start: RoomView;
  public_start: RoomView;
  steps: Step[];
}

const cases = vectors<{
  people: Record<string, Surface>;
  evenings: Record<string, Evening>;
  refused_seqs: number[];
}>("room_view.json");
const plain = cases.evenings.plain as Evening;
const [first] = plain.steps as [Step];

describe("the room's view", () => {
  test.each(Object.entries(cases.evenings))("folds the %s evening", (_, evening) => {
    let view = evening.start;
    let expected = evening.start;
    for (const step of evening.steps) {
      view = fold(view, step.seq, step.event);
      expected = { ...expected, ...step.changed, seq: step.seq };
      expect(view, step.event.type).toEqual(expected);
      for (const [who, stands] of Object.entries(step.standings)) {
        const place = placeInLine(view, who) ?? "None";
        expect(`${standing(view, who, cases.people[who] as Surface)} ${place}`).toBe(stands);
      }
    }
  });

  test.each(Object.entries(cases.evenings))("folds what all see of the %s one", (_, evening) => {
    let view = evening.public_start;
    let expected = evening.public_start;
    for (const step of evening.steps) {
      view = fold(view, step.seq, step.public_event ?? step.event);
      expected = { ...expected, ...(step.public_changed ?? step.changed), seq: step.seq };
      expect(view, step.event.type).toEqual(expected);
    }
  });

  test.each(cases.refused_seqs)("notices that a change is missing before %i", (seq) => {
    expect(() => fold(plain.start, seq, first.event)).toThrow(MissedChange);
  });

  test("leaves the earlier view alone", () => {
    const before = structuredClone(plain.start);
    fold(plain.start, first.seq, first.event);
    expect(plain.start).toEqual(before);
  });
});
