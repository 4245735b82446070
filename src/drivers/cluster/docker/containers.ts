import { writeFile } from "node:fs/promises";
import { HavreError } from "../../../kernel/errors.ts";
import type { Observation, RunEnd, Usage, Workload, WorkloadId } from "../../../ports/cluster.ts";
import { ignoring, readIfThere } from "../../files.ts";
import type { EngineApi } from "../engine-api.ts";
import type { Note, Notes } from "../notes.ts";
import { NEEDLESS, NOT_FOUND } from "../wrapper.ts";
import { ID_LABEL, MARK_LABEL } from "./body.ts";

interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
}

interface Inspected {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
}

interface Stats {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly max_usage?: number; readonly stats?: Record<string, number> };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
}

/** What the engine says of a workload that it could not start. */
const CANNOT = /no such file|not found|permission denied|OCI runtime|runc|crun|exec format|invalid|not a directory/i;
const PORT_TAKEN = /(?:port is already allocated|address already in use)/i;
const KILLED = 137;

/** Containers of this installation, by their names. */
export class Containers {
  readonly #api: EngineApi;
  readonly #notes: Notes;
  readonly #mark: string;

  constructor(api: EngineApi, notes: Notes, mark: string) {
    this.#api = api;
    this.#notes = notes;
    this.#mark = mark;
  }

  /** The engine's word, or undefined when there is no such container. */
  async state(name: string, signal: AbortSignal): Promise<string | undefined> {
    return (await this.#inspect(name, signal))?.State.Status;
  }

  /** One of this name that is there already is taken as it is. */
  async create(name: string, body: object, signal: AbortSignal): Promise<void> {
    await this.#api.ask("POST", "/containers/create", { signal, query: { name }, body, also: [409] }).catch(error => {
      if (!/name is already in use/.test(String(error))) throw error; // Podman calls it a fault of its own
    });
  }

  /** Starts one that was never started. What cannot be started is noted as refused. @throws "conflict" for a port that is taken */
  async start(id: WorkloadId, name: string, ports: Workload["ports"], signal: AbortSignal): Promise<void> {
    if ((await this.state(name, signal)) !== "created") return;
    try {
      await this.#api.ask("POST", `/containers/${name}/start`, { signal, also: [304] });
    } catch (error) {
      if (!(error instanceof HavreError) || !["invalid", "not-found", "unavailable", "conflict"].includes(error.kind))
        throw error;
      if (PORT_TAKEN.test(error.message)) {
        const port = ports.find(({ host }) => error.message.includes(String(host)))?.host ?? ports[0]?.host;
        await this.remove(name, signal);
        throw new HavreError("conflict", `The port ${port} is taken.`, { detail: { port }, cause: error });
      }
      if (!CANNOT.test(error.message)) throw error;
      await writeFile(this.#failed(id), error.message, { mode: 0o600 });
    }
  }

  async observe(ids: readonly WorkloadId[], signal: AbortSignal): Promise<Observation[]> {
    const listed = new Map(
      (await this.#list(signal)).flatMap(one => one.Names.map(name => [name.replace(/^\//, ""), one] as const)),
    );
    const node = await this.#node(signal);
    const seen = await Promise.all(
      ids.map(async id => {
        const note = await this.#notes.read(id);
        return note ? this.#one(id, note, listed.get(note.name), node, signal) : observed(id, "absent", {});
      }),
    );
    return seen.filter(one => one !== undefined);
  }

  async *hints(signal: AbortSignal): AsyncGenerator<WorkloadId> {
    const filters = JSON.stringify({
      type: ["container"],
      event: ["die", "died", "pause", "unpause", "start"],
      label: [`${MARK_LABEL}=${this.#mark}`],
    });
    try {
      for await (const event of this.#api.stream("GET", "/events", { signal, query: { filters } })) {
        const id = (event as { Actor?: { Attributes?: Record<string, string> } }).Actor?.Attributes?.[ID_LABEL ?? ""];
        if (id !== undefined) yield id as WorkloadId;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Requests of those that have not ended. */
  async held(signal: AbortSignal): Promise<{ cpu: number; memoryBytes: number }> {
    const alive = new Set((await this.#list(signal)).filter(({ State }) => !OVER.has(State)).flatMap(({ Names }) => Names));
    const notes = await Promise.all((await this.#notes.list()).map(id => this.#notes.read(id)));
    const held = notes.filter(note => note !== undefined && (alive.has(`/${note.name}`) || alive.has(note.name)));
    return {
      cpu: held.reduce((sum, note) => sum + (note?.limits.cpu ?? 0), 0),
      memoryBytes: held.reduce((sum, note) => sum + (note?.limits.memoryBytes ?? 0), 0),
    };
  }

  /** Nothing is done to one that is not running, or is so already. */
  async tell(name: string, word: "pause" | "unpause", signal: AbortSignal): Promise<void> {
    const wanted = word === "pause" ? "running" : "paused";
    if ((await this.state(name, signal)) !== wanted) return;
    await this.#api.ask("POST", `/containers/${name}/${word}`, { signal, also: [404, 409] });
  }

  async kill(name: string, signal: AbortSignal): Promise<void> {
    await this.#api.ask("POST", `/containers/${name}/kill`, { signal, query: { signal: "KILL" }, also: [404, 409, 500] });
    // A frozen one dies when it is thawed, before it does anything else.
    await this.tell(name, "unpause", signal);
    if ((await this.state(name, signal)) === "running")
      await this.#api.ask("POST", `/containers/${name}/kill`, { signal, query: { signal: "KILL" }, also: [404, 409, 500] });
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.tell(name, "unpause", signal);
    await this.#api.ask("DELETE", `/containers/${name}`, { signal, query: { force: "true", v: "true" }, also: [404, 409] });
  }

  async stats(name: string, signal: AbortSignal) {
    const query = { stream: "false", "one-shot": "true" };
    const { status, json } = await this.#api.ask("GET", `/containers/${name}/stats`, { signal, query, also: [404, 409, 500] });
    const { cpu_stats, memory_stats, networks } = (json ?? {}) as Stats;
    const nanoseconds = cpu_stats?.cpu_usage?.total_usage;
    if (status !== 200 || nanoseconds === undefined || memory_stats?.usage === undefined) return undefined;
    const cache = memory_stats.stats?.total_inactive_file ?? memory_stats.stats?.inactive_file ?? 0;
    const own = networks && Object.values(networks);
    return {
      cpuSeconds: nanoseconds / 1e9,
      memoryBytes: Math.max(0, memory_stats.usage - cache),
      ...(own
        ? {
            receivedBytes: own.reduce((sum, one) => sum + one.rx_bytes, 0),
            sentBytes: own.reduce((sum, one) => sum + one.tx_bytes, 0),
          }
        : {}),
    };
  }

  /** Before we end one: afterwards the engine knows nothing of it. */
  async rememberUsage(id: WorkloadId, name: string, signal: AbortSignal): Promise<void> {
    const used = await this.stats(name, signal).catch(() => undefined);
    if (used)
      await writeFile(this.#used(id), JSON.stringify({ cpuSeconds: used.cpuSeconds, peakMemoryBytes: used.memoryBytes }), {
        flag: "wx",
      }).catch(ignoring("EEXIST", "ENOENT"));
  }

  async #one(
    id: WorkloadId,
    note: Note,
    listed: Listed | undefined,
    node: string,
    signal: AbortSignal,
  ): Promise<Observation | undefined> {
    const failed = await readIfThere(this.#failed(id));
    if (failed !== undefined)
      return observed(id, "ended", {
        node,
        endedAt: new Date(),
        end: { cause: "refused", exitCode: undefined, message: failed },
      });
    const found = listed && (await this.#inspect(listed.Id, signal));
    const cause = await this.#notes.readCause(id);
    if (found === undefined || found.State.Status === "created" || found.State.Status === "configured") {
      if (cause !== undefined)
        return observed(id, "ended", { node, endedAt: new Date(), end: { cause, exitCode: KILLED, message: "" } });
      if (found !== undefined) return observed(id, "waiting", { node, remoteId: found.Id });
      return (await this.#notes.isBeingSubmitted(id, note)) ? undefined : observed(id, "absent", {});
    }
    const { Status, StartedAt, FinishedAt } = found.State;
    const begun = { node, remoteId: found.Id, begun: 1, startedAt: timeIn(StartedAt) };
    if (Status === "paused") return observed(id, "suspended", begun);
    if (Status === "running" || Status === "restarting" || Status === "stopping") return observed(id, "running", begun);
    if (!OVER.has(Status)) return undefined;
    const end = await this.#endOf(id, found, cause);
    const never = end.cause === "refused";
    return observed(id, "ended", {
      ...begun,
      ...(never ? { begun: 0, startedAt: undefined } : {}),
      // Of a command that is over at once, the engine notes the end before the start.
      endedAt: laterOf(timeIn(FinishedAt) ?? new Date(), never ? undefined : begun.startedAt),
      end,
      usage: await this.#usageOf(id),
    });
  }

  async #endOf(id: WorkloadId, { State }: Inspected, cause: RunEnd["cause"] | undefined): Promise<RunEnd> {
    const said = await this.#notes.said(id, "code");
    // A second start did nothing; what counts is what the first said.
    const code = State.ExitCode === NEEDLESS && /^\d{1,3}$/.test(said) ? Number(said) : State.ExitCode;
    const refused = code === NOT_FOUND ? await this.#notes.said(id, "refused") : "";
    if (refused !== "") return { cause: "refused", exitCode: undefined, message: refused };
    if (cause !== undefined && code === KILLED) return { cause, exitCode: code, message: "" };
    // Podman tells no memory kill; the wrapper's counter does, where it lives to read it.
    const isMemory = State.OOMKilled || /^[1-9]/.test(await this.#notes.said(id, "oom"));
    if (isMemory && code !== 0) return { cause: "memory", exitCode: code, message: "" };
    if (code === KILLED && said === "") return { cause: "killed", exitCode: code, message: "" };
    return { cause: "exit", exitCode: code, message: "" };
  }

  async #usageOf(id: WorkloadId): Promise<Usage> {
    const kept = await readIfThere(this.#used(id));
    if (kept !== undefined) return JSON.parse(kept) as Usage;
    const [, cpu, peak] = /^(\d+) (\d+)$/.exec(await this.#notes.said(id, "used")) ?? [];
    return {
      ...(cpu === undefined ? {} : { cpuSeconds: Number(cpu) / 1e6 }),
      ...(peak === undefined ? {} : { peakMemoryBytes: Number(peak) }),
    };
  }

  async #list(signal: AbortSignal): Promise<Listed[]> {
    const filters = JSON.stringify({ label: [`${MARK_LABEL}=${this.#mark}`] });
    return (await this.#api.ask("GET", "/containers/json", { signal, query: { all: "true", filters } })).json as Listed[];
  }

  async #inspect(name: string, signal: AbortSignal): Promise<Inspected | undefined> {
    const { status, json } = await this.#api.ask("GET", `/containers/${name}/json`, { signal, also: [404] });
    return status === 200 ? (json as Inspected) : undefined;
  }

  #nodeName: string | undefined;
  async #node(signal: AbortSignal): Promise<string> {
    this.#nodeName ??= ((await this.#api.ask("GET", "/info", { signal })).json as { Name: string }).Name;
    return this.#nodeName;
  }

  #failed = (id: WorkloadId): string => `${this.#notes.box(id)}/../failed`;
  #used = (id: WorkloadId): string => `${this.#notes.box(id)}/../used`;
}

const OVER = new Set(["exited", "dead", "stopped"]);

const timeIn = (text: string): Date | undefined => (text.startsWith("0001-") ? undefined : new Date(text));

const laterOf = (one: Date, other: Date | undefined): Date => (other !== undefined && other > one ? other : one);

const observed = (id: WorkloadId, state: Observation["state"], more: Partial<Observation>): Observation => ({
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
