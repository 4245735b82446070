import pg from "pg";
import { type Havre, until } from "../harness/havre.ts";

/** One question to the database behind a running Havre. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
export async function rows(havre: Pick<Havre, "database">, sql: string, values: readonly unknown[] = []): Promise<any[]> {
  const client = new pg.Client(havre.database.url);
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Moves the clock for deliveries that wait for their next try: they are due now. */
export const hurryDeliveries = (havre: Pick<Havre, "database">): Promise<unknown> =>
  rows(havre, "update errand set run_at = now() where kind = 'deliver' and lease_until is null and parked_at is null");

/** A repeating errand runs now, out of its turn. Resolves when it has run. */
export async function runNow(havre: Pick<Havre, "database">, kind: string): Promise<void> {
  await rows(
    havre,
    `insert into errand (kind, unique_key) values ($1, 'repeating')
     on conflict (kind, unique_key) where unique_key is not null do update set run_at = now(), asked = errand.asked + 1`,
    [kind],
  );
  await until(async () => (await rows(havre, "select 1 from errand where kind = $1", [kind])).length === 0, `${kind} to run`);
}
