/**
 * The host link's secret: taken from the fragment, which no server ever sees, kept for this tab, and
 * wiped from the address bar, so that it is not in a screenshot or in the history.
 */

const STORAGE_KEY = "parvis.host";

/** The secret of `#k=SECRET`, or of an earlier visit in this tab; null: none. */
export function takeHostSecret(location: Location, history: History): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("k");
  if (given !== null && given !== "") {
    history.replaceState(null, "", location.pathname);
    keepForTab(given);
    return given;
  }
  return readFromTab();
}

function keepForTab(secret: string): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, secret);
  } catch {
    // Then the link has to be opened again after a reload.
  }
}

function readFromTab(): string | null {
  try {
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
