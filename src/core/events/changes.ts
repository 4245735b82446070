/** What a field was and what it is now. */
export type Changes = Readonly<Record<string, readonly [before: unknown, after: unknown]>>;

/** A longer text is cut: the log says what kind of change it was, not the whole of a description. */
const MOST_CHARACTERS = 1000;

/**
 * The fields that differ, for the `changes` of an event. A field that refers to another object loses its "Id": `ownerId` is told
 * as `owner`. Sealed and hashed fields do not belong in here; an event names them in `replaced`.
 */
export function changesBetween<T extends object>(before: T, after: Partial<T>): Changes {
  const fields = Object.keys(after) as (keyof T & string)[];
  return Object.fromEntries(
    fields
      .map(field => [field.replace(/Id$/, ""), [plain(before[field]), plain(after[field])]] as const)
      .filter(([, [was, is]]) => JSON.stringify(was) !== JSON.stringify(is)),
  );
}

export const isEmpty = (changes: Changes): boolean => Object.keys(changes).length === 0;

function plain(value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === "string" && value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
}
