import { newUuid } from "../../kernel/ids.ts";
import { compute } from "../../store/compute.ts";
import type { Tx } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { type QueuedRow, taskQueue } from "../../store/task-queue.ts";
import { type LiveRun, type NewRun, runs } from "../../store/task-runs.ts";
import { tasks } from "../../store/tasks.ts";
import { type Actor, SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { reached } from "./access.ts";
import { finishTask } from "./end.ts";
import type { ArrayRange, ClusterView, MappedPort, Quotas, Task, TaskSettings, Used } from "./model.ts";
import { askedOf, indexOf, NEVER_RAN, quotaReached, standingOf, unitsOffered } from "./rules.ts";
import { decide, forecast, type Group, type Node, type Question, WEIGHTS } from "./schedule.ts";

type World = Needs<"store" | "clock" | "settings">;

/** About so many are looked at in one choice. */
const LOOKED_AT = 512;
/** Most that start in one choice: whoever comes meanwhile waits until they have been handed over. */
const MOST_STARTS = 16;
/** A cluster with a queue of its own takes all it is given; so many at a time. */
const MOST_HANDED = 100;
/** Elements of arrays cost it little more than one task, where it takes them in one piece. */
const MOST_ELEMENTS_HANDED = 1000;
/** After so many days use counts half. */
const HALF_LIFE_DAYS = 7;
export const NO_ROOM = "Not enough resources available";
const NO_PORT = "No port of the node is free";
/** Container port of an interactive task's ssh server. */
export const SSH_PORT = 22;

const NO_QUOTAS: Quotas = { prio: 50, seconds: 0, cpu: 0, memoryMib: 0, gpus: 0 };
const NOTHING: Used = { tasks: 0, cpu: 0, memoryMib: 0, gpus: 0, seconds: 0 };

interface Overview {
  readonly question: Question;
  readonly rows: ReadonlyMap<number, QueuedRow>;
  /** By number: which quota is used up. */
  readonly overQuota: ReadonlyMap<number, string>;
}

/** Everything that a choice is made from. @param more looked at besides, as if its turn had come */
async function overview(
  tx: Tx,
  world: Omit<World, "store">,
  cluster: ClusterView,
  live: readonly LiveRun[],
  more: readonly QueuedRow[] = [],
): Promise<Overview> {
  const { settings } = world;
  const now = world.clock.now();
  const turns = await taskQueue(tx).heads(cluster.name, LOOKED_AT);
  const followers = cluster.can.dependencies ? await taskQueue(tx).followers(cluster.name, MOST_HANDED) : [];
  const heads = [...turns, ...followers, ...more].sort((a, b) => a.id - b.id);
  const people = await taskQueue(tx).people(
    [...new Set(heads.map(head => head.personId))],
    settings.taskUsageDays,
    HALF_LIFE_DAYS,
  );
  const studies = await taskQueue(tx).studies(
    [...new Set(heads.map(head => head.studyId).filter(id => id !== 0))],
    settings.taskUsageDays,
    HALF_LIFE_DAYS,
  );
  const disk = settings.taskDiskQuota > 0 ? await runs(tx).diskOf([...people.keys()]) : new Map<number, number>();
  const overQuota = new Map<number, string>();
  const groups = [...Map.groupBy(heads, head => `${head.personId}:${head.studyId}`).values()].flatMap((all): Group[] => {
    const first = all[0]!;
    const [person, study] = [people.get(first.personId), studies.get(first.studyId)];
    const allowed = all.filter(head => {
      const isFull = (disk.get(first.personId) ?? 0) > settings.taskDiskQuota;
      const reached =
        (isFull && settings.taskDiskQuota > 0 ? "disk" : undefined) ??
        quotaReached(person?.quotas ?? NO_QUOTAS, person?.used ?? NOTHING, head) ??
        (first.studyId === 0 ? undefined : quotaReached(study?.quotas ?? NO_QUOTAS, study?.used ?? NOTHING, head));
      // Its turn comes when those that it waits for are over.
      if (reached !== undefined && !head.waits) overQuota.set(head.id, reached);
      return reached === undefined;
    });
    if (allowed.length === 0) return [];
    return [
      {
        person: first.personId,
        study: first.studyId,
        personQuotas: person?.quotas ?? NO_QUOTAS,
        studyQuotas: study?.quotas ?? NO_QUOTAS,
        personUsed: person?.recent ?? NOTHING,
        studyUsed: study?.recent ?? NOTHING,
        heads: allowed.map(head => ({ ...head, ...askedOf(head.labels), avoid: settings.taskSkipFailedNodes ? head.avoid : [] })),
      },
    ];
  });
  return {
    question: {
      now,
      policy: settings.taskPolicy,
      weights: WEIGHTS,
      groups,
      nodes: nodesOf(cluster, live, now),
      most: !cluster.can.queue ? MOST_STARTS : cluster.can.arrays > 0 ? MOST_ELEMENTS_HANDED : MOST_HANDED,
      unlimited: cluster.can.queue,
    },
    rows: new Map(heads.map(head => [head.id, head])),
    overQuota,
  };
}

/** Nodes with what runs on them as we know it: that is newer than what the cluster last said. Of no known node: the first with room. */
export function nodesOf(cluster: ClusterView, live: readonly LiveRun[], now: Date): Node[] {
  const nodes = cluster.nodes.map(node => ({
    name: node.name,
    cpu: node.cpu,
    memoryMib: node.memoryMib,
    gpus: node.gpus,
    isUp: node.state === "up",
    labels: node.labels,
    units: unitsOffered(node.labels),
    taken: [] as Node["taken"][number][],
  }));
  const known = new Map(nodes.map(node => [node.name, node]));
  for (const { run, labels, walltimeSeconds } of live) {
    const started = run.startedAt ?? now;
    const until = new Date(Math.max(now.getTime() + 1000, started.getTime() + walltimeSeconds * 1000));
    const taken = {
      cpu: run.cpu,
      memoryMib: run.memoryMib,
      gpus: run.gpus,
      units: askedOf(labels).units,
      until,
      person: 0,
      study: 0,
    };
    const node =
      known.get(run.node) ??
      nodes.find(candidate => candidate.cpu - candidate.taken.reduce((sum, other) => sum + other.cpu, 0) >= run.cpu) ??
      nodes[0];
    node?.taken.push(taken);
  }
  return nodes;
}

/**
 * Chooses what starts now on a cluster, and gives it its room: from then on it runs once, whatever is killed when. What has come to its
 * turn with its quota used up ends.
 * @returns whether anything was begun
 */
export async function chooseNext(world: World, clusterName: string): Promise<boolean> {
  return world.store.transaction(async tx => {
    if (!(await taskQueue(tx).tryLock(clusterName))) return false;
    const cluster = (await compute(tx).clusters()).find(({ name }) => name === clusterName);
    if (!cluster || (await compute(tx).maintenance()).get("all") === true) return false;
    const live = await runs(tx).live(clusterName);
    const { question, rows, overQuota } = await overview(tx, world, cluster, live);
    for (const [id, quota] of overQuota) await endOverQuota(tx, world, id, quota);
    if (question.groups.length === 0) return overQuota.size > 0;
    const answer = decide(question);
    const portless: number[] = [];
    const ports = await portsFor(
      tx,
      world.settings,
      clusterName,
      answer.starts.some(start => portsOf(rows.get(start.id)!).length > 0),
    );
    const singles: { id: number; ports: MappedPort[] }[] = [];
    const fresh: NewRun[] = [];
    const at = world.clock.now();
    for (const { id, count } of answer.starts) {
      const row = rows.get(id)!;
      const mapped = ports(portsOf(row));
      if (mapped === undefined) portless.push(id);
      else if (!row.isArray) singles.push({ id, ports: mapped });
      else fresh.push(...(await claimElements(tx, cluster, id, count, mapped, at)));
    }
    const followers = singles.filter(({ id }) => rows.get(id)?.waits).map(({ id }) => id);
    const claimed = new Set(
      await taskQueue(tx).claimSingles(
        singles.map(({ id }) => id),
        followers,
      ),
    );
    for (const { id, ports: mapped } of singles)
      if (claimed.has(id)) fresh.push({ taskId: id, element: -1, workload: newUuid(), cluster: clusterName, ports: mapped, at });
    await runs(tx).insert(fresh);
    await taskQueue(tx).markNoRoom([...answer.waiting, ...answer.tooLarge], NO_ROOM);
    await taskQueue(tx).markNoRoom(portless, NO_PORT);
    return fresh.length > 0 || overQuota.size > 0;
  });
}

const portsOf = (row: QueuedRow): readonly number[] => row.ports ?? [];

/** Gives free ports of nodes away, each once; undefined when there are not enough. */
async function portsFor(
  tx: Tx,
  { taskPortStart, taskPortRange }: TaskSettings,
  cluster: string,
  needed: boolean,
): Promise<(wanted: readonly number[]) => MappedPort[] | undefined> {
  if (!needed) return wanted => (wanted.length === 0 ? [] : undefined);
  const taken = await runs(tx).portsTaken(cluster);
  const free = Array.from({ length: taskPortRange }, (_, offset) => taskPortStart + offset).filter(port => !taken.has(port));
  return wanted => {
    if (free.length < wanted.length) return undefined;
    return wanted.map(container => ({ container, host: free.shift()! }));
  };
}

/** Elements of one array that are handed over together share a workload, and are told by their indexes in it. */
function workloadsFor(range: ArrayRange | undefined, places: readonly number[], { can }: ClusterView): (place: number) => string {
  const shared = newUuid();
  const indexes = range ? places.map(place => indexOf(range, place)) : [];
  const isOne = indexes.length > 1 && indexes.every(index => index >= 0 && index < can.arrays);
  return place => (isOne && range ? `${shared}/${indexOf(range, place)}` : newUuid());
}

async function claimElements(
  tx: Tx,
  cluster: ClusterView,
  id: number,
  count: number,
  ports: readonly MappedPort[],
  at: Date,
): Promise<NewRun[]> {
  const task = await tasks(tx).lock(id);
  if (!task || task.wish === "kill" || (task.state !== "pending" && task.state !== "running")) return [];
  const again = task.again.slice(0, count);
  const places = [...again];
  let next = task.nextElement;
  while (places.length < count && next < task.elements) {
    const slice = Math.min(count - places.length, task.elements - next);
    const begun = await runs(tx).begun(id, next, slice);
    for (let place = next; place < next + slice; place++) if (!begun.has(place)) places.push(place);
    next += slice;
  }
  const taken = new Set(places.map(String));
  const marks = Object.entries(task.elementMarks).filter(([place]) => !taken.has(place));
  await tasks(tx).change(id, {
    elementMarks: Object.fromEntries(marks),
    state: "running",
    mark: "",
    reason: null,
    nextElement: next,
    again: task.again.slice(again.length),
    elementsRunning: task.elementsRunning + places.length,
  });
  const workloadFor = workloadsFor(task.spec.array, places, cluster);
  return places.map(element => ({ taskId: id, element, workload: workloadFor(element), cluster: cluster.name, ports, at }));
}

async function endOverQuota(tx: Tx, world: Omit<World, "store">, id: number, quota: string): Promise<void> {
  const task = await tasks(tx).lock(id);
  // What of an array has begun goes on.
  if (task?.state !== "pending") return;
  const over = task.elements > 0 ? { elementsOver: task.elements, nextElement: task.elements } : {};
  const reason = `The ${quota} quota is used up`;
  await finishTask(tx, world, SYSTEM, task, { ...over, exitCode: NEVER_RAN, mark: "quota", reason, endedAt: world.clock.now() });
}

/** Why a task does not run. `at`: when it should start at the latest, as far as that can be told. */
export interface Why {
  readonly cause:
    | "over"
    | "running"
    | "starting"
    | "kept back"
    | "parents"
    | "maintenance"
    | "no cluster"
    | "too large"
    | "quota"
    | "port"
    | "next"
    | "turn"
    | "room"
    | "cluster queue";
  /** In words, for people. */
  readonly text: string;
  /** Numbers of tasks that must be over first. */
  readonly parents: readonly number[];
  /** How many of its own person and study come before it. */
  readonly before: number;
  /** Tasks whose reserved room it may not take. */
  readonly reserved: readonly number[];
  readonly at: Date | undefined;
}

/** @throws HavreError "not-found" */
export async function whyWaiting(world: World, actor: Actor, id: number): Promise<Why> {
  const tx = world.store.db;
  const view = await reached(tx, world, actor, id, "see");
  const { task } = view;
  const why = (cause: Why["cause"], text: string, more: Partial<Why> = {}): Why => ({
    cause,
    text,
    parents: [],
    before: 0,
    reserved: [],
    at: undefined,
    ...more,
  });
  const { state } = standingOf(task, view.element, view.run);
  if (state === "over" || state === "archived") return why("over", "It is over.");
  if (state === "running") return why("running", "It runs.");
  const cluster = (await compute(tx).clusters()).find(({ name }) => name === task.cluster);
  if (state === "starting" && cluster?.can.queue)
    return why("cluster queue", `The cluster ${cluster.name} has it, and decides by its own queue.`, {
      parents: await tasks(tx).parentsLeft(task.id),
    });
  if (state === "starting") return why("starting", "It has its room, and is being handed to its cluster.");
  if (state === "created") return why("kept back", "Whoever submitted it keeps it back until they release it.");
  const parents = await tasks(tx).parentsLeft(task.id);
  if (parents.length > 0)
    return why(
      "parents",
      `It waits for ${parents.length === 1 ? "task" : "the tasks"} ${parents.slice(0, 10).join(", ")} to end.`,
      { parents, at: cluster && (await afterParents(tx, world, cluster, task, parents)) },
    );
  if ((await compute(tx).maintenance()).get("all") === true) return why("maintenance", "Nothing starts during maintenance.");
  if (!cluster) return why("no cluster", `The cluster "${task.cluster}" is not there.`);
  if (cluster.can.queue) return why("cluster queue", `The cluster ${cluster.name} decides by its own queue.`);
  const live = await runs(tx).live(cluster.name);
  const { question, rows, overQuota } = await overview(tx, world, cluster, live);
  const quota = overQuota.get(task.id);
  if (quota !== undefined) return why("quota", `The ${quota} quota is used up: it will end without having run.`);
  const answer = decide(question);
  const before = await taskQueue(tx).before(cluster.name, task.personId, task.studyId ?? 0, task.id);
  const reserved = answer.reserved.filter(other => other.id !== task.id).map(other => other.id);
  const at = forecast(question, task.id);
  if (answer.tooLarge.includes(task.id))
    return why("too large", "No node of the cluster that works has so much room, or has the labels that are asked for.", {
      before,
    });
  if (answer.waiting.includes(task.id))
    return why("room", "There is not enough room now. It starts when tasks that run have ended.", { before, reserved, at });
  if (answer.starts.some(start => start.id === task.id)) {
    const wanted = portsOf(rows.get(task.id)!);
    const ports = await portsFor(tx, world.settings, cluster.name, wanted.length > 0);
    if (ports(wanted) === undefined)
      return why("port", "No port of the node is free. It starts when a task that has one has ended.");
    return why("next", "It is next.", { at });
  }
  return why("turn", before === 0 ? "Others come first." : `${before} of the same person and study come first.`, {
    before,
    reserved,
    at,
  });
}

/** When what waits for others starts at the latest: known when all of them run, and no more is queued than is looked at. */
async function afterParents(
  tx: Tx,
  world: World,
  cluster: ClusterView,
  task: Task,
  parents: readonly number[],
): Promise<Date | undefined> {
  if (cluster.can.queue || (await compute(tx).maintenance()).get("all") === true) return undefined;
  const views = await taskLists(tx).views(parents);
  const ends = parents.map(id => {
    const parent = views.get(id)?.task;
    // How long the elements take that have not begun is not known.
    if (!parent?.startedAt || parent.state !== "running" || parent.elements > 0) return Number.NaN;
    return parent.startedAt.getTime() + parent.spec.walltimeSeconds * 1000;
  });
  const notBefore = Math.max(...ends);
  if (Number.isNaN(notBefore)) return undefined;
  const own = await taskQueue(tx).row(task.id);
  const { question } = await overview(tx, world, cluster, await runs(tx).live(cluster.name), own ? [own] : []);
  const group = question.groups.find(({ heads }) => heads.some(({ id }) => id === task.id));
  const before = await taskQueue(tx).before(cluster.name, task.personId, task.studyId ?? 0, task.id);
  if (!group || before >= group.heads.length) return undefined;
  return forecast(question, task.id, { notBefore: new Date(notBefore) });
}
