import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import pg from "pg";
import type { EmbeddedConnection } from "../../src/drivers/postgres/embedded.ts";
import { type Load, load } from "../list/load.ts";
import { type Peer, peerVersion, startPeer } from "../list/peer.ts";
import { type HavreUnderTest, removeFolder, startHavre } from "./havre.ts";
import { cpuSeconds, ownCpuSeconds, processTree } from "./processes.ts";
import { against, type Contestant, interleaved, medianOf, printHeading, printTable } from "./report.ts";

/** Havre against Django REST framework: the same routes, rows and JSON, one after the other, in turn. */
export interface Match {
  readonly title: string;
  /** Paths by the names that the table shows. */
  readonly routes: Readonly<Record<string, string>>;
  readonly token: string;
  /** Of Havre. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of the peer. */
  readonly peer?: Readonly<Record<string, string>>;
  /** Statements that write the rows that both answer from. */
  readonly rows: string;
}

/** What a benchmark of routes can be asked on its command line. */
export const { values: asked } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "16" },
    only: { type: "string", default: "" },
  },
});
const OURS = "Havre";
/** The peer writes the same addresses into its answers; where Havre writes the address that it was asked at, that is taken for this one. */
const PUBLIC_URL = "https://havre.example.org";
const PROMISED = 8;
/** JIT compilers and caches: those of both. */
const WARM_UP_SECONDS = 2;

const nameOf = (route: string, who: string): string => `${route}: ${who}`;
const chosen = ({ routes }: Match): [string, string][] => Object.entries(routes).filter(([name]) => name.includes(asked.only));

type Measured = Load & { readonly cpuMs: number };

export async function play(match: Match): Promise<void> {
  printHeading(`${match.title}, ${asked.connections} connections`);
  const opened = new AsyncDisposableStack();
  try {
    print(match, await compete(match, opened));
  } finally {
    await opened.disposeAsync();
  }
}

async function compete(match: Match, opened: AsyncDisposableStack): Promise<Map<string, Measured[]>> {
  const dataDir = await mkdtemp(`${tmpdir()}/havre-bench-`);
  opened.defer(() => removeFolder(dataDir));
  const havre = await startHavre(dataDir, { DEMO: "0", PUBLIC_URL, ...match.settings });
  opened.defer(() => havre.stop());
  const database = await havre.database();
  await fill(database, match.rows);
  const servers: [string, { url: string; pid: number }][] = [[OURS, havre]];
  for (const threads of [1, 4]) {
    const peer = await startPeer(database, PUBLIC_URL, threads, match.peer);
    opened.defer(() => peer.stop());
    await compare(match, havre, peer);
    servers.push([`2 × ${threads}`, peer]);
  }
  const contestants = chosen(match).flatMap(([route, path]) =>
    servers.map(([who, server]) => contestant(nameOf(route, who), path, match.token, server, havre)),
  );
  return interleaved(contestants, Number(asked.rounds));
}

async function fill(database: EmbeddedConnection, rows: string): Promise<void> {
  const client = new pg.Client(database);
  await client.connect();
  await client.query(rows);
  await client.query("vacuum analyze");
  await client.end();
}

/** Speed is worth nothing when the answers differ. */
async function compare(match: Match, havre: HavreUnderTest, peer: Peer): Promise<void> {
  const pages = chosen(match).flatMap(([, path]) =>
    path.includes("page_size=100") ? [path, `${path}&page=2`, `${path}&page=4`] : [path],
  );
  for (const path of pages)
    assert.deepEqual(await answerOf(peer.url, path, match.token), await answerOf(havre.url, path, match.token), path);
}

/** With the count in the headers. The order of the parameters in a page's links is each one's own. */
async function answerOf(url: string, path: string, token: string): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Token ${token}` } });
  assert.equal(answer.status, 200, path);
  const count = answer.headers.get("x-result-count");
  const text = (await answer.text()).replaceAll(url, PUBLIC_URL);
  const body = JSON.parse(text) as { next?: string | null; previous?: string | null };
  if (!("results" in body)) return { count, body };
  const link = (address: string | null | undefined): unknown => address && [...new URL(address).searchParams].sort();
  return { count, ...body, next: link(body.next), previous: link(body.previous) };
}

/** The database belongs to Havre's process tree, whoever asks it. */
function contestant(
  name: string,
  path: string,
  token: string,
  server: { url: string; pid: number },
  havre: HavreUnderTest,
): Contestant<Measured> {
  const postgres = (): number =>
    processTree(havre.pid)
      .slice(1)
      .reduce((sum, pid) => sum + ownCpuSeconds(pid), 0);
  const own = (): number => (server.pid === havre.pid ? ownCpuSeconds(havre.pid) : cpuSeconds(server.pid));
  return {
    name,
    async run() {
      await load(`${server.url}${path}`, token, Number(asked.connections), WARM_UP_SECONDS);
      const before = own() + postgres();
      const measured = await load(`${server.url}${path}`, token, Number(asked.connections), Number(asked.seconds));
      // A peer that is too slow for one answer has a rate of 0, and loses to the other one.
      if (measured.requests === 0 && server.pid === havre.pid) throw new Error(`${name}: no answer. Give more --seconds.`);
      return { ...measured, cpuMs: ((own() + postgres() - before) * 1000) / measured.requests };
    },
  };
}

function print(match: Match, results: ReadonlyMap<string, Measured[]>): void {
  const median = (name: string, number: (one: Measured) => number): number => medianOf(results.get(name), number);
  const rate = (name: string): number => median(name, one => one.requestsPerSecond);
  const cpu = (name: string): number => median(name, one => one.cpuMs);
  const numbers = (name: string): string[] => [
    rate(name).toFixed(rate(name) < 100 ? 1 : 0),
    ...[median(name, one => one.medianMs), median(name, one => one.p99Ms), cpu(name)].map(ms => `${ms.toFixed(1)} ms`),
  ];
  /** Against the more frugal of the peers, which need not be the faster one. */
  const leastCpu = (peers: readonly string[], ours: string): number => Math.min(...peers.map(cpu)) / cpu(ours);
  const rows = chosen(match).map(([route]) => {
    const ours = nameOf(route, OURS);
    const peers = [...results.keys()].filter(name => name.startsWith(`${route}: 2 × `));
    const better = peers.reduce((one, other) => (rate(other) > rate(one) ? other : one));
    const threads = better.slice(route.length + 2);
    return [
      route,
      ...numbers(ours),
      ...numbers(better),
      threads,
      against(rate(ours) / rate(better), PROMISED),
      `${leastCpu(peers, ours).toFixed(1)}×`,
    ];
  });
  const four = (who: string): string[] => [`${who}/s`, "p50", "p99", "CPU"];
  printTable(
    [`median of ${asked.rounds}`, ...four("Havre"), ...four("Django"), "workers", "Havre is faster", "and takes less CPU"],
    rows,
  );
  for (const [route, path] of chosen(match)) console.log(`- ${route}: \`GET ${path}\``);
  console.log(`\nPeers: ${peerVersion()}.\n`);
}
