/** Who is signed in, the way out, and the way in for one more. */

import { useState } from "preact/hooks";
import { Confirm } from "../host/confirm.tsx";
import { Fold } from "../host/fold.tsx";
import { counted } from "../host/sound/figures.ts";
import { type Say, useWords } from "../i18n/words.ts";
import { useAct } from "./act.ts";
import { readSetupLink, type Session, type SetupLink } from "./answers.ts";
import { part } from "./api.ts";
import type { OperatorDesk } from "./desk.ts";
import { agoWords, moment } from "./times.ts";
import { faultWords } from "./words.ts";

interface Props {
  desk: OperatorDesk;
  sessions: readonly Session[];
}

export function Sessions({ desk, sessions }: Props) {
  const { say, language } = useWords();
  const hint = counted(
    say,
    language,
    sessions.length,
    "sessions.count_one",
    "sessions.count_other",
  );
  return (
    <Fold title={say("sessions.title")} hint={hint}>
      {() => (
        <>
          <ul class="rows">
            {sessions.map((session) => (
              <SessionRow key={session.id} desk={desk} session={session} />
            ))}
          </ul>
          <Invite desk={desk} />
        </>
      )}
    </Fold>
  );
}

function SessionRow({ desk, session }: { desk: OperatorDesk; session: Session }) {
  const { say, language } = useWords();
  const { name, current } = session;
  return (
    <li class={current ? "session is-current" : "session"}>
      <div class="who">
        <h3>
          {name} {current && <span class="tag">{say("sessions.this")}</span>}
        </h3>
        <p class="soft">{sessionWords(say, language, session, Date.now())}</p>
      </div>
      {current ? (
        <button type="button" class="small plain" onClick={() => desk.signOut()}>
          {say("sessions.sign_out")}
        </button>
      ) : (
        <Revoke desk={desk} session={session} />
      )}
    </li>
  );
}

/** When it was used, from where, and when it ends whatever happens. */
export function sessionWords(say: Say, language: string, session: Session, nowMs: number): string {
  const { lastSeenUtcMs, address, expiresUtcMs } = session;
  const seen = lastSeenUtcMs === null ? null : agoWords(nowMs - lastSeenUtcMs, language);
  const told = [
    lastSeenUtcMs === null ? "" : say("sessions.seen", { when: seen ?? say("sessions.now") }),
    address === null ? "" : say("op.from", { address }),
    expiresUtcMs === null
      ? ""
      : say("sessions.ends", { when: moment(expiresUtcMs, nowMs, language) }),
  ];
  return told.filter((words) => words !== "").join(" · ");
}

function Revoke({ desk, session }: { desk: OperatorDesk; session: Session }) {
  const { say } = useWords();
  const { fault, run } = useAct();
  const [isAsking, setAsking] = useState(false);
  const { id, name } = session;
  if (isAsking) {
    return (
      <Confirm
        question={say("sessions.revoke_ask", { name })}
        yes={say("sessions.revoke")}
        no={say("pair.first_use_no")}
        onAnswer={(isSure) => {
          setAsking(false);
          if (isSure) run(() => desk.act("DELETE", `sessions/${part(id)}`));
        }}
      />
    );
  }
  return (
    <>
      <button
        type="button"
        class="small danger"
        aria-label={say("sessions.revoke_name", { name })}
        onClick={() => setAsking(true)}
      >
        {say("sessions.revoke")}
      </button>
      <p class="refused" role="alert">
        {fault !== null && faultWords(say, fault)}
      </p>
    </>
  );
}

/** A link for one more operator: shown once, and only to be copied. */
function Invite({ desk }: { desk: OperatorDesk }) {
  const { say } = useWords();
  const { isBusy, fault, run } = useAct();
  const [made, setMade] = useState<SetupLink | null>(null);
  const make = async () => {
    const answer = await desk.ask("POST", "setup", {});
    if ("fault" in answer) return answer.fault;
    setMade(readSetupLink(answer.is));
    return null;
  };
  return (
    <section class="setup" aria-label={say("sessions.invite")}>
      <p class="soft">{say("sessions.more")}</p>
      <button type="button" class="small plain" aria-disabled={isBusy} onClick={() => run(make)}>
        {say("sessions.invite")}
      </button>
      <p class="refused" role="alert">
        {fault !== null && faultWords(say, fault)}
      </p>
      <div role="status">
        {made !== null && (
          <>
            <p class="print">
              <code>{made.link}</code>
            </p>
            <p class="soft">{say("sessions.invited", { minutes: made.minutes })}</p>
          </>
        )}
      </div>
      {made !== null && <Copy text={made.link} />}
    </section>
  );
}

function Copy({ text }: { text: string }) {
  const { say } = useWords();
  const [copied, setCopied] = useState("");
  // The clipboard wants a secure context; elsewhere the link can be selected.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return null;
  return (
    <button
      type="button"
      class="small plain"
      onClick={() => clipboard.writeText(text).then(() => setCopied(text))}
    >
      {say(copied === text ? "sessions.copied" : "sessions.copy")}
    </button>
  );
}
