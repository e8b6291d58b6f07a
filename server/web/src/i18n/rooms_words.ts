/** The words that only the hub's front page says. */

import en from "./rooms.en.json";
import fr from "./rooms.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const ROOMS_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
