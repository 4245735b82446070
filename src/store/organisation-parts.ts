import { sql } from "kysely";
import type { Tx } from "./store.ts";

/** An organisation, a faculty of it, a field of study of that: each hangs on the one before. */
export type PartTable = "organisation" | "faculty" | "study_field";

export interface PartRow {
  readonly id: number;
  readonly name: string;
  readonly email?: string;
  readonly website?: string;
  readonly ror?: string | null;
}
export type NewPart = Omit<PartRow, "id"> & { readonly organisation_id?: number; readonly faculty_id?: number };

/** What would be lost or left hanging when a part went. */
const DEPENDANTS = {
  organisation: [
    ["faculty", "organisation_id"],
    ["person", "organisation_id"],
    ["study", "organisation_id"],
    ["offering", "organisation_id"],
    ["resource", "organisation_id"],
  ],
  faculty: [
    ["study_field", "faculty_id"],
    ["person", "faculty_id"],
  ],
  study_field: [["study", "field_id"]],
} as const satisfies Record<PartTable, readonly (readonly [table: string, column: string])[]>;

/** Writes parts of organisations, of whichever table. A taken name and a missing parent fail: see `isTaken`, `isReferenced`. */
export const organisationParts = (tx: Tx, table: PartTable) => ({
  /** Held to the end of the transaction. */
  async lock(id: number): Promise<PartRow | undefined> {
    const { rows } = await sql<PartRow>`select * from ${sql.table(table)} where id = ${id} for update`.execute(tx);
    return rows[0];
  },

  async insert(part: NewPart): Promise<PartRow> {
    const entries = Object.entries(part);
    const { rows } = await sql<PartRow>`
      insert into ${sql.table(table)} (${sql.join(entries.map(([column]) => sql.ref(column)))})
      values (${sql.join(entries.map(([, value]) => value))}) returning *`.execute(tx);
    return rows[0] as PartRow;
  },

  async update(id: number, changes: Partial<PartRow>): Promise<void> {
    const sets = Object.entries(changes).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
    await sql`update ${sql.table(table)} set ${sql.join([...sets, sql`updated_at = now()`])} where id = ${id}`.execute(tx);
  },

  async remove(id: number): Promise<void> {
    await sql`delete from ${sql.table(table)} where id = ${id}`.execute(tx);
  },

  /** Tables with rows that hang on this part. */
  async dependants(id: number): Promise<string[]> {
    const found: string[] = [];
    for (const [dependant, column] of DEPENDANTS[table]) {
      const { rows } = await sql`select 1 from ${sql.table(dependant)} where ${sql.ref(column)} = ${id} limit 1`.execute(tx);
      if (rows.length > 0) found.push(dependant);
    }
    return found;
  },
});
