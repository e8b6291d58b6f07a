/** What a unit's program is and becomes: said on the operator's page and on the host's. */

import en from "./update.en.json";
import fr from "./update.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const UPDATE_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
