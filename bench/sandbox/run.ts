import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openSmallLocal, removeSmallLocal } from "../../src/drivers/cluster/local/local.fixture.ts";
import { ClusterBench } from "../../src/ports/cluster.suite.ts";
import { until } from "../../test/harness/havre.ts";
import { cagesGoAhead } from "../shared/ahead.ts";
import { median } from "../shared/report.ts";

/**
 * What the local cluster adds to bubblewrap: from `submit` to the end that is written down, against the same bubblewrap with the
 * same words started by hand, from its start to its exit. One at a time, interleaved.
 *   node bench/sandbox/run.ts [--rounds 200]          as root on a busy machine: nice -n -15 node …, so that others are measured less
 */
const { values } = parseArgs({ options: { rounds: { type: "string", default: "200" } } });
const rounds = Number(values.rounds);
const WARM = 20;

const home = await mkdtemp(join(tmpdir(), "havre-bench-"));
const local = await openSmallLocal(home);
await cagesGoAhead(join(home, "state"));
const bench = new ClusterBench(local, 20_000);
const stop = new AbortController();
const waiting = new Map<string, () => void>();
const hints = (async () => {
  for await (const id of local.cluster.hints(stop.signal)) waiting.get(id)?.();
})();

/** @returns milliseconds, and the id */
async function ours(): Promise<{ ms: number; id: string }> {
  const workload = bench.workload("", { command: { kind: "program", program: ["true"] } });
  const ended = new Promise<void>(resolve => waiting.set(workload.id, resolve));
  const start = performance.now();
  await local.cluster.submit(workload, bench.signal);
  await ended;
  const ms = performance.now() - start;
  bench.made.add(workload.id);
  const seen = await until(async () => {
    const [found] = await local.cluster.observe([workload.id], bench.signal);
    return found?.state === "ended" && found;
  }, "it has ended");
  if (seen.end?.cause !== "exit" || seen.end.exitCode !== 0) throw new Error(`It did not run: ${seen.end?.message}`);
  waiting.delete(workload.id);
  return { ms, id: workload.id };
}

async function byHand(id: string): Promise<number> {
  const folder = join(home, "state", "runs", id);
  const { argv } = JSON.parse(await readFile(join(folder, "record"), "utf8")) as { argv: string[] };
  const files = await Promise.all([open("/dev/null", "w"), open(join(folder, "args")), open(join(home, "state", "seccomp"))]);
  const [status, args, filter] = files.map(file => file.fd);
  const start = performance.now();
  const child = spawn(argv[0] ?? "", argv.slice(1), {
    stdio: ["ignore", "ignore", "ignore", null, null, null, null, status, args, filter],
  });
  await once(child, "exit");
  const ms = performance.now() - start;
  await Promise.all(files.map(file => file.close()));
  return ms;
}

const [mine, bare]: [number[], number[]] = [[], []];
for (let round = 0; round < rounds + WARM; round++) {
  const { ms, id } = await ours();
  const alone = await byHand(id);
  if (round >= WARM) {
    mine.push(ms);
    bare.push(alone);
  }
}
stop.abort();
await hints;
const { enforced } = await local.cluster.capacity(bench.signal);
await removeSmallLocal(home, local.cluster);
console.log(`${rounds} rounds, limits by ${enforced.memory}`);
console.log(`bubblewrap by hand   ${median(bare).toFixed(2)} ms`);
console.log(`local, submit to end ${median(mine).toFixed(2)} ms`);
console.log(`added, median        ${(median(mine) - median(bare)).toFixed(2)} ms`);
