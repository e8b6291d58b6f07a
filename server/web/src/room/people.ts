/** Who in the audience gave a name: asked of the hub while the list is open. */

export interface Listed {
  participant: string;
  name: string;
  avatar: string | null;
  in_hall: boolean;
  invited: boolean;
}

/** How often an open list is asked for anew. */
export const EVERY_MS = 5000;

/** Reads an answer of the hub; null: it is none. */
export function readPeople(answer: unknown): Listed[] | null {
  const people = (answer as { people?: unknown } | null)?.people;
  if (!Array.isArray(people)) return null;
  return people.flatMap((one: Partial<Record<keyof Listed, unknown>> | null) => {
    if (typeof one?.participant !== "string" || typeof one.name !== "string") return [];
    return [
      {
        participant: one.participant,
        name: one.name,
        avatar: typeof one.avatar === "string" ? one.avatar : null,
        in_hall: one.in_hall === true,
        invited: one.invited === true,
      },
    ];
  });
}

/** Those who were invited first, then by name. */
export function inOrder(people: readonly Listed[], language: string): Listed[] {
  return [...people].sort(
    (a, b) => Number(b.invited) - Number(a.invited) || a.name.localeCompare(b.name, language),
  );
}
