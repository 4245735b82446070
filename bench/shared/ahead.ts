import { readFile, writeFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { join } from "node:path";
import { until } from "../../test/harness/havre.ts";

/** What a process of this priority weighs, where one of 0 weighs 1024: a quarter more for each step. */
const weightOf = (nice: number): number => Math.round(1024 * 1.25 ** -nice);

/**
 * A benchmark that runs ahead of others on a busy machine (`nice -n -15 node …`) takes what it starts with it, but for tasks of this
 * machine: control groups of version 1 weigh by themselves. They are given what as many processes of the benchmark as there are cores weigh.
 */
export async function cagesGoAhead(computeDir: string, cores = 2): Promise<void> {
  const nice = getPriority();
  if (nice >= 0) return;
  const text = await until(() => readFile(join(computeDir, "cages"), "utf8").catch(() => undefined), "this machine runs tasks");
  const { kind, bases } = JSON.parse(text) as { kind: string; bases: Record<string, string> };
  if (kind === "cgroup v1") await writeFile(join(bases.cpu ?? "", "cpu.shares"), String(cores * weightOf(nice)));
}
