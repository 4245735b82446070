import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { filesIn } from "../faults/sending.ts";
import { until } from "../harness/havre.ts";
import type { Harbour, StormStudy } from "./harbour.ts";
import { type Fault, judge, type Sent, type Verdict } from "./judge.ts";
import { PHASES, type Phase, reach } from "./phases.ts";
import { handIn, type Manner } from "./provider.ts";
import { type Chance, chanceOf } from "./random.ts";

const MIB = 1024 * 1024;
/** A killed worker's errand goes on within this time. */
export const TAKEN_OVER_WITHIN_MS = 30_000;
const ROUND_WITHIN_MS = 180_000;
const SIZES = [0, 1, 65_536, 65_537, 1_000_000, 5 * MIB + 3, 16 * MIB];
const LARGE_SIZES = [24 * MIB, 40 * MIB + 1, 64 * MIB];

export interface Tally {
  rounds: number;
  readonly kills: Map<Phase, number>;
  uploads: number;
  uploadedBytes: number;
  resumes: number;
  deliveries: number;
  deliveredBytes: number;
  /** What was wrong, in words. Must stay empty. */
  readonly faults: { readonly fault: Fault; readonly what: string }[];
  slowestTakeOverMs: number;
  slowestRecoveryMs: number;
}

export const newTally = (): Tally => ({
  rounds: 0,
  kills: new Map(),
  uploads: 0,
  uploadedBytes: 0,
  resumes: 0,
  deliveries: 0,
  deliveredBytes: 0,
  faults: [],
  slowestTakeOverMs: 0,
  slowestRecoveryMs: 0,
});

/** One round: files come in, the plug is pulled at some moment, the server starts again, everything completes and is judged. */
export async function stormRound(harbour: Harbour, round: string, phase: Phase, tally: Tally): Promise<void> {
  const chance = chanceOf(round);
  const before = await harbour.database();
  const lastDropBefore = await lastDrop(before);
  const sent = Promise.withResolvers<void>();
  const uploads = filesOf(harbour, chance, phase, round, () => sent.resolve());
  // Attached now: a client that fails early is told of below, not as an unhandled rejection.
  const all = Promise.allSettled(uploads);
  const over = all.then(() => completed(before, lastDropBefore)).catch(() => {});
  const seen = await reach(phase, { database: before, sink: harbour.sink, lastDropBefore, sent: sent.promise, over });
  // Up to the moment itself and a little later; at any time, any time.
  if (phase === "any time") await sleep(chance.below(2500));
  else if (chance.is(0.5)) await sleep(chance.below(60));

  const killedAt = performance.now();
  await harbour.havre.kill();
  const killed = new Date();
  const takenOver = watchTakeOver(harbour, killedAt, tally);
  takenOver.catch(() => {});
  await harbour.havre.start();
  void before.end().catch(() => {});
  const database = await harbour.database();
  try {
    const handedIn = await Promise.all(uploads);
    await takenOver;
    await completed(database, lastDropBefore);
    tally.slowestRecoveryMs = Math.max(tally.slowestRecoveryMs, performance.now() - killedAt);
    const verdict = await judge(harbour, database, lastDropBefore, handedIn, killed);
    count(tally, seen ? phase : "any time", handedIn, verdict);
    assert.deepEqual(verdict.faults, []);
  } finally {
    await database.end();
    emptyPlaces(harbour);
  }
}

/** Disks are small, and what one round left is no matter of the next. */
function emptyPlaces(harbour: Harbour): void {
  for (const { root } of Object.values(harbour.studies).flatMap(({ places }) => places))
    for (const file of filesIn(root)) rmSync(join(root, file));
}

function filesOf(harbour: Harbour, chance: Chance, phase: Phase, round: string, onSent: () => void): Promise<Sent>[] {
  const { sealed, plain, passphrase } = harbour.studies;
  const sizes = [chance.pick(LARGE_SIZES), ...Array.from({ length: 2 + chance.below(3) }, () => chance.pick(SIZES))];
  return sizes.map(async (sizeBytes, index) => {
    // Age's passphrase costs a second of the processor each time, so it is rare.
    const others: readonly StormStudy[] = chance.is(0.2) ? [passphrase] : [sealed, plain, plain];
    const to = index === 0 && phase === "encryption" ? sealed : chance.pick(others);
    const name = `${round} ${index} sléep.bin`;
    const bytes = chance.bytes(sizeBytes);
    const manners: readonly Manner[] = sizeBytes > MIB ? ["one request", "chunks", "parallel"] : ["one request"];
    const what = {
      name,
      endpoint: to.study.api_upload_url,
      code: chance.pick(to.codes),
      bytes,
      manner: chance.pick(manners),
      onSent,
    };
    return { ...(await handIn(what)), to };
  });
}

const completed = (database: pg.Pool, lastDropBefore: number): Promise<boolean> =>
  until(() => isComplete(database, lastDropBefore), "every drop, every mail and every release to be done", ROUND_WITHIN_MS);

/** @throws when a drop failed: nothing is wrong here but the kills */
async function isComplete(database: pg.Pool, lastDropBefore: number): Promise<boolean> {
  const { rows } = await database.query(
    `select (select count(*)::int from "drop" where id > $1 and status in ('UPLOADING', 'UPLOADED', 'MOVING')) as moving,
            (select count(*)::int from "drop" where id > $1 and status = 'DONE' and blob_key is not null) as kept,
            (select count(*)::int from mail where state in ('queued', 'sending')) as mails,
            (select string_agg(original_filename || ': ' || status_message, '; ') from "drop" where id > $1 and status = 'ERROR') as failed`,
    [lastDropBefore],
  );
  const [{ moving, kept, mails, failed }] = rows;
  assert.equal(failed, null, "a drop failed");
  return moving + kept + mails === 0;
}

const lastDrop = async (database: pg.Pool): Promise<number> =>
  Number((await database.query('select coalesce(max(id), 0) as last from "drop"')).rows[0].last);

/** Every errand that the dead process held is held by another, or done, in time. */
async function watchTakeOver(harbour: Harbour, killedAt: number, tally: Tally): Promise<void> {
  const database = await until(() => harbour.database().catch(() => undefined), "the database");
  try {
    const { rows } = await database.query("select id, lease_by from errand where lease_until > now()");
    // An embedded database is asked only when the next process lives, whose own errands are no matter.
    for (const { id, lease_by } of rows)
      await until(
        async () => {
          const now = (await database.query("select lease_by from errand where id = $1", [id])).rows[0];
          return now === undefined || (now.lease_by !== null && now.lease_by !== lease_by);
        },
        `errand ${id} to go on after the kill`,
        TAKEN_OVER_WITHIN_MS - (performance.now() - killedAt),
      );
    if (rows.length > 0) tally.slowestTakeOverMs = Math.max(tally.slowestTakeOverMs, performance.now() - killedAt);
  } finally {
    await database.end();
  }
}

function count(tally: Tally, phase: Phase, sent: readonly Sent[], verdict: Verdict): void {
  tally.rounds++;
  tally.kills.set(phase, (tally.kills.get(phase) ?? 0) + 1);
  tally.uploads += sent.length;
  for (const { sizeBytes, resumes } of sent) {
    tally.uploadedBytes += sizeBytes;
    tally.resumes += resumes;
  }
  tally.deliveries += verdict.deliveries;
  tally.deliveredBytes += verdict.deliveredBytes;
  tally.faults.push(...verdict.faults);
}

/** In an order of its own per seed, each phase once before any comes twice. */
export function phasesOf(rounds: number, seed: string): Phase[] {
  const chance = chanceOf(`${seed} phases`);
  const order: Phase[] = [];
  while (order.length < rounds) {
    const left = [...PHASES];
    while (left.length > 0) order.push(...left.splice(chance.below(left.length), 1));
  }
  return order.slice(0, rounds);
}

export function table(tally: Tally, letters: ReadonlyMap<string, number>): string {
  const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const again = [...letters.values()].reduce((sum, times) => sum + times - 1, 0);
  const faults = (wanted: Fault) => tally.faults.filter(({ fault }) => fault === wanted).length;
  const lines: readonly (readonly [string, string | number])[] = [
    ["rounds, each with one kill -9", tally.rounds],
    ...PHASES.filter(phase => tally.kills.has(phase)).map(
      phase => [`  killed at: ${phase}`, tally.kills.get(phase) ?? 0] as const,
    ),
    ["uploads", `${tally.uploads}, ${mib(tally.uploadedBytes)}`],
    ["  resumed from an offset", tally.resumes],
    ["deliveries, each read and compared", `${tally.deliveries}, ${mib(tally.deliveredBytes)}`],
    ["mails", letters.size],
    ["  handed over again, same Message-ID", again],
    ["lost", faults("lost")],
    ["copies or mails twice", faults("twice")],
    ["wrong bytes", faults("wrong")],
    ["left behind", faults("left behind")],
    ["slowest errand taken over after", seconds(tally.slowestTakeOverMs)],
    ["slowest recovery, kill to all done", seconds(tally.slowestRecoveryMs)],
  ];
  const told = tally.faults.map(({ fault, what }) => `  ${fault}: ${what}`);
  return [...lines.map(([what, value]) => `  ${what.padEnd(38)} ${value}`), ...told].join("\n");
}
