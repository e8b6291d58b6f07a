/** Spoken news: one's place politely, one's turn at once. */

import { useWords } from "../i18n/words.ts";
import { Announcement } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { ownHand } from "./hand_state.ts";
import type { OwnNews } from "./own_news.ts";
import { isOwnVoice } from "./own_voice.ts";
import { ownTurn, turnWords } from "./turn.tsx";

interface Props {
  view: RoomView | null;
  me: string | null;
  news: OwnNews;
}

export function Announcements({ view, me, news }: Props) {
  const { say } = useWords();
  const call = useStore(news.store, (now) => now.call);
  const place = view === null ? null : (ownHand(view, me)?.place ?? null);
  const turn = ownTurn(view, me);
  const inLine = place === 1 ? say("line.next") : say("line.place", { place: place ?? 0 });
  // What is spoken into this phone is told by its own part of the page.
  const ofTurn = turn === null || isOwnVoice(turn, false) ? null : turnWords(say, turn);
  return (
    <>
      <Announcement text={place === null ? "" : inLine} />
      <Announcement text={view?.silenced ? say("room.silenced") : ""} />
      <Announcement text={ofTurn === null ? "" : `${ofTurn.heading}. ${ofTurn.hint}`} urgent />
      <Announcement text={call === null ? "" : say(call)} urgent />
    </>
  );
}
