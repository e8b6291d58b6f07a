/** The words that only the hall's screen says. */

import en from "./screen.en.json";
import fr from "./screen.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const SCREEN_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
