import { asHavreError } from "../../kernel/errors.ts";
import type { Cluster } from "../../ports/cluster.ts";
import type { LocalOptions } from "./local/local.ts";

export type ClusterSettings = Pick<LocalOptions, "folder" | "shared" | "hidden" | "cpu" | "memoryBytes">;

/**
 * Every place where work can run, by name, the default first. One that cannot is left out, and `problems` says why.
 */
export async function openClusters(
  settings: ClusterSettings,
): Promise<{ readonly clusters: ReadonlyMap<string, Cluster>; readonly problems: readonly string[] }> {
  const clusters = new Map<string, Cluster>();
  const problems: string[] = [];
  try {
    const { openLocal } = await import("./local/local.ts");
    const local = await openLocal({ ...settings, hostPaths: [], hostNetwork: false, labels: {} });
    await local.check(AbortSignal.timeout(30_000));
    clusters.set("local", local);
  } catch (error) {
    problems.push(asHavreError(error).message);
  }
  return { clusters, problems };
}
