/** The words that only the replay page says. */

import en from "./replay.en.json";
import fr from "./replay.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const REPLAY_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
