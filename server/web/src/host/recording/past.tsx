/** What was recorded: heard by a host, then published, taken back, deleted; voices taken out. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { RECORDINGS_WORDS } from "../../i18n/recordings_words.ts";
import { learnWords, type Say, useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { Announcement } from "../../ui/shell.tsx";
import { useStore } from "../../ui/store.ts";
import type { RoomView } from "../../wire/messages.ts";
import type { HostApi } from "../api.ts";
import { Confirm } from "../confirm.tsx";
import { Fold } from "../fold.tsx";
import { counted } from "../sound/figures.ts";
import {
  isBusy,
  isOpen,
  length,
  type Past,
  type PastList,
  readPast,
  type Voice,
  type Work,
} from "./past_recordings.ts";
import "./past.css";
import { VoiceRow } from "./voice.tsx";
import { WholeRoom } from "./whole.tsx";

learnWords(RECORDINGS_WORDS);

const OFTEN_MS = 1000;
const SELDOM_MS = 15_000;

/** Does something to a recording, or to the room; what the hub says no with is shown. */
export type Do = (path: string, body: unknown) => Promise<unknown>;

interface Props {
  hub: HubClient;
  view: RoomView;
  api: HostApi;
}

export function PastRecordings({ hub, view, api }: Props) {
  const { say, language } = useWords();
  const canRecord = useStore(hub.room, (room) => room.status?.can_record ?? false);
  const { list, refused, act } = usePast(api, view.recording?.recording ?? null);
  const count = list?.recordings.length ?? 0;
  if (!canRecord && count === 0) return null;
  const hint =
    count === 0
      ? say("past.none")
      : counted(say, language, count, "past.count_one", "past.count_other");
  return (
    <Fold title={say("past.title")} hint={hint} class="past">
      {() => (
        <>
          {list === null && <p class="soft">{say("past.away")}</p>}
          <p role="alert" class={refused === null ? "visually-hidden" : "refused"}>
            {refused === null ? "" : say("past.refused", { why: refused })}
          </p>
          <Progress work={list?.work ?? null} />
          {list?.recordings.map((past) => (
            <Recording key={past.recording} past={past} act={act} />
          ))}
          {count > 0 && (
            <WholeRoom
              count={count}
              isBusy={isBusy(list)}
              isRecording={view.recording !== null}
              act={act}
            />
          )}
        </>
      )}
    </Fold>
  );
}

/** The list, looked at often while something is done; and the way to do it. */
function usePast(api: HostApi, running: string | null) {
  const [list, setList] = useState<PastList | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const look = useCallback(async () => setList(readPast(await api.json("recordings"))), [api]);
  const everyMs = isBusy(list) ? OFTEN_MS : SELDOM_MS;
  useEffect(() => {
    void look();
    const timer = window.setInterval(() => {
      if (!document.hidden) void look();
    }, everyMs);
    return () => window.clearInterval(timer);
  }, [look, everyMs, running]);
  const act: Do = async (path, body) => {
    const answer = await api.send(path, body);
    setRefused(answer?.refused ?? null);
    await look();
    return answer?.refused === null ? answer.said : null;
  };
  return { list, refused, act };
}

function Recording({ past, act }: { past: Past; act: Do }) {
  const { say, language } = useWords();
  const when = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "long" });
  const id = `past-${past.recording}`;
  const path = `recordings/${past.recording}/acts`;
  return (
    <section class="past-one" aria-labelledby={id}>
      <h3 id={id}>
        {past.title} <span class="soft">{when.format(past.begun_utc_ms)}</span>
      </h3>
      {past.duration_ms === null ? (
        <p>{say("past.goes_on")}</p>
      ) : (
        <>
          <p class="soft">
            {say("past.length", {
              length: length(past.duration_ms),
              date: day.format(past.delete_utc_ms),
            })}
          </p>
          <p>{say(past.published === null ? "past.not_published" : "past.published")}</p>
          <Progress work={past.work} />
          <Acts past={past} act={act} />
        </>
      )}
      <Voices
        past={past}
        onAct={(voice, body) => act(path, { ...body, participant: voice })}
        act={act}
      />
    </section>
  );
}

interface VoicesProps {
  past: Past;
  act: Do;
  onAct: (participant: string, body: { act: string }) => void;
}

function Voices({ past, act, onAct }: VoicesProps) {
  const { say } = useWords();
  const called = (voice: Pick<Voice, "name">) => voice.name ?? say("past.somebody");
  const spans = past.muted.map(({ begin_ms, end_ms }) =>
    say("past.span", { from: length(begin_ms), to: length(end_ms) }),
  );
  return (
    <>
      <h4>{say("past.voices")}</h4>
      <ul class="past-voices">
        {past.voices.map((voice) => (
          <VoiceRow
            key={voice.participant}
            voice={voice}
            name={called(voice)}
            isBusy={isOpen(past.work) && past.work?.act !== "prepare"}
            act={act}
            onWithdraw={() => onAct(voice.participant, { act: "withdraw" })}
            onErase={() => void act("erasures", { participant: voice.participant })}
          />
        ))}
      </ul>
      {past.withdrew.map((one) => (
        <p key={one.participant} class="warning">
          {say("past.withdrew", { name: called(one) })}
        </p>
      ))}
      {past.leaving > 0 && <p>{say("past.leaving", { count: past.leaving })}</p>}
      {spans.length > 0 && <p>{say("past.muted", { spans: spans.join(", ") })}</p>}
    </>
  );
}

type Asking = "publish" | "erase" | null;

/** Hear, publish, take back, delete: each where it stands in the order of things. */
function Acts({ past, act }: { past: Past; act: Do }) {
  const { say } = useWords();
  const [asking, setAsking] = useState<Asking>(null);
  const [heardAt, setHeardAt] = useState<string | null>(null);
  const of = `recordings/${past.recording}`;
  const send = (what: string) => void act(`${of}/acts`, { act: what });
  const hear = async () => {
    const said = (await act(`${of}/hearing`, {})) as { path?: unknown } | null;
    setHeardAt(typeof said?.path === "string" ? said.path : null);
  };
  const isWorking = isOpen(past.work) && past.work?.act !== "prepare";
  if (asking !== null) {
    return (
      <Confirm
        question={say(asking === "publish" ? "past.publish_question" : "past.delete_question")}
        yes={say(asking === "publish" ? "past.publish_yes" : "past.delete_yes")}
        no={say("past.no")}
        onAnswer={(isSure) => {
          setAsking(null);
          if (isSure) send(asking);
        }}
      />
    );
  }
  const small = (label: string, onClick: () => void, isOff = false, more = "") => (
    <button type="button" class={`small ${more}`} disabled={isOff} onClick={onClick}>
      {label}
    </button>
  );
  const mayPublish = past.published === null && past.is_prepared;
  return (
    <>
      <div class="past-acts">
        {past.is_prepared
          ? small(say("past.hear"), () => void hear(), isWorking)
          : small(say("past.prepare"), () => send("prepare"), isOpen(past.work))}
        {mayPublish &&
          small(say("past.publish"), () => setAsking("publish"), !past.is_heard || isWorking)}
        {past.published !== null &&
          small(say("past.take_back"), () => send("take_back"), isWorking)}
        {small(say("past.delete"), () => setAsking("erase"), isWorking, "danger")}
      </div>
      {heardAt !== null && (
        <a class="past-open" href={heardAt} target="_blank" rel="noopener">
          {say("past.open")}
        </a>
      )}
      {mayPublish && !past.is_heard && <p class="soft">{say("past.hear_first")}</p>}
    </>
  );
}

/** How far it is; nothing once it is done. */
function Progress({ work }: { work: Work | null }) {
  const { say } = useWords();
  const words = work === null ? "" : wordsOf(work, say);
  const isFailed = work?.state === "failed";
  return (
    <>
      {words !== "" && (
        <p class={isFailed ? "refused" : "past-work"}>
          {words}
          {work?.percent != null && !isFailed && (
            <progress max={100} value={work.percent} aria-label={words} />
          )}
        </p>
      )}
      {/* The figure changes each second: what is read aloud is that it runs, and how it ended. */}
      <Announcement text={work !== null && isOpen(work) ? say(`past.act.${work.act}`) : words} />
    </>
  );
}

function wordsOf(work: Work, say: Say): string {
  const what = say(`past.act.${work.act}`);
  if (work.state === "done") return "";
  if (work.state === "failed") return say("past.failed", { why: work.why ?? "" });
  return work.percent === null
    ? say("past.working", { what })
    : say("past.percent", { what, percent: work.percent });
}
