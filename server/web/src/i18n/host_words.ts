/** The words that only the host's page says: the audience does not load them. */

import en from "./host.en.json";
import fr from "./host.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const HOST_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
