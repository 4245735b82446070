import { sql } from "kysely";
import type { Tx } from "./store.ts";

/** Rows that only time makes useless. @returns how many went */
export async function removeExpired(tx: Tx): Promise<number> {
  const results = await Promise.all([
    tx.deleteFrom("nonce").where("expires_at", "<", sql<Date>`now()`).executeTakeFirst(),
    tx.deleteFrom("session").where("expires_at", "<", sql<Date>`now()`).executeTakeFirst(),
    tx.deleteFrom("attempt").where("last_at", "<", sql<Date>`now() - interval '1 day'`).executeTakeFirst(),
  ]);
  return results.reduce((sum, { numDeletedRows }) => sum + Number(numDeletedRows), 0);
}

/** Remembers the key that receipts are signed with; old receipts name old keys. */
export async function noteSigningKey(tx: Tx, publicKey: string): Promise<void> {
  await tx
    .insertInto("signing_key")
    .values({ public_key: publicKey })
    .onConflict(on => on.doNothing())
    .execute();
}

export async function signingKeys(tx: Tx): Promise<readonly { publicKey: string; firstSeenAt: Date }[]> {
  const rows = await tx.selectFrom("signing_key").selectAll().orderBy("first_seen_at", "desc").execute();
  return rows.map(row => ({ publicKey: row.public_key, firstSeenAt: row.first_seen_at }));
}
