/** The hub's front page: type a room's code, or choose one of the open rooms. */

import { render } from "preact";
import { useEffect } from "preact/hooks";
import { ROOMS_WORDS } from "../i18n/rooms_words.ts";
import { chooseLanguage, learnWords, useWords } from "../i18n/words.ts";
import { Header } from "../ui/shell.tsx";
import { codeOfPath } from "./code.ts";
import { CodeForm } from "./code_form.tsx";
import { RoomList } from "./room_list.tsx";

function Page({ given }: { given: string }) {
  const { say } = useWords();
  const title = say("page.title", { title: say("rooms.title") });
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <Header />
      <main class="front">
        <h1>{say("rooms.title")}</h1>
        <CodeForm given={given} />
        <RoomList />
      </main>
    </>
  );
}

learnWords(ROOMS_WORDS);
chooseLanguage();
const given = codeOfPath(location.pathname);
// A code may open a room that is not for everybody: it stays in no history and no screenshot.
if (given !== "") history.replaceState(null, "", "/c");
render(<Page given={given} />, document.getElementById("page") as HTMLElement);
