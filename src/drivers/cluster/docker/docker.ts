import { statfs } from "node:fs/promises";
import { HavreError } from "../../../kernel/errors.ts";
import type { Cluster, ClusterAbilities, ClusterImage, Network, RunRef, Workload, WorkloadId } from "../../../ports/cluster.ts";
import { HOST_IMAGE } from "../../../ports/cluster.ts";
import { lookAtImage, Pulls } from "../container.ts";
import { prepareDirectory } from "../directory.ts";
import { type EngineAddress, EngineApi } from "../engine-api.ts";
import { readLog } from "../log-file.ts";
import { Notes } from "../notes.ts";
import { WrittenWatch } from "../watching.ts";
import { checkWorkload } from "../workload.ts";
import { containerBody } from "./body.ts";
import { Containers } from "./containers.ts";

export interface DockerOptions extends EngineAddress {
  /** Notes on workloads; the engine sees it under this path. */
  readonly folder: string;
  readonly mark: string;
  /** "missing": fetches an image that is not there; "never": only what is there runs. */
  readonly pull: "missing" | "never";
  /** The operator lets workloads use the machine's own network. */
  readonly hostNetwork: boolean;
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Runs on one Docker Engine, or on what speaks its API. Each workload is a container of its note's name. */
export async function openDocker(options: DockerOptions): Promise<Cluster> {
  const api = await EngineApi.open(options, "Docker");
  const notes = new Notes(options.folder, options.mark);
  await notes.open();
  const watch = new WrittenWatch();
  const pulls = new Pulls(api);
  const containers = new Containers(api, notes, options.mark);
  const hasBridge = await canReachOutside(api);
  const networks: Network[] = [
    "none",
    ...(hasBridge ? ["outside" as const] : []),
    ...(options.hostNetwork ? ["host" as const] : []),
  ];
  const can: ClusterAbilities = {
    images: true,
    mounts: true,
    networks,
    ports: hasBridge,
    suspend: true,
    retime: true,
    arrays: 0,
    dependencies: false,
    queue: false,
    requeues: false,
    nodes: false,
    accounts: true,
    gpus: false,
    usage: ["cpuSeconds", "peakMemoryBytes"],
    measure: true,
    hints: true,
    watches: [],
  };
  const underWay = new Map<WorkloadId, Promise<"done" | "waiting">>();

  async function submit(workload: Workload, signal: AbortSignal): Promise<"done" | "waiting"> {
    const { id, account } = workload;
    const before = await notes.read(id);
    const isThere = before && (await containers.state(before.name, signal));
    if (isThere && isThere !== "created") return "done";
    if (before && (await notes.readCause(id)) !== undefined) return "done"; // ended before it came so far: it never runs
    const image = await lookAtImage(api, workload.image, signal);
    if (image === undefined) {
      if (options.pull === "never")
        throw new HavreError("invalid", `There is no image "${workload.image}" here, and none is fetched.`);
      pulls.ask(workload.image);
      return "waiting";
    }
    const { note, isNew } = await notes.make(workload, account);
    const body = await containerBody(
      workload,
      note,
      { box: notes.box(id), scratch: notes.scratch(id), mark: options.mark },
      image,
    );
    if (!isThere) {
      const isPrepared = await notes.prepareOnce(id, isNew, async () => {
        await prepareDirectory(workload.directory, [workload.stdout, workload.stderr], workload.command, account);
        if (workload.scratch) await prepareDirectory(notes.scratch(id), [], { kind: "image" }, account);
      });
      if (!isPrepared) return "waiting";
      await containers.create(note.name, body, signal);
    }
    await containers.start(id, note.name, workload.ports, signal);
    await notes.writeRemote(id, note.name);
    // Killed while it was being started.
    if ((await notes.readCause(id)) === "killed") await containers.kill(note.name, signal);
    return "done";
  }

  const forNames = async (runs: readonly RunRef[], act: (name: string) => Promise<unknown>): Promise<void> => {
    for (const { id } of runs) {
      const note = await notes.read(id);
      if (note) await act(note.name);
    }
  };

  const end = async (id: WorkloadId, cause: "killed" | "walltime" | "output" | "disk", signal: AbortSignal): Promise<void> => {
    const note = await notes.read(id);
    if (!note) return;
    await containers.rememberUsage(id, note.name, signal);
    await notes.writeCause(id, cause);
    await containers.kill(note.name, signal);
  };

  return {
    engine: "docker",
    can,

    async check(signal) {
      const { json } = await api.ask("GET", "/version", { signal });
      const { Version, Platform, Components } = json as {
        Version: string;
        Platform?: { Name?: string };
        Components?: { Name: string }[];
      };
      const what = Components?.[0]?.Name ?? Platform?.Name ?? "Engine";
      return `${what} ${Version}; networks: ${networks.join(", ")}`;
    },

    async capacity(signal) {
      const [{ json }, disk, used] = await Promise.all([
        api.ask("GET", "/info", { signal }),
        statfs(options.folder),
        containers.held(signal),
      ]);
      const info = json as { Name: string; NCPU: number; MemTotal: number };
      return {
        nodes: [
          {
            ...{ name: info.Name, state: "up", gpus: 0, labels: options.labels },
            cpu: options.cpu || info.NCPU,
            memoryBytes: options.memoryBytes || info.MemTotal,
            used: { ...used, gpus: 0 },
            disk: { bytes: disk.blocks * disk.bsize, usedBytes: (disk.blocks - disk.bfree) * disk.bsize },
          },
        ],
        enforced: { cpu: "by the engine", memory: "by the engine", processes: "by the engine", disk: "a watch" },
      };
    },

    async images(signal) {
      const { json } = await api.ask("GET", "/images/json", { signal });
      const all = json as { Id: string; RepoTags?: string[] | null; RepoDigests?: string[] | null }[];
      const named = all.flatMap(({ Id, RepoTags, RepoDigests }): ClusterImage[] =>
        (RepoTags ?? []).map(name => ({ name, digest: /sha256:.*$/.exec(RepoDigests?.[0] ?? Id)?.[0] ?? "" })),
      );
      return named.filter(({ name }) => name !== "<none>:<none>").toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },

    async submit(workload, signal) {
      checkWorkload(workload, "docker", can);
      if (workload.image === HOST_IMAGE)
        throw new HavreError("invalid", 'docker: the machine\'s own system ("host") is not run here: name an image.');
      const known = underWay.get(workload.id);
      if (known) return known;
      const submitted = submit(workload, signal)
        .catch(error => notes.unmakeRefused(workload.id, error))
        .finally(() => underWay.delete(workload.id));
      underWay.set(workload.id, submitted);
      return submitted;
    },

    async observe(ids, signal) {
      const seen = await containers.observe(
        ids.filter(id => !underWay.has(id)),
        signal,
      );
      for (const one of seen) {
        const note = ["running", "suspended"].includes(one.state) ? await notes.read(one.id) : undefined;
        if (!note || one.startedAt === undefined) continue;
        const isLate = Date.now() - one.startedAt.getTime() > note.limits.walltimeSeconds * 1000;
        const passed = isLate ? "walltime" : await watch.passed(one.id, note, notes.scratch(one.id));
        if (passed !== undefined) await end(one.id, passed, signal);
      }
      return seen;
    },

    hints: signal => containers.hints(signal),
    list: () => notes.list(),
    suspend: (runs, signal) => forNames(runs, name => containers.tell(name, "pause", signal)),
    resume: (runs, signal) => forNames(runs, name => containers.tell(name, "unpause", signal)),
    kill: async (runs, signal) => {
      for (const { id } of runs) await end(id, "killed", signal);
    },
    retime: async (runs, walltimeSeconds) => {
      for (const { id } of runs) await notes.retime(id, walltimeSeconds);
    },
    log: (_run, place, stream, from) => readLog(`${place.directory}/${place[stream]}`, from),

    async measure(runs, signal) {
      const measured = await Promise.all(
        runs.map(async ref => {
          const note = await notes.read(ref.id);
          const used = note && (await containers.stats(note.name, signal));
          return used && { ...ref, at: new Date(), ...used };
        }),
      );
      return measured.filter(one => one !== undefined);
    },

    async forget(ids, signal) {
      await forNames(
        ids.map(id => ({ id })),
        name => containers.remove(name, signal),
      );
      for (const id of ids) {
        watch.forget(id);
        await notes.remove(id);
      }
    },

    close: () => api.close(),
  };
}

/** Whether there is a network of the engine's own by which containers reach others. */
async function canReachOutside(api: EngineApi): Promise<boolean> {
  const signal = AbortSignal.timeout(10_000);
  const { json } = await api.ask("GET", "/networks", { signal }).catch(() => ({ json: [] }));
  return (json as { Name: string; Driver: string }[]).some(({ Name, Driver }) => Driver === "bridge" && Name === "bridge");
}
