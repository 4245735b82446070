import { type Selectable, sql } from "kysely";
import { jsonText } from "./bulk.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

export interface EventRow {
  readonly id: number;
  readonly at: Date;
  readonly actor: string;
  readonly verb: string;
  readonly objectKind: string;
  readonly objectId: string;
  readonly studyId: number | undefined;
  readonly data: Record<string, unknown>;
}

const eventOf = (row: Selectable<Database["event"]>): EventRow => ({
  id: row.id,
  at: row.at,
  actor: row.actor,
  verb: row.verb,
  objectKind: row.object_kind,
  objectId: row.object_id,
  studyId: row.study_id ?? undefined,
  data: row.data,
});

export type NewEvent = Omit<EventRow, "id" | "at">;

/** Verb of an event by which nothing changed. */
export const READING = "study.read";

export const events = (tx: Tx) => ({
  async add(event: NewEvent): Promise<void> {
    await tx
      .insertInto("event")
      .values({
        actor: event.actor,
        verb: event.verb,
        object_kind: event.objectKind,
        object_id: event.objectId,
        study_id: event.studyId ?? null,
        data: JSON.stringify(event.data),
      })
      .execute();
  },

  /** Many, in their order. */
  async addAll(all: readonly NewEvent[]): Promise<void> {
    if (all.length === 0) return;
    const rows = all.map(({ actor, verb, objectKind, objectId, studyId = null, data }) => ({
      ...{ actor, verb, data },
      ...{ object_kind: objectKind, object_id: objectId, study_id: studyId },
    }));
    await sql`
      insert into event (actor, verb, object_kind, object_id, study_id, data)
      select actor, verb, object_kind, object_id, study_id, data
      from jsonb_populate_recordset(null::event, ${jsonText(rows)}::jsonb) with ordinality order by ordinality`.execute(tx);
  },

  /**
   * Notes that somebody read of these studies, as far as they are about people. The same reading is not noted again within
   * the hour: a page that refreshes itself would fill the log with what it says already.
   */
  async addReadings(actor: string, studyIds: readonly number[], data: Readonly<Record<string, unknown>>): Promise<void> {
    const what = sql`${JSON.stringify(data)}::jsonb`;
    await sql`
      insert into event (actor, verb, object_kind, object_id, study_id, data)
      select ${actor}, ${READING}, 'study', study.id::text, study.id, ${what} from study
      where id = any(${[...studyIds]}::bigint[]) and human_subject and not exists (
        select from event where object_kind = 'study' and object_id = study.id::text and verb = ${READING}
          and actor = ${actor} and data = ${what} and at > now() - interval '1 hour')`.execute(tx);
  },

  /** Committed events that no link of the chain covers yet, oldest first. */
  async unsealed(limit: number): Promise<EventRow[]> {
    const rows = await tx
      .selectFrom("event")
      .selectAll()
      .where("seal_seq", "is", null)
      .orderBy("id")
      .limit(limit)
      .forUpdate()
      .execute();
    return rows.map(eventOf);
  },

  async lastSeal(): Promise<{ seq: number; hash: string } | undefined> {
    const row = await tx
      .selectFrom("event")
      .select(["seal_seq", "seal_hash"])
      .where("seal_seq", "is not", null)
      .orderBy("seal_seq", "desc")
      .limit(1)
      .executeTakeFirst();
    return row ? { seq: row.seal_seq ?? 0, hash: row.seal_hash ?? "" } : undefined;
  },

  /** All of them in one statement. */
  async seal(links: readonly { readonly id: number; readonly seq: number; readonly hash: string }[]): Promise<void> {
    await sql`
      update event set seal_seq = link.seq, seal_hash = link.hash
      from unnest(${links.map(({ id }) => id)}::bigint[], ${links.map(({ seq }) => seq)}::bigint[], ${links.map(({ hash }) => hash)}::text[])
        as link (id, seq, hash)
      where event.id = link.id`.execute(tx);
  },

  /** One sealer at a time, held to the end of the transaction. */
  async lockChain(): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtext('havre.event.chain'))`.execute(tx);
  },

  /** The chain from `afterSeq` on, for whoever checks it. */
  async sealed(afterSeq: number, limit: number): Promise<(EventRow & { seq: number; hash: string })[]> {
    const rows = await tx
      .selectFrom("event")
      .selectAll()
      .where("seal_seq", ">", afterSeq)
      .orderBy("seal_seq")
      .limit(limit)
      .execute();
    return rows.map(row => ({ ...eventOf(row), seq: row.seal_seq ?? 0, hash: row.seal_hash ?? "" }));
  },
});
