import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type HavreUnderTest, startHavre } from "../shared/havre.ts";
import { cpuSeconds, processTree, pssBytes } from "../shared/processes.ts";
import { type Contestant, inSeconds, inSize, interleaved, medianOf, printHeading, printTable } from "../shared/report.ts";

/**
 * How long `make run`'s process takes from its start to the first "ready", and what everything weighs while nothing happens:
 * Havre with the demo, and its PostgreSQL.
 *   node bench/start/run.ts [--rounds 5] [--idle 10]
 */
const { values: asked } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, idle: { type: "string", default: "10" } },
});
const idleSeconds = Number(asked.idle);
const PROMISED_WARM_SECONDS = 2;

interface Measured {
  readonly startSeconds: number;
  readonly nodeBytes: number;
  readonly postgresBytes: number;
  /** CPU time per second of idling. */
  readonly idleCpu: number;
}

const folder = await mkdtemp(join(tmpdir(), "havre-bench-"));
try {
  printHeading("Start and idle");
  print(await interleaved([cold(), warm()], Number(asked.rounds)));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** On an empty data folder: the database is made, migrated and filled with the demo. */
function cold(): Contestant<Measured> {
  let number = 0;
  return { name: "cold: empty data folder", run: () => once(join(folder, `cold-${number++}`)) };
}

function warm(): Contestant<Measured> {
  const dataDir = join(folder, "warm");
  let made: Promise<unknown> | undefined;
  return {
    name: "warm: second start",
    async run() {
      made ??= once(dataDir);
      await made;
      return once(dataDir);
    },
  };
}

async function once(dataDir: string): Promise<Measured> {
  // As `make run` and bin/havre have it.
  const havre = await startHavre(dataDir, { NODE_COMPILE_CACHE: join(dataDir, "compiled") });
  try {
    return { startSeconds: havre.startSeconds, ...(await idling(havre)) };
  } finally {
    await havre.stop();
  }
}

async function idling(havre: HavreUnderTest): Promise<Omit<Measured, "startSeconds">> {
  await sleep(3000);
  const before = cpuSeconds(havre.pid);
  await sleep(idleSeconds * 1000);
  const idleCpu = (cpuSeconds(havre.pid) - before) / idleSeconds;
  const [node = 0, ...postgres] = processTree(havre.pid);
  return { nodeBytes: pssBytes([node]), postgresBytes: pssBytes(postgres), idleCpu };
}

function print(results: ReadonlyMap<string, Measured[]>): void {
  const rows = [...results].map(([name, measured]) => {
    const size = (bytes: (one: Measured) => number): string => inSize(medianOf(measured, bytes));
    return [
      name,
      inSeconds(medianOf(measured, one => one.startSeconds)),
      size(one => one.nodeBytes),
      size(one => one.postgresBytes),
      size(one => one.nodeBytes + one.postgresBytes),
      `${(medianOf(measured, one => one.idleCpu) * 100).toFixed(1)} %`,
    ];
  });
  printTable(
    [`median of ${asked.rounds}`, "until ready", "Node", "PostgreSQL", "idle memory, both", "idle CPU of one core"],
    rows,
  );
  const warmSeconds = medianOf(results.get("warm: second start"), one => one.startSeconds);
  console.log(
    `Warm start: ${inSeconds(warmSeconds)}, promised under ${PROMISED_WARM_SECONDS} s${warmSeconds < PROMISED_WARM_SECONDS ? "" : ": MISSED"}.\n`,
  );
}
