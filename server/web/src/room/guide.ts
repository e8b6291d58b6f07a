/**
 * Where a listener hears the room, and how it gets to another edge without a gap.
 *
 * Theory of operation: before each join the hub is asked for places; the best one that did not fail
 * lately is taken, the page's own host at last. To go elsewhere (the edge says `move`, or falls
 * silent) a `Successor` joins beside the connection, under the same token. It takes over once it
 * has told everything that the old one did: at the packet that begins where the old one's last one
 * ended, or at its snapshot when nobody is heard. Should it not come, the old connection stays.
 */

import { CLOSE_CODES, isRetryable } from "../wire/close_codes.ts";
import type { Move } from "../wire/messages.ts";
import type { Guide, Guided, Surroundings } from "./connection_parts.ts";
import { Places, placeOrigin } from "./places.ts";
import { Seam } from "./seam.ts";
import { Successor } from "./successor.ts";

/** What a guide needs beyond a connection's surroundings. */
export interface GuideWorld extends Surroundings {
  /** Asks the hub for places; null: it did not answer. */
  askPlaces(told: (origins: string[] | null) => void): void;
}

/** Who waits longer for places than for the sound itself is better off at the page's own host. */
const ASK_FOR_MS = 1000;
/** A place answers within this time; on a slow network the next one gets twice as much, and so on. */
const JOIN_WITHIN_MS = 4000;
const MAX_DOUBLINGS = 3;
/** A common edge of two packet lengths comes at least every 600 ms. */
const SEAM_WITHIN_MS = 2000;
/** Nothing for so long, though the edge would have said by now that the venue is away: it is dead. */
const RESCUE_AFTER_MS = 4000;
/** Without a packet for so long there is no end to go on from. */
const QUIET_AFTER_MS = 1000;

/** A second connection on its way. */
interface Going {
  readonly origin: string;
  readonly successor: Successor;
  readonly seam: Seam;
  /** It is the answer to a silence: only sound makes it better. */
  readonly isRescue: boolean;
  timer: number;
}

export class EdgeGuide implements Guide {
  private readonly places: Places;
  private at: string;
  private going: Going | null = null;
  private moveTimer: number | null = null;
  private askTimer: number | null = null;
  private asked = 0;
  /** The last packet that was passed on; null: not at this place yet. */
  private newest: Uint8Array | null = null;
  /** A silence is answered by one attempt. */
  private hasTriedRescue = false;
  /** The connection ended; only the successor can spare a reconnection. */
  private isOrphan = false;

  constructor(
    private readonly guided: Guided,
    private readonly own: string,
    private readonly world: GuideWorld,
  ) {
    this.places = new Places(own);
    this.at = own;
  }

  choose(join: (origin: string) => void): void {
    this.asked += 1;
    const question = this.asked;
    const answered = (origins: string[] | null) => {
      if (question !== this.asked) return;
      this.asked += 1; // what comes later is void
      this.stopAsking();
      if (origins !== null) this.places.learn(origins);
      this.at = this.places.next(this.world.nowMs());
      join(this.at);
    };
    this.askTimer = this.world.setTimer(() => answered(null), ASK_FOR_MS);
    this.world.askPlaces(answered);
  }

  isLate(waitedMs: number, attempt: number): boolean {
    const hasOther = this.places.other(this.at, this.world.nowMs()) !== null;
    return hasOther && waitedMs >= JOIN_WITHIN_MS * 2 ** Math.min(attempt, MAX_DOUBLINGS);
  }

  move({ place, within_ms }: Move): void {
    const origin = placeOrigin(place, this.own);
    if (origin === null) return;
    if (this.moveTimer !== null) this.world.clearTimer(this.moveTimer);
    const begin = () => {
      this.moveTimer = null;
      if (origin === this.at || origin === this.going?.origin) return;
      this.stopGoing();
      this.go(origin, false);
    };
    this.moveTimer = this.world.setTimer(begin, within_ms * this.world.fraction());
  }

  passed(bytes: Uint8Array): void {
    this.newest = bytes;
    this.hasTriedRescue = false;
    if (this.going === null) return;
    if (this.going.isRescue) return this.stopGoing(); // it speaks again
    this.going.seam.passed(bytes);
    this.step();
  }

  look(): void {
    const { hasPackets, silentMs } = this.guided;
    if (this.going?.isRescue && !hasPackets && !this.isOrphan) this.stopGoing(); // the venue is away
    const isDeaf = hasPackets && silentMs >= RESCUE_AFTER_MS;
    if (this.going !== null) return this.step();
    if (!isDeaf || this.hasTriedRescue) return;
    this.hasTriedRescue = true;
    this.goElsewhere(true);
  }

  lost(code: number): boolean {
    const isOurDoing = code === CLOSE_CODES.superseded;
    if (isPlacesFault(code)) this.places.failed(this.at, this.world.nowMs());
    if (this.going === null || !(isRetryable(code) || isOurDoing)) return false;
    this.isOrphan = true;
    return true;
  }

  stop(): void {
    this.asked += 1;
    this.stopAsking();
    this.stopGoing();
    if (this.moveTimer !== null) this.world.clearTimer(this.moveTimer);
    this.moveTimer = null;
    this.isOrphan = false;
    this.hasTriedRescue = false;
    this.newest = null;
  }

  private goElsewhere(isRescue: boolean): void {
    const origin = this.places.other(this.at, this.world.nowMs());
    if (origin !== null) this.go(origin, isRescue);
  }

  private go(origin: string, isRescue: boolean): void {
    const socket = this.world.openSocket(`${origin}/ws/listen`);
    const seam = new Seam();
    if (this.newest !== null) seam.passed(this.newest);
    const successor = new Successor(socket, this.guided.joinText(), {
      onJoined: () => {
        this.within(SEAM_WITHIN_MS, () => this.decide());
        this.step();
      },
      onHeard: (packet) => {
        if (packet !== null) seam.came(packet);
        this.step();
      },
      onEnd: () => this.giveUp(),
    });
    this.going = { origin, successor, seam, isRescue, timer: 0 };
    this.within(JOIN_WITHIN_MS, () => this.giveUp());
  }

  private within(ms: number, run: () => void): void {
    if (this.going === null) return;
    this.world.clearTimer(this.going.timer);
    this.going.timer = this.world.setTimer(run, ms);
  }

  /** Takes over as soon as nothing would be missing. */
  private step(): void {
    const { going, guided } = this;
    if (going === null || going.successor.seq === null) return;
    if (this.isOrphan) return this.takeOver();
    const isBehind = guided.seq !== null && guided.seq > going.successor.seq;
    if (!isBehind && this.hasSeam(going)) this.takeOver();
  }

  private hasSeam({ seam, isRescue }: Going): boolean {
    if (!this.guided.hasPackets) return !isRescue;
    return seam.isExact || (seam.hasNew && this.guided.silentMs >= QUIET_AFTER_MS);
  }

  /** There was time for an exact seam: any sound is good now, none is not. */
  private decide(): void {
    if (this.going === null) return;
    if (this.going.seam.hasNew || (!this.guided.hasPackets && !this.going.isRescue))
      this.takeOver();
    else this.giveUp();
  }

  private takeOver(): void {
    const going = this.going as Going;
    this.world.clearTimer(going.timer);
    this.going = null;
    this.isOrphan = false;
    this.at = going.origin;
    const { socket, heard } = going.successor;
    const isNews = (one: unknown) =>
      !(one instanceof ArrayBuffer) || going.seam.isNews(new Uint8Array(one));
    going.successor.release();
    this.guided.takeOver(socket, heard.filter(isNews));
  }

  /** It did not come: another place may; else everything stays, or is tried again as usual. */
  private giveUp(): void {
    const going = this.going as Going;
    this.places.failed(going.origin, this.world.nowMs());
    this.stopGoing();
    this.goElsewhere(going.isRescue);
    if (this.going !== null || !this.isOrphan) return;
    this.isOrphan = false;
    this.guided.tryLater();
  }

  private stopAsking(): void {
    if (this.askTimer !== null) this.world.clearTimer(this.askTimer);
    this.askTimer = null;
  }

  private stopGoing(): void {
    if (this.going === null) return;
    this.world.clearTimer(this.going.timer);
    this.going.successor.close();
    this.going = null;
  }
}

/** Whether the code says something of the place: the network's, or an edge that stops or is full. */
function isPlacesFault(code: number): boolean {
  return code < 4000 || code === CLOSE_CODES.rate || code === CLOSE_CODES.silentHere;
}
