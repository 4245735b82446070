import { setTimeout as pause } from "node:timers/promises";
import { HavreError } from "../../../kernel/errors.ts";
import type { ClusterNode, Observation, RunEnd, RunState, Usage, WorkloadId } from "../../../ports/cluster.ts";
import type { EngineApi } from "../engine-api.ts";
import type { Note, Notes } from "../notes.ts";
import { NEEDLESS, NOT_FOUND } from "../wrapper.ts";
import { MARK_LABEL } from "./body.ts";

interface Service {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Mode?: { readonly ReplicatedJob?: { readonly TotalCompletions?: number } };
  };
}

export interface Task {
  readonly ID: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Timestamp: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number };
  };
}

interface NodeFacts {
  readonly ID: string;
  readonly Spec: { readonly Availability: string; readonly Labels?: Readonly<Record<string, string>> };
  readonly Description: {
    readonly Hostname: string;
    readonly Resources: { readonly NanoCPUs: number; readonly MemoryBytes: number };
  };
  readonly Status: { readonly State: string };
}

const STATES: Readonly<Record<string, RunState>> = {
  new: "waiting",
  allocated: "waiting",
  pending: "waiting",
  assigned: "waiting",
  accepted: "waiting",
  preparing: "waiting",
  ready: "waiting",
  starting: "waiting",
  running: "running",
  complete: "ended",
  shutdown: "ended",
  failed: "ended",
  rejected: "ended",
  remove: "ended",
  orphaned: "ended",
};

const BILLION = 1e9;
const GONE_MS = 20_000;
const KILLED = 137;

/** Services of this installation and their tasks, as the manager tells them. */
export class Services {
  readonly #api: EngineApi;
  readonly #notes: Notes;
  readonly #mark: string;

  constructor(api: EngineApi, notes: Notes, mark: string) {
    this.#api = api;
    this.#notes = notes;
    this.#mark = mark;
  }

  /** One of this name that is there already is taken as it is. */
  async create(body: object, signal: AbortSignal): Promise<void> {
    await this.#api.ask("POST", "/services/create", { signal, body, also: [409] }).catch(error => {
      if (!/already exists|name conflicts/.test(String(error))) throw error;
    });
  }

  async isThere(name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#api.ask("GET", `/services/${name}`, { signal, also: [404] })).status === 200;
  }

  async idOf(name: string, signal: AbortSignal): Promise<string> {
    return ((await this.#api.ask("GET", `/services/${name}`, { signal })).json as Service).ID;
  }

  /**
   * Ends its tasks. A job that is removed leaves them running (Docker 20.10), so it becomes a job of no tasks, and stays until it is
   * forgotten.
   */
  end = (name: string, signal: AbortSignal): Promise<void> =>
    this.#update(name, { TotalCompletions: 0, MaxConcurrent: 0 }, signal);

  /** Makes a new task of it, and ends those that are there. */
  again = (name: string, signal: AbortSignal): Promise<void> =>
    this.#update(name, { TotalCompletions: 1, MaxConcurrent: 1 }, signal);

  async #update(name: string, job: { TotalCompletions: number; MaxConcurrent: number }, signal: AbortSignal): Promise<void> {
    const { status, json } = await this.#api.ask("GET", `/services/${name}`, { signal, also: [404] });
    if (status === 404 || isEnding(json as Service)) return; // what is to end is not begun again
    const { Version, Spec } = json as { Version: { Index: number }; Spec: { TaskTemplate: { ForceUpdate?: number } } };
    const body = {
      ...Spec,
      Mode: { ReplicatedJob: job },
      TaskTemplate: { ...Spec.TaskTemplate, ForceUpdate: (Spec.TaskTemplate.ForceUpdate ?? 0) + 1 },
    };
    await this.#api.ask("POST", `/services/${name}/update`, { signal, query: { version: String(Version.Index) }, body });
  }

  /** Waits until no task of it has a process any more: without its service, nobody would end it. @throws "timeout" */
  async gone(name: string, signal: AbortSignal): Promise<void> {
    for (const deadline = Date.now() + GONE_MS; Date.now() < deadline; await pause(100)) {
      const [tasks, nodes] = await Promise.all([this.#tasks({ service: [name] }, signal).catch(() => []), this.nodes(signal)]);
      if (tasks.every(task => !isLeft(task, downOf(nodes)))) return;
    }
    throw new HavreError("timeout", "Swarm: a task does not end.");
  }

  /** Of one without tasks that run. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#api.ask("DELETE", `/services/${name}`, { signal, also: [404] });
  }

  async nodes(signal: AbortSignal): Promise<(ClusterNode & { readonly id: string })[]> {
    const [{ json }, tasks] = await Promise.all([this.#api.ask("GET", "/nodes", { signal }), this.#tasks({}, signal)]);
    const facts = json as NodeFacts[];
    const hosts = facts.map(({ Description }) => Description.Hostname);
    const alive = tasks.filter(({ Status }) => STATES[Status.State] !== "ended");
    return facts.map(({ ID, Spec, Description, Status }) => ({
      id: ID,
      // Two daemons of one machine have one name.
      name: isOnce(hosts, Description.Hostname) ? Description.Hostname : `${Description.Hostname}-${ID.slice(0, 8)}`,
      state: Status.State !== "ready" ? "down" : Spec.Availability === "active" ? "up" : "closed",
      cpu: Description.Resources.NanoCPUs / BILLION,
      memoryBytes: Description.Resources.MemoryBytes,
      gpus: 0,
      used: { ...sumOf(alive.filter(({ NodeID }) => NodeID === ID)), gpus: 0 },
      disk: undefined,
      labels: Spec.Labels ?? {},
    }));
  }

  async observe(ids: readonly WorkloadId[], signal: AbortSignal): Promise<Observation[]> {
    const filters = JSON.stringify({ label: [`${MARK_LABEL}=${this.#mark}`] });
    const [{ json }, nodes, tasks] = await Promise.all([
      this.#api.ask("GET", "/services", { signal, query: { filters } }),
      this.nodes(signal),
      this.#tasks({}, signal),
    ]);
    const services = new Map((json as Service[]).map(service => [service.Spec.Name, service]));
    const names = new Map(nodes.map(({ id, name }) => [id, name]));
    const down = downOf(nodes);
    const seen = await Promise.all(
      ids.map(async id => {
        const note = await this.#notes.read(id);
        if (!note) return observed(id, "absent", {});
        const service = services.get(note.name);
        const own = tasks
          .filter(({ ServiceID }) => ServiceID === (service?.ID ?? ""))
          .toSorted((a, b) => (a.CreatedAt < b.CreatedAt ? -1 : 1));
        return this.#one(id, note, service, own, names, down, signal);
      }),
    );
    return seen.filter(one => one !== undefined);
  }

  async #one(
    id: WorkloadId,
    note: Note,
    service: Service | undefined,
    own: readonly Task[],
    names: ReadonlyMap<string, string>,
    down: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<Observation | undefined> {
    const cause = await this.#notes.readCause(id);
    if (!service && cause !== undefined)
      // ended before it came so far
      return observed(id, "ended", { endedAt: new Date(), end: { cause, exitCode: KILLED, message: "" } });
    if (!service) return (await this.#notes.isBeingSubmitted(id, note)) ? undefined : observed(id, "absent", {});
    if (isEnding(service) && cause !== undefined) {
      const begun = await this.#begun(id);
      if (own.some(task => isLeft(task, down))) return observed(id, "running", begun);
      const end = cause === "lost" ? LOST : { cause, exitCode: KILLED, message: "" };
      return observed(id, "ended", { ...begun, endedAt: new Date(), end });
    }
    const task = own.at(-1);
    if (!task) return observed(id, "waiting", { remoteId: service.ID });
    const state = STATES[task.Status.State];
    const begun = (await this.#notes.said(id, "begins")).split("\n").filter(line => line !== "").length;
    const node = names.get(task.NodeID ?? "") ?? "";
    const facts = { remoteId: service.ID, node, begun, reason: state === "waiting" ? (task.Status.Err ?? "") : "" };
    if (state === undefined) return undefined;
    if (state !== "ended" && down.has(task.NodeID ?? "")) {
      // Swarm leaves a job's task on a node that fell silent for a day.
      if (begun === 0 || note.requeue) await this.again(note.name, signal);
      else {
        await this.#notes.writeCause(id, "lost");
        await this.end(note.name, signal);
      }
      return undefined;
    }
    if (state === "waiting") return observed(id, "waiting", facts);
    const startedAt = await this.#startOf(id, task);
    if (state === "running") return observed(id, "running", { ...facts, startedAt });
    const end = await this.#endOf(id, note, task, own);
    if (end === undefined) return undefined;
    const never = end.cause === "refused";
    return observed(id, "ended", {
      ...facts,
      begun: never ? 0 : Math.max(1, begun),
      startedAt: never ? undefined : startedAt,
      endedAt: new Date(task.Status.Timestamp),
      end,
      usage: await this.#usageOf(id),
    });
  }

  async #endOf(id: WorkloadId, note: Note, task: Task, own: readonly Task[]): Promise<RunEnd | undefined> {
    const { State, Err, ContainerStatus } = task.Status;
    const code = ContainerStatus?.ExitCode;
    if (State === "rejected" || (State === "failed" && !ContainerStatus?.ContainerID))
      return (await this.#notes.begunAt(id)) === undefined
        ? { cause: "refused", exitCode: undefined, message: Err ?? "" }
        : { cause: "lost", exitCode: undefined, message: `It could not begin again elsewhere: ${Err ?? State}` };
    if (State === "orphaned") return LOST;
    if (State === "shutdown" || State === "remove") {
      const cause = await this.#notes.readCause(id);
      // A job's task is told to end only when it is to run elsewhere. Where it may, the next task tells, and is not there yet.
      if (cause === undefined && note.requeue) return undefined;
      return { cause: cause ?? "lost", exitCode: KILLED, message: Err ?? "" };
    }
    if (code === NEEDLESS && own.length > 1) return LOST;
    if (code === undefined) return undefined;
    const refused = code === NOT_FOUND ? await this.#notes.said(id, "refused") : "";
    if (refused !== "") return { cause: "refused", exitCode: undefined, message: refused };
    const isMemory = code !== 0 && (/oom|memory/i.test(Err ?? "") || /^[1-9]/.test(await this.#notes.said(id, "oom")));
    return { cause: isMemory ? "memory" : "exit", exitCode: code, message: "" };
  }

  /** Swarm tells the time of the last change; while it runs that is the start. Noted, so that it is told at the end too. */
  async #startOf(id: WorkloadId, task: Task): Promise<Date> {
    const key = `${id} ${task.ID}`;
    if (task.Status.State === "running") this.#starts.set(key, new Date(task.Status.Timestamp));
    return this.#starts.get(key) ?? new Date((await this.#notes.begunAt(id)) ?? task.CreatedAt);
  }

  readonly #starts = new Map<string, Date>();

  async #begun(id: WorkloadId): Promise<Partial<Observation>> {
    const at = await this.#notes.begunAt(id);
    return at === undefined ? {} : { begun: 1, startedAt: at, remoteId: (await this.#notes.readRemote(id)) ?? "" };
  }

  async #usageOf(id: WorkloadId): Promise<Usage> {
    const [, cpu, peak] = /^(\d+) (\d+)$/.exec(await this.#notes.said(id, "used")) ?? [];
    return {
      ...(cpu === undefined ? {} : { cpuSeconds: Number(cpu) / 1e6 }),
      ...(peak === undefined ? {} : { peakMemoryBytes: Number(peak) }),
    };
  }

  async #tasks(filters: object, signal: AbortSignal): Promise<Task[]> {
    return (await this.#api.ask("GET", "/tasks", { signal, query: { filters: JSON.stringify(filters) } })).json as Task[];
  }
}

const LOST: RunEnd = { cause: "lost", exitCode: undefined, message: "Its node failed." };

const isEnding = ({ Spec }: Service): boolean =>
  Spec.Mode?.ReplicatedJob !== undefined && (Spec.Mode.ReplicatedJob.TotalCompletions ?? 0) === 0;

/** Whether it has, or may come to have, a process. The manager lists a task until its processes are gone; of a node that is gone, nobody will tell. */
const isLeft = ({ NodeID, Status, DesiredState }: Task, down: ReadonlySet<string>): boolean =>
  STATES[Status.State] !== "ended" && !down.has(NodeID ?? "") && !(NodeID === undefined && DesiredState === "remove");

const downOf = (nodes: readonly { readonly id: string; readonly state: string }[]): ReadonlySet<string> =>
  new Set(nodes.filter(({ state }) => state === "down").map(({ id }) => id));

const isOnce = (all: readonly string[], one: string): boolean => all.indexOf(one) === all.lastIndexOf(one);

function sumOf(tasks: readonly Task[]): { cpu: number; memoryBytes: number } {
  const held = tasks.map(
    task =>
      (task as { Spec?: { Resources?: { Reservations?: { NanoCPUs?: number; MemoryBytes?: number } } } }).Spec?.Resources
        ?.Reservations,
  );
  return {
    cpu: held.reduce((sum, one) => sum + (one?.NanoCPUs ?? 0), 0) / BILLION,
    memoryBytes: held.reduce((sum, one) => sum + (one?.MemoryBytes ?? 0), 0),
  };
}

const observed = (id: WorkloadId, state: RunState, more: Partial<Observation>): Observation => ({
  ...{
    id,
    state,
    begun: 0,
    node: "",
    remoteId: "",
    startedAt: undefined,
    endedAt: undefined,
    end: undefined,
    usage: {},
    reason: "",
  },
  ...more,
});
