/**
 * What the screen's link says: `/screen?lang=fr#r=ROOM&k=SECRET`. The secret of a room that is not
 * open is wiped from the address bar, which may be seen in the whole hall, and kept for this tab.
 */

import type { Language } from "../i18n/words.ts";

const STORAGE_KEY = "parvis.screen";
const ROOM = /^[a-z0-9][a-z0-9-]{0,63}$/;

export interface ScreenLink {
  room: string;
  secret: string | null;
  /** Null: the room's own language. */
  language: Language | null;
}

type Tab = Pick<Storage, "getItem" | "setItem">;

/** Reads the link and leaves none of its secret in the address bar. */
export function takeLink(location: Location, history: History, tab: Tab | null): ScreenLink {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const named = fragment.get("r") ?? "";
  const room = ROOM.test(named) ? named : "main";
  const given = fragment.get("k");
  if (given) {
    history.replaceState(null, "", `${location.pathname}${location.search}#r=${room}`);
    tab?.setItem(`${STORAGE_KEY}.${room}`, given);
  }
  const secret = given || (tab?.getItem(`${STORAGE_KEY}.${room}`) ?? null);
  return { room, secret, language: languageOf(new URLSearchParams(location.search).get("lang")) };
}

/** One of ours, or null. */
export function languageOf(tag: string | null | undefined): Language | null {
  const primary = tag?.toLowerCase().split("-")[0];
  return primary === "fr" || primary === "en" ? primary : null;
}
