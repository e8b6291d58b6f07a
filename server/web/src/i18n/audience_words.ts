/** The words that only the audience's page says. */

import en from "./audience.en.json";
import fr from "./audience.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const AUDIENCE_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
