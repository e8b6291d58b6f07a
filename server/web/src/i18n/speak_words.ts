/** The words of speaking from a phone; loaded with that part of the audience's page. */

import en from "./speak.en.json";
import fr from "./speak.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const SPEAK_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
