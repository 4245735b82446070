import { HavreError, invalid } from "../../kernel/errors.ts";
import { codeOf } from "../../store/store.ts";
import { ORDERS, type Span, type TaskFilter, type TaskOrder, taskLists } from "../../store/task-lists.ts";
import { runs } from "../../store/task-runs.ts";
import { type Actor, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { reached } from "./access.ts";
import type { Run, TaskView } from "./model.ts";
import { elementId, standingOf } from "./rules.ts";
import { isActive } from "./states.ts";

type World = Needs<"store" | "settings">;

/** Elements that a list unfolds of one array at most; the array itself says how many there are. */
const MOST_UNFOLDED = 10_000;
/** Most that a list of what is active shows. */
const MOST_ACTIVE = 20_000;
const MOST_PATTERN = 200;

/** @throws HavreError "not-found" */
export const showTask = (world: World, actor: Actor, id: number): Promise<TaskView> =>
  reached(world.store.db, world, actor, id, "see");

export interface ActiveAsked {
  /** Of everybody; the dialect has seen that they may ask. */
  readonly everybody: boolean;
  readonly project?: string | undefined;
}

/** Everything that is not over, elements of arrays as well, in the order of their numbers. */
export async function listActive(world: World, actor: Actor, asked: ActiveAsked): Promise<readonly TaskView[]> {
  const filter = { ...whose(actor, asked.everybody), project: asked.project };
  const rows = await taskLists(world.store.db).active(filter, MOST_ACTIVE);
  const views: TaskView[] = [];
  for (const view of rows) {
    views.push(view);
    if (view.task.elements > 0) views.push(...(await activeElements(world, view)));
    if (views.length >= MOST_ACTIVE) break;
  }
  return views.slice(0, MOST_ACTIVE);
}

const whose = (actor: Actor, everybody: boolean): Pick<TaskFilter, "person"> =>
  everybody ? {} : { person: personOf(actor)?.id ?? 0 };

async function activeElements(world: World, array: TaskView): Promise<TaskView[]> {
  const { task } = array;
  const known = await runs(world.store.db).ofArray(task.id, 0, task.elements);
  const views: TaskView[] = [];
  for (let place = 0; place < task.elements && views.length < MOST_UNFOLDED; place++) {
    const run = known.get(place);
    if (isActive(standingOf(task, place, run).state)) views.push(elementView(array, place, run));
  }
  return views;
}

const elementView = (array: TaskView, place: number, run: Run | undefined): TaskView => ({
  ...array,
  id: elementId(array.task.id, place),
  element: place,
  run,
});

export interface OverAsked {
  readonly everybody: boolean;
  readonly project?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly pattern?: string | undefined;
  readonly order?: string | undefined;
  readonly descending: boolean;
  readonly offset: number;
  /** 0: no limit. */
  readonly limit: number;
  readonly countAll: boolean;
}

export interface OverList {
  readonly items: readonly TaskView[];
  /** All that match; undefined when that was not asked for. */
  readonly total: number | undefined;
}

/**
 * What is over, elements of arrays as well. An element is found by what its array says.
 * @throws HavreError "invalid" for a broken pattern or an unknown order
 */
export async function listOver(world: World, actor: Actor, asked: OverAsked): Promise<OverList> {
  const order = (asked.order ?? "id") as TaskOrder;
  if (!ORDERS.includes(order)) throw invalid({ orderBy: [`One of ${ORDERS.join(", ")}.`] });
  if ((asked.pattern?.length ?? 0) > MOST_PATTERN) throw invalid({ regex: [`At most ${MOST_PATTERN} characters.`] });
  const filter: TaskFilter = {
    ...whose(actor, asked.everybody),
    project: asked.project,
    from: asked.from,
    until: asked.until,
    pattern: asked.pattern?.replaceAll("\0", "") || undefined,
  };
  const most = asked.limit === 0 ? Number.MAX_SAFE_INTEGER : asked.limit;
  try {
    return await world.store.transaction(async tx => {
      if (filter.pattern !== undefined) await taskLists(tx).limitTime(5_000);
      const lists = taskLists(tx);
      const spans = await lists.spans(filter, order, asked.descending, Math.min(2 ** 31, asked.offset + most));
      const wanted = await pick(spans, asked.descending, asked.offset, most, lists);
      const rows = await lists.views([...new Set(wanted.map(({ row }) => row))]);
      const places = Map.groupBy(
        wanted.filter(item => item.place !== undefined),
        item => item.row,
      );
      const known = new Map<number, ReadonlyMap<number, Run>>();
      for (const [row, items] of places) {
        const all = items.map(item => item.place!);
        known.set(row, await runs(tx).ofArray(row, Math.min(...all), Math.max(...all) + 1));
      }
      const items = wanted.flatMap(({ row, place }) => {
        const view = rows.get(row);
        if (!view) return [];
        return [place === undefined ? view : elementView(view, place, known.get(row)?.get(place))];
      });
      return { items, total: asked.countAll ? await lists.spanTotal(filter) : undefined };
    });
  } catch (cause) {
    if (codeOf(cause) === "2201B") throw new HavreError("invalid", "This pattern cannot be read.", { cause });
    if (codeOf(cause) === "57014") throw new HavreError("invalid", "This pattern takes too long.", { cause });
    throw cause;
  }
}

interface Picked {
  readonly row: number;
  readonly place: number | undefined;
}

/** Finds a window in rows of which each stands for several numbers. Numbers of elements follow their array's. */
async function pick(
  spans: readonly Span[],
  descending: boolean,
  offset: number,
  limit: number,
  lists: ReturnType<typeof taskLists>,
): Promise<Picked[]> {
  const picked: Picked[] = [];
  let skip = offset;
  for (const span of spans) {
    if (picked.length >= limit) break;
    const size = (span.own ? 1 : 0) + span.elements;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const places = span.whole ? undefined : await lists.placesOver(span.id, false);
    for (let n = skip; n < size && picked.length < limit; n++) {
      const at = descending ? size - 1 - n : n;
      const isOwn = span.own && at === 0;
      const nth = at - (span.own ? 1 : 0);
      const place = isOwn ? undefined : places ? places[nth] : nth;
      if (isOwn || place !== undefined) picked.push({ row: span.id, place });
    }
    skip = 0;
  }
  return picked;
}

/** How many there are, of everybody. */
export const taskCounts = (world: Needs<"store">): Promise<{ pending: number; running: number; kill: number; all: number }> =>
  taskLists(world.store.db).counts();

export interface Measured {
  readonly at: Date;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** What a running task uses, of late, oldest first. @throws HavreError "not-found", also when nothing runs */
export async function monitorTask(
  world: World,
  actor: Actor,
  id: number,
): Promise<{ readonly view: TaskView; readonly samples: readonly Measured[] }> {
  const view = await reached(world.store.db, world, actor, id, "manage");
  if (!view.run || (view.run.state !== "running" && view.run.state !== "suspended"))
    throw new HavreError("not-found", "Nothing of this task runs.");
  const rows = await runs(world.store.db).samples(view.run.id);
  return {
    view,
    samples: rows.map(row => ({
      at: row.at,
      cpuSeconds: row.cpu_seconds,
      memoryBytes: row.memory_bytes,
      receivedBytes: row.received_bytes ?? 0,
      sentBytes: row.sent_bytes ?? 0,
    })),
  };
}
