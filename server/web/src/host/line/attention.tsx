/** Follows the line: rings, counts and announces each new hand, unless the host wants quiet. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { keep, readKept, useWords } from "../../i18n/words.ts";
import { Announcement } from "../../ui/shell.tsx";
import type { RoomView } from "../../wire/messages.ts";
import { Bell, setBadge } from "./bell.ts";
import { countedTitle, NewHands } from "./news.ts";

const STORAGE_KEY = "parvis.host.bell";

/** Whether new hands ring on this device; kept. */
export function useBellSwitch(): [boolean, (rings: boolean) => void] {
  const [rings, setRings] = useState(() => readKept(STORAGE_KEY) !== "off");
  return [
    rings,
    (wanted) => {
      keep(STORAGE_KEY, wanted ? "on" : "off");
      setRings(wanted);
    },
  ];
}

interface Props {
  view: RoomView;
  rings: boolean;
}

/** Nothing to see: the sound, the title and the words for those who listen to the page. */
export function Attention({ view, rings }: Props) {
  const { say } = useWords();
  const known = useMemo(() => new NewHands(), []);
  const bell = useRef<Bell | null>(null);
  const [told, setTold] = useState("");
  const count = view.line.length;
  const title = countedTitle(count, say("page.host_of", { title: view.title }));
  useEffect(() => {
    document.title = title;
    setBadge(count);
  }, [title, count]);
  useEffect(() => {
    const fresh = known.look(view.line);
    const last = fresh.at(-1);
    if (last === undefined) return;
    setTold(say("line.raised", { name: last.name, count }));
    if (!rings) return;
    bell.current ??= new Bell();
    bell.current.ring();
  }, [view.line]);
  return <Announcement text={told} />;
}
