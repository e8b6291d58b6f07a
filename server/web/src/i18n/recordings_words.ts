/** The words of the host's recordings; loaded with that part of the console. */

import en from "./recordings.en.json";
import fr from "./recordings.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const RECORDINGS_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
