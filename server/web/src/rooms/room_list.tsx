/** The open rooms: on now, to come, over. */

import { useEffect, useState } from "preact/hooks";
import { useWords, type WordKey } from "../i18n/words.ts";
import { listRooms } from "./hub.ts";
import { type ListedRoom, sortRooms } from "./list.ts";
import { languageName, whenBegins } from "./when.ts";

/** A page left open in a hall still finds the evening; a thousand of them ask 17 times a second. */
const LOOK_AGAIN_MS = 60_000;

export function RoomList() {
  const { say } = useWords();
  const rooms = useRooms();
  if (rooms === "unknown") {
    return (
      <p class="nothing" role="status">
        {say("rooms.no_list")}
      </p>
    );
  }
  if (rooms === null) return null;
  if (rooms.length === 0) return <p class="nothing">{say("rooms.nothing")}</p>;
  const { live, soon, ended } = sortRooms(rooms);
  return (
    <>
      <Group title="rooms.live" rooms={live} />
      <Group title="rooms.soon" rooms={soon} />
      <Group title="rooms.ended" rooms={ended} />
    </>
  );
}

/** Null until the hub has said; the last list stays while it says nothing. */
function useRooms(): ListedRoom[] | "unknown" | null {
  const [rooms, setRooms] = useState<ListedRoom[] | "unknown" | null>(null);
  useEffect(() => {
    const look = async () => {
      if (document.hidden) return;
      const found = await listRooms();
      setRooms((known) => found ?? (Array.isArray(known) ? known : "unknown"));
    };
    void look();
    const timer = window.setInterval(look, LOOK_AGAIN_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return rooms;
}

interface GroupProps {
  title: WordKey & ("rooms.live" | "rooms.soon" | "rooms.ended");
  rooms: readonly ListedRoom[];
}

function Group({ title, rooms }: GroupProps) {
  const { say } = useWords();
  if (rooms.length === 0) return null;
  return (
    <section class="group" aria-labelledby={title}>
      <h2 id={title}>
        {title === "rooms.live" && <span class="on-air" aria-hidden="true" />}
        {say(title)}
      </h2>
      <ul class="rooms">
        {rooms.map((room) => (
          <Room key={room.room} room={room} />
        ))}
      </ul>
    </section>
  );
}

function Room({ room }: { room: ListedRoom }) {
  const { say, language } = useWords();
  return (
    <li class={`card room is-${room.phase}`}>
      <h3 lang={room.language}>
        <a href={`/r/${encodeURIComponent(room.room)}`}>{room.title}</a>
      </h3>
      <p class="soft">
        <Begins room={room} />
        <span>{languageName(room.language, language)}</span>
      </p>
      {room.topics.length > 0 && (
        <ul class="topics" aria-label={say("rooms.topics")} lang={room.language}>
          {room.topics.map((topic) => (
            <li key={topic}>{topic}</li>
          ))}
        </ul>
      )}
    </li>
  );
}

function Begins({ room }: { room: ListedRoom }) {
  const { say, language } = useWords();
  if (room.phase === "live" || room.phase === "ended") return null;
  if (room.phase === "scheduled" && room.beginsUtcMs === null) {
    return <span>{say("rooms.undated")}</span>;
  }
  const when = whenBegins(room.beginsUtcMs, Date.now(), language);
  if (room.phase === "backstage" || when === null) return <span>{say("rooms.begins_soon")}</span>;
  const { day, time } = when;
  return (
    <time dateTime={new Date(room.beginsUtcMs ?? 0).toISOString()}>
      {day === null ? say("rooms.today", { time }) : say("rooms.when", { day, time })}
    </time>
  );
}
