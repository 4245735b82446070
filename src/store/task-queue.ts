import { sql } from "kysely";
import type { Quotas, Used } from "../core/tasks/model.ts";
import type { Tx } from "./store.ts";

/** A task that could start now, as far as the choice needs to know it. */
export interface QueuedRow {
  readonly id: number;
  readonly personId: number;
  /** 0: none. */
  readonly studyId: number;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly walltimeSeconds: number;
  readonly labels: readonly string[];
  readonly avoid: readonly string[];
  readonly ports: readonly number[];
  /** Elements that could start; 1 for a task. */
  readonly left: number;
  readonly isArray: boolean;
  readonly queuedAt: Date;
  /** It waits for others, which its cluster has: see `followers`. */
  readonly waits: boolean;
}

export interface Share {
  readonly quotas: Quotas;
  /** Within the window, for quotas. */
  readonly used: Used;
  /** The same, of which older days weigh less. */
  readonly recent: Used;
}

interface ShareRow {
  readonly id: number;
  readonly prio: number;
  readonly quota_seconds: number;
  readonly quota_cpu: number;
  readonly quota_memory_mib: number;
  readonly quota_gpus: number;
  readonly used: Used | null;
  readonly recent: Used | null;
}

/** @param pair with `study` */
const queuedColumns = sql`head.id, head.person_id as "personId", coalesce(head.study_id, 0) as "studyId", head.cpu, head.memory_mib as "memoryMib",
  head.gpus, head.walltime_seconds as "walltimeSeconds", head.spec -> 'labels' as labels, head.failed_nodes as avoid, head.spec -> 'ports' as ports,
  case when elements = 0 then 1 else elements - next_element + cardinality(again) end as left, elements > 0 as "isArray",
  head.queued_at as "queuedAt", head.waits_for > 0 as waits`;

const NONE: Used = { tasks: 0, cpu: 0, memoryMib: 0, gpus: 0, seconds: 0 };
const shareOf = (row: ShareRow): Share => ({
  quotas: {
    prio: row.prio,
    seconds: row.quota_seconds,
    cpu: row.quota_cpu,
    memoryMib: row.quota_memory_mib,
    gpus: row.quota_gpus,
  },
  used: row.used ?? NONE,
  recent: row.recent ?? NONE,
});

const sums = (
  factor = sql`1`,
) => sql`json_build_object('tasks', coalesce(sum(tasks), 0), 'cpu', coalesce(sum(cpu * ${factor}), 0),
  'memoryMib', coalesce(sum(memory_mib * ${factor}), 0), 'gpus', coalesce(sum(gpus * ${factor}), 0), 'seconds', coalesce(sum(seconds * ${factor}), 0))`;

export const taskQueue = (tx: Tx) => ({
  /** One chooser for a cluster at a time, to the end of the transaction. @returns false when another is at it */
  async tryLock(cluster: string): Promise<boolean> {
    const { rows } = await sql<{
      got: boolean;
    }>`select pg_try_advisory_xact_lock(hashtext(${`havre.task.queue:${cluster}`})) as got`.execute(tx);
    return rows[0]?.got === true;
  },

  /**
   * The first of each person and study that have something to start, in the order in which they came: some `most` in all, and at least
   * four of each. Costs as much as there are such pairs, however many wait behind.
   */
  async heads(cluster: string, most: number): Promise<QueuedRow[]> {
    const { rows } = await sql<QueuedRow>`
      with recursive pair as (
        (select person_id, coalesce(study_id, 0) as study from task where open and cluster = ${cluster}
         order by person_id, coalesce(study_id, 0) limit 1)
        union all
        select next.person_id, next.study from pair, lateral (
          select person_id, coalesce(study_id, 0) as study from task
          where open and cluster = ${cluster} and (person_id, coalesce(study_id, 0)) > (pair.person_id, pair.study)
          order by person_id, coalesce(study_id, 0) limit 1) next)
      select ${queuedColumns}
      from pair, lateral (
        select * from task where open and cluster = ${cluster} and person_id = pair.person_id and coalesce(study_id, 0) = pair.study
        order by id limit (select greatest(4, least(64, ${most}::integer / count(*))) from pair)) head
      order by head.id`.execute(tx);
    return rows;
  },

  /**
   * Tasks that wait only for single tasks which this cluster has and which cannot come back by themselves: a cluster that keeps
   * dependencies may have them too. Costs as much as there are runs.
   */
  async followers(cluster: string, limit: number): Promise<QueuedRow[]> {
    const { rows } = await sql<QueuedRow>`
      select ${queuedColumns} from task head
      where head.id in (
        select task_parent.task_id from task_run run join task_parent on parent_id = run.task_id
        where run.cluster = ${cluster} and run.state in ('handed', 'running', 'suspended') and run.element = -1)
      and head.cluster = ${cluster} and head.state = 'pending' and head.wish is null and head.elements = 0 and head.waits_for > 0
      and not exists (
        select from task_parent left join task parent on parent.id = parent_id
          left join task_run run on run.task_id = parent.id and run.element = -1 and run.is_last
        where task_parent.task_id = head.id and (run.state is null or run.state not in ('handed', 'running', 'suspended')
          or run.cluster <> ${cluster} or parent.wish is not null or parent.retries > parent.failures))
      order by head.id limit ${limit}`.execute(tx);
    return rows;
  },

  /** One task, whether its turn has come or not. */
  async row(id: number): Promise<QueuedRow | undefined> {
    const { rows } = await sql<QueuedRow>`select ${queuedColumns} from task head where head.id = ${id}`.execute(tx);
    return rows[0];
  },

  async openCount(cluster?: string): Promise<number> {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from task where open ${cluster === undefined ? sql`` : sql`and cluster = ${cluster}`}`.execute(tx);
    return rows[0]?.n ?? 0;
  },

  /** What of the same person and study comes before it. */
  async before(cluster: string, personId: number, studyId: number, id: number): Promise<number> {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from task where open and cluster = ${cluster} and person_id = ${personId} and coalesce(study_id, 0) = ${studyId}
      and id < ${id}`.execute(tx);
    return rows[0]?.n ?? 0;
  },

  /** Quotas and use of people, by id. @param halfLifeDays after so long a day counts half */
  async people(ids: readonly number[], windowDays: number, halfLifeDays: number): Promise<Map<number, Share>> {
    const { rows } = await sql<ShareRow>`
      select account.person_id as id, prio, quota_seconds, quota_cpu, quota_memory_mib, quota_gpus, used, recent
      from compute_account account left join lateral (
        select ${sums()} as used, ${sums(sql`power(0.5, (current_date - day) / ${halfLifeDays}::float8)`)} as recent
        from compute_usage where person_id = account.person_id and day > current_date - ${windowDays}::integer) sum on true
      where account.person_id = any(${ids as number[]}::bigint[])`.execute(tx);
    return new Map(rows.map(row => [row.id, shareOf(row)]));
  },

  /** The same of studies; what was used before the last reset does not count. */
  async studies(ids: readonly number[], windowDays: number, halfLifeDays: number): Promise<Map<number, Share>> {
    const { rows } = await sql<ShareRow>`
      select asked as id, coalesce(prio, 50) as prio, coalesce(quota_seconds, 0) as quota_seconds, coalesce(quota_cpu, 0) as quota_cpu,
        coalesce(quota_memory_mib, 0) as quota_memory_mib, coalesce(quota_gpus, 0) as quota_gpus, used, recent
      from unnest(${ids as number[]}::bigint[]) asked left join compute_project project on project.study_id = asked
      left join lateral (
        select ${sums()} as used, ${sums(sql`power(0.5, (current_date - day) / ${halfLifeDays}::float8)`)} as recent
        from compute_usage where compute_usage.study_id = asked and day > current_date - ${windowDays}::integer
        and compute_usage.epoch = coalesce(project.epoch, 0)) sum on true`.execute(tx);
    return new Map(rows.map(row => [row.id, shareOf(row)]));
  },

  /** Gives single tasks their room. @param followers those of them that need not wait. @returns those that could still start */
  async claimSingles(ids: readonly number[], followers: readonly number[]): Promise<number[]> {
    if (ids.length === 0) return [];
    const { rows } = await sql<{ id: number }>`
      update task set state = 'starting', mark = '', reason = null where id = any(${ids as number[]}::bigint[]) and elements = 0
      and (open or (id = any(${followers as number[]}::bigint[]) and state = 'pending' and wish is null))
      returning id`.execute(tx);
    return rows.map(row => row.id);
  },

  /** Says of those that do not fit now that they do not; nothing is written where it stands already. */
  async markNoRoom(ids: readonly number[], reason: string): Promise<void> {
    if (ids.length === 0) return;
    await sql`
      update task set mark = 'no room', reason = ${reason} where id = any(${ids as number[]}::bigint[]) and state = 'pending'
      and mark in ('', 'no room') and reason is distinct from ${reason}`.execute(tx);
  },
});
