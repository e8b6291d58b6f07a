/**
 * The secret of a host link, and its room: taken from the fragment, which no server ever sees, kept
 * for this tab, and wiped from the address bar, so that it is not in a screenshot or in the history.
 */

/** `parvis_wire.messages.DEFAULT_ROOM`. */
const DEFAULT_ROOM = "main";

const STORAGE_KEY = "parvis.host";

export interface HostKey {
  room: string;
  secret: string;
}

/** What `#k=SECRET` or `#r=ROOM&k=SECRET` says, or an earlier visit in this tab; null: nothing. */
export function takeHostKey(location: Location, history: History): HostKey | null {
  const given = new URLSearchParams(location.hash.slice(1));
  const secret = given.get("k");
  if (secret !== null && secret !== "") {
    const key = { room: given.get("r") ?? DEFAULT_ROOM, secret };
    history.replaceState(null, "", location.pathname);
    keepForTab(key);
    return key;
  }
  return readFromTab();
}

function keepForTab(key: HostKey): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(key));
  } catch {
    // Then the link has to be opened again after a reload.
  }
}

function readFromTab(): HostKey | null {
  try {
    const kept = JSON.parse(
      sessionStorage.getItem(STORAGE_KEY) ?? "null",
    ) as Partial<HostKey> | null;
    const { room, secret } = kept ?? {};
    return typeof room === "string" && typeof secret === "string" ? { room, secret } : null;
  } catch {
    return null; // not allowed, or kept by an older page
  }
}
