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

export interface Said {
  said: unknown;
  /** One line for people; null: it was done. */
  refused: string | null;
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

  /** Sends `body`; what the hub says, or why it says no: null when it does not answer. */
  async send(path: string, body: unknown): Promise<Said | null> {
    const headers = {
      "Content-Type": "application/json",
      Authorization: `Bearer ${this.secret}`,
    };
    const address = `/api/v1/rooms/${encodeURIComponent(this.room)}/${path}`;
    try {
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      const response = await this.ask(address, { ...init, cache: "no-store" });
      const said = (await response.json()) as { text?: string };
      return { said, refused: response.ok ? null : (said.text ?? String(response.status)) };
    } catch {
      return null;
    }
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
