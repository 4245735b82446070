import { sql } from "kysely";
import type { Tx } from "./store.ts";

/** What a self test found the last time. */
export interface SelfTestResult {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly at: Date;
}

/** Numbers that say how it goes. */
export interface HealthNumbers {
  readonly parkedDeliveries: number;
  readonly parkedMails: number;
  readonly runningBulks: number;
  readonly locks: number;
  readonly sessions: number;
  readonly databaseBytes: number;
  readonly postgres: string;
}

export const selfTests = (tx: Tx) => ({
  async all(): Promise<SelfTestResult[]> {
    return tx.selectFrom("self_test").selectAll().orderBy("name").execute();
  },

  async put(result: SelfTestResult): Promise<void> {
    await tx
      .insertInto("self_test")
      .values(result)
      .onConflict(on => on.column("name").doUpdateSet(result))
      .execute();
  },

  async numbers(): Promise<HealthNumbers> {
    const { rows } = await sql<HealthNumbers>`select
      (select count(*) from delivery join "drop" on "drop".id = drop_id
        where state = 'parked' and (blob_key is not null or external is not null)) as "parkedDeliveries",
      (select count(*) from mail where state = 'parked') as "parkedMails",
      (select count(*) from bulk where state = 'running') as "runningBulks",
      (select count(*) from attempt where locked_until > now()) as locks,
      (select count(*) from session where expires_at > now()) as sessions,
      pg_database_size(current_database()) as "databaseBytes",
      split_part(current_setting('server_version'), ' ', 1) as postgres`.execute(tx);
    return rows[0] as HealthNumbers;
  },
});
