/** The host's page: one line, one floor, every microphone at a glance. */

import { render } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { HOST_WORDS } from "../i18n/host_words.ts";
import { chooseLanguage, learnWords, useWords } from "../i18n/words.ts";
import { openSession, type Session } from "../ui/session.ts";
import { Announcement, Header } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import { closedHostWords } from "./closed.ts";
import { Floor, HostLine, NextBar } from "./floor.tsx";
import { Invite } from "./invite.tsx";
import { takeHostSecret } from "./key.ts";
import { Alarms } from "./sound/alarms.tsx";
import { Desk } from "./sound/desk.ts";
import { SoundPanel } from "./sound/panel.tsx";
import { Units } from "./units.tsx";

const TIMERS = {
  nowMs: () => performance.now(),
  setTimer: (run: () => void, delayMs: number) => window.setTimeout(run, delayMs),
  clearTimer: (timer: number) => window.clearTimeout(timer),
};

function Page({ hub, player }: Session) {
  const { say } = useWords();
  const view = useStore(hub.room, (room) => room.view);
  const link = useStore(hub.room, (room) => room.link);
  const closeCode = useStore(hub.room, (room) => room.closeCode);
  const status = useStore(hub.room, (room) => room.status);
  const desk = useMemo(() => new Desk(hub, TIMERS), [hub]);
  if (link === "refused") {
    return <Shut words={say(closedHostWords(closeCode))} onRetry={() => hub.reopen()} />;
  }
  return (
    <>
      <Header>
        <Listeners count={status?.listeners ?? null} />
      </Header>
      <main class="host">
        <h1 class="host-title">
          {view?.title ?? "Parvis"} <span class="soft">{say("host.title")}</span>
        </h1>
        <LinkLine link={link} />
        <Alarms status={status} />
        {view !== null && (
          <div class="host-columns">
            <div>
              <Floor hub={hub} view={view} />
              <HostLine hub={hub} view={view} />
            </div>
            <Units desk={desk} units={status?.units ?? []} />
            <SoundPanel desk={desk} hub={hub} status={status} />
            <Invite room={view.room} player={player} />
          </div>
        )}
      </main>
      {view !== null && (
        <footer class="foot">
          <NextBar hub={hub} view={view} />
        </footer>
      )}
    </>
  );
}

function Listeners({ count }: { count: number | null }) {
  const { say, language } = useWords();
  if (count === null) return null;
  const isOne = new Intl.PluralRules(language).select(count) === "one";
  return (
    <p class="listeners">
      {say(isOne ? "host.listeners_one" : "host.listeners_other", {
        count: count.toLocaleString(language),
      })}
    </p>
  );
}

function LinkLine({ link }: { link: string }) {
  const { say } = useWords();
  const words =
    link === "connecting"
      ? say("state.connecting")
      : link === "reconnecting"
        ? say("state.unreachable")
        : link === "stalled"
          ? say("state.stalled")
          : "";
  return (
    <>
      {words !== "" && <p class="trouble">{words}</p>}
      <Announcement text={words} />
    </>
  );
}

/** Nothing to see without the key: one sentence that says what to do. */
function Shut({ words, onRetry }: { words: string; onRetry: (() => void) | null }) {
  const { say } = useWords();
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

function Titled({ session }: { session: Session | null }) {
  const { say } = useWords();
  const title = say("page.host_title");
  useEffect(() => {
    document.title = title;
  }, [title]);
  return session === null ? <NoKey /> : <Page {...session} />;
}

learnWords(HOST_WORDS);
chooseLanguage();
const hostSecret = takeHostSecret(location, history);
const session =
  hostSecret === null ? null : openSession({ role: "host", room: "main", hostSecret });
render(<Titled session={session} />, document.getElementById("page") as HTMLElement);
