import {
  type ClusterView,
  type ComputeOverview,
  imagesOf,
  indexOf,
  type OwnAccount,
  type Recipe,
  standingOf,
  type TaskView,
  UNITS_OF_WORK,
  type Why,
} from "../../core/tasks/index.ts";
import type { Schema, Wire } from "../../http/route.ts";
import { BOOLEAN, INTEGER, list, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { stamp, stampOrNull } from "./wire.ts";

/** Tasks and where they run, as the portal shows them. */

const STATES = ["created", "pending", "starting", "running", "over", "archived"] as const;
const ARRAY = object({ first: INTEGER, last: INTEGER, step: INTEGER, count: INTEGER, running: INTEGER, over: INTEGER });
const PORT = object({ container: INTEGER, host: INTEGER });

export const taskSchema: Schema = object({
  id: INTEGER,
  parent: orNull(INTEGER),
  index: orNull(INTEGER),
  array: orNull(ARRAY),
  name: STRING,
  description: STRING,
  tags: list(STRING),
  user: STRING,
  project: orNull(STRING),
  image: STRING,
  script: STRING,
  interactive: BOOLEAN,
  cpu: INTEGER,
  memory_mib: INTEGER,
  gpus: INTEGER,
  lifespan_seconds: INTEGER,
  after: list(INTEGER),
  cluster: STRING,
  node: STRING,
  ports: list(PORT),
  state: words(STATES),
  suspended: BOOLEAN,
  wish: orNull(STRING),
  mark: STRING,
  reason: orNull(STRING),
  exit_code: orNull(INTEGER),
  seconds: INTEGER,
  shared: BOOLEAN,
  created_at: STAMP,
  started_at: orNull(STAMP),
  ended_at: orNull(STAMP),
});

export function taskShape(view: TaskView, { settings: { timeZone } }: Pick<Wire, "settings">) {
  const { task, element, run } = view;
  const { spec } = task;
  const standing = standingOf(task, element, run);
  const isWhole = element === undefined;
  return {
    id: view.id,
    parent: isWhole ? null : task.id,
    index: isWhole || !spec.array ? null : indexOf(spec.array, element),
    array:
      isWhole && spec.array
        ? {
            first: spec.array.first,
            last: spec.array.last,
            step: spec.array.step,
            count: task.elements,
            running: task.elementsRunning,
            over: task.elementsOver,
          }
        : null,
    name: spec.name,
    description: spec.description,
    tags: spec.tags,
    user: view.username,
    project: view.project || null,
    image: spec.image,
    script: spec.script.toString("utf8"),
    interactive: spec.interactive,
    cpu: spec.cpu,
    memory_mib: spec.memoryMib,
    gpus: spec.gpus,
    lifespan_seconds: spec.walltimeSeconds,
    after: spec.after,
    cluster: task.cluster,
    node: run?.node ?? "",
    ports: run && (run.state === "running" || run.state === "suspended") ? run.ports : [],
    state: standing.state,
    suspended: standing.isSuspended,
    wish: standing.wish ?? null,
    mark: standing.mark,
    reason: standing.reason || null,
    exit_code: standing.exitCode ?? null,
    seconds: standing.runSeconds,
    shared: view.shared.includes(view.id) || view.shared.includes(task.id),
    created_at: stamp(task.createdAt, timeZone),
    started_at: stampOrNull(standing.startedAt, timeZone),
    ended_at: stampOrNull(standing.endedAt, timeZone),
  };
}

export const whySchema: Schema = object({
  cause: STRING,
  text: STRING,
  parents: list(INTEGER),
  before: INTEGER,
  reserved: list(INTEGER),
  at: orNull(STAMP),
});
export const whyShape = ({ cause, text, parents, before, reserved, at }: Why, { settings }: Wire) => ({
  cause,
  text,
  parents,
  before,
  reserved,
  at: stampOrNull(at, settings.timeZone),
});

const NODE = object({
  name: STRING,
  state: words(["up", "closed", "down"]),
  cpu: INTEGER,
  used_cpu: { type: "number" },
  memory_mib: INTEGER,
  used_memory_mib: INTEGER,
  gpus: INTEGER,
  used_gpus: INTEGER,
});
const CLUSTER = object({
  name: STRING,
  engine: STRING,
  said: STRING,
  images: list(STRING),
  takes_other_images: BOOLEAN,
  suspends: BOOLEAN,
  opens_ports: BOOLEAN,
  has_gpus: BOOLEAN,
  nodes: list(NODE),
  seen_at: STAMP,
});
const NAMED = object({ id: STRING, name: STRING });

export const computeSchema: Schema = object({
  maintenance: BOOLEAN,
  images: list(STRING),
  volumes: list(STRING),
  projects: list(NAMED),
  defaults: object({ cpu: INTEGER, memory_mib: INTEGER, lifespan_seconds: INTEGER }),
  pending: INTEGER,
  running: INTEGER,
  clusters: list(CLUSTER),
});

const clusterShape = (cluster: ClusterView, settings: Wire["settings"]) => ({
  name: cluster.name,
  engine: cluster.engine,
  said: cluster.said,
  images: imagesOf(cluster, settings).names,
  takes_other_images: imagesOf(cluster, settings).takesOthers,
  suspends: cluster.can.suspend,
  opens_ports: cluster.can.ports,
  has_gpus: cluster.can.gpus,
  nodes: cluster.nodes.map(node => ({
    name: node.name,
    state: node.state,
    cpu: node.cpu,
    used_cpu: node.usedCpu,
    memory_mib: node.memoryMib,
    used_memory_mib: node.usedMemoryMib,
    gpus: node.gpus,
    used_gpus: node.usedGpus,
  })),
  seen_at: stamp(cluster.seenAt, settings.timeZone),
});

export const computeShape = ({ clusters, isClosed, projects, counts }: ComputeOverview, { settings }: Wire) => ({
  maintenance: isClosed,
  images: [...new Set([...settings.taskImages, ...clusters.flatMap(cluster => cluster.images)])],
  volumes: ["home", ...settings.computeVolumes.map(({ name }) => name)],
  projects: projects.map(({ slug, name }) => ({ id: slug, name })),
  defaults: {
    cpu: settings.taskCpu,
    memory_mib: Math.ceil(settings.taskMemory / 1024 / 1024),
    lifespan_seconds: settings.taskLifespan,
  },
  pending: counts.pending,
  running: counts.running,
  clusters: clusters.map(cluster => clusterShape(cluster, settings)),
});

const DAY = object({ day: STRING, tasks: INTEGER, cpu: INTEGER, memory_mib: INTEGER, gpus: INTEGER, seconds: INTEGER });
const QUOTAS = object({ prio: INTEGER, seconds: INTEGER, cpu: INTEGER, memory_mib: INTEGER, gpus: INTEGER });
const BUDGET = object({ unit: STRING, granted: INTEGER, available: INTEGER, held: INTEGER, spent: INTEGER });

export const accountSchema: Schema = object({
  username: STRING,
  api_key: STRING,
  uid: INTEGER,
  public_key: STRING,
  quotas: QUOTAS,
  window_days: INTEGER,
  usage: list(DAY),
  budget: list(BUDGET),
});

export const accountShape = ({ user, usage, budget }: OwnAccount, { settings }: Wire) => ({
  username: user.person.username,
  api_key: user.apiKey ?? "",
  uid: user.account.uid,
  public_key: user.account.publicKey,
  quotas: {
    prio: user.account.quotas.prio,
    seconds: user.account.quotas.seconds,
    cpu: user.account.quotas.cpu,
    memory_mib: user.account.quotas.memoryMib,
    gpus: user.account.quotas.gpus,
  },
  window_days: settings.taskUsageDays,
  usage: usage.map(({ day, tasks, cpu, memoryMib, gpus, seconds }) => ({
    day,
    tasks,
    cpu,
    memory_mib: memoryMib,
    gpus,
    seconds,
  })),
  budget: UNITS_OF_WORK.flatMap(unit => {
    const line = budget[unit];
    return line?.limited ? [{ unit, granted: line.granted, available: line.available, held: line.held, spent: line.spent }] : [];
  }),
});

export const recipeSchema: Schema = object({
  name: STRING,
  description: STRING,
  user: STRING,
  public: BOOLEAN,
  image: STRING,
  script: STRING,
  cpu: INTEGER,
  memory_mib: INTEGER,
  gpus: INTEGER,
  lifespan_seconds: INTEGER,
});
export const recipeShape = ({ name, description, username, isPublic, template }: Recipe) => ({
  name,
  description,
  user: username,
  public: isPublic,
  image: template.image,
  script: template.script,
  cpu: template.cpu,
  memory_mib: template.memoryMib,
  gpus: template.gpus,
  lifespan_seconds: template.walltimeSeconds,
});
