import { describe, expect, test } from "vitest";
import type { RoomView, Surface } from "../../src/wire/messages.ts";
import {
  fold,
  MissedChange,
  placeInLine,
  type RoomEvent,
  standing,
} from "../../src/wire/room_view.ts";
import { vectors } from "../vectors.ts";

interface Step {
  seq: number;
  event: RoomEvent;
  view: RoomView;
  standings: { participant: string; surface: Surface; standing: string; place: number | null }[];
}

const cases = vectors<{ start: RoomView; steps: Step[]; refused_seqs: number[] }>("room_view.json");

describe("the room's view", () => {
  test("folds the evening of the vectors", () => {
    let view = cases.start;
    for (const step of cases.steps) {
      view = fold(view, step.seq, step.event);
      expect(view).toEqual(step.view);
      for (const c of step.standings) {
        expect(standing(view, c.participant, c.surface)).toBe(c.standing);
        expect(placeInLine(view, c.participant)).toBe(c.place);
      }
    }
  });

  test.each(cases.refused_seqs)("notices that a change is missing before %i", (seq) => {
    const [first] = cases.steps;
    expect(() => fold(cases.start, seq, (first as Step).event)).toThrow(MissedChange);
  });

  test("leaves the earlier view alone", () => {
    const before = structuredClone(cases.start);
    fold(cases.start, (cases.steps[0] as Step).seq, (cases.steps[0] as Step).event);
    expect(cases.start).toEqual(before);
  });
});
