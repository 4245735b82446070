import type { Hop } from "../core/drops/model.ts";
import type { Tx } from "./store.ts";

export const custody = (tx: Tx) => ({
  /** In order. Call with the drop locked when a hop is to be added. */
  async ofDrop(dropId: number): Promise<Hop[]> {
    const rows = await tx.selectFrom("custody").selectAll().where("drop_id", "=", dropId).orderBy("seq").execute();
    return rows.map(row => ({
      seq: row.seq,
      hop: row.hop as Hop["hop"],
      at: row.at,
      by: row.by,
      facts: row.facts,
      previous: row.previous,
      hash: row.hash,
      signature: row.signature,
      publicKey: row.public_key,
    }));
  },

  async last(dropId: number): Promise<{ seq: number; hash: string } | undefined> {
    return tx
      .selectFrom("custody")
      .select(["seq", "hash"])
      .where("drop_id", "=", dropId)
      .orderBy("seq", "desc")
      .limit(1)
      .executeTakeFirst();
  },

  async add(dropId: number, hop: Hop): Promise<void> {
    await tx
      .insertInto("custody")
      .values({
        drop_id: dropId,
        seq: hop.seq,
        hop: hop.hop,
        at: hop.at,
        by: hop.by,
        facts: JSON.stringify(hop.facts),
        previous: hop.previous,
        hash: hop.hash,
        signature: hop.signature,
        public_key: hop.publicKey,
      })
      .execute();
  },
});
