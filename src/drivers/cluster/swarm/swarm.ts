import { HavreError } from "../../../kernel/errors.ts";
import type { Cluster, ClusterAbilities, Network, Workload, WorkloadId } from "../../../ports/cluster.ts";
import { HOST_IMAGE } from "../../../ports/cluster.ts";
import { lookAtImage } from "../container.ts";
import { prepareDirectory } from "../directory.ts";
import { type EngineAddress, EngineApi } from "../engine-api.ts";
import { readLog } from "../log-file.ts";
import { Notes } from "../notes.ts";
import { WrittenWatch } from "../watching.ts";
import { checkWorkload } from "../workload.ts";
import { serviceBody } from "./body.ts";
import { Services } from "./services.ts";

export interface SwarmOptions extends EngineAddress {
  /** Notes on workloads; all nodes see it under this path. */
  readonly folder: string;
  readonly mark: string;
  /** An overlay network of the Swarm by which work may reach other machines; "" for none. */
  readonly outsideNetwork: string;
  readonly hostNetwork: boolean;
}

/** Runs on a Docker Swarm, through one of its managers. Each workload is a service: a job of one task. */
export async function openSwarm(options: SwarmOptions): Promise<Cluster> {
  const api = await EngineApi.open(options, "Swarm");
  const notes = new Notes(options.folder, options.mark);
  await notes.open();
  const watch = new WrittenWatch();
  const services = new Services(api, notes, options.mark);
  // Swarm has no network without any other machine on it.
  const networks: Network[] = [
    ...(options.outsideNetwork ? ["outside" as const] : []),
    ...(options.hostNetwork ? ["host" as const] : []),
  ];
  const can: ClusterAbilities = {
    images: true,
    mounts: true,
    networks,
    ports: options.outsideNetwork !== "",
    suspend: false,
    retime: true,
    arrays: 0,
    dependencies: false,
    queue: true,
    requeues: true,
    nodes: true,
    accounts: true,
    gpus: false,
    usage: ["cpuSeconds", "peakMemoryBytes"],
    measure: false,
    hints: false,
    watches: [],
  };
  const underWay = new Map<WorkloadId, Promise<"done" | "waiting">>();

  async function submit(workload: Workload, signal: AbortSignal): Promise<"done" | "waiting"> {
    const { id, account, command, image, network } = workload;
    const before = await notes.read(id);
    if (before && ((await notes.readRemote(id)) !== undefined || (await notes.readCause(id)) !== undefined)) return "done";
    // Only the manager's own images can be looked into; the nodes fetch what they lack.
    const program = command.kind === "image" ? ((await lookAtImage(api, image, signal))?.program ?? []) : [];
    const { note, isNew } = await notes.make(workload, account);
    const places = { box: notes.box(id), scratch: notes.scratch(id), mark: options.mark };
    const target = network === "outside" ? options.outsideNetwork : network;
    const avoided = workload.avoid.length === 0 ? [] : await services.nodes(signal);
    const avoid = avoided.filter(node => workload.avoid.includes(node.name)).map(node => node.id);
    const body = await serviceBody(workload, note, places, { network: target, avoid, program });
    if (!(await services.isThere(note.name, signal))) {
      const isPrepared = await notes.prepareOnce(id, isNew, async () => {
        await prepareDirectory(workload.directory, [workload.stdout, workload.stderr], command, account);
        if (workload.scratch) await prepareDirectory(notes.scratch(id), [], { kind: "image" }, account);
      });
      if (!isPrepared) return "waiting";
      await services.create(body, signal);
    }
    await notes.writeRemote(id, await services.idOf(note.name, signal));
    if ((await notes.readCause(id)) !== undefined) await services.end(note.name, signal); // killed meanwhile
    return "done";
  }

  const end = async (id: WorkloadId, cause: "killed" | "walltime" | "output" | "disk", signal: AbortSignal): Promise<void> => {
    const note = await notes.read(id);
    if (!note) return;
    const [seen] = await services.observe([id], signal);
    if (seen?.state === "ended") return; // its end came first, and would go with its tasks
    await notes.writeCause(id, cause);
    await services.end(note.name, signal);
  };

  return {
    engine: "swarm",
    can,

    async check(signal) {
      const { json } = await api.ask("GET", "/info", { signal });
      const { ServerVersion, Swarm } = json as { ServerVersion: string; Swarm?: { ControlAvailable?: boolean; Nodes?: number } };
      if (!Swarm?.ControlAvailable)
        throw new HavreError("unavailable", "Swarm: this engine is no manager of a Swarm.", { retry: "never" });
      const up = (await services.nodes(signal)).filter(({ state }) => state === "up").length;
      return `Docker ${ServerVersion}, a Swarm of ${Swarm.Nodes} nodes, ${up} of them up; networks: ${networks.join(", ")}`;
    },

    async capacity(signal) {
      const nodes = (await services.nodes(signal)).map(({ id: _, ...node }) => node);
      return { nodes, enforced: { cpu: "by the engine", memory: "by the engine", processes: "by the engine", disk: "a watch" } };
    },

    images: async () => [],

    async submit(workload, signal) {
      checkWorkload(workload, "swarm", can);
      if (workload.image === HOST_IMAGE)
        throw new HavreError("invalid", 'swarm: the node\'s own system ("host") is not run here: name an image.');
      const known = underWay.get(workload.id);
      if (known) return known;
      const submitted = submit(workload, signal)
        .catch(error => notes.unmakeRefused(workload.id, error))
        .finally(() => underWay.delete(workload.id));
      underWay.set(workload.id, submitted);
      return submitted;
    },

    async observe(ids, signal) {
      const seen = await services.observe(
        ids.filter(id => !underWay.has(id)),
        signal,
      );
      for (const one of seen) {
        const note = one.state === "running" ? await notes.read(one.id) : undefined;
        if (!note || one.startedAt === undefined) continue;
        const isLate = Date.now() - one.startedAt.getTime() > note.limits.walltimeSeconds * 1000;
        const passed = isLate ? "walltime" : await watch.passed(one.id, note, notes.scratch(one.id));
        if (passed !== undefined) await end(one.id, passed, signal);
      }
      return seen;
    },

    async *hints() {},
    list: () => notes.list(),
    suspend: async () => unoffered("suspended"),
    resume: async () => unoffered("resumed"),
    kill: async (runs, signal) => {
      for (const { id } of runs) await end(id, "killed", signal);
    },
    retime: async (runs, walltimeSeconds) => {
      for (const { id } of runs) await notes.retime(id, walltimeSeconds);
    },
    log: (_run, place, stream, from) => readLog(`${place.directory}/${place[stream]}`, from),
    measure: async () => [],

    async forget(ids, signal) {
      for (const id of ids) {
        const note = await notes.read(id);
        if (note && (await services.isThere(note.name, signal))) {
          await services.end(note.name, signal);
          await services.gone(note.name, signal);
          await services.remove(note.name, signal);
        }
        watch.forget(id);
        await notes.remove(id);
      }
    },

    close: () => api.close(),
  };
}

function unoffered(what: string): never {
  throw new HavreError("invalid", `swarm: nothing can be ${what} here.`);
}
