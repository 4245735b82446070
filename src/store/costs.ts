import { sql } from "kysely";
import type { AdjustmentState, Correction, Crossing } from "../core/costs/model.ts";
import type { Unit } from "../core/ledger/model.ts";
import type { Tx } from "./store.ts";

const CORRECTION = sql`ledger_adjustment.id, study_id as "studyId", unit, amount, reason, state, asked_by_id as "askedById", asker.username as "askedBy",
  decider.username as "decidedBy", decided_at as "decidedAt", ledger_adjustment.created_at as "createdAt"`;
const CORRECTIONS = sql`ledger_adjustment join person asker on asker.id = asked_by_id left join person decider on decider.id = decided_by_id`;

export interface RunningRow {
  readonly task: number;
  readonly name: string;
  readonly since: Date;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
}

export const costs = (tx: Tx) => ({
  /** Runs of the study's tasks that go on, the oldest first. */
  async running(study: number, limit: number): Promise<RunningRow[]> {
    const { rows } = await sql<RunningRow>`
      select task.id as task, task.name, run.started_at as since, run.cpu, run.memory_mib as "memoryMib", run.gpus
      from task_run run join task on task.id = run.task_id
      where task.study_id = ${study} and run.is_last and run.started_at is not null and run.ended_at is null order by run.started_at limit ${limit}`.execute(
      tx,
    );
    return rows;
  },

  async corrections(study: number): Promise<Correction[]> {
    const { rows } = await sql<Correction>`
      select ${CORRECTION} from ${CORRECTIONS} where study_id = ${study} order by ledger_adjustment.id desc limit 1000`.execute(
      tx,
    );
    return rows;
  },

  /** Held to the end of the transaction. */
  async lockCorrection(id: number): Promise<Correction | undefined> {
    await sql`select from ledger_adjustment where id = ${id} for update`.execute(tx);
    const { rows } = await sql<Correction>`select ${CORRECTION} from ${CORRECTIONS} where ledger_adjustment.id = ${id}`.execute(
      tx,
    );
    return rows[0];
  },

  async ask(correction: { study_id: number; unit: Unit; amount: number; reason: string; asked_by_id: number }): Promise<number> {
    return (await tx.insertInto("ledger_adjustment").values(correction).returning("id").executeTakeFirstOrThrow()).id;
  },

  async decide(id: number, state: AdjustmentState, by: number, at: Date): Promise<void> {
    await tx.updateTable("ledger_adjustment").set({ state, decided_by_id: by, decided_at: at }).where("id", "=", id).execute();
  },

  /**
   * Budgets of studies that have passed one of these shares and whose people were not told; noted as told from now on. A budget that has
   * room again is told of anew.
   */
  async crossings(percents: readonly number[], at: Date): Promise<Crossing[]> {
    const used = sql`greatest(0, account.granted - account.balance - coalesce(held.balance, 0))`;
    await sql`
      delete from ledger_notice using ledger_account account left join ledger_account held on held.holder_kind = account.holder_kind
        and held.holder_id = account.holder_id and held.unit = account.unit and held.purpose = 'held'
      where account.id = ledger_notice.account_id and (not account.limited or ${used} * 100 < percent * account.granted)`.execute(
      tx,
    );
    const { rows } = await sql<Crossing>`
      with passed as (
        select account.id, account.holder_id, account.unit, account.granted, ${used} as used, percent
        from ledger_account account left join ledger_account held on held.holder_kind = account.holder_kind and held.holder_id = account.holder_id
          and held.unit = account.unit and held.purpose = 'held'
        cross join unnest(${percents as number[]}::int[]) percent
        where account.holder_kind = 'study' and account.purpose = 'available' and account.limited and account.granted > 0
          and ${used} * 100 >= percent * account.granted),
      told as (insert into ledger_notice (account_id, percent, at) select id, percent, ${at} from passed on conflict do nothing returning account_id, percent)
      select distinct on (passed.id) passed.id as "accountId", holder_id as "studyId", unit, passed.percent, granted, used
      from passed join told on told.account_id = passed.id and told.percent = passed.percent order by passed.id, passed.percent desc`.execute(
      tx,
    );
    return rows;
  },
});
