/** An attribute as it is written. `was` is what it was before, kept as it is while its text stays the same. */
export type Line = { id: number; name: string; text: string; was: unknown };

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export const linesOf = (attributes: Readonly<Record<string, unknown>>): Line[] =>
  Object.entries(attributes).map(([name, value], id) => ({ id, name, text: textOf(value), was: value }));

/** Texts stay texts, but for what was something else and still reads as it. A line without a name is none. */
export const attributesOut = (lines: readonly Line[]): Record<string, unknown> =>
  Object.fromEntries(
    lines.flatMap(({ name, text, was }) =>
      name.trim() === "" ? [] : [[name.trim(), was !== undefined && textOf(was) === text ? was : valueIn(text, was)]],
    ),
  );

function valueIn(text: string, was: unknown): unknown {
  if (was === undefined || typeof was === "string") return text.trim();
  try {
    return JSON.parse(text);
  } catch {
    return text.trim();
  }
}
