import type { Tx } from "./store.ts";

/** Hawk nonces that were used, shared by all processes. */
export const nonces = (tx: Tx) => ({
  /** @returns false when this very nonce was used before */
  async use(key: string, nonce: string, ts: number, expiresAt: Date): Promise<boolean> {
    const row = await tx
      .insertInto("nonce")
      .values({ key, nonce, ts, expires_at: expiresAt })
      .onConflict(on => on.doNothing())
      .returning("ts")
      .executeTakeFirst();
    return row !== undefined;
  },
});
