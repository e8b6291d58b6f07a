import { describe, expect, test } from "vitest";
import { aboutOf, described, draftOf, faultOf, isNarrower } from "../../src/host/about/draft.ts";
import type { About } from "../../src/wire/messages.ts";
import { roomWith } from "../rooms.ts";

const ABOUT: About = {
  title: "Town hall",
  language: "fr",
  description: "First line\nsecond",
  topics: ["parks", "bridges"],
  access: "private",
  begins_utc_ms: 5,
};

describe("what a room is", () => {
  test("comes back as it was when nothing is written", () => {
    expect(described(ABOUT, draftOf(ABOUT))).toEqual(ABOUT);
  });

  test("has a title, and is open, where nobody described it", () => {
    const about = aboutOf(roomWith({ title: "Main", about: null }));
    expect([about.title, about.access]).toEqual(["Main", "open"]);
    expect(aboutOf(roomWith({ about: ABOUT }))).toBe(ABOUT);
  });

  test("keeps what the form does not show", () => {
    const { language, begins_utc_ms } = described(ABOUT, { ...draftOf(ABOUT), title: "New" });
    expect([language, begins_utc_ms]).toEqual(["fr", 5]);
  });

  test("has nothing in it that cannot be seen, as the hub wants it", () => {
    const draft = { ...draftOf(ABOUT), title: " Town\thall\u202e ", topics: "a,, a , b\u0000," };
    const { title, topics, description } = described(ABOUT, draft);
    expect([title, topics]).toEqual(["Town hall", ["a", "b"]]);
    expect(description).toBe("First line\nsecond");
  });

  test("is not longer than the hub takes it, composed", () => {
    const long = "\u0958".repeat(120); // becomes two signs each
    expect(described(ABOUT, { ...draftOf(ABOUT), title: long }).title.length).toBe(120);
  });

  test("needs a title, and has eight topics at most", () => {
    expect(faultOf(draftOf(ABOUT))).toBeNull();
    expect(faultOf({ ...draftOf(ABOUT), title: " \u200d" })).toBe("about.title_missing");
    const topics = "1,2,3,4,5,6,7,8";
    expect(faultOf({ ...draftOf(ABOUT), topics })).toBeNull();
    expect(faultOf({ ...draftOf(ABOUT), topics: `${topics},9` })).toBe("about.topics_many");
  });

  test("is narrower when some may not come in any more", () => {
    expect(isNarrower("open", "private")).toBe(true);
    expect(isNarrower("private", "closed")).toBe(true);
    expect(isNarrower("closed", "open")).toBe(false);
    expect(isNarrower("open", "open")).toBe(false);
  });
});
