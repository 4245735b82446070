import { sql } from "kysely";
import { later } from "../kernel/clock.ts";
import type { Tx } from "./store.ts";

/** Counters of what was tried and failed, by subject: an account, an address, an upload code's study. */
export const attempts = (tx: Tx) => ({
  /** When the last of these locks ends, or undefined when none holds. */
  async lockedUntil(subjects: readonly string[], now: Date): Promise<Date | undefined> {
    const row = await tx
      .selectFrom("attempt")
      .select(sql<Date | null>`max(locked_until)`.as("until"))
      .where("subject", "in", subjects)
      .where("locked_until", ">", now)
      .executeTakeFirst();
    return row?.until ?? undefined;
  },

  /**
   * Counts one failure in one statement, so that failures at the same moment are all counted. From the `failures`-th on
   * each one locks, twice as long as the one before.
   */
  async note(
    subject: string,
    now: Date,
    policy: { failures: number; firstLockMs: number; longestLockMs: number; forgetAfterMs: number },
  ): Promise<void> {
    const forgotten = later(now, -policy.forgetAfterMs);
    const count = sql<number>`case when attempt.last_at < ${forgotten} then 1 else attempt.failures + 1 end`;
    const lockFor = (
      failures: ReturnType<typeof sql<number>>,
    ) => sql<Date | null>`case when ${failures} < ${policy.failures} then null
      else ${now}::timestamptz + least(${policy.longestLockMs}, ${policy.firstLockMs} * power(2, least(${failures} - ${policy.failures}, 30))) * interval '1 millisecond' end`;
    await sql`insert into attempt (subject, failures, last_at, locked_until) values (${subject}, 1, ${now}, ${lockFor(sql<number>`1`)})
      on conflict (subject) do update set failures = ${count}, last_at = excluded.last_at, locked_until = ${lockFor(sql<number>`(${count})`)}`.execute(
      tx,
    );
  },

  /** Counts one call in a window that starts with its first. @returns the count, this one included, and when the window ends */
  async count(subject: string, now: Date, windowMs: number): Promise<{ calls: number; endsAt: Date }> {
    const over = sql<boolean>`attempt.last_at <= ${later(now, -windowMs)}`;
    const { rows } = await sql<{ failures: number; last_at: Date }>`
      insert into attempt (subject, failures, last_at, locked_until) values (${subject}, 1, ${now}, null)
      on conflict (subject) do update set failures = case when ${over} then 1 else attempt.failures + 1 end,
        last_at = case when ${over} then excluded.last_at else attempt.last_at end
      returning failures, last_at`.execute(tx);
    return { calls: rows[0]?.failures ?? 1, endsAt: later(rows[0]?.last_at ?? now, windowMs) };
  },

  /** @returns how many of them had failures */
  async clear(subjects: readonly string[]): Promise<number> {
    const { numDeletedRows } = await tx.deleteFrom("attempt").where("subject", "in", subjects).executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  },
});
