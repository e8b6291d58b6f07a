/** One's own answer to the notice of a recording; kept for this tab, as the token is whose it is. */

import type { Wish } from "../room/commands.ts";
import type { RoomState } from "../room/hub_client.ts";
import type { Kept } from "../ui/fragment.ts";
import { Store } from "../ui/store.ts";
import type { Recording, RoomView } from "../wire/messages.ts";

export interface Answer {
  /** Whether one's voice may be recorded. */
  recorded: boolean;
  /** And be published. */
  published: boolean;
}

/** To what it was the answer, and whose. */
interface KeptAnswer extends Answer {
  recording: string;
  version: string;
  participant: string;
  /** They said yes at some time: their voice may be in it. */
  hasAgreed: boolean;
}

const KEY = "parvis.recording";

export interface AnsweredHub {
  room: Store<RoomState>;
  wish(wish: Wish): void;
}

export class OwnAnswer {
  readonly store: Store<{ kept: KeptAnswer | null }>;

  constructor(
    private readonly hub: AnsweredHub,
    private readonly tab: Kept | null,
  ) {
    this.store = new Store({ kept: keptOf(tab?.getItem(KEY) ?? null) });
    let seen = hub.room.value.refused;
    hub.room.follow(() => {
      const { refused } = hub.room.value;
      if (refused === seen) return;
      seen = refused;
      // The hub does not know this answer: the questions come again.
      const isUnknown = refused?.code === "consent_needed" || refused?.code === "text_changed";
      if (isUnknown || refused?.wish.type === "answer_recording") this.keep(null);
    });
  }

  /** The answer to the text that counts now; null: it was not answered. */
  to(recording: Recording | null): Answer | null {
    const { kept } = this.store.value;
    if (recording === null || kept === null) return null;
    const isThis =
      kept.recording === recording.recording &&
      kept.version === recording.notice.version &&
      kept.participant === this.hub.room.value.participant;
    return isThis ? kept : null;
  }

  give(recording: Recording, answer: Answer): void {
    const { participant } = this.hub.room.value;
    if (participant === null) return;
    const { kept } = this.store.value;
    const published = answer.recorded && answer.published;
    const isSame = kept?.recording === recording.recording && kept.participant === participant;
    const { version } = recording.notice;
    this.keep({
      recording: recording.recording,
      version,
      participant,
      recorded: answer.recorded,
      published,
      hasAgreed: answer.recorded || (isSame && kept.hasAgreed),
    });
    this.hub.wish({
      type: "answer_recording",
      recorded: answer.recorded,
      published,
      text_version: version,
    });
  }

  /** Whether one's voice may be in a recording of this room, also in one that is over. */
  get isInOne(): boolean {
    const { kept } = this.store.value;
    return kept?.hasAgreed === true && kept.participant === this.hub.room.value.participant;
  }

  /** Takes one's voice out of it, also what was said before. */
  withdraw(): void {
    const { kept } = this.store.value;
    if (kept === null) return;
    this.keep({ ...kept, recorded: false, published: false, hasAgreed: false });
    this.hub.wish({ type: "withdraw_voice", recording: kept.recording });
  }

  private keep(kept: KeptAnswer | null): void {
    if (kept === null) this.tab?.removeItem(KEY);
    else this.tab?.setItem(KEY, JSON.stringify(kept));
    this.store.set({ kept });
  }
}

/** What the tab kept, or null when it is nothing of ours. */
export function keptOf(text: string | null): KeptAnswer | null {
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as Partial<Record<keyof KeptAnswer, unknown>>;
    const { recording, version, participant, recorded, published, hasAgreed } = kept;
    const isOurs =
      [recording, version, participant].every((one) => typeof one === "string") &&
      [recorded, published, hasAgreed].every((one) => typeof one === "boolean");
    return isOurs ? (kept as KeptAnswer) : null;
  } catch {
    return null;
  }
}

/** Whether one may speak with this answer, recorded or not. */
export function maySpeak(recording: Recording | null, answer: Answer | null): boolean {
  if (recording === null) return true;
  return answer !== null && (answer.recorded || recording.terms.unrecorded_may_speak);
}

/** Whether the wish needs the two questions first: a hand that is to be heard. */
export function needsAnswer(
  wish: Wish,
  recording: Recording | null,
  answer: Answer | null,
): boolean {
  const isSpoken = wish.type === "raise_hand" && !wish.written;
  return isSpoken && recording !== null && answer === null;
}

/** Whether one is about to speak, or could by a table's button: the questions wait no longer. */
export function isConcerned(view: RoomView, me: string | null): boolean {
  const own = [...view.line, ...view.floor].find(({ participant }) => participant === me);
  const sits = view.seats.some(({ participant }) => participant === me);
  return sits || (own !== undefined && !own.written);
}

/** Whether one's own open microphone is in the recording; null: one does not speak now. */
export function isRecorded(view: RoomView, me: string | null): boolean | null {
  const turn = view.floor.find(({ participant }) => participant === me);
  if (view.recording === null || turn === undefined || turn.state !== "live") return null;
  return turn.ssrc !== null && view.recording.sources.includes(turn.ssrc);
}
