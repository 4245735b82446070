import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { sql } from "kysely";
import { startSlurm } from "../../test/engines/slurm.ts";
import { aTasksHavre } from "../../test/tasks/havre.ts";
import { cagesGoAhead } from "../shared/ahead.ts";

/**
 * Tasks beside Slurm, in one run on one machine: jobs that do nothing by a shell loop of sbatch, the same through Havre to the same
 * Slurm, and through Havre on this machine. Needs root, Slurm and MariaDB (test/engines/slurm.ts), and bubblewrap.
 *   node bench/tasks/slurm.ts [--jobs 300] [--local 1000]
 */
const { values } = parseArgs({
  options: { jobs: { type: "string", default: "300" }, local: { type: "string", default: "1000" } },
});
const [jobs, local] = [Number(values.jobs), Number(values.local)];
const NOBODY = 65_534;
const script = Buffer.from("#!/bin/sh\n:\n");
const say = (what: string, seconds: number, count: number): number => {
  const rate = count / seconds;
  console.log(`${what.padEnd(60)} ${count} in ${seconds.toFixed(1)} s, ${rate.toFixed(1)} /s`);
  return rate;
};
const AT_ONCE = 50;
async function submitAll(count: number, submit: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - n) }, submit));
}
const rested = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

const site = await startSlurm();
const settings = {
  COMPUTE_CLUSTERS: "slurm,local",
  SLURM_CONF: site.environment.SLURM_CONF ?? "",
  COMPUTE_CPU: "64",
  COMPUTE_MEMORY: "64 GiB",
};
const havre = await aTasksHavre(settings);
await cagesGoAhead(havre.computeDir);
try {
  const actor = await havre.actor(NOBODY);
  const { db } = havre.world.store;
  await actor.over(await actor.submit({ network: true, script }));
  await actor.over(await actor.submit({ script }, "local"));

  const loop = `i=0; while [ $i -lt ${jobs} ]; do sbatch -Q --uid=nobody --chdir=/tmp --mem=32M -o /dev/null --wrap=true || exit 1; i=$((i+1)); done`;
  const left = async (where: ReturnType<typeof sql>): Promise<number> =>
    (await sql<{ n: number }>`select count(*) as n from task where person_id = ${actor.actor.id} and ${where}`.execute(db))
      .rows[0]?.n ?? 0;
  const handing = sql`state = 'pending' or exists (select from task_run where task_id = task.id and task_run.state = 'claimed')`;
  const queueIsEmpty = async (): Promise<void> => {
    while ((await site.tell("squeue", "-h", "--name=wrap")).trim() !== "") await rested(100);
  };
  const takeWork = (does: boolean): Promise<string> =>
    site.tell(
      "scontrol",
      "update",
      `NodeName=${site.nodes.join(",")}`,
      ...(does ? ["State=RESUME"] : ["State=DRAIN", "Reason=bench"]),
    );

  async function byLoop(): Promise<readonly [submitted: number, over: () => Promise<number>]> {
    const start = performance.now();
    const shell = spawn("sh", ["-c", loop], { env: { ...site.environment }, stdio: ["ignore", "ignore", "inherit"] });
    await once(shell, "exit");
    const rate = say("  a shell loop of sbatch: submitted", (performance.now() - start) / 1000, jobs);
    return [
      rate,
      async () => {
        await queueIsEmpty();
        return say("  a shell loop of sbatch: from the first to the end of all", (performance.now() - start) / 1000, jobs);
      },
    ];
  }

  async function byHavre(): Promise<readonly [handed: number, over: () => Promise<number>]> {
    const start = performance.now();
    await submitAll(jobs, () => actor.submit({ memoryMib: 32, network: true, script }));
    while ((await left(handing)) > 0) await rested(50);
    const rate = say("  Havre to the same Slurm: all with it", (performance.now() - start) / 1000, jobs);
    return [
      rate,
      async () => {
        while ((await left(sql`state <> 'over'`)) > 0) await rested(100);
        return say("  Havre to the same Slurm: from the first to the end of all", (performance.now() - start) / 1000, jobs);
      },
    ];
  }

  console.log("While the nodes take nothing, so that jobs wait, as on a cluster that is in use and elsewhere:");
  await takeWork(false);
  const [waitingBySbatch] = await byLoop();
  await site.tell("scancel", "--name=wrap");
  await queueIsEmpty();
  const [waitingOurs, oursOver] = await byHavre();
  await takeWork(true);
  await oursOver();

  console.log("While these two cores run the jobs as well:");
  const [bySbatch, sbatchOver] = await byLoop();
  const sbatchEnds = await sbatchOver();
  const [ours, over] = await byHavre();
  await over();

  console.log("Havre on this machine:");
  const start = performance.now();
  await submitAll(local, () => actor.submit({ memoryMib: 16, script }, "local"));
  while ((await left(sql`state <> 'over'`)) > 0) await rested(50);
  const bad = await left(sql`exit_code <> 0`);
  if (bad > 0) throw new Error(`${bad} tasks failed.`);
  const here = say("Havre on this machine: from the first to the end of all", (performance.now() - start) / 1000, local);
  const beside = (a: number, b: number): string => (a / b).toFixed(2);
  console.log(
    `handing over, against the shell loop: ${beside(waitingOurs, waitingBySbatch)} while jobs wait, ${beside(ours, bySbatch)} while they run here (≥ 0.9)`,
  );
  console.log(`end to end on this machine, against sbatch: ${(here / sbatchEnds).toFixed(1)} (≥ 5)`);
} finally {
  await havre.stop();
  await site.stop();
}
