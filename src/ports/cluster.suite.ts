import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFile, chmod, chown, lstat, mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MIB } from "../kernel/units.ts";
import type { Account, Cluster, Limits, Observation, RunRef, Workload, WorkloadId } from "./cluster.ts";
import { behaviours } from "./cluster-behaviours.suite.ts";

export interface OpenedCluster {
  readonly cluster: Cluster;
  /** The same place, as the next process opens it. */
  again(): Promise<Cluster>;
  /** A folder that cluster and test both see, through which everybody passes. */
  readonly folder: string;
  readonly account: Account;
  /** One with sh and the usual small programs. */
  readonly image: string;
  close?(): Promise<void>;
}

export interface SuiteOptions {
  /** Why none of it can run here. */
  readonly skip?: string | false;
  /** How long a short command may take from submit to end, on a busy machine; and how often that is looked at. */
  readonly paceMs?: number;
  readonly pollMs?: number;
  /** How many cases at once. */
  readonly concurrency?: number;
  /** Also what takes minutes. */
  readonly slow?: boolean;
  /** Only the cases of which the sentence matches. */
  readonly only?: RegExp;
}

/** One thing that a cluster does; where it `needs` what a cluster has not, the cluster refuses or leaves it. */
export interface Behaviour {
  readonly sentence: string;
  readonly needs: (cluster: Cluster) => boolean;
  readonly slow: boolean;
  readonly run: (bench: ClusterBench) => Promise<void>;
}

const LIMITS: Limits = {
  cpu: 1,
  memoryBytes: 256 * MIB,
  walltimeSeconds: 600,
  processes: 64,
  outputBytes: 16 * MIB,
  diskBytes: 64 * MIB,
};

/** What the cases work with. */
export class ClusterBench {
  readonly opened: OpenedCluster;
  readonly paceMs: number;
  readonly pollMs: number;
  readonly made = new Set<WorkloadId>();

  constructor(opened: OpenedCluster, paceMs: number, pollMs = 20) {
    this.opened = opened;
    this.paceMs = paceMs;
    this.pollMs = pollMs;
  }

  get cluster(): Cluster {
    return this.opened.cluster;
  }

  readonly signal: AbortSignal = new AbortController().signal;

  newId(): WorkloadId {
    return `suite-${randomBytes(8).toString("hex")}` as WorkloadId;
  }

  /** @param script for /bin/sh. `limits` are laid over the usual ones. */
  workload(script: string, parts: Partial<Omit<Workload, "limits">> & { limits?: Partial<Limits> } = {}): Workload {
    const id = parts.id ?? this.newId();
    const directory = join(this.opened.folder, id);
    const { can } = this.cluster;
    return {
      name: "a case of the suite",
      image: this.opened.image,
      command: { kind: "script", script: Buffer.from(`#!/bin/sh\n${script}\n`), file: "cmd.sh" },
      environment: {},
      directory,
      mount: can.mounts ? "/task" : directory,
      volumes: [],
      stdout: "out.log",
      stderr: "err.log",
      account: this.opened.account,
      gpus: 0,
      network: can.networks.includes("none") ? "none" : (can.networks[0] ?? "host"),
      ports: [],
      labels: {},
      avoid: [],
      ...parts,
      id,
      limits: { ...LIMITS, ...parts.limits },
    };
  }

  /** A folder of the account, beside the directories. */
  async folder(): Promise<string> {
    const made = join(this.opened.folder, `folder-${randomBytes(6).toString("hex")}`);
    await mkdir(made, { mode: 0o755 });
    await chmod(made, 0o755);
    if (this.cluster.can.accounts) await chown(made, this.opened.account.uid, this.opened.account.gid);
    return made;
  }

  async submit(workload: Workload): Promise<Workload> {
    this.made.add(workload.id);
    await this.until("the cluster has it", async () => (await this.cluster.submit(workload, this.signal)) === "done");
    return workload;
  }

  async look(run: RunRef | WorkloadId, cluster = this.cluster): Promise<Observation | undefined> {
    const ref: RunRef = typeof run === "string" ? { id: run } : run;
    return (await cluster.observe([ref.id], this.signal)).find(seen => seen.id === ref.id && seen.index === ref.index);
  }

  async ended(run: RunRef | WorkloadId, withinMs = this.paceMs, cluster = this.cluster): Promise<Observation> {
    let seen: Observation | undefined;
    await this.until(
      "it has ended",
      async () => {
        seen = (await this.look(run, cluster)) ?? seen;
        return seen?.state === "ended";
      },
      withinMs,
      () => JSON.stringify(seen),
    );
    return seen!;
  }

  /** Submits and waits for the end. */
  async run(script: string, parts: Parameters<ClusterBench["workload"]>[1] = {}, withinMs = this.paceMs) {
    const workload = await this.submit(this.workload(script, parts));
    const seen = await this.ended(workload.id, withinMs);
    return { workload, seen, out: await this.text(workload, "stdout"), err: await this.text(workload, "stderr") };
  }

  async bytes(workload: Workload, stream: "stdout" | "stderr", index?: number): Promise<Buffer> {
    const ref: RunRef = index === undefined ? { id: workload.id } : { id: workload.id, index };
    const pieces: Uint8Array[] = [];
    for (let from = 0; ; ) {
      const { bytes, next } = await this.cluster.log(ref, workload, stream, from, this.signal);
      if (bytes.length === 0) return Buffer.concat(pieces);
      pieces.push(bytes);
      from = next;
    }
  }

  text = async (workload: Workload, stream: "stdout" | "stderr"): Promise<string> =>
    (await this.bytes(workload, stream)).toString();

  /** Waits for a file in the directory: a sign that the command gives. */
  async sign(workload: Workload, name: string): Promise<string> {
    const file = join(workload.directory, name);
    let text = "";
    await this.until(
      `the file ${name} is there`,
      async () => {
        text = await readFile(file, "utf8").catch(() => "");
        if (text !== "") return true;
        const seen = await this.look(workload.id);
        if (seen?.state === "ended" && (await readFile(file, "utf8").catch(() => "")) === "")
          throw new Error(`It ended first: ${JSON.stringify(seen)} ${await this.text(workload, "stderr").catch(() => "")}`);
        return false;
      },
      this.paceMs,
    );
    return text;
  }

  async until(what: string, ask: () => Promise<boolean>, withinMs = this.paceMs, more = () => ""): Promise<void> {
    for (const deadline = Date.now() + withinMs; !(await ask()); await pause(this.pollMs))
      if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${what}. ${more()}`);
  }

  async withServer(act: (port: number) => Promise<void>): Promise<void> {
    const server = createServer(socket => socket.end("HELLO\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await act((server.address() as { port: number }).port);
    } finally {
      server.close();
    }
  }
}

/** Processes of this machine of which the command line has the word. */
export async function processesWith(word: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc"))
    if (/^\d+$/.test(name) && (await readFile(`/proc/${name}/cmdline`, "latin1").catch(() => "")).includes(word))
      found.push(Number(name));
  return found;
}

export const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** `make test-clusters` runs everything; `make test` of each real engine that takes long a part. */
export const ALL_OF_CLUSTERS = process.env.HAVRE_TEST_CLUSTERS === "all";
export const SHORT_PART =
  /exit code, its times|begins once|found again|sessions of their own|elements of an array, each|knows for certain|needs more memory/;

/** How many times slower than others this machine is. */
export const SLOWNESS = Number(process.env.HAVRE_TEST_SLOWNESS ?? 1);

const TABLE = process.env.HAVRE_CLUSTER_TABLE;

/** What every cluster does alike: the one description of the port that is run. */
export function behavesLikeCluster(name: string, open: () => Promise<OpenedCluster>, options: SuiteOptions = {}): void {
  const { skip = false, paceMs = 60_000 * SLOWNESS, pollMs = 20, concurrency = 4, slow = false, only = /./ } = options;
  describe(`${name} behaves like a cluster`, { skip, concurrency }, () => {
    let bench: ClusterBench;
    before(async () => {
      bench = new ClusterBench(await open(), paceMs, pollMs);
      await chmod(bench.opened.folder, 0o755);
    });
    after(async () => {
      if (!bench) return;
      await bench.cluster.forget([...bench.made], bench.signal);
      await bench.cluster.close();
      await bench.opened.close?.();
    });
    for (const behaviour of behaviours)
      if ((slow || !behaviour.slow) && only.test(behaviour.sentence))
        it(behaviour.sentence, { timeout: Math.max(paceMs * 4, behaviour.slow ? 900_000 : 0) }, async () => {
          const has = behaviour.needs(bench.cluster);
          if (has) await behaviour.run(bench);
          if (TABLE !== undefined) await note(name, behaviour.sentence, has);
        });
  });
}

/** For the table in docs/api/clusters.md, see scripts/clusters-table.ts. */
async function note(cluster: string, sentence: string, does: boolean): Promise<void> {
  await appendFile(join(TABLE ?? "", "behaviours.jsonl"), `${JSON.stringify({ cluster, sentence, does })}\n`);
}
