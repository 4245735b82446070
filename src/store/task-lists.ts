import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { OfferedVolume, TaskView } from "../core/tasks/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import type { Tx } from "./store.ts";
import { type RunRow, runOf } from "./task-runs.ts";
import { type TaskRow, taskHolding, taskOf } from "./tasks.ts";

interface ViewRow extends TaskRow {
  readonly username: string;
  readonly email: string;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly groups: number[] | null;
  readonly own_email: string | null;
  readonly is_guest: boolean;
  readonly project: string | null;
  readonly volumes: OfferedVolume[] | null;
  readonly shared: number[] | null;
  readonly run: RunRow | null;
}

/** A run that came as JSON has its times as text. */
const runOfJson = (json: RunRow): RunRow => ({
  ...json,
  claimed_at: new Date(json.claimed_at),
  started_at: json.started_at && new Date(json.started_at),
  ended_at: json.ended_at && new Date(json.ended_at),
});

const viewOf = (row: ViewRow, id: number = row.id): TaskView => ({
  task: taskOf(row),
  id,
  element: id === row.id ? undefined : id - row.id - 1,
  run: row.run ? runOf(runOfJson(row.run)) : undefined,
  username: row.username,
  email: row.own_email ?? row.email,
  uid: row.uid ?? 0,
  gid: row.gid ?? 0,
  groups: (row.groups ?? []).map(Number),
  isGuest: row.is_guest,
  project: row.project ?? "",
  projectVolumes: row.volumes ?? [],
  shared: (row.shared ?? []).map(Number),
});

/** @param which condition on `task`. @param element whose latest run comes along: -1 the task's own */
const select = (which: RawBuilder<unknown>, element: RawBuilder<unknown> = sql`-1`): RawBuilder<ViewRow> => sql<ViewRow>`
  select task.*, person.username, person.email, account.uid, account.gid, account.groups, account.email as own_email, 'guest' = any(person.groups) as is_guest, study.slug as project, lent.volumes, to_jsonb(run) as run,
    (select array_agg(number) from task_share where task_share.task_id = task.id) as shared
  from task join person on person.id = task.person_id
  left join compute_account account on account.person_id = task.person_id
  left join study on study.id = task.study_id left join compute_project lent on lent.study_id = task.study_id
  left join task_run run on run.task_id = task.id and run.element = ${element} and run.is_last
  where ${which}`;

/** Which tasks a list is about. */
export interface TaskFilter {
  /** Absent: everybody's. */
  readonly person?: number | undefined;
  /** Instead: all of these studies. */
  readonly studies?: readonly number[] | undefined;
  /** Slug of a study, "default" for none. */
  readonly project?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  /** POSIX, case does not matter; tried on number, name, image, person and tags. */
  readonly pattern?: string | undefined;
  readonly tag?: string | undefined;
}

export const ORDERS = ["id", "name", "container_image", "user_id"] as const;
export type TaskOrder = (typeof ORDERS)[number];
const ORDER_BY: Record<TaskOrder, RawBuilder<unknown>> = {
  id: sql`task.id`,
  name: sql`task.name`,
  container_image: sql`task.image`,
  user_id: sql`person.username`,
};

function conditions(filter: TaskFilter): RawBuilder<SqlBool> {
  const parts: RawBuilder<unknown>[] = [sql`true`];
  if (filter.person !== undefined) parts.push(sql`task.person_id = ${filter.person}`);
  if (filter.studies !== undefined) parts.push(sql`task.study_id = any(${filter.studies as number[]}::bigint[])`);
  if (filter.project === "default") parts.push(sql`task.study_id is null`);
  else if (filter.project !== undefined) parts.push(sql`task.study_id = (select id from study where slug = ${filter.project})`);
  if (filter.from) parts.push(sql`coalesce(task.started_at, task.created_at) >= ${filter.from}`);
  if (filter.until) parts.push(sql`coalesce(task.started_at, task.created_at) <= ${filter.until}`);
  if (filter.tag !== undefined) parts.push(sql`${filter.tag} = any(task.tags)`);
  if (filter.pattern !== undefined)
    parts.push(
      sql`concat_ws(chr(10), task.id, task.name, task.image, person.username, array_to_string(task.tags, chr(10))) ~* ${filter.pattern}`,
    );
  return sql<SqlBool>`${sql.join(parts, sql` and `)}`;
}

const ACTIVE = sql`task.state in ('created','pending','starting','running')`;
const ENDED = sql`task.state in ('over','archived')`;

/** A row and how many of its numbers a list has: the task's own, and elements. */
export interface Span {
  readonly id: number;
  /** Whether the task itself is in the list. */
  readonly own: boolean;
  readonly elements: number;
  /** The whole array is in it: all of its places; else those that are over. */
  readonly whole: boolean;
}

export const taskLists = (tx: Tx) => ({
  /** No statement of this transaction may take longer. */
  async limitTime(milliseconds: number): Promise<void> {
    await sql`select set_config('statement_timeout', ${String(milliseconds)}, true)`.execute(tx);
  },

  /** The task, or the element of an array, with this number. */
  async view(id: number): Promise<TaskView | undefined> {
    const { rows } = await select(
      sql`task.id = ${taskHolding(id)}`,
      sql`case when task.id = ${id} then -1 else ${id}::bigint - task.id - 1 end`,
    ).execute(tx);
    return rows[0] && viewOf(rows[0], id);
  },

  async views(ids: readonly number[]): Promise<Map<number, TaskView>> {
    const { rows } = await select(sql`task.id = any(${ids as number[]}::bigint[])`).execute(tx);
    return new Map(rows.map(row => [row.id, viewOf(row)]));
  },

  /** Everything that is not over, in the order of its numbers; arrays without their elements. */
  async active(filter: TaskFilter, limit: number): Promise<TaskView[]> {
    const { rows } =
      await sql<ViewRow>`${select(sql`${ACTIVE} and ${conditions(filter)}`)} order by task.id limit ${limit}`.execute(tx);
    return rows.map(row => viewOf(row));
  },

  /** A page, newest first, arrays as one. @param person undefined: everybody's */
  async page(
    person: number | undefined,
    which: "active" | "over" | "all",
    search: string,
    { offset, limit }: Window,
  ): Promise<Page<TaskView>> {
    const pattern = `%${search.replace(/[\\%_]/g, "\\$&")}%`;
    const wanted = sql`${which === "active" ? ACTIVE : which === "over" ? ENDED : sql`true`}
      ${person === undefined ? sql`` : sql`and task.person_id = ${person}`}
      ${search === "" ? sql`` : sql`and (task.name ilike ${pattern} or ${search} = any(task.tags) or task.id::text = ${search})`}`;
    const { rows: counted } = await sql<{ total: number }>`select count(*) as total from task where ${wanted}`.execute(tx);
    const total = counted[0]?.total ?? 0;
    const from = offset >= 0 ? offset : Math.max(0, Math.floor((total - 1) / limit) * limit);
    const { rows } = await sql<ViewRow>`${select(wanted)} order by task.id desc limit ${limit} offset ${from}`.execute(tx);
    return { total, items: rows.map(row => viewOf(row)) };
  },

  /**
   * What is over, row by row in order, with how much of each: an array counts for all its elements, or for those that are over.
   * @param limit rows; the caller finds its window in them
   */
  async spans(filter: TaskFilter, order: TaskOrder, descending: boolean, limit: number): Promise<Span[]> {
    const direction = descending ? sql`desc` : sql`asc`;
    const isPlain = filter.pattern === undefined && order !== "user_id";
    const { rows } = await sql<Span>`
      select task.id, ${ENDED} as own, case when ${ENDED} then elements else elements_over end as elements, ${ENDED} as whole
      from task ${isPlain ? sql`` : sql`join person on person.id = task.person_id`}
      where (${ENDED} or elements_over > 0) and ${conditions(filter)}
      order by ${ORDER_BY[order]} ${direction}, task.id ${direction} limit ${limit}`.execute(tx);
    return rows;
  },

  async spanTotal(filter: TaskFilter): Promise<number> {
    const { rows } = await sql<{ n: number }>`
      select coalesce(sum(case when ${ENDED} then 1 + elements else elements_over end), 0)::bigint as n
      from task join person on person.id = task.person_id where (${ENDED} or elements_over > 0) and ${conditions(filter)}`.execute(
      tx,
    );
    return rows[0]?.n ?? 0;
  },

  /** Places of an array that are over, in order. */
  async placesOver(taskId: number, descending: boolean): Promise<number[]> {
    const { rows } = await sql<{ element: number }>`
      select element from task_run where task_id = ${taskId} and is_last and state = 'ended' and mark <> 'rescheduled' and element >= 0
      order by element ${descending ? sql`desc` : sql`asc`}`.execute(tx);
    return rows.map(row => row.element);
  },

  /** Numbers of tasks that are over since before `before`, for their files to go or for themselves. */
  async old(
    of: { readonly person?: number; readonly before: Date; readonly tag?: string | undefined; readonly archivedToo: boolean },
    limit: number,
  ): Promise<number[]> {
    const { rows } = await sql<{ id: number }>`
      select id from task where state ${of.archivedToo ? sql`in ('over','archived')` : sql`= 'over'`} and ended_at <= ${of.before}
      ${of.person === undefined ? sql`` : sql`and person_id = ${of.person}`} ${of.tag === undefined ? sql`` : sql`and ${of.tag} = any(tags)`}
      order by id limit ${limit}`.execute(tx);
    return rows.map(row => row.id);
  },

  /** Numbers of somebody's tasks that are not over. */
  async activeIds(person: number, tag: string | undefined): Promise<number[]> {
    const { rows } = await sql<{ id: number }>`
      select id from task where ${ACTIVE} and person_id = ${person} ${tag === undefined ? sql`` : sql`and ${tag} = any(tags)`} order by id`.execute(
      tx,
    );
    return rows.map(row => row.id);
  },

  async idsOf(person: number): Promise<number[]> {
    const rows = await tx.selectFrom("task").select("id").where("person_id", "=", person).orderBy("id").execute();
    return rows.map(row => row.id);
  },

  async activeInStudy(study: number): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*) as n from task where ${ACTIVE} and study_id = ${study}`.execute(tx);
    return rows[0]?.n ?? 0;
  },

  /** Elements count each. `all` is every number that was ever given. */
  async counts(): Promise<{ pending: number; running: number; kill: number; all: number }> {
    const { rows } = await sql<{ pending: number; running: number; kill: number; all: number }>`
      select coalesce(sum(case when elements = 0 then (state in ('created','pending','starting'))::integer
          else elements - elements_over - elements_running + (state in ('created','pending'))::integer end), 0)::bigint as pending,
        coalesce(sum(case when elements = 0 then (state = 'running')::integer else elements_running + (state = 'running')::integer end), 0)::bigint as running,
        count(*) filter (where wish = 'kill') as kill,
        (select case when is_called then last_value else 0 end from task_id) as all
      from task where ${ACTIVE}`.execute(tx);
    return rows[0]!;
  },

  /** How many wait: in all with arrays as one, and of one person with each element. */
  async waiting(person: number | undefined, most: number): Promise<number> {
    const { rows } = await sql<{ n: number }>`
      select coalesce(sum(n), 0)::bigint as n from (
        select ${person === undefined ? sql`1` : sql`greatest(1, elements - next_element)`} as n from task
        where state in ('created','pending') ${person === undefined ? sql`` : sql`and person_id = ${person}`} limit ${most + 1}) waiting`.execute(
      tx,
    );
    return rows[0]?.n ?? 0;
  },
});
