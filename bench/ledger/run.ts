import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Amounts, balance, grant, hold, settle, unbalanced } from "../../src/core/ledger/index.ts";
import { SYSTEM } from "../../src/core/people/model.ts";
import type { Needs } from "../../src/core/world.ts";
import { startEmbedded } from "../../src/drivers/postgres/embedded.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { migrate } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { testSettings } from "../../test/harness/settings.ts";
import { cpuSeconds } from "../shared/processes.ts";
import { type Contestant, interleaved, medianOf, printHeading, printTable } from "../shared/report.ts";

/**
 * What a submit costs the database: a hold before the work and its end after, each in a durable transaction of its own, by several
 * at once. And whether a thousand submits at once against a budget for a hundred let exactly a hundred through.
 *   node bench/ledger/run.ts [--rounds 3] [--submits 2000] [--at-once 16]
 */
const { values: asked } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    submits: { type: "string", default: "2000" },
    "at-once": { type: "string", default: "16" },
  },
});
const submits = Number(asked.submits);
const atOnce = Number(asked["at-once"]);
/** A small task: what four core hours and two GiB come to. */
const TASK: Amounts = { "cpu-seconds": 14_400, "memory-mib-seconds": 14_400 * 2048, tasks: 1 };

interface Measured {
  readonly holdsPerSecond: number;
  readonly holdCpuMs: number;
  readonly endsPerSecond: number;
  readonly endCpuMs: number;
}

let series = 0;
const opened = new AsyncDisposableStack();
try {
  const folder = await mkdtemp(join(tmpdir(), "havre-bench-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbedded({ dataDir: folder, log: () => {} });
  opened.defer(() => postgres.stop());
  const store = new Store({ connection: postgres.connection, maxConnections: 32, onError: () => {} });
  opened.defer(() => store.close());
  await migrate(store.db);
  const world = { store, clock: systemClock, settings: testSettings() };
  printHeading(`Holds and their ends, ${atOnce} at once`);
  print(
    await interleaved(
      [
        submitting("no limit, a study each", world, postgres.pid, { limited: false, studies: submits }),
        submitting("no limit, 100 studies", world, postgres.pid, { limited: false, studies: 100 }),
        submitting("limits, 100 studies", world, postgres.pid, { limited: true, studies: 100 }),
        submitting("limits, one study", world, postgres.pid, { limited: true, studies: 1 }),
      ],
      Number(asked.rounds),
    ),
  );
  await race(world);
  const wrong = await unbalanced(store.db);
  if (wrong.length > 0) throw new Error(`The books do not balance: ${wrong.join(", ")}`);
  console.log("The books balance.\n");
} finally {
  await opened.disposeAsync();
}

type World = Needs<"store" | "clock" | "settings">;

function submitting(
  name: string,
  world: World,
  pid: number,
  { limited, studies }: { readonly limited: boolean; readonly studies: number },
): Contestant<Measured> {
  return {
    name,
    async run() {
      const first = 1_000_000 * ++series;
      const studyOf = (n: number): number => first + (n % studies);
      if (limited)
        for (let n = 0; n < studies; n++)
          await world.store.transaction(tx =>
            grant(tx, world, SYSTEM, {
              key: `g:${studyOf(n)}`,
              to: { kind: "study", id: studyOf(n) },
              amounts: { "cpu-seconds": 1e12, "memory-mib-seconds": 1e14, tasks: 1e6 },
            }),
          );
      const key = (n: number): string => `${first}:${n}`;
      const holds = await timed(pid, n =>
        world.store.transaction(async tx => {
          await hold(tx, world, {
            key: key(n),
            study: studyOf(n),
            person: first + (n % 50),
            amounts: TASK,
            subject: `task ${n}`,
          });
        }),
      );
      const ends = await timed(pid, n =>
        world.store.transaction(async tx => {
          await settle(tx, world, key(n), { ...TASK, "cpu-seconds": 9_211 });
        }),
      );
      return { holdsPerSecond: holds.rate, holdCpuMs: holds.cpuMs, endsPerSecond: ends.rate, endCpuMs: ends.cpuMs };
    },
  };
}

async function timed(pid: number, act: (n: number) => Promise<void>): Promise<{ rate: number; cpuMs: number }> {
  const [cpuBefore, start] = [cpuSeconds(pid), performance.now()];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < submits) await act(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  const seconds = (performance.now() - start) / 1000;
  return { rate: submits / seconds, cpuMs: ((cpuSeconds(pid) - cpuBefore) * 1000) / submits };
}

function print(results: ReadonlyMap<string, Measured[]>): void {
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const rows = [...results].map(([name, all]) => [
    name,
    medianOf(all, one => one.holdsPerSecond).toFixed(0),
    ms(medianOf(all, one => one.holdCpuMs)),
    medianOf(all, one => one.endsPerSecond).toFixed(0),
    ms(medianOf(all, one => one.endCpuMs)),
  ]);
  printTable([`median of ${asked.rounds}`, "holds/s", "PostgreSQL/hold", "ends/s", "PostgreSQL/end"], rows);
}

async function race(world: World): Promise<void> {
  const study = { kind: "study", id: 7 } as const;
  await world.store.transaction(tx => grant(tx, world, SYSTEM, { key: "race", to: study, amounts: { money: 100 * 125 } }));
  const start = performance.now();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, n) =>
      world.store.transaction(tx => hold(tx, world, { key: `race:${n}`, study: study.id, amounts: { money: 125 } })),
    ),
  );
  const accepted = outcomes.filter(({ status }) => status === "fulfilled").length;
  const left = (await balance(world.store.db, study)).money;
  console.log(
    `1,000 submits at once of 1.25 each against a budget of 125.00: ${accepted} accepted in ${((performance.now() - start) / 1000).toFixed(2)} s, ${left?.available} cents left, ${left?.held} held.\n`,
  );
  if (accepted !== 100 || left?.available !== 0 || left.held !== 12_500) throw new Error("Not exactly a hundred.");
}
