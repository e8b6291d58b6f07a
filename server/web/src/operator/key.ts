/**
 * Who one is to the hub: the secret of a setup link, and the token of a session.
 *
 * The secret is used once and kept nowhere. The token is kept on this device until it ends: the hub
 * ends it after twelve hours without use, after a day, and whenever somebody revokes it.
 */

import { type Kept, takeFragment } from "../ui/fragment.ts";

const TOKEN_KEY = "parvis.operator";
const NAME_KEY = "parvis.operator.name";

/** What `#setup=SECRET` says; it leaves the address bar at once. */
export function takeSetupSecret(
  location: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState">,
): string | null {
  return takeFragment(location, history, ["setup"]).get("setup") || null;
}

/** The token and the name, where the browser keeps things. */
export class KeyRing {
  constructor(private readonly storage: Kept | null) {}

  get token(): string | null {
    return this.read(TOKEN_KEY);
  }

  set token(token: string | null) {
    this.write(TOKEN_KEY, token);
  }

  /** What this operator was called last. */
  get name(): string {
    return this.read(NAME_KEY) ?? "";
  }

  set name(name: string) {
    this.write(NAME_KEY, name);
  }

  private read(key: string): string | null {
    try {
      return this.storage?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  private write(key: string, value: string | null): void {
    try {
      if (value === null) this.storage?.removeItem(key);
      else this.storage?.setItem(key, value);
    } catch {
      // Then one signs in again next time.
    }
  }
}

/** Local storage, where it is allowed: other tabs of this device are the same session. */
export function deviceStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
