import { type Selectable, sql } from "kysely";
import type { MappedPort, Mark, Run, RunState, Task, TaskId, Usage, Wish } from "../core/tasks/model.ts";
import { changeRows } from "./bulk.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";
import { type TaskRow, taskOf } from "./tasks.ts";

export type RunRow = Selectable<Database["task_run"]>;

export const runOf = (row: RunRow): Run => ({
  id: row.id,
  taskId: row.task_id as TaskId,
  element: row.element,
  try: row.try,
  workload: row.workload,
  cluster: row.cluster,
  node: row.node,
  remoteId: row.remote_id,
  state: row.state as RunState,
  wish: (row.wish ?? undefined) as Wish | undefined,
  mark: row.mark as Mark,
  reason: row.reason ?? undefined,
  cpu: row.cpu,
  memoryMib: row.memory_mib,
  gpus: row.gpus,
  walltimeSeconds: row.walltime_seconds,
  ports: row.ports as MappedPort[],
  claimedAt: row.claimed_at,
  startedAt: row.started_at ?? undefined,
  endedAt: row.ended_at ?? undefined,
  endCause: row.end_cause ?? undefined,
  exitCode: row.exit_code ?? undefined,
  used: row.used as Usage,
});

export interface NewRun {
  readonly taskId: number;
  readonly element: number;
  readonly workload: string;
  readonly cluster: string;
  readonly ports: readonly MappedPort[];
  readonly at: Date;
}

export interface RunChanges {
  readonly state?: RunState;
  readonly wish?: Wish | null;
  readonly mark?: Mark;
  readonly reason?: string | null;
  readonly node?: string;
  readonly remoteId?: string;
  readonly startedAt?: Date | null;
  readonly endedAt?: Date | null;
  readonly endCause?: string;
  readonly exitCode?: number;
  readonly walltimeSeconds?: number;
  readonly used?: Usage;
  readonly diskBytes?: number;
  readonly isForgotten?: boolean;
}

const columnsOf = (changes: RunChanges) => ({
  ...(changes.state === undefined ? {} : { state: changes.state }),
  ...(changes.wish === undefined ? {} : { wish: changes.wish }),
  ...(changes.mark === undefined ? {} : { mark: changes.mark }),
  ...(changes.reason === undefined ? {} : { reason: changes.reason }),
  ...(changes.node === undefined ? {} : { node: changes.node }),
  ...(changes.remoteId === undefined ? {} : { remote_id: changes.remoteId }),
  ...(changes.startedAt === undefined ? {} : { started_at: changes.startedAt }),
  ...(changes.endedAt === undefined ? {} : { ended_at: changes.endedAt }),
  ...(changes.endCause === undefined ? {} : { end_cause: changes.endCause }),
  ...(changes.exitCode === undefined ? {} : { exit_code: changes.exitCode }),
  ...(changes.walltimeSeconds === undefined ? {} : { walltime_seconds: changes.walltimeSeconds }),
  ...(changes.used === undefined ? {} : { used: JSON.stringify(changes.used) }),
  ...(changes.diskBytes === undefined ? {} : { disk_bytes: changes.diskBytes }),
  ...(changes.isForgotten === undefined ? {} : { is_forgotten: changes.isForgotten }),
});

/** A run that is not over, with what is asked of it: of itself, or of its whole task. */
export interface LiveRun {
  readonly run: Run;
  readonly wish: Wish | undefined;
  /** As they were asked for. */
  readonly labels: readonly string[];
  /** As the task has it now: it may have been changed since. */
  readonly walltimeSeconds: number;
}

export const runs = (tx: Tx) => ({
  /** New tries; an earlier one of the same is the latest no more. What they need is the task's. */
  async insert(fresh: readonly NewRun[]): Promise<void> {
    if (fresh.length === 0) return;
    const rows = sql`jsonb_to_recordset(${JSON.stringify(fresh)}::jsonb)
      as fresh ("taskId" bigint, element integer, workload text, cluster text, ports jsonb, at timestamptz)`;
    await sql`
      with before as (
        update task_run set is_last = false from ${rows} where task_id = fresh."taskId" and task_run.element = fresh.element and is_last
        returning task_id, task_run.element, try)
      insert into task_run (task_id, element, try, workload, cluster, state, cpu, memory_mib, gpus, walltime_seconds, ports, claimed_at)
      select task.id, fresh.element, coalesce(before.try, 0) + 1, fresh.workload, fresh.cluster, 'claimed', task.cpu, task.memory_mib, task.gpus,
        task.walltime_seconds, fresh.ports, fresh.at
      from ${rows} join task on task.id = fresh."taskId"
      left join before on before.task_id = fresh."taskId" and before.element = fresh.element`.execute(tx);
  },

  /** An element that ends before it ever began. */
  async insertKilled(taskId: number, element: number, at: Date): Promise<void> {
    await sql`
      with before as (update task_run set is_last = false where task_id = ${taskId} and element = ${element} and is_last returning try)
      insert into task_run (task_id, element, try, workload, cluster, state, mark, cpu, memory_mib, gpus, walltime_seconds, claimed_at, ended_at,
        end_cause, exit_code, is_forgotten)
      select id, ${element}, coalesce((select try from before), 0) + 1, 'never-' || gen_random_uuid(), cluster, 'ended', 'killed', cpu, memory_mib,
        gpus, walltime_seconds, ${at}, ${at}, 'killed', 137, true from task where id = ${taskId}`.execute(tx);
  },

  async byId(id: number): Promise<Run | undefined> {
    const row = await tx.selectFrom("task_run").selectAll().where("id", "=", id).executeTakeFirst();
    return row && runOf(row);
  },

  /** The latest try of a task (-1) or an element. */
  async last(taskId: number, element: number): Promise<Run | undefined> {
    const row = await tx
      .selectFrom("task_run")
      .selectAll()
      .where("task_id", "=", taskId)
      .where("element", "=", element)
      .where("is_last", "=", true)
      .executeTakeFirst();
    return row && runOf(row);
  },

  async change(id: number, changes: RunChanges): Promise<void> {
    await tx.updateTable("task_run").set(columnsOf(changes)).where("id", "=", id).execute();
  },

  /** Of many at once; each once. */
  changeAll: (all: readonly { readonly id: number; readonly changes: RunChanges }[]): Promise<void> =>
    changeRows(
      tx,
      "task_run",
      all.map(({ id, changes }) => ({
        id,
        columns: { ...columnsOf(changes), ...(changes.used === undefined ? {} : { used: changes.used }) },
      })),
    ),

  /** These runs, and their tasks, which are held to the end of the transaction; by number. Unknown ones are left out. */
  async hold(ids: readonly number[]): Promise<{ readonly tasks: Map<number, Task>; readonly runs: Map<number, Run> }> {
    const wanted = sql`any(${ids as number[]}::bigint[])`;
    // In one order. The runs are read when their tasks are held: they may have changed while we waited.
    const held = await sql<TaskRow>`
      select * from task where id in (select task_id from task_run where id = ${wanted}) order by id for update`.execute(tx);
    const { rows } = await sql<RunRow>`select * from task_run where id = ${wanted}`.execute(tx);
    return { tasks: new Map(held.rows.map(row => [row.id, taskOf(row)])), runs: new Map(rows.map(row => [row.id, runOf(row)])) };
  },

  /** Everything that is not over on a cluster, oldest first. */
  async live(cluster: string, limit = 20_000): Promise<LiveRun[]> {
    const { rows } = await sql<RunRow & { task_wish: Wish | null; task_walltime: number; task_labels: string[] | null }>`
      select task_run.*, task.wish as task_wish, task.walltime_seconds as task_walltime, task.spec -> 'labels' as task_labels
      from task_run join task on task.id = task_run.task_id
      where task_run.cluster = ${cluster} and task_run.state <> 'ended' order by task_run.id limit ${limit}`.execute(tx);
    return rows.map(row => ({
      run: runOf(row),
      wish: row.task_wish === "kill" ? "kill" : ((row.wish as Wish | null) ?? row.task_wish ?? undefined),
      walltimeSeconds: row.task_walltime,
      labels: row.task_labels ?? [],
    }));
  },

  /** Over here, and still kept by their cluster. Elements that were handed over as one of many wait for all of those. */
  async kept(cluster: string, limit: number): Promise<{ id: number; workload: string }[]> {
    const { rows } = await sql<{ id: number; workload: string }>`
      select id, workload from task_run where cluster = ${cluster} and state = 'ended' and not is_forgotten
      and (workload not like '%/%' or split_part(workload, '/', 1) not in (
        select split_part(workload, '/', 1) from task_run where cluster = ${cluster} and state <> 'ended' and workload like '%/%'))
      order by id limit ${limit}`.execute(tx);
    return rows;
  },

  /** What each of these tasks still waits for, as its cluster knows it. */
  async parentsOf(taskIds: readonly number[]): Promise<{ taskId: number; workload: string; isThere: boolean }[]> {
    const { rows } = await sql<{ taskId: number; workload: string; isThere: boolean }>`
      select task_parent.task_id as "taskId", coalesce(run.workload, '') as workload,
        coalesce(run.state in ('handed', 'running', 'suspended') and parent.wish is distinct from 'reschedule', false) as "isThere"
      from task_parent left join task parent on parent.id = parent_id
      left join task_run run on run.task_id = parent_id and run.element = -1 and run.is_last
      where task_parent.task_id = any(${taskIds as number[]}::bigint[])`.execute(tx);
    return rows;
  },

  /** What the files of each of these people's tasks take, as far as it was measured. */
  async diskOf(people: readonly number[]): Promise<Map<number, number>> {
    const { rows } = await sql<{ id: number; bytes: number }>`
      select task.person_id as id, sum(disk_bytes)::bigint as bytes from task_run join task on task.id = task_run.task_id
      where task.person_id = any(${people as number[]}::bigint[]) and task.state <> 'archived' and disk_bytes > 0 group by 1`.execute(
      tx,
    );
    return new Map(rows.map(row => [row.id, row.bytes]));
  },

  /** The task goes; what its clusters keep of it is still to be forgotten. */
  async noteGone(taskId: number): Promise<void> {
    await sql`
      insert into task_run_gone (workload, cluster) select workload, cluster from task_run where task_id = ${taskId} and not is_forgotten
      on conflict do nothing`.execute(tx);
  },
  async gone(cluster: string, limit: number): Promise<string[]> {
    const rows = await tx.selectFrom("task_run_gone").select("workload").where("cluster", "=", cluster).limit(limit).execute();
    return rows.map(row => row.workload);
  },
  async forgetGone(workloads: readonly string[]): Promise<void> {
    await sql`delete from task_run_gone where workload = any(${workloads as string[]}::text[])`.execute(tx);
  },

  async noteForgotten(ids: readonly number[]): Promise<void> {
    await sql`update task_run set is_forgotten = true where id = any(${ids as number[]}::bigint[])`.execute(tx);
    await sql`delete from task_sample where run_id = any(${ids as number[]}::bigint[])`.execute(tx);
  },

  async noteHanded(ids: readonly number[]): Promise<void> {
    await sql`update task_run set state = 'handed' where id = any(${ids as number[]}::bigint[]) and state = 'claimed'`.execute(
      tx,
    );
  },

  /** Ports of nodes that live runs hold. */
  async portsTaken(cluster: string): Promise<Set<number>> {
    const { rows } = await sql<{ host: number }>`
      select (port ->> 'host')::integer as host from task_run, jsonb_array_elements(ports) port
      where cluster = ${cluster} and state <> 'ended' and ports <> '[]'`.execute(tx);
    return new Set(rows.map(row => row.host));
  },

  /** Latest tries of elements, by place. @param from of the first place */
  async ofArray(taskId: number, from: number, until: number): Promise<Map<number, Run>> {
    const rows = await tx
      .selectFrom("task_run")
      .selectAll()
      .where("task_id", "=", taskId)
      .where("is_last", "=", true)
      .where("element", ">=", from)
      .where("element", "<", until)
      .execute();
    return new Map(rows.map(row => [row.element, runOf(row)]));
  },

  /** Which of these places had a run already: an element that was killed before its turn. */
  async begun(taskId: number, from: number, count: number): Promise<Set<number>> {
    const rows = await tx
      .selectFrom("task_run")
      .select("element")
      .where("task_id", "=", taskId)
      .where("is_last", "=", true)
      .where("element", ">=", from)
      .where("element", "<", from + count)
      .execute();
    return new Set(rows.map(row => row.element));
  },

  async addSamples(
    samples: readonly {
      runId: number;
      at: Date;
      cpuSeconds: number;
      memoryBytes: number;
      receivedBytes: number | null;
      sentBytes: number | null;
    }[],
    keep: number,
  ): Promise<void> {
    if (samples.length === 0) return;
    await tx
      .insertInto("task_sample")
      .values(
        samples.map(sample => ({
          run_id: sample.runId,
          at: sample.at,
          cpu_seconds: sample.cpuSeconds,
          memory_bytes: Math.round(sample.memoryBytes),
          received_bytes: sample.receivedBytes,
          sent_bytes: sample.sentBytes,
        })),
      )
      .execute();
    await sql`
      delete from task_sample using unnest(${samples.map(sample => sample.runId)}::bigint[]) run
      where run_id = run and at < (select min(at) from (select at from task_sample where run_id = run order by at desc limit ${keep}) last)`.execute(
      tx,
    );
  },

  /** What a run used of late, oldest first. */
  async samples(runId: number): Promise<Selectable<Database["task_sample"]>[]> {
    return tx.selectFrom("task_sample").selectAll().where("run_id", "=", runId).orderBy("at").execute();
  },
});
