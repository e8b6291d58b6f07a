/** The audience's page: listen, see who speaks, stand in the line. */

import { render } from "preact";
import { chime } from "../audio/chime.ts";
import { mp3Path } from "../audio/mp3_stream.ts";
import { AUDIENCE_WORDS } from "../i18n/audience_words.ts";
import { chooseLanguage, learnWords } from "../i18n/words.ts";
import { OwnAnswer } from "../recording/own_answer.ts";
import { tabStorage } from "../ui/fragment.ts";
import { openSession } from "../ui/session.ts";
import { forgetSeat, takeRoomLink } from "./link.ts";
import { OwnNews } from "./own_news.ts";
import { Page } from "./page.tsx";
import { Presence } from "./presence.ts";
import { ownStream, shown } from "./room_api.ts";

learnWords(AUDIENCE_WORDS);
chooseLanguage();
const tab = tabStorage();
const link = takeRoomLink(location, history, tab);
const { hub, player } = openSession(
  { role: "listener", room: link.room, hostSecret: null, invite: link.secret },
  new Worker(new URL("../room/listener.worker.ts", import.meta.url)),
);
player.findStream = () => {
  // At once where no path is asked for: some browsers play only inside the tap itself.
  const isOpen = () => (hub.room.value.view?.about?.access ?? "open") === "open";
  const here = () => mp3Path(link.room);
  if (isOpen() && (hub.room.value.view !== null || link.secret === null)) return here();
  return shown(hub).then(() => (isOpen() ? here() : ownStream(link, hub.token)));
};
const own = new OwnAnswer(hub, tab);
const presence = new Presence(hub, tab);
const news = new OwnNews(hub, {
  // In the hall no phone rings: it shakes, and its screen says so.
  ring: () => void (presence.store.value.inHall || chime()),
  shake: (pattern) => void navigator.vibrate?.(pattern),
});
render(
  <Page
    hub={hub}
    player={player}
    link={link}
    presence={presence}
    own={own}
    news={news}
    tab={tab}
    onSeatDone={() => forgetSeat(link.room, tab)}
  />,
  document.getElementById("page") as HTMLElement,
);
