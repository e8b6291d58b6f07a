/** One unit, and what a host can do with it. */

import { useEffect, useState } from "preact/hooks";
import { useWords, type WordKey } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { LevelBar } from "../../ui/shell.tsx";
import { useStore } from "../../ui/store.ts";
import { Program } from "../../updates/program.tsx";
import { isUpdateUnderWay, updateWords } from "../../updates/words.ts";
import type { RoomView, UnitStatus } from "../../wire/messages.ts";
import type { HostApi, MadeLink } from "../api.ts";
import { isHostUnit } from "../asked.ts";
import { MoreButton } from "../fold.tsx";
import { LinkCard } from "../invites/link_card.tsx";
import type { Desk } from "../sound/desk.ts";
import { milliseconds } from "../sound/figures.ts";
import { MuteButton } from "../sound/mute.tsx";
import type { Watch } from "../watch/watch.ts";
import type { Quality } from "./quality.ts";

interface Props {
  desk: Desk;
  hub: HubClient;
  view: RoomView;
  api: HostApi;
  watch: Watch;
  unit: UnitStatus;
}

const QUALITIES: Record<Quality, WordKey> = {
  good: "link.good",
  fair: "link.fair",
  poor: "link.poor",
};

export function UnitRow(props: Props) {
  const { desk, view, watch, unit } = props;
  const { say } = useWords();
  const [isOpen, setOpen] = useState(false);
  const { source } = unit;
  const isMuted = source !== null && desk.setting(unit.unit, source).muted;
  const state = stateOf(unit, isMuted);
  const update = unit.software?.update ?? null;
  const turn = view.floor.find((one) => one.unit === unit.unit || one.place === unit.unit);
  const isRemote = source?.kind === "speaker";
  const acts = `unit-acts-${unit.unit}`;
  const quality = watch.links.quality(unit.unit);
  return (
    <li class={`unit is-${state}`}>
      <span class={`lamp ${state === "on_air" ? "is-red" : ""}`} aria-hidden="true" />
      <span class="unit-words">
        <span class="unit-name">{unit.name}</span>{" "}
        <span class="unit-state">{say(`host.${state}`)}</span>
        <Seats view={view} unit={unit.unit} />
        {state === "muted_there" && turn !== undefined && (
          <span class="warning" role="status">
            {say("unit.muted_in_turn", { name: turn.name })}
          </span>
        )}
        {update !== null && isUpdateUnderWay(update) && (
          <span class="seats">{updateWords(say, update)}</span>
        )}
        {quality !== null && quality !== "good" && unit.connected && (
          <span class="warning">{say(QUALITIES[quality])}</span>
        )}
      </span>
      <span class="row-acts">
        {source !== null && source.kept_out !== "returns" && (
          <MuteButton desk={desk} unit={unit} source={source} />
        )}
        {!isRemote && (
          <MoreButton
            name={unit.name}
            label={say("host.more")}
            isOpen={isOpen}
            controls={acts}
            onToggle={() => setOpen(!isOpen)}
          />
        )}
      </span>
      <LevelBar level_db={unit.connected ? unit.level_dbfs : null} />
      <div id={acts} class="more-acts" hidden={!isOpen}>
        {isOpen && <UnitActs {...props} quality={quality} />}
      </div>
    </li>
  );
}

/** Who sits there, by their own names. */
function Seats({ view, unit }: { view: RoomView; unit: string }) {
  const names = view.seats.filter((seat) => seat.unit === unit).map(({ name }) => name);
  if (names.length === 0) return null;
  return <span class="seats">{names.join(", ")}</span>;
}

function UnitActs({ hub, view, api, desk, unit, quality }: Props & { quality: Quality | null }) {
  const { say } = useWords();
  const { name } = unit;
  const seated = view.seats.filter((seat) => seat.unit === unit.unit);
  const isHosts = useStore(hub.room, (room) =>
    isHostUnit(room.view ?? view, room.waiting, unit.unit),
  );
  return (
    <>
      <Figures unit={unit} quality={quality} />
      {unit.software != null && (
        <Program version={unit.software.version} update={unit.software.update ?? null} />
      )}
      <button
        type="button"
        class="small"
        aria-label={say("unit.identify_name", { name })}
        onClick={() => hub.wish({ type: "identify", unit: unit.unit })}
      >
        {say("unit.identify")}
      </button>
      {unit.output !== null && (
        <button
          type="button"
          class="small"
          aria-label={say("unit.tone_name", { name })}
          onClick={() => desk.check(unit.unit)}
        >
          {say("unit.tone")}
        </button>
      )}
      {seated.map((seat) => (
        <button
          key={seat.participant}
          type="button"
          class="small"
          onClick={() => hub.wish({ type: "leave_seat", participant: seat.participant })}
        >
          {say("unit.free", { name: seat.name })}
        </button>
      ))}
      <label class="tick">
        <input
          type="checkbox"
          checked={isHosts}
          onChange={() => hub.wish({ type: "set_host_unit", unit: unit.unit, on: !isHosts })}
        />
        {say("unit.hosts")}
      </label>
      {unit.source?.kind === "microphone" && <SeatCode api={api} unit={unit} />}
    </>
  );
}

function Figures({ unit, quality }: { unit: UnitStatus; quality: Quality | null }) {
  const { say, language } = useWords();
  if (!unit.connected) return null;
  const delay_ms = unit.source?.delay_ms ?? null;
  const told = [
    quality === null ? "" : say(QUALITIES[quality]),
    delay_ms === null ? "" : say("sound.delay", { ms: milliseconds(language, delay_ms) }),
  ].filter((text) => text !== "");
  return told.length === 0 ? null : <p class="figures">{told.join(" · ")}</p>;
}

/** The code at a table: who scans it presses this button by their own name. */
function SeatCode({ api, unit }: { api: HostApi; unit: UnitStatus }) {
  const { say } = useWords();
  const [isAsked, setAsked] = useState(false);
  const [made, setMade] = useState<MadeLink | null>(null);
  const { name } = unit;
  useEffect(() => {
    if (isAsked) api.link({ kind: "seat", unit: unit.unit }).then(setMade);
  }, [isAsked, api, unit.unit]);
  return (
    <div class="seat-code">
      <button
        type="button"
        class="small"
        aria-expanded={isAsked}
        aria-label={say("unit.seat_name", { name })}
        onClick={() => setAsked(!isAsked)}
      >
        {say("unit.seat")}
      </button>
      {isAsked && made !== null && (
        <>
          <p class="soft">{say("unit.seat_hint")}</p>
          <LinkCard link={made.link} name={name} />
          {made.code !== null && <p class="code">{say("invites.code", { code: made.code })}</p>}
        </>
      )}
    </div>
  );
}

function stateOf(unit: UnitStatus, isMuted: boolean) {
  if (!unit.connected) return "away";
  // A feed that the hub refuses is muted too; that it is kept out says more.
  const why = unit.source?.kept_out;
  if (why !== null && why !== undefined) return "kept_out";
  if (unit.muted_there) return "muted_there";
  if (isMuted) return "muted";
  return unit.on_air ? "on_air" : "ready";
}
