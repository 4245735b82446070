import {
  folderOf,
  indexOf,
  type Mark,
  mountsOf,
  type RecipeTemplate,
  type Standing,
  standingOf,
  type TaskSettings,
  type TaskState,
  type TaskView,
  type Wish,
} from "../../core/tasks/index.ts";
import type { Wire } from "../../http/route.ts";
import { gigabytes, seconds } from "./wire.ts";

/** What a document needs to know of the server. */
export interface Facts {
  /** Of the shared folders, absolute: clients open files in it on their own file system. */
  readonly root: string;
}

/** Children whose numbers an array's document lists. */
const MOST_CHILDREN = 10_000;

const PRIMARY = {
  created: "created",
  pending: "pending",
  starting: "pending",
  running: "running",
  over: "over",
  archived: "archived",
} satisfies Record<TaskState, string>;
const SECONDARY = {
  "": null,
  killed: "killed",
  suspended: "suspended",
  "suspend rejected": "suspend rejected",
  resumed: "resumed",
  "resume rejected": "resume rejected",
  rescheduled: "rescheduled",
  "no room": "rejected by scheduler",
  quota: "quota reached",
  refused: "rejected by scheduler",
  unknown: "unknown",
} satisfies Record<Mark, string | null>;
const REQUESTED = {
  kill: "kill requested",
  suspend: "suspend requested",
  resume: "resume requested",
  reschedule: "reschedule requested",
} satisfies Record<Wish, string>;

const isOver = (standing: Standing): boolean => standing.state === "over" || standing.state === "archived";

export const taskDocument =
  ({ root }: Facts) =>
  (view: TaskView, { settings }: Pick<Wire, "settings">): Record<string, unknown> => {
    const { task, element, run } = view;
    const { spec } = task;
    const standing = standingOf(task, element, run);
    const ports = run && (run.state === "running" || run.state === "suspended") ? run.ports : [];
    return {
      id: view.id,
      parent_task_id: element === undefined ? null : task.id,
      date: seconds(task.createdAt),
      user: {
        id: view.username,
        uid: view.uid,
        gid: view.gid,
        sgids: view.groups,
        project: view.project || "default",
        email: view.email,
        guest: view.isGuest,
      },
      notify: { email: spec.notify },
      meta: { name: spec.name, description: spec.description, tags: spec.tags },
      requirements: requirementsOf(view, settings),
      container: {
        image: spec.image,
        volumes: volumesOf(view, standing, settings, root),
        network: spec.network,
        id: run?.remoteId || (standing.startedAt ? `task-${view.id}` : null),
        meta: containerMeta(view, standing),
        stats: null,
        ports: ports.map(port => String(port.host)),
        port_mapping: ports.map(({ host, container }) => ({ host, container })),
        ...(run?.node && !isOver(standing) ? { ip_address: run.node } : {}),
        root: spec.asRoot,
      },
      command: { interactive: spec.interactive, cmd: spec.script.toString("utf8") },
      status: statusOf(view, standing),
    };
  };

function requirementsOf({ task, element }: TaskView, { taskLifespan }: TaskSettings): Record<string, unknown> {
  const { spec } = task;
  const { said } = spec;
  const isParent = element === undefined && task.elements > 0;
  return {
    cpu: spec.cpu,
    ram: gigabytes(spec.memoryMib),
    gpus: spec.gpus,
    array: {
      values: isParent ? (said.values ?? `${spec.array?.first}:${spec.array?.last}:${spec.array?.step}`) : null,
      task_id: element === undefined || !spec.array ? null : indexOf(spec.array, element),
      nb_tasks: isParent ? task.elements : 0,
      nb_tasks_over: isParent ? task.elementsOver : 0,
      tasks: isParent ? Array.from({ length: Math.min(task.elements, MOST_CHILDREN) }, (_, place) => task.id + 1 + place) : [],
    },
    label: spec.labels,
    tasks: spec.after,
    ports: spec.ports,
    uris: spec.uris,
    failure_policy: spec.retries,
    ...(said.network === undefined ? {} : { network: said.network }),
    tmpstorage: spec.scratchMib > 0 ? { size: said.tmpstorage ?? `${spec.scratchMib}m`, path: "/tmp-data" } : null,
    maxlifespan:
      said.maxlifespan ?? (spec.walltimeSeconds === taskLifespan ? lifespanText(taskLifespan) : `${spec.walltimeSeconds}s`),
    executor: said.executor ?? null,
    ...quotasSaid("user", said.quotas),
    ...quotasSaid("project", said.studyQuotas),
  };
}

/** As they were when the task was submitted. */
function quotasSaid(whose: "user" | "project", quotas: unknown): Record<string, number> {
  const { seconds = 0, cpu = 0, memoryMib = 0, gpus = 0 } = (quotas ?? {}) as Readonly<Record<string, number>>;
  return {
    [`${whose}_quota_time`]: seconds,
    [`${whose}_quota_cpu`]: cpu,
    [`${whose}_quota_ram`]: gigabytes(memoryMib),
    [`${whose}_quota_gpu`]: gpus,
  };
}

/** As short as it is said: days, hours, seconds. */
export const lifespanText = (total: number): string =>
  total % 86_400 === 0 ? `${total / 86_400}d` : total % 3600 === 0 ? `${total / 3600}h` : `${total}s`;

/** The task's own folder is among them from its start. */
function volumesOf(view: TaskView, standing: Standing, settings: TaskSettings, root: string): readonly unknown[] {
  const mounted = mountsOf(view, settings, root).map(({ name, acl, path, mount }) => ({ name, acl, path, mount }));
  if (!standing.startedAt) return mounted;
  return [
    ...mounted,
    { name: "go-docker", acl: "rw", path: `${root}/${folderOf(view.task, view.element)}`, mount: "/mnt/go-docker" },
  ];
}

/** Clients look for the node from the start on, and for the exit code only at the end. */
function containerMeta({ run }: TaskView, standing: Standing): unknown {
  if (!standing.startedAt && !isOver(standing)) return null;
  return {
    Node: { Name: run?.node ?? "" },
    ...(isOver(standing) ? { State: { ExitCode: standing.exitCode ?? 1 } } : {}),
  };
}

function statusOf({ task }: TaskView, standing: Standing): Record<string, unknown> {
  const over = isOver(standing);
  const wished = standing.wish === undefined || standing.mark === "unknown" ? undefined : REQUESTED[standing.wish];
  const { startedAt, endedAt } = standing;
  return {
    primary: PRIMARY[standing.state],
    secondary: wished ?? SECONDARY[standing.mark] ?? (over ? "" : null),
    reason: standing.reason ?? null,
    ...(startedAt ? { date_running: seconds(startedAt) } : {}),
    date_over: endedAt && over ? seconds(endedAt) : null,
    ...(over
      ? {
          exitcode: standing.exitCode ?? 1,
          duration: startedAt && endedAt ? Math.max(0, Math.floor(seconds(endedAt)) - Math.floor(seconds(startedAt))) : 0,
        }
      : {}),
    ...(task.failures > 0 ? { failure: { reason: "Node failure", nodes: task.failedNodes, count: task.failures } } : {}),
  };
}

/** What a task was submitted with, ready to be submitted again. */
export function templateShape(spec: RecipeTemplate): Record<string, unknown> {
  const { said } = spec;
  return {
    meta: { name: spec.name, description: spec.description, tags: spec.tags },
    requirements: {
      cpu: spec.cpu,
      ram: gigabytes(spec.memoryMib),
      gpus: spec.gpus,
      array: { values: said.values ?? null },
      label: spec.labels,
      tasks: [],
      ports: spec.ports,
      uris: spec.uris,
      failure_policy: spec.retries,
      tmpstorage: said.tmpstorage ? { size: said.tmpstorage } : null,
      ...(said.maxlifespan ? { maxlifespan: said.maxlifespan } : {}),
      ...(said.network ? { network: said.network } : {}),
    },
    container: {
      image: spec.image,
      volumes: spec.volumes.map(({ name, writable }) => ({ name, acl: writable ? "rw" : "ro" })),
      network: spec.network,
      root: spec.asRoot,
    },
    command: { interactive: spec.interactive, cmd: spec.script },
  };
}
