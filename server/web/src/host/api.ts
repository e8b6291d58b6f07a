/** The hub's HTTP API, asked with the host's own secret: it travels in a header, never in an address. */

export type LinkWanted =
  | { kind: "audience" | "screen" }
  | { kind: "invite"; number: number }
  | { kind: "seat"; unit: string };

export interface MadeLink {
  link: string;
  /** To type in the place of the link. */
  code: string | null;
}

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

export class HostApi {
  constructor(
    readonly room: string,
    private readonly secret: string,
    private readonly ask: Fetch = (path, init) => fetch(path, init),
  ) {}

  /** A link of the room; null: the hub gives none now. */
  async link(wanted: LinkWanted): Promise<MadeLink | null> {
    const said = await this.json("links", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wanted),
    });
    const { link, code } = (said ?? {}) as { link?: unknown; code?: unknown };
    if (typeof link !== "string") return null;
    return { link, code: typeof code === "string" ? code : null };
  }

  /** What the hub says at this address of the room; null: nothing. */
  async json(path: string, init: RequestInit = {}): Promise<unknown> {
    const headers = { ...init.headers, Authorization: `Bearer ${this.secret}` };
    const address = `/api/v1/rooms/${encodeURIComponent(this.room)}/${path}`;
    try {
      const response = await this.ask(address, { ...init, headers, cache: "no-store" });
      return response.ok ? await response.json() : null;
    } catch {
      return null; // the connection says so already, in words
    }
  }
}
