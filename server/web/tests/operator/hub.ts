/** A hub for the operator's page: it answers by path, and remembers what it was asked. */

export interface Asked {
  method: string;
  path: string;
  token: string | null;
  body: unknown;
}

type Said = [status: number, body: unknown];

export class FakeHub {
  asked: Asked[] = [];
  /** By "METHOD path"; what is not here is an empty 200. */
  readonly says = new Map<string, Said>();
  isAway = false;

  readonly ask = async (address: string, init: RequestInit): Promise<Response> => {
    const headers = init.headers as Record<string, string>;
    const path = address.replace("/api/v1/", "");
    const method = init.method ?? "GET";
    const body = typeof init.body === "string" ? JSON.parse(init.body) : null;
    const token = headers.Authorization?.replace("Bearer ", "") ?? null;
    this.asked.push({ method, path, token, body });
    if (this.isAway) throw new TypeError("no network");
    const [status, said] = this.says.get(`${method} ${path}`) ?? [200, {}];
    const text = typeof said === "string" ? said : JSON.stringify(said);
    return new Response(status === 204 ? null : text, { status });
  };

  /** Each path that was asked for with this method. */
  paths(method: string): string[] {
    return this.asked.filter((one) => one.method === method).map(({ path }) => path);
  }
}

/** Until everything that was asked is answered. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  await new Promise((done) => setTimeout(done, 0));
}

export const waitingUnit = (more: object = {}) => ({
  unit: "abcdefghij234567",
  name: "Table 1",
  since_utc_ms: 1_000,
  address: "192.0.2.7",
  has_code: null,
  state: "waiting",
  tries_left: 5,
  first_use: false,
  ...more,
});

export const pairedUnit = (more: object = {}) => ({
  unit: "abcdefghij234567",
  name: "Table 1",
  how: "code",
  paired_utc_ms: 2_000,
  by: "Ada",
  last_seen_utc_ms: 3_000,
  here: true,
  room: "main",
  ...more,
});
