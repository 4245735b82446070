import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isInstalled } from "../../test/engines/ports.ts";
import { type HavreUnderTest, removeFolder, startHavre } from "../shared/havre.ts";
import { cpuSeconds, ownCpuSeconds, processTree } from "../shared/processes.ts";
import { against, type Contestant, interleaved, medianOf, printHeading, printTable } from "../shared/report.ts";
import { type Load, load } from "./load.ts";
import { type Peer, peerMissing, peerVersion, startPeer } from "./peer.ts";
import { fill, STUDIES, TOKEN } from "./rows.ts";

/**
 * GET /api/v1/studies/ of 100 among 100,000: Havre (one process) against Django REST framework under gunicorn (two workers),
 * on the same PostgreSQL and rows, with the same JSON.
 *   node bench/list/run.ts [--rounds 3] [--seconds 8] [--connections 16]
 */
const { values: asked } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "8" },
    connections: { type: "string", default: "16" },
  },
});
const PAGE = "/api/v1/studies/?page_size=100";
const OURS = "Havre, 1 process";
const PROMISED = 8;
/** JIT compilers and caches: those of both. */
const WARM_UP_SECONDS = 3;

type Measured = Load & { readonly cpuMs: number; readonly databaseMs: number };

const missing = [isInstalled("wrk") ? undefined : "apt-get install wrk", peerMissing()].filter(Boolean);
if (missing.length > 0) console.log(`The list is not measured; it needs: ${missing.join("; ")}.`);
else await measure();

async function measure(): Promise<void> {
  printHeading(`GET ${PAGE} among ${STUDIES.toLocaleString("en")} studies, ${asked.connections} connections`);
  const opened = new AsyncDisposableStack();
  try {
    print(await compete(opened));
  } finally {
    await opened.disposeAsync();
  }
}

async function compete(opened: AsyncDisposableStack): Promise<Map<string, Measured[]>> {
  const dataDir = await mkdtemp(join(tmpdir(), "havre-bench-"));
  // The peer writes the same addresses into its answers.
  const publicUrl = "https://havre.example.org";
  opened.defer(() => removeFolder(dataDir));
  const havre = await startHavre(dataDir, { DEMO: "0", PUBLIC_URL: publicUrl });
  opened.defer(() => havre.stop());
  const database = await havre.database();
  await fill(database);
  const others: Contestant<Measured>[] = [];
  for (const threads of [1, 4]) {
    const peer = await startPeer(database, publicUrl, threads);
    opened.defer(() => peer.stop());
    await compare(havre, peer);
    const name = `Django REST framework, 2 workers${threads === 1 ? "" : ` of ${threads} threads`}`;
    others.push(contestant(name, peer, havre));
  }
  return interleaved([contestant(OURS, havre, havre), ...others], Number(asked.rounds));
}

/** Speed is worth nothing when the answers differ. */
async function compare(havre: HavreUnderTest, peer: Peer): Promise<void> {
  for (const page of ["", "&page=2", "&page=4"]) {
    const ours = await answerOf(havre.url, `${PAGE}${page}`);
    const theirs = await answerOf(peer.url, `${PAGE}${page}`);
    for (const [at, study] of ours.results.entries()) assert.deepEqual(theirs.results[at], study);
    assert.deepEqual(linksOf(theirs), linksOf(ours));
    assert.equal(theirs.results.length, ours.results.length);
  }
}

interface Answer {
  readonly count: number;
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: readonly unknown[];
}

async function answerOf(url: string, path: string): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Token ${TOKEN}` } });
  assert.equal(answer.status, 200);
  return (await answer.json()) as Answer;
}

/** The order of a link's parameters is each one's own. */
function linksOf({ count, next, previous }: Answer): unknown[] {
  const link = (url: string | null): unknown => url && [...new URL(url).searchParams].sort();
  return [count, link(next), link(previous)];
}

/** The database belongs to Havre's process tree, whoever asks it. */
function contestant(name: string, server: { url: string; pid: number }, havre: HavreUnderTest): Contestant<Measured> {
  const postgres = (): number =>
    processTree(havre.pid)
      .slice(1)
      .reduce((sum, pid) => sum + ownCpuSeconds(pid), 0);
  const own = (): number => (server.pid === havre.pid ? ownCpuSeconds(havre.pid) : cpuSeconds(server.pid));
  return {
    name,
    async run() {
      await load(`${server.url}${PAGE}`, TOKEN, Number(asked.connections), WARM_UP_SECONDS);
      const [ownBefore, databaseBefore] = [own(), postgres()];
      const measured = await load(`${server.url}${PAGE}`, TOKEN, Number(asked.connections), Number(asked.seconds));
      const perRequest = (seconds: number): number => (seconds * 1000) / measured.requests;
      return { ...measured, cpuMs: perRequest(own() - ownBefore), databaseMs: perRequest(postgres() - databaseBefore) };
    },
  };
}

function print(results: ReadonlyMap<string, Measured[]>): void {
  const rate = (name: string): number => medianOf(results.get(name), one => one.requestsPerSecond);
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const rows = [...results].map(([name, measured]) => [
    name,
    rate(name).toFixed(1),
    ms(medianOf(measured, one => one.medianMs)),
    ms(medianOf(measured, one => one.p99Ms)),
    ms(medianOf(measured, one => one.cpuMs)),
    ms(medianOf(measured, one => one.databaseMs)),
    name === OURS ? "" : against(rate(OURS) / rate(name), PROMISED),
  ]);
  printTable(
    [`median of ${asked.rounds}`, "requests/s", "p50", "p99", "its CPU/request", "PostgreSQL/request", "Havre is faster"],
    rows,
  );
  console.log(`Peers: ${peerVersion()}.\n`);
}
