import type { Tx } from "./store.ts";

/** What of tasks and elements of arrays is open to whoever has a token, by number. */
export const taskShares = (tx: Tx) => ({
  /** @returns the mark of those of these numbers that are shared */
  async marks(numbers: readonly number[]): Promise<Map<number, string>> {
    const rows = await tx.selectFrom("task_share").select(["number", "mark"]).where("number", "in", numbers).execute();
    return new Map(rows.map(row => [row.number, row.mark]));
  },

  async insert(number: number, taskId: number, mark: string): Promise<void> {
    await tx.insertInto("task_share").values({ number, task_id: taskId, mark }).execute();
  },

  /** @returns false when it was not shared */
  async remove(number: number): Promise<boolean> {
    const { numDeletedRows } = await tx.deleteFrom("task_share").where("number", "=", number).executeTakeFirst();
    return numDeletedRows > 0n;
  },
});
