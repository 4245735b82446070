import { sql } from "kysely";
import type { Tx } from "./store.ts";

/**
 * Changes many rows, in as few statements as there are different sets of columns among them.
 * @param changes each row once; values as JSON has them: an object for jsonb, a date or its text for a time
 */
export async function changeRows(
  tx: Tx,
  table: "task" | "task_run",
  changes: readonly { readonly id: number; readonly columns: Readonly<Record<string, unknown>> }[],
): Promise<void> {
  const rows = sql.table(table);
  for (const [set, same] of Map.groupBy(changes, ({ columns }) => Object.keys(columns).sort().join())) {
    if (set === "") continue;
    const columns = set.split(",").map(name => sql`${sql.ref(name)} = fresh.${sql.ref(name)}`);
    const values = same.map(({ id, columns: own }) => ({ id, ...own }));
    await sql`
      update ${rows} set ${sql.join(columns)} from jsonb_populate_recordset(null::${rows}, ${jsonText(values)}::jsonb) fresh
      where ${rows}.id = fresh.id`.execute(tx);
  }
}

/** The database takes no NUL and no half of a pair in text; nothing that decides anything holds them. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? part.replaceAll("\0", "").toWellFormed() : part));
