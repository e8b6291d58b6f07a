/** The host's page: its key, its connection, and the console once the room is known. */

import { render } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { HOST_WORDS } from "../i18n/host_words.ts";
import { UPDATE_WORDS } from "../i18n/update_words.ts";
import { chooseLanguage, learnWords, useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { openSession, type Session } from "../ui/session.ts";
import { Header } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import { HostApi } from "./api.ts";
import { closedHostWords } from "./closed.ts";
import { Console } from "./console.tsx";
import { type HostKey, takeHostKey } from "./key.ts";
import { LinkLine } from "./link_line.tsx";
import { Desk } from "./sound/desk.ts";
import { Watch } from "./watch/watch.ts";

const TIMERS = {
  nowMs: () => performance.now(),
  setTimer: (run: () => void, delayMs: number) => window.setTimeout(run, delayMs),
  clearTimer: (timer: number) => window.clearTimeout(timer),
};

interface Opened extends Session {
  hostKey: HostKey;
}

function Page({ hub, player, hostKey }: Opened) {
  const { say } = useWords();
  const view = useStore(hub.room, (room) => room.view);
  const link = useStore(hub.room, (room) => room.link);
  const closeCode = useStore(hub.room, (room) => room.closeCode);
  const tools = useMemo(
    () => ({
      desk: new Desk(hub, TIMERS),
      watch: new Watch(hub),
      api: new HostApi(hostKey.room, hostKey.secret),
    }),
    [hub, hostKey],
  );
  if (link === "refused") {
    return <Shut words={say(closedHostWords(closeCode))} onRetry={() => hub.reopen()} />;
  }
  return (
    <>
      <Header />
      {view === null ? (
        <Before hub={hub} />
      ) : (
        <Console hub={hub} player={player} view={view} {...tools} />
      )}
    </>
  );
}

/** Until the room is known. */
function Before({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  useTitle();
  return (
    <main class="host">
      <LinkLine hub={hub} />
      <h1 class="host-title">
        Parvis <span class="soft">{say("host.title")}</span>
      </h1>
    </main>
  );
}

/** The title of a page without a room; the console has one of its own. */
function useTitle(): void {
  const { say } = useWords();
  const title = say("page.host_title");
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Nothing to see without the key: one sentence that says what to do. */
function Shut({ words, onRetry }: { words: string; onRetry: (() => void) | null }) {
  const { say } = useWords();
  useTitle();
  return (
    <>
      <Header />
      <main class="host">
        <h1 class="host-title">Parvis</h1>
        <div class="card closed" role="alert">
          <p>{words}</p>
          {onRetry !== null && (
            <button type="button" class="big" onClick={onRetry}>
              {say("closed.retry")}
            </button>
          )}
        </div>
      </main>
    </>
  );
}

function NoKey() {
  const { say } = useWords();
  return <Shut words={say("host.key_missing")} onRetry={null} />;
}

learnWords(HOST_WORDS);
learnWords(UPDATE_WORDS);
chooseLanguage();
const hostKey = takeHostKey(location, history);
const opened =
  hostKey === null
    ? null
    : {
        hostKey,
        ...openSession(
          { role: "host", room: hostKey.room, hostSecret: hostKey.secret },
          new Worker(new URL("../room/hub.worker.ts", import.meta.url)),
        ),
      };
render(
  opened === null ? <NoKey /> : <Page {...opened} />,
  document.getElementById("page") as HTMLElement,
);
