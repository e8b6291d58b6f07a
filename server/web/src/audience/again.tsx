/** What can be heard again at this link, and what was said before one came. */

import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import type { RoomLink } from "./link.ts";
import { apiPath, askHub, ownPath, type Replays, readReplays } from "./room_api.ts";

interface Props {
  hub: HubClient;
  link: RoomLink;
}

/** Of a room that is over. */
export function HearAgain({ hub, link }: Props) {
  const { say, language } = useWords();
  const known = useReplays(link);
  if (known === null) return null;
  const begun = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
  if (known.replays.length === 0) return <p class="soft">{say("ended.no_recording")}</p>;
  return (
    <div class="again">
      {known.replays.map(({ path, title, begun_utc_ms }) => (
        <Hear key={path} hub={hub} link={link} isOpen={known.is_open} path={path}>
          {say("ended.hear", { title, when: begun.format(begun_utc_ms) })}
        </Hear>
      ))}
    </div>
  );
}

/** Of a room that is live, for those who come late. */
export function FromTheBeginning({ hub, link }: Props) {
  const { say } = useWords();
  const known = useReplays(link);
  if (known === null || known.now === null) return null;
  return (
    <Hear hub={hub} link={link} isOpen={known.is_open} path={`${known.now}#play`}>
      {say("room.from_the_beginning")}
    </Hear>
  );
}

function useReplays(link: RoomLink): Replays | null {
  const [known, setKnown] = useState<Replays | null>(null);
  useEffect(() => {
    let isShown = true;
    askHub(apiPath(link, "replays"), link)
      .then((answer) => answer?.json())
      .then((said) => isShown && setKnown(readReplays(said)))
      .catch(() => {}); // not JSON: then it is not told
    return () => {
      isShown = false;
    };
  }, [link]);
  return known;
}

interface HearProps extends Props {
  isOpen: boolean;
  path: string;
  children: string;
}

/** A link; of a room that is not open, by a path of one's own, which is asked for with the tap. */
function Hear({ hub, link, isOpen, path, children }: HearProps) {
  const { say } = useWords();
  const [isRefused, setRefused] = useState(false);
  const isElsewhere = path.startsWith("https://");
  if (isOpen || isElsewhere) {
    return (
      <a class="big hear" href={isElsewhere ? path : `/r/${encodeURIComponent(link.room)}/${path}`}>
        {children}
      </a>
    );
  }
  const go = async () => {
    const own = await ownPath(link, hub.token);
    setRefused(own === null);
    if (own !== null) location.assign(own + path);
  };
  return (
    <>
      <button type="button" class="big hear" onClick={() => void go()}>
        {children}
      </button>
      <p role="alert" class={isRefused ? "soft" : "visually-hidden"}>
        {isRefused ? say("ended.not_heard") : ""}
      </p>
    </>
  );
}
