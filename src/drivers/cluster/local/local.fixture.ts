import { spawnSync } from "node:child_process";
import { chmod, mkdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Account, Cluster } from "../../../ports/cluster.ts";
import { HOST_IMAGE } from "../../../ports/cluster.ts";
import { type LocalOptions, openLocal } from "./local.ts";

export const bwrapMissing = (): string | false =>
  spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";

/** Some account that is not ours. */
export const ACCOUNT: Account = { uid: 20_001, gid: 20_001, groups: [], asRoot: false };

export interface SmallLocal {
  readonly cluster: Cluster;
  again(): Promise<Cluster>;
  readonly folder: string;
  readonly account: Account;
  readonly image: string;
}

/** Ends the cluster of a test, and removes everything of it: runs, control groups, the folder. Its watcher goes with the folder. */
export async function removeSmallLocal(home: string, cluster: Cluster): Promise<void> {
  const signal = new AbortController().signal;
  await cluster.forget(await cluster.list(signal), signal);
  await cluster.close();
  const note = await readFile(join(home, "state", "cages"), "utf8").catch(() => '{"bases":{}}');
  const { bases } = JSON.parse(note) as { bases: Record<string, string> };
  // A supervisor may still be at its last note.
  await rm(home, { recursive: true, force: true, maxRetries: 10 });
  for (const folder of new Set(Object.values(bases))) await rmdir(folder).catch(() => {});
}

/** A local cluster below `home`: its own things in state, directories in shared. */
export async function openSmallLocal(home: string, options: Partial<LocalOptions> = {}): Promise<SmallLocal> {
  await chmod(home, 0o711);
  const folder = join(home, "shared");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const all: LocalOptions = {
    folder: join(home, "state"),
    shared: folder,
    hidden: [],
    hostPaths: [],
    hostNetwork: true,
    cpu: 0,
    memoryBytes: 0,
    labels: {},
    ...options,
  };
  const account = process.getuid?.() === 0 ? ACCOUNT : { ...ACCOUNT, uid: process.getuid?.() ?? 1, gid: process.getgid?.() ?? 1 };
  return { cluster: await openLocal(all), again: () => openLocal(all), folder, account, image: HOST_IMAGE };
}
