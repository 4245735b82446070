import { mkdir, readFile, statfs, watch } from "node:fs/promises";
import { availableParallelism, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";
import { GIB } from "../../../kernel/units.ts";
import type { Cluster, ClusterAbilities, Network, Observation, RunRef, Workload, WorkloadId } from "../../../ports/cluster.ts";
import { HOST_IMAGE } from "../../../ports/cluster.ts";
import { codeOf, mayBeNear, replaceFile } from "../../files.ts";
import { openOutputs } from "../directory.ts";
import { readLog } from "../log-file.ts";
import { checkWorkload } from "../workload.ts";
import { type CageKind, openCages } from "./cages/open.ts";
import { imagesIn, openHome } from "./home.ts";
import { hostSystem } from "./host-system.ts";
import { observeRun } from "./observe.ts";
import { type Ground, prepareRun } from "./prepare.ts";
import { Records, type RunRecord } from "./records.ts";
import { seccompFilter } from "./seccomp.ts";
import { Supervisors } from "./supervise.ts";
import { liesIn, opensTunnels, PROGRAM_PATH, sandboxComplaint, unusable } from "./trial.ts";
import { endRun } from "./watch.ts";
import { ensureWatcher } from "./watcher.ts";

export interface LocalOptions {
  /** Where runs, their ends and images are kept; ours alone. */
  readonly folder: string;
  /** Below it lie the directories of workloads; it may lie in `hidden`. */
  readonly shared: string;
  /** Files and folders that no run may ever see: the database, keys, uploads. */
  readonly hidden: readonly string[];
  /** Further folders of the machine that the image "host" shows, read-only. */
  readonly hostPaths: readonly string[];
  /** The operator lets workloads use the machine's own network. */
  readonly hostNetwork: boolean;
  /** What is offered; 0: what the machine has, less what it needs itself. */
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly cages?: CageKind;
  /** Where programs of the machine are looked up. */
  readonly programs?: string;
}

const BLOCK_BYTES = 512;

/**
 * Runs on this machine, each in a sandbox of bubblewrap. What is written down of a run, and in which order, is told in records.ts; the
 * process that begins it and outlives Havre in supervise.ts.
 */
export async function openLocal(options: LocalOptions): Promise<Cluster> {
  const home = await openHome(options.folder);
  const records = new Records(home);
  await records.open();
  await mayBeNear(options.shared);
  const images = imagesIn(home);
  const cages = await openCages(home, records, options.cages);
  const filter = seccompFilter(process.arch);
  await writeSmallFiles(home, filter);
  const supervisors = new Supervisors();
  const node = hostname();
  // It has a space of process ids of its own, and without control groups we would not know which processes are meant.
  const programs = options.programs ?? PROGRAM_PATH;
  const hasPasta = cages.kind !== "rlimits" && (await liesIn(programs, "pasta")) && (await opensTunnels());
  const networks: Network[] = [
    "none",
    ...(hasPasta ? ["outside" as const] : []),
    ...(options.hostNetwork ? ["host" as const] : []),
  ];
  const ground: Ground = {
    home,
    images,
    hostSystem: await hostSystem(options.hostPaths),
    hidden: [...options.hidden, home],
    shared: options.shared,
    switches: process.getuid?.() === 0,
    filtered: filter !== undefined,
  };
  const can: ClusterAbilities = {
    images: true,
    mounts: true,
    networks,
    ports: networks.length > 1,
    suspend: true,
    retime: true,
    arrays: 0,
    dependencies: false,
    queue: false,
    requeues: false,
    nodes: false,
    accounts: ground.switches,
    gpus: false,
    usage: ["cpuSeconds", "peakMemoryBytes", ...(cages.kind === "rlimits" ? [] : (["readBytes", "writtenBytes"] as const))],
    measure: true,
    hints: true,
    watches: ["walltime", "output", "disk"],
  };
  /** Looked at once it was there, no more; what comes later is seen. */
  let isUsable = false;
  const usable = async (): Promise<boolean> => (isUsable ||= await liesIn(programs, "bwrap"));
  /** Submits of this process that are under way: who asks again meanwhile waits for the same. */
  const underWay = new Map<WorkloadId, Promise<"done" | "waiting">>();

  /** Starts a supervisor; it does nothing when there was one before. */
  async function begin(id: WorkloadId, record: RunRecord): Promise<void> {
    await cages.make(id, record.limits);
    const files = await openOutputs(record.directory, [record.stdout, record.stderr], record.owner);
    try {
      const [stdout, stderr] = [files[0]!.fd, files.at(-1)!.fd];
      const environment = {
        PATH: programs,
        FILE_BLOCKS: String(Math.ceil(record.limits.diskBytes / BLOCK_BYTES)),
        SECCOMP: filter ? join(home, "seccomp") : "/dev/null",
        ...(await cages.supervisor(id, record)),
      };
      await supervisors.start({
        folder: records.folderOf(id),
        end: records.endOf(id),
        argv: record.argv,
        environment,
        stdout,
        stderr,
      });
    } finally {
      await Promise.all(files.map(file => file.close()));
    }
    await ensureWatcher(home, cages.kind);
  }

  async function submit(workload: Workload): Promise<"done" | "waiting"> {
    const { id } = workload;
    const taken = await records.take(id);
    if (taken === "busy") return "waiting";
    if (taken === "prepared") {
      if ((await records.readClaim(id)) === undefined) await begin(id, (await records.readRecord(id))!);
      return "done";
    }
    let record: RunRecord;
    try {
      record = await prepareRun(ground, records.folderOf(id), workload);
      await records.writeRecord(id, record);
    } catch (error) {
      await taken();
      throw diskFull(error);
    }
    await begin(id, record);
    return "done";
  }

  const look = (id: WorkloadId): Promise<Observation | undefined> =>
    observeRun(records, cages, node, id, record => begin(id, record));

  async function killRun(id: WorkloadId): Promise<void> {
    const isClaimed = !(await records.claimForNobody(id));
    const claim = isClaimed ? await records.readClaim(id) : undefined;
    if (claim) return endRun(records, cages, id, claim, "killed");
    await records.writeCause(id, "killed");
    await records.writeLost(id);
  }

  const eachRunning = (runs: readonly RunRef[], act: (id: WorkloadId) => Promise<void>): Promise<unknown> =>
    Promise.all(
      runs.map(async ({ id }) => {
        const claim = await records.readClaim(id);
        if (claim?.alive && (await records.readEnd(id)) === undefined)
          await act(id).catch(error => {
            if (!["ENOENT", "ENODEV"].includes(codeOf(error))) throw error; // it ended just now
          });
      }),
    );

  return {
    engine: "local",
    can,

    async check() {
      const complaint = await sandboxComplaint(programs);
      if (complaint !== undefined) throw unusable(complaint);
      const account = ground.switches ? "as the account of whoever submits" : "as the account of Havre itself";
      return `bubblewrap works, ${account}; limits by ${cages.kind}; networks: ${networks.join(", ")}`;
    },

    async capacity() {
      const [disk, running] = await Promise.all([statfs(options.shared), records.listUnended()]);
      const limits = (await Promise.all(running.map(id => records.readRecord(id)))).flatMap(record => record?.limits ?? []);
      const sum = (of: "cpu" | "memoryBytes"): number => limits.reduce((total, limit) => total + limit[of], 0);
      return {
        nodes: [
          {
            name: node,
            state: "up",
            cpu: options.cpu || availableParallelism(),
            memoryBytes: options.memoryBytes || Math.max(totalmem() / 2, totalmem() - 2 * GIB),
            gpus: 0,
            used: { cpu: sum("cpu"), memoryBytes: sum("memoryBytes"), gpus: 0 },
            disk: { bytes: disk.blocks * disk.bsize, usedBytes: (disk.blocks - disk.bfree) * disk.bsize },
            labels: options.labels,
          },
        ],
        enforced: cages.enforced,
      };
    },

    images: async () => [{ name: HOST_IMAGE, digest: "" }, ...(await images.list())],

    async submit(workload) {
      checkWorkload(workload, "local", can);
      if (!(await usable())) throw unusable("bwrap is not installed");
      const known = underWay.get(workload.id);
      if (known) return known;
      const submitted = submit(workload).finally(() => underWay.delete(workload.id));
      underWay.set(workload.id, submitted);
      return submitted;
    },

    observe: async ids =>
      (await Promise.all(ids.map(id => (underWay.has(id) ? undefined : look(id))))).filter(seen => seen !== undefined),

    async *hints(signal) {
      try {
        for await (const { filename } of watch(records.endsFolder, { signal }))
          if (filename && !filename.startsWith(".")) yield filename as WorkloadId;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },

    list: () => records.list(),
    suspend: async runs => void (await eachRunning(runs, id => cages.freeze(id))),
    resume: async runs => void (await eachRunning(runs, id => cages.thaw(id))),

    async kill(runs) {
      for (const { id } of runs) {
        if ((await records.hasRecord(id)) && (await records.readEnd(id)) === undefined) await killRun(id);
      }
    },

    async retime(runs, walltimeSeconds) {
      for (const { id } of runs) {
        const record = await records.readRecord(id);
        if (record) await records.writeRecord(id, { ...record, limits: { ...record.limits, walltimeSeconds } });
      }
    },

    log: (_run, place, stream, from) => readLog(join(place.directory, place[stream]), from),

    async measure(runs) {
      const all = await Promise.all(
        runs.map(async run => {
          const measured = await cages.measure(run.id);
          return measured && { ...run, at: new Date(), ...measured };
        }),
      );
      return all.filter(measured => measured !== undefined);
    },

    async forget(ids) {
      for (const id of ids) {
        const claim = (await records.readEnd(id)) ? undefined : await records.readClaim(id);
        if (claim?.alive) await endRun(records, cages, id, claim, "killed");
        await cages.killAll(id);
        await cages.remove(id);
        await records.remove(id);
      }
    },

    close: async () => supervisors.close(),
  };
}

/** What all sandboxes of this machine are shown, and the filter of system calls. */
async function writeSmallFiles(home: string, filter: Buffer | undefined): Promise<void> {
  const etc = join(home, "etc");
  await mkdir(etc, { recursive: true, mode: 0o711 });
  await replaceFile(join(etc, "hosts"), "127.0.0.1 localhost havre\n::1 localhost\n", 0o644);
  await replaceFile(join(etc, "resolv.conf"), await nameServers(), 0o644);
  // The watcher and other processes of Havre write it too, while a run that begins reads it.
  if (filter) await replaceFile(join(home, "seccomp"), filter);
}

/** A name server on the machine's own loopback is not reached from inside; systemd keeps the real ones beside it. */
async function nameServers(): Promise<string> {
  const read = (file: string): Promise<string> => readFile(file, "utf8").catch(() => "");
  const own = await read("/etc/resolv.conf");
  return /^nameserver 127\./m.test(own) ? (await read("/run/systemd/resolve/resolv.conf")) || own : own;
}

const diskFull = (error: unknown): unknown =>
  ["ENOSPC", "EDQUOT"].includes(codeOf(error))
    ? new HavreError("quota-exceeded", "The disk of this machine is full.", { cause: error, retry: "temporary" })
    : error;
