import { join } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";
import type {
  Cluster,
  ClusterAbilities,
  ClusterNode,
  Observation,
  Progress,
  RunRef,
  Workload,
  WorkloadId,
} from "../../../ports/cluster.ts";
import { HOST_IMAGE } from "../../../ports/cluster.ts";
import { isFolder, prepareDirectory } from "../directory.ts";
import { readLog } from "../log-file.ts";
import { Notes } from "../notes.ts";
import { WrittenWatch } from "../watching.ts";
import { checkWorkload } from "../workload.ts";
import { AccountNames } from "./account-names.ts";
import { batchScript, elementFolders, sbatchWords } from "./batch.ts";
import { Looks } from "./looks.ts";
import { type RestAccess, RestApi } from "./rest.ts";
import { makeRunner, type RunProgram, type SshAccess } from "./runner.ts";
import { Starter } from "./starter.ts";
import { longFormat, readNodes, readUses, SINFO_FORMAT, SSTAT_FORMAT, settingIn } from "./words.ts";

export interface SlurmOptions {
  /** Notes on workloads; on the disk that all nodes and Havre see under this path. */
  readonly folder: string;
  /** Of this installation, `[a-z0-9]+`: two may use one Slurm. */
  readonly mark: string;
  /** Where its programs run; absent: on this host. */
  readonly ssh?: SshAccess;
  /** Instead of its programs: its REST API. Neither `accounts` nor `operator` then. */
  readonly rest?: RestAccess;
  /** For its programs: PATH, SLURM_CONF. */
  readonly environment: Readonly<Record<string, string>>;
  /** Jobs run as the account that is asked for; Slurm lets only root do that. Else as whoever runs its programs. */
  readonly accounts: boolean;
  /** Whoever runs its programs is an operator of Slurm, and may suspend jobs and lengthen them. */
  readonly operator: boolean;
  readonly gpus: boolean;
}

const DEFAULT_ARRAY = 1001;
const CHUNK = 400;

/** Runs through Slurm's own programs, on this host or over SSH. What is kept of a job beside Slurm is told in notes.ts. */
export async function openSlurm(options: SlurmOptions): Promise<Cluster> {
  const api = options.rest && new RestApi(options.rest);
  const run = api?.run ?? makeRunner(options.environment, options.ssh);
  const starter = api || options.ssh ? undefined : new Starter(options.environment);
  const notes = new Notes(options.folder, options.mark);
  await notes.open();
  const watch = new WrittenWatch();
  const looks = new Looks(notes, run);
  const names = new AccountNames(run);
  const arrays = api ? 0 : await mostElements(run);
  const can: ClusterAbilities = {
    images: false,
    mounts: false,
    networks: ["host"],
    ports: false,
    suspend: options.operator,
    retime: options.operator,
    arrays,
    dependencies: true,
    queue: true,
    requeues: true,
    nodes: true,
    accounts: options.accounts,
    gpus: options.gpus,
    usage: api ? ["peakMemoryBytes"] : ["cpuSeconds", "peakMemoryBytes"],
    measure: api === undefined,
    hints: false,
    watches: ["walltime"],
  };
  const underWay = new Map<WorkloadId, Promise<Progress>>();

  async function submit(workload: Workload, signal: AbortSignal): Promise<Progress> {
    const { id, account } = workload;
    await Promise.all(workload.volumes.map(volume => isFolder(volume.source)));
    const owner = options.accounts ? account : undefined;
    const { note, isNew } = await notes.make(workload, owner);
    if (note.remote !== undefined) return "done";
    // Whoever tried before may have been killed between Slurm's answer and our note of it.
    const known = isNew ? undefined : (await looks.find([{ id, note }], signal)).get(id);
    if (known !== undefined) {
      await notes.writeRemote(id, known);
      return "done";
    }
    if (!isNew && (await notes.readCause(id)) !== undefined) return "done"; // killed before it came so far: it never runs
    const outputs = [workload.stdout, workload.stderr];
    const isPrepared = await notes.prepareOnce(id, isNew, async () => {
      await prepareDirectory(workload.directory, outputs, workload.command, owner);
      for (const folder of elementFolders(workload)) await prepareDirectory(folder, outputs, { kind: "image" }, owner);
    });
    if (!isPrepared) return "waiting";
    const after = await looks.unended(workload.after ?? [], signal);
    const words = sbatchWords(workload, note, { account: owner ? await names.words(owner, signal) : [], after });
    const script = batchScript(workload, note, notes.box(id));
    const answer = await (starter ? starter.submit(words, script, signal) : run(words, { signal, input: script }));
    const job = /^(\d+)/.exec(answer.trim())?.[1];
    if (job === undefined) throw new HavreError("protocol", "Slurm: sbatch told no number of the job.");
    await notes.writeRemote(id, job);
    if ((await notes.readCause(id)) !== undefined) await kill([{ id }], signal); // killed while sbatch ran
    return "done";
  }

  const found = (runs: readonly RunRef[], signal: AbortSignal) =>
    looks.jobs(
      runs.map(({ id }) => id),
      signal,
    );

  /** Slurm's names of runs that it may know. */
  async function jobsOf(runs: readonly RunRef[], signal: AbortSignal): Promise<string[]> {
    const known = await found(runs, signal);
    return runs.flatMap(({ id, index }) => {
      const jobs = [...new Set((known.get(id) ?? []).map(({ job }) => job))];
      return index === undefined ? jobs : jobs.map(job => `${job}_${index}`);
    });
  }

  /** What Slurm says of a job that has ended meanwhile is no error. */
  const forEach = async (runs: readonly RunRef[], signal: AbortSignal, words: (job: string) => string[]): Promise<void> => {
    for (const job of await jobsOf(runs, signal))
      await run(words(job), { signal }).catch(error => {
        if (!OVER.test(String((error as Error).cause ?? error))) throw error;
      });
  };

  async function kill(runs: readonly RunRef[], signal: AbortSignal): Promise<void> {
    const jobs = await jobsOf(runs, signal);
    for (let at = 0; at < jobs.length; at += CHUNK)
      // Its own SIGKILL at once: a command may hold on to SIGTERM.
      await run(["scancel", ...jobs.slice(at, at + CHUNK)], { signal }).catch(error => {
        if (!OVER.test(String((error as Error).cause ?? error))) throw error;
      });
  }

  async function keepLimits(seen: Observation, signal: AbortSignal): Promise<void> {
    const note = seen.state === "running" ? await notes.read(seen.id) : undefined;
    const passed = note && (await watch.passed(seen.id, note, notes.scratch(seen.id), seen.index));
    if (passed === undefined) return;
    await notes.writeCause(seen.id, passed, seen.index);
    await kill([seen], signal);
  }

  const nodesOf = async (signal: AbortSignal): Promise<readonly ClusterNode[]> =>
    readNodes(await run(["sinfo", "-h", "-N", "-O", longFormat(SINFO_FORMAT)], { signal }));

  return {
    engine: "slurm",
    can,

    async check(signal) {
      const config = await run(["scontrol", "show", "config"], { signal });
      if (settingIn(config, "AccountingStorageType") !== "accounting_storage/slurmdbd")
        throw new HavreError("unavailable", "Slurm keeps no accounts (slurmdbd), so how a job ended could not be told.", {
          retry: "never",
        });
      await run(["sacct", "-n", "-P", "-X", "--starttime=now-1minutes", "--format=JobID"], { signal });
      const nodes = await nodesOf(signal);
      const up = nodes.filter(node => node.state === "up").length;
      return `Slurm ${settingIn(config, "SLURM_VERSION")}, cluster ${settingIn(config, "ClusterName")}: ${up} of ${nodes.length} nodes are up`;
    },

    async capacity(signal) {
      const words = { cpu: "by the engine", memory: "by the engine", processes: "rlimits", disk: "a watch" };
      return { nodes: await nodesOf(signal), enforced: words };
    },

    images: async () => [{ name: HOST_IMAGE, digest: "" }],

    async submit(workload, signal) {
      checkWorkload(workload, "slurm", can);
      if (workload.scratch) throw new HavreError("invalid", "slurm: there is no scratch room here.");
      if (workload.command.kind === "image")
        throw new HavreError("invalid", "slurm: the node's own system runs nothing by itself: give a command.");
      if (workload.command.kind === "program" && workload.command.program[0].includes("="))
        throw new HavreError("invalid", "slurm: a program cannot have a name with an equals sign.");
      const known = underWay.get(workload.id);
      if (known) return known;
      const submitted = submit(workload, signal)
        .catch(error => notes.unmakeRefused(workload.id, error))
        .finally(() => underWay.delete(workload.id));
      underWay.set(workload.id, submitted);
      return submitted;
    },

    async observe(ids, signal) {
      const asked = ids.filter(id => !underWay.has(id));
      const seen = await looks.observe(asked, signal);
      await Promise.all(seen.map(one => keepLimits(one, signal)));
      return seen;
    },

    async *hints() {},

    list: () => notes.list(),
    suspend: (runs, signal) => forEach(runs, signal, job => ["scontrol", "suspend", job]),
    resume: (runs, signal) => forEach(runs, signal, job => ["scontrol", "resume", job]),

    async kill(runs, signal) {
      for (const { id, index } of runs) if (await notes.read(id)) await notes.writeCause(id, "killed", index);
      await kill(runs, signal);
    },

    async retime(runs, walltimeSeconds, signal) {
      const minutes = Math.max(1, Math.ceil(walltimeSeconds / 60));
      await forEach(runs, signal, job => ["scontrol", "update", `JobId=${job}`, `TimeLimit=${minutes}`]);
      for (const { id } of runs) await notes.retime(id, walltimeSeconds);
    },

    log: ({ index }, place, stream, from) =>
      readLog(join(place.directory, ...(index === undefined ? [] : [String(index)]), place[stream]), from),

    async measure(runs, signal) {
      const known = await found(runs, signal);
      const asked = runs.flatMap(ref => {
        const jobs = (known.get(ref.id) ?? []).filter(job => job.index === ref.index && job.state === "running");
        return jobs.map(({ own }) => ({ ref, own }));
      });
      const measured = [];
      for (let at = 0; at < asked.length; at += CHUNK) {
        const some = asked.slice(at, at + CHUNK);
        const words = [`--jobs=${some.map(({ own }) => own).join(",")}`, `--format=${SSTAT_FORMAT.join(",")}`];
        const uses = readUses(await run(["sstat", "-a", "-n", "-P", ...words], { signal }).catch(() => ""));
        const now = new Date();
        for (const { ref, own } of some) {
          const use = uses.get(own);
          if (use) measured.push({ ...ref, at: now, ...use });
        }
      }
      return measured;
    },

    async forget(ids, signal) {
      const held = (await Promise.all(ids.map(async id => ((await notes.read(id)) ? [{ id }] : [])))).flat();
      await kill(held, signal);
      for (const id of ids) {
        watch.forget(id);
        await notes.remove(id);
      }
    },

    async close() {
      starter?.close();
      await api?.close();
    },
  };
}

/** A job that is over or was never there. */
const OVER =
  /Invalid job id|already|completed|not running|Job\/step already completing|Job is pending|Requested operation is presently disabled|Job is no longer pending/i;

async function mostElements(run: RunProgram): Promise<number> {
  const signal = AbortSignal.timeout(10_000);
  const config = await run(["scontrol", "show", "config"], { signal }).catch(() => "");
  return Number(settingIn(config, "MaxArraySize") || DEFAULT_ARRAY) - 1;
}
