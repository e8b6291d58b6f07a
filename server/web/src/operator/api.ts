/**
 * The hub's HTTP API, as its operator asks it: the token travels in a header, secrets and codes in a
 * body, nothing in an address.
 */

/** Why something was not done: the hub's word and sentence; status 0: the hub did not answer. */
export interface Fault {
  status: number;
  code: string;
  text: string;
}

export type Answer = { is: unknown } | { fault: Fault };

type Fetch = (path: string, init: RequestInit) => Promise<Response>;
type Method = "GET" | "POST" | "PATCH" | "DELETE";

const UNREACHABLE: Fault = { status: 0, code: "unreachable", text: "" };

export class OperatorApi {
  /** Of this page's session; null: nobody is signed in. */
  token: string | null = null;

  constructor(private readonly ask: Fetch = (path, init) => fetch(path, init)) {}

  async send(method: Method, path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = {};
    if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const said = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      const init: RequestInit = { method, headers, cache: "no-store", ...said };
      return await answerOf(await this.ask(`/api/v1/${path}`, init));
    } catch {
      return { fault: UNREACHABLE };
    }
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  if (response.ok) return { is: text === "" ? null : JSON.parse(text) };
  const said = spoken(text);
  return { fault: { status: response.status, code: said.code, text: said.text } };
}

/** A proxy before the hub may answer with anything. */
function spoken(text: string): { code: string; text: string } {
  try {
    const { code, text: words } = JSON.parse(text) as { code?: unknown; text?: unknown };
    return { code: String(code ?? ""), text: typeof words === "string" ? words : "" };
  } catch {
    return { code: "", text: "" };
  }
}

/** A part of an address. */
export function part(name: string): string {
  return encodeURIComponent(name);
}
