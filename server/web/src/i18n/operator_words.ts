/** The words that only the operator's page says. */

import en from "./operator.en.json";
import fr from "./operator.fr.json";

// The type says it too: a key that one language lacks does not compile.
export const OPERATOR_WORDS: Record<"en" | "fr", Record<keyof typeof en, string>> = { en, fr };
