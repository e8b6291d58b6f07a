/**
 * What the operator's page knows, and how it comes to know it: who is signed in, the units once a
 * second while somebody looks, the rest now and then and after each act.
 *
 * A session that the hub does not know any more shuts the page at once. A hub that does not answer
 * leaves what was known on the screen, and says so.
 */

import { Store } from "../ui/store.ts";
import {
  type Act,
  type House,
  type ManagedRoom,
  readActs,
  readHouse,
  readRooms,
  readSessions,
  readToken,
  readUnits,
  type Session,
  type Units,
} from "./answers.ts";
import type { Answer, Fault, OperatorApi } from "./api.ts";
import type { KeyRing } from "./key.ts";
import { type News, newsOf, Presses } from "./pairing.ts";

const UNITS_EVERY_MS = 1000;
/** Every so many looks at the units, one at the rest. */
const REST_EVERY = 10;

export type Door = "claim" | "sign_in" | "open";

export interface DeskState {
  door: Door;
  /** The session ended without being asked to. */
  hasEnded: boolean;
  /** Why the hub tells nothing now; null: it does. */
  trouble: Fault | null;
  house: House | null;
  units: Units | null;
  sessions: Session[] | null;
  acts: Act[] | null;
  rooms: ManagedRoom[] | null;
  /** What happened since the last look, to be read aloud. */
  news: readonly News[];
}

export interface World {
  nowMs(): number;
  setTimer(run: () => void, delayMs: number): number;
  clearTimer(timer: number): void;
  isHidden(): boolean;
}

const NOTHING = { house: null, units: null, sessions: null, acts: null, rooms: null, news: [] };

export class OperatorDesk {
  readonly store: Store<DeskState>;
  readonly presses = new Presses();
  private timer: number | null = null;
  private looks = 0;
  /** Answers of an earlier session are of no interest. */
  private era = 0;

  constructor(
    readonly api: OperatorApi,
    readonly keys: KeyRing,
    private readonly world: World,
    private setupSecret: string | null,
  ) {
    api.token = keys.token;
    const door = setupSecret !== null ? "claim" : api.token !== null ? "open" : "sign_in";
    this.store = new Store<DeskState>({ door, hasEnded: false, trouble: null, ...NOTHING });
    if (door === "open") this.look();
  }

  /** A setup link was opened while the page was. */
  offer(secret: string): void {
    this.setupSecret = secret;
    this.shut("claim", false);
  }

  /** Leave the link unused: there is a session already, or a password. */
  passOver(): void {
    this.setupSecret = null;
    this.shut("sign_in", false);
    if (this.keys.token !== null) this.enter(this.keys.token);
  }

  /** Become the operator by the setup link; null: done. */
  async claim(name: string, password: string): Promise<Fault | null> {
    const chosen = password === "" ? {} : { password };
    const answer = await this.api.send("POST", "claim", {
      secret: this.setupSecret ?? "",
      name,
      ...chosen,
    });
    return this.entered(answer, name);
  }

  async signIn(name: string, password: string): Promise<Fault | null> {
    return this.entered(await this.api.send("POST", "sessions", { password, name }), name);
  }

  /** End this session, here at once, whatever the hub says. */
  signOut(): void {
    void this.api.send("DELETE", "sessions/current");
    this.forget(false);
  }

  /** Ask for something, and look at what came of it; null: done. */
  async act(...asked: Parameters<OperatorApi["send"]>): Promise<Fault | null> {
    const answer = await this.ask(...asked);
    if ("fault" in answer) return answer.fault;
    this.looks = 0;
    this.look();
    return null;
  }

  /** As `api.send`; a session that has ended shuts the page. */
  async ask(...asked: Parameters<OperatorApi["send"]>): Promise<Answer> {
    const era = this.era;
    const answer = await this.api.send(...asked);
    if (era === this.era) this.noteEnd(answer);
    return answer;
  }

  /** Look now: the page came back, or something was done. */
  look(): void {
    if (this.timer !== null) this.world.clearTimer(this.timer);
    this.timer = null;
    if (this.store.value.door !== "open" || this.world.isHidden()) return;
    void this.lookOnce(this.era);
  }

  private async lookOnce(era: number): Promise<void> {
    const isWhole = this.looks % REST_EVERY === 0;
    this.looks += 1;
    const paths = isWhole ? ["units", "house", "sessions", "audit", "rooms"] : ["units"];
    const answers = await Promise.all(paths.map((path) => this.api.send("GET", path)));
    if (era !== this.era) return;
    for (const answer of answers) this.noteEnd(answer);
    if (era !== this.era) return;
    this.learn(new Map(paths.map((path, at) => [path, answers[at] as Answer])));
    if (this.timer !== null) this.world.clearTimer(this.timer);
    this.timer = this.world.setTimer(() => this.look(), UNITS_EVERY_MS);
  }

  private learn(answers: ReadonlyMap<string, Answer>): void {
    const said = (path: string): unknown => {
      const answer = answers.get(path);
      return answer !== undefined && "is" in answer ? answer.is : null;
    };
    const { value } = this.store;
    const units = readUnits(said("units"));
    if (units !== null) this.presses.note(units.waiting, this.world.nowMs());
    const news = units === null ? [] : newsOf(value.units, units);
    this.store.set({
      trouble: troubleOf(answers.get("units")),
      units: units ?? value.units,
      house: readHouse(said("house")) ?? value.house,
      sessions: readSessions(said("sessions")) ?? value.sessions,
      acts: readActs(said("audit")) ?? value.acts,
      rooms: readRooms(said("rooms")) ?? value.rooms,
      ...(news.length > 0 ? { news } : {}),
    });
  }

  private entered(answer: Answer, name: string): Fault | null {
    if ("fault" in answer) return answer.fault;
    const token = readToken(answer.is);
    if (token === null) return { status: 0, code: "unreachable", text: "" };
    this.setupSecret = null;
    this.keys.name = name;
    this.keys.token = token;
    this.enter(token);
    return null;
  }

  private enter(token: string): void {
    this.shut("open", false);
    this.api.token = token;
    this.look();
  }

  private noteEnd(answer: Answer): void {
    const isEnd = "fault" in answer && answer.fault.status === 401;
    if (isEnd && this.store.value.door === "open") this.forget(true);
  }

  private forget(hasEnded: boolean): void {
    this.keys.token = null;
    this.shut("sign_in", hasEnded);
  }

  /** Nothing of what was known stays behind a door. */
  private shut(door: Door, hasEnded: boolean): void {
    this.era += 1;
    this.looks = 0;
    this.api.token = null;
    this.store.set({ door, hasEnded, trouble: null, ...NOTHING });
  }
}

function troubleOf(answer: Answer | undefined): Fault | null {
  return answer !== undefined && "fault" in answer ? answer.fault : null;
}
