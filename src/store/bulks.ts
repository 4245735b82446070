import { type Selectable, sql } from "kysely";
import type { Bulk, Choice, Listing } from "../core/administration/model.ts";
import { chosen } from "./listings.ts";
import { relation } from "./relations.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

export interface BulkItem {
  readonly id: number;
  readonly objectId: string;
}

const bulkOf = (row: Selectable<Database["bulk"]>): Bulk => ({
  id: row.id,
  personId: row.person_id ?? undefined,
  kind: row.kind,
  action: row.action,
  input: row.input,
  total: row.total,
  state: row.state as Bulk["state"],
});

/** Acts on many objects. The items are fixed when an act starts, whatever happens to the list later. */
export const bulks = (tx: Tx) => ({
  async add(bulk: Pick<Bulk, "personId" | "kind" | "action" | "input">): Promise<number> {
    const { id } = await tx
      .insertInto("bulk")
      .values({ person_id: bulk.personId ?? null, kind: bulk.kind, action: bulk.action, input: JSON.stringify(bulk.input) })
      .returning("id")
      .executeTakeFirstOrThrow();
    return id;
  },

  /** The named objects, each once, in their order; those that are not there are told of when their turn comes. */
  async addNamed(id: number, listing: Listing, ids: readonly string[]): Promise<number> {
    const { numAffectedRows } = await sql`
      insert into bulk_item (bulk_id, object_id, title)
      select ${id}, named.id, coalesce(r.${sql.ref(listing.title)}::text, '')
      from unnest(${[...new Set(ids)]}::text[]) with ordinality as named (id, place)
      left join ${relation(listing.relation)} r on r.id::text = named.id order by named.place`.execute(tx);
    return Number(numAffectedRows ?? 0);
  },

  /** All that match now, the oldest first, at most `most`. @returns how many */
  async addMatching(id: number, listing: Listing, choice: Choice, most: number): Promise<number> {
    const { numAffectedRows } = await sql`
      insert into bulk_item (bulk_id, object_id, title)
      select ${id}, r.id::text, coalesce(r.${sql.ref(listing.title)}::text, '')
      from ${relation(listing.relation)} r where ${chosen(listing, choice)} order by r.id limit ${most}`.execute(tx);
    return Number(numAffectedRows ?? 0);
  },

  async setTotal(id: number, total: number): Promise<void> {
    await tx.updateTable("bulk").set({ total }).where("id", "=", id).execute();
  },

  async byId(id: number): Promise<Bulk | undefined> {
    const row = await tx.selectFrom("bulk").selectAll().where("id", "=", id).executeTakeFirst();
    return row && bulkOf(row);
  },

  /** The next item that nobody has done or is doing, held to the end of the transaction. */
  async nextItem(id: number): Promise<BulkItem | undefined> {
    const { rows } = await sql<{ id: number; object_id: string }>`
      select id, object_id from bulk_item where bulk_id = ${id} and outcome is null
      order by id limit 1 for update skip locked`.execute(tx);
    return rows[0] && { id: rows[0].id, objectId: rows[0].object_id };
  },

  async note(id: number, item: BulkItem, outcome: "done" | "refused", message: string): Promise<void> {
    const noted = await tx
      .updateTable("bulk_item")
      .set({ outcome, message, finished_at: sql<Date>`now()` })
      .where("id", "=", item.id)
      .where("outcome", "is", null)
      .executeTakeFirst();
    if (Number(noted.numUpdatedRows) === 0) return;
    const counter = outcome === "done" ? ("done" as const) : ("refused" as const);
    await sql`update bulk set ${sql.ref(counter)} = ${sql.ref(counter)} + 1 where id = ${id}`.execute(tx);
  },

  /** Only a running one ends. @returns its counts, or undefined when it had ended or has items left that somebody is doing */
  async end(id: number, state: "done" | "stopped"): Promise<{ done: number; refused: number } | undefined> {
    const left = sql<boolean>`exists (select from bulk_item where bulk_id = ${id} and outcome is null)`;
    return tx
      .updateTable("bulk")
      .set({ state, finished_at: sql<Date>`now()` })
      .where("id", "=", id)
      .where("state", "=", "running")
      .where(sql<boolean>`(${state} = 'stopped' or not ${left})`)
      .returning(["done", "refused"])
      .executeTakeFirst();
  },
});
