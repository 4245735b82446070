import { sql } from "kysely";
import type { Tx } from "./store.ts";

/** A piece of queued background work. Delivered at least once; its handler is idempotent. */
export interface Errand {
  readonly id: number;
  readonly kind: string;
  readonly payload: Record<string, unknown>;
  readonly attempts: number;
  /** How often it was asked for when it was claimed. */
  readonly asked: number;
}

export interface ParkedErrand extends Errand {
  readonly error: string;
  readonly parkedAt: Date;
}

/** The key of an errand that comes round by itself. */
export const REPEATING = "repeating";

export interface NewErrand {
  readonly payload?: Record<string, unknown>;
  /** At most one errand of this kind and key waits or runs; adding it again wakes the one that is there. */
  readonly key?: string;
  readonly runAt?: Date;
}

export interface ErrandLag {
  /** How late the oldest due errand is. */
  readonly oldestSeconds: number;
  readonly waiting: number;
  readonly running: number;
  readonly parked: number;
}

const errandOf = (row: {
  id: number;
  kind: string;
  payload: Record<string, unknown>;
  attempts: number;
  asked: number;
}): Errand => ({
  id: row.id,
  kind: row.kind,
  payload: row.payload,
  attempts: row.attempts,
  asked: row.asked,
});

export const errands = (tx: Tx) => ({
  /** Queues work in the transaction that needs it: the state and its errand live or die together. */
  async add(kind: string, errand: NewErrand = {}): Promise<void> {
    await tx
      .insertInto("errand")
      .values({
        kind,
        payload: JSON.stringify(errand.payload ?? {}),
        unique_key: errand.key ?? null,
        ...(errand.runAt ? { run_at: errand.runAt } : {}),
      })
      .onConflict(on =>
        on
          .columns(["kind", "unique_key"])
          .where("unique_key", "is not", null)
          .doUpdateSet({
            run_at: errand.runAt ?? sql<Date>`now()`,
            payload: JSON.stringify(errand.payload ?? {}),
            parked_at: null,
            // A run in progress may have read the state before this change: it runs once more.
            asked: sql<number>`errand.asked + 1`,
            attempts: 0,
            error: null,
          }),
      )
      .execute();
  },

  /** Leases up to `limit` due errands to `holder`. A dead holder's errand is due again when its lease has run out. */
  async claim(holder: string, kinds: readonly string[], limit: number, leaseMs: number): Promise<Errand[]> {
    if (limit < 1 || kinds.length === 0) return [];
    const { rows } = await sql<{ id: number; kind: string; payload: Record<string, unknown>; attempts: number; asked: number }>`
      update errand set lease_by = ${holder}, lease_until = now() + ${leaseMs} * interval '1 millisecond', attempts = attempts + 1
      where id in (
        select id from errand
        where run_at <= now() and parked_at is null and (lease_until is null or lease_until < now()) and kind = any(${kinds as string[]})
        order by run_at, id limit ${limit} for update skip locked)
      returning id, kind, payload, attempts, asked`.execute(tx);
    return rows.map(errandOf);
  },

  /** Heartbeat. @returns the ids still held; one that is missing was taken over and must stop. */
  async extend(holder: string, ids: readonly number[], leaseMs: number): Promise<Set<number>> {
    const rows = await tx
      .updateTable("errand")
      .set({ lease_until: sql<Date>`now() + ${leaseMs} * interval '1 millisecond'` })
      .where("lease_by", "=", holder)
      .where("id", "in", ids)
      .returning("id")
      .execute();
    return new Set(rows.map(row => row.id));
  },

  /** Done: removed, unless it was asked for again while it ran. */
  async finish(errand: Errand, holder: string): Promise<void> {
    const done = await tx
      .deleteFrom("errand")
      .where("id", "=", errand.id)
      .where("lease_by", "=", holder)
      .where("asked", "=", errand.asked)
      .executeTakeFirst();
    if (Number(done.numDeletedRows) === 0) await this.release(errand.id, holder);
  },

  /** Asked for again while it ran: free for the next claim. */
  async release(id: number, holder: string): Promise<void> {
    await tx
      .updateTable("errand")
      .set({ lease_by: null, lease_until: null, attempts: 0 })
      .where("id", "=", id)
      .where("lease_by", "=", holder)
      .execute();
    await sql`select pg_notify('havre_errand', '')`.execute(tx);
  },

  /** Stopped in good order before it was done: the attempt does not count and anyone may go on at once. */
  async putBack(ids: readonly number[], holder: string): Promise<void> {
    if (ids.length === 0) return;
    await tx
      .updateTable("errand")
      .set({ lease_by: null, lease_until: null, attempts: sql<number>`greatest(attempts - 1, 0)` })
      .where("id", "in", ids)
      .where("lease_by", "=", holder)
      .execute();
  },

  async retryAt(id: number, holder: string, at: Date, error: string): Promise<void> {
    await tx
      .updateTable("errand")
      .set({ run_at: at, lease_by: null, lease_until: null, error })
      .where("id", "=", id)
      .where("lease_by", "=", holder)
      .execute();
  },

  async park(id: number, holder: string, error: string): Promise<void> {
    await tx
      .updateTable("errand")
      .set({ parked_at: sql<Date>`now()`, lease_by: null, lease_until: null, error })
      .where("id", "=", id)
      .where("lease_by", "=", holder)
      .execute();
  },

  async lag(): Promise<ErrandLag> {
    const { rows } = await sql<{ oldest: number; waiting: number; running: number; parked: number }>`
      select coalesce(extract(epoch from now() - min(run_at) filter (where parked_at is null and run_at <= now() and (lease_until is null or lease_until < now()))), 0)::float8 as oldest,
             count(*) filter (where parked_at is null and (lease_until is null or lease_until < now())) as waiting,
             count(*) filter (where lease_until >= now()) as running,
             count(*) filter (where parked_at is not null) as parked
      from errand`.execute(tx);
    const row = rows[0] ?? { oldest: 0, waiting: 0, running: 0, parked: 0 };
    return { oldestSeconds: row.oldest, waiting: row.waiting, running: row.running, parked: row.parked };
  },

  /** What waits for somebody to act, oldest first. */
  async parked(): Promise<ParkedErrand[]> {
    const rows = await tx
      .selectFrom("errand")
      .selectAll()
      .where("parked_at", "is not", null)
      .orderBy("parked_at")
      .limit(1000)
      .execute();
    return rows.map(row => ({ ...errandOf(row), error: row.error ?? "", parkedAt: row.parked_at ?? row.run_at }));
  },

  /** A parked errand, held to the end of the transaction. `repeats`: it comes round by itself. */
  async lockParked(id: number): Promise<(ParkedErrand & { readonly repeats: boolean }) | undefined> {
    const row = await tx
      .selectFrom("errand")
      .selectAll()
      .where("id", "=", id)
      .where("parked_at", "is not", null)
      .forUpdate()
      .executeTakeFirst();
    return (
      row && {
        ...errandOf(row),
        error: row.error ?? "",
        parkedAt: row.parked_at ?? row.run_at,
        repeats: row.unique_key === REPEATING,
      }
    );
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("errand").where("id", "=", id).execute();
  },

  /** @returns whether a parked errand has this number */
  async unpark(id: number): Promise<boolean> {
    const done = await tx
      .updateTable("errand")
      .set({ parked_at: null, attempts: 0, error: null, run_at: sql<Date>`now()` })
      .where("id", "=", id)
      .where("parked_at", "is not", null)
      .executeTakeFirst();
    return Number(done.numUpdatedRows) === 1;
  },

  /** Claims the turn of a repeating errand; only one process gets it. @returns true when this one did */
  async claimTurn(kind: string, everyMs: number): Promise<boolean> {
    await sql`insert into schedule (kind, next_at) values (${kind}, now()) on conflict do nothing`.execute(tx);
    const turn = await tx
      .updateTable("schedule")
      .set({ next_at: sql<Date>`now() + ${everyMs} * interval '1 millisecond'` })
      .where("kind", "=", kind)
      .where("next_at", "<=", sql<Date>`now()`)
      .executeTakeFirst();
    return Number(turn.numUpdatedRows) === 1;
  },
});
