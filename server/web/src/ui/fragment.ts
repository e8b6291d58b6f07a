/**
 * What a link says after its `#`, which no server ever sees: secrets of rooms, invitations and seats.
 * They are wiped from the address bar, so that they are in no screenshot and no history.
 */

/** Reads the fragment; once one of `secrets` is in it, none of it stays in the address bar. */
export function takeFragment(
  location: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState">,
  secrets: readonly string[],
): URLSearchParams {
  const given = new URLSearchParams(location.hash.slice(1));
  if (secrets.some((name) => given.get(name))) {
    history.replaceState(null, "", `${location.pathname}${location.search}`);
  }
  return given;
}

/** The part of a storage that pages use. */
export type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Session storage, where it is allowed: it lasts as long as the tab. */
export function tabStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
