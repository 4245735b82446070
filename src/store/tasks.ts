import { type RawBuilder, type Selectable, sql } from "kysely";
import type { PersonId } from "../core/people/model.ts";
import type { StudyId } from "../core/studies/model.ts";
import type { Mark, SpecRest, Task, TaskId, TaskSpec, TaskState, Wish } from "../core/tasks/model.ts";
import { changeRows, jsonText } from "./bulk.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

export type TaskRow = Selectable<Database["task"]>;

const EMPTY = Buffer.alloc(0);

export const taskOf = (row: TaskRow): Task => ({
  id: row.id as TaskId,
  personId: row.person_id as PersonId,
  studyId: (row.study_id ?? undefined) as StudyId | undefined,
  spec: {
    ...(row.spec as unknown as SpecRest),
    array: (row.spec as unknown as SpecRest).array ?? undefined,
    name: row.name,
    description: row.description,
    tags: row.tags,
    image: row.image,
    script: row.script ?? EMPTY,
    cpu: row.cpu,
    memoryMib: row.memory_mib,
    gpus: row.gpus,
    walltimeSeconds: row.walltime_seconds,
    retries: row.retries,
  },
  elements: row.elements,
  cluster: row.cluster,
  state: row.state as TaskState,
  wish: (row.wish ?? undefined) as Wish | undefined,
  mark: row.mark as Mark,
  reason: row.reason ?? undefined,
  waitsFor: row.waits_for,
  createdAt: row.created_at,
  queuedAt: row.queued_at ?? undefined,
  startedAt: row.started_at ?? undefined,
  endedAt: row.ended_at ?? undefined,
  exitCode: row.exit_code ?? undefined,
  runSeconds: row.run_seconds,
  failures: row.failures,
  failedNodes: row.failed_nodes,
  nextElement: row.next_element,
  again: row.again,
  elementsRunning: row.elements_running,
  elementsOver: row.elements_over,
  elementMarks: row.element_marks as Task["elementMarks"],
});

export interface NewTask {
  readonly person: number;
  readonly study: number | undefined;
  readonly spec: TaskSpec;
  readonly elements: number;
  readonly cluster: string;
  readonly state: "created" | "pending";
  readonly waitsFor: number;
  readonly at: Date;
}

/** What of a task may change; an absent field stays. `null` takes a value away. */
export interface TaskChanges {
  readonly state?: TaskState;
  readonly wish?: Wish | null;
  readonly mark?: Mark;
  readonly reason?: string | null;
  readonly queuedAt?: Date | null;
  readonly startedAt?: Date | null;
  readonly endedAt?: Date | null;
  readonly exitCode?: number | null;
  readonly runSeconds?: number;
  readonly walltimeSeconds?: number;
  readonly failures?: number;
  readonly failedNodes?: readonly string[];
  readonly nextElement?: number;
  readonly again?: readonly number[];
  readonly elementsRunning?: number;
  readonly elementsOver?: number;
  readonly elementMarks?: Task["elementMarks"];
  readonly spec?: TaskSpec;
}

/** What is told of a task that was archived. */
export interface ArchivedTask {
  readonly id: TaskId;
  readonly personId: PersonId;
  readonly studyId: StudyId | undefined;
  readonly name: string;
  readonly notify: boolean;
}

const restOf = ({ name: _n, description: _d, tags: _t, image: _i, script: _s, cpu: _c, memoryMib: _m, ...rest }: TaskSpec) =>
  rest;
const specText = (spec: TaskSpec): string => jsonText(restOf(spec));

const columnsOf = (changes: TaskChanges) => ({
  ...(changes.state === undefined ? {} : { state: changes.state }),
  ...(changes.wish === undefined ? {} : { wish: changes.wish }),
  ...(changes.mark === undefined ? {} : { mark: changes.mark }),
  ...(changes.reason === undefined ? {} : { reason: changes.reason }),
  ...(changes.queuedAt === undefined ? {} : { queued_at: changes.queuedAt }),
  ...(changes.startedAt === undefined ? {} : { started_at: changes.startedAt }),
  ...(changes.endedAt === undefined ? {} : { ended_at: changes.endedAt }),
  ...(changes.exitCode === undefined ? {} : { exit_code: changes.exitCode }),
  ...(changes.runSeconds === undefined ? {} : { run_seconds: changes.runSeconds }),
  ...(changes.walltimeSeconds === undefined ? {} : { walltime_seconds: changes.walltimeSeconds }),
  ...(changes.failures === undefined ? {} : { failures: changes.failures }),
  ...(changes.failedNodes === undefined ? {} : { failed_nodes: [...changes.failedNodes] }),
  ...(changes.nextElement === undefined ? {} : { next_element: changes.nextElement }),
  ...(changes.again === undefined ? {} : { again: [...changes.again] }),
  ...(changes.elementsRunning === undefined ? {} : { elements_running: changes.elementsRunning }),
  ...(changes.elementsOver === undefined ? {} : { elements_over: changes.elementsOver }),
  ...(changes.elementMarks === undefined ? {} : { element_marks: jsonText(changes.elementMarks) }),
  ...(changes.spec === undefined ? {} : { spec: specText(changes.spec) }),
});

/** The row whose number this is, or the array among whose elements it is: the nearest row below it. */
const holding = (id: number | RawBuilder<unknown>): RawBuilder<unknown> => sql`
  (select nearest.id from (select id, elements from task where id <= ${id} order by id desc limit 1) nearest
   where nearest.id = ${id} or ${id} <= nearest.id + nearest.elements)`;

export const tasks = (tx: Tx) => ({
  /** Tells the loop, when this is committed, that there is something to do. */
  async wake(): Promise<void> {
    await sql`select pg_notify('havre_task', '')`.execute(tx);
  },

  /** Numbers for elements follow the array's own, so nobody else may take one meanwhile: single tasks share the lock. */
  async insert(task: NewTask): Promise<TaskId> {
    const { spec, at } = task;
    const number =
      task.elements === 0
        ? sql`with lock as (select pg_advisory_xact_lock_shared(hashtext('havre.task.number'))) select nextval('task_id') as id from lock`
        : sql`with lock as (select pg_advisory_xact_lock(hashtext('havre.task.number')))
            select setval('task_id', nextval('task_id') + ${task.elements}::bigint) - ${task.elements}::bigint as id from lock`;
    const { rows } = await sql<{ id: number }>`
      insert into task (id, person_id, study_id, name, description, tags, image, script, spec, cpu, memory_mib, gpus, walltime_seconds,
        elements, cluster, state, waits_for, created_at, queued_at, retries)
      select number.id, ${task.person}, ${task.study ?? null}::bigint, ${spec.name}, ${spec.description}, ${spec.tags as string[]}::text[],
        ${spec.image}, ${spec.script}, ${specText(spec)}::jsonb, ${spec.cpu}, ${spec.memoryMib}, ${spec.gpus}, ${spec.walltimeSeconds},
        ${task.elements}, ${task.cluster}, ${task.state}, ${task.waitsFor}, ${at}, ${task.state === "pending" ? at : null}::timestamptz,
        ${spec.retries}
      from (${number}) number
      returning id, case when open then pg_notify('havre_task', '') end`.execute(tx);
    return rows[0]!.id as TaskId;
  },

  async addParents(id: TaskId, parents: readonly number[]): Promise<void> {
    if (parents.length === 0) return;
    await sql`insert into task_parent (task_id, parent_id) select ${id}, unnest(${parents as number[]}::bigint[])`.execute(tx);
  },

  async byId(id: number): Promise<Task | undefined> {
    const row = await tx.selectFrom("task").selectAll().where("id", "=", id).executeTakeFirst();
    return row && taskOf(row);
  },

  /** The row with this number, or the array with this element; held to the end of the transaction. */
  async lockHolding(id: number): Promise<Task | undefined> {
    const { rows } = await sql<TaskRow>`select * from task where id = ${holding(id)} for update`.execute(tx);
    return rows[0] && taskOf(rows[0]);
  },

  async lock(id: number): Promise<Task | undefined> {
    const row = await tx.selectFrom("task").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
    return row && taskOf(row);
  },

  /**
   * What others wait for, held against ending meanwhile.
   * @returns by number: the row, whether that number is over already, and whose it is; unknown ones are left out
   */
  async parents(ids: readonly number[]): Promise<{ id: number; task: Task; isOver: boolean }[]> {
    if (ids.length === 0) return [];
    const { rows } = await sql<TaskRow & { asked: number; run_over: boolean }>`
      select asked, task.*, exists (select from task_run where task_id = task.id and element = asked - task.id - 1 and is_last
          and state = 'ended' and not (element = any(task.again))) as run_over
      from unnest(${ids as number[]}::bigint[]) asked join task on task.id = ${holding(sql`asked`)}
      order by task.id for share of task`.execute(tx);
    return rows.map(row => ({
      id: row.asked,
      task: taskOf(row),
      isOver: row.state === "over" || row.state === "archived" || (row.asked !== row.id && row.run_over),
    }));
  },

  async change(id: number, changes: TaskChanges): Promise<Task> {
    const row = await tx
      .updateTable("task")
      .set(columnsOf(changes))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return taskOf(row);
  },

  /** Of many at once; each once, and none its spec or the marks of its elements. */
  changeAll: (
    all: readonly { readonly id: number; readonly changes: Omit<TaskChanges, "spec" | "elementMarks"> }[],
  ): Promise<void> =>
    changeRows(
      tx,
      "task",
      all.map(({ id, changes }) => ({ id, columns: columnsOf(changes) })),
    ),

  /** Of these, the ones that are over. @returns them, by number */
  async archive(ids: readonly number[]): Promise<ArchivedTask[]> {
    const { rows } = await sql<{ id: TaskId; person_id: PersonId; study_id: StudyId | null; name: string; notify: boolean }>`
      with held as (select id from task where id = any(${ids as number[]}::bigint[]) and state = 'over' order by id for update),
      done as (
        update task set state = 'archived' from held where task.id = held.id
        returning task.id, person_id, study_id, name, coalesce((spec->>'notify')::boolean, false) as notify)
      select * from done order by id`.execute(tx);
    return rows.map(row => ({
      id: row.id,
      personId: row.person_id,
      studyId: row.study_id ?? undefined,
      name: row.name,
      notify: row.notify,
    }));
  },

  /** Whoever waited for these numbers waits for one less. @returns whether somebody can start now */
  async freeDependents(ids: readonly number[]): Promise<boolean> {
    const { rows } = await sql<{ waits_for: number }>`
      with gone as (delete from task_parent where parent_id = any(${ids as number[]}::bigint[]) returning task_id),
      freed as (select task_id, count(*) as n from gone group by task_id)
      update task set waits_for = waits_for - freed.n from freed where task.id = freed.task_id returning waits_for`.execute(tx);
    return rows.some(row => row.waits_for === 0);
  },

  /** The same for all elements of an array that do not run. */
  async freeDependentsBetween(array: number, first: number, last: number): Promise<void> {
    await sql`
      with gone as (
        delete from task_parent where parent_id between ${first} and ${last} and not exists (
          select from task_run where task_run.task_id = ${array} and element = parent_id - ${first} and state <> 'ended') returning task_id),
      freed as (select task_id, count(*) as n from gone group by task_id)
      update task set waits_for = waits_for - freed.n from freed where task.id = freed.task_id`.execute(tx);
  },

  /** What its cluster has already, because it waits there for this one, must come back with it. */
  async returnFollowers(id: number): Promise<void> {
    await sql`
      with recursive follower as (
        select task.id from task_parent join task on task.id = task_id where parent_id = ${id} and state = 'starting'
        union
        select task.id from follower join task_parent on parent_id = follower.id join task on task.id = task_id where state = 'starting')
      update task set wish = 'reschedule' from follower where task.id = follower.id and task.wish is null`.execute(tx);
  },

  async parentsLeft(id: number): Promise<number[]> {
    const rows = await tx.selectFrom("task_parent").select("parent_id").where("task_id", "=", id).orderBy("parent_id").execute();
    return rows.map(row => row.parent_id);
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("task").where("id", "=", id).execute();
  },
});

/** Where a number belongs, for other statements on tasks. */
export const taskHolding = holding;
