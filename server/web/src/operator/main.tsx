/** The operator's page: a setup link or a session, and the house behind them. */

import { render } from "preact";
import { OPERATOR_WORDS } from "../i18n/operator_words.ts";
import { UPDATE_WORDS } from "../i18n/update_words.ts";
import { chooseLanguage, learnWords } from "../i18n/words.ts";
import { OperatorApi } from "./api.ts";
import { OperatorDesk } from "./desk.ts";
import { deviceStorage, KeyRing, takeSetupSecret } from "./key.ts";
import { pageNowMs } from "./now.ts";
import { Page } from "./page.tsx";

learnWords(OPERATOR_WORDS);
learnWords(UPDATE_WORDS);
chooseLanguage();
const desk = new OperatorDesk(
  new OperatorApi(),
  new KeyRing(deviceStorage()),
  {
    nowMs: pageNowMs,
    setTimer: (run, delayMs) => window.setTimeout(run, delayMs),
    clearTimer: (timer) => window.clearTimeout(timer),
    isHidden: () => document.hidden,
  },
  takeSetupSecret(location, history),
);
document.addEventListener("visibilitychange", () => desk.look());
window.addEventListener("online", () => desk.look());
window.addEventListener("hashchange", () => {
  const secret = takeSetupSecret(location, history);
  if (secret !== null) desk.offer(secret);
});
render(<Page desk={desk} />, document.getElementById("page") as HTMLElement);
