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
import { fill, STUDIES, STUDY, STUDY_ABOUT_PEOPLE, TOKEN } from "./rows.ts";

/**
 * Lists and details among 100,000 studies: Havre (two processes) against Django REST framework and djoser under gunicorn (two
 * workers), on the same PostgreSQL and rows, with the same JSON.
 *   node bench/list/run.ts [--rounds 3] [--seconds 4] [--connections 16] [--only studies]
 */
const { values: asked } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "16" },
    only: { type: "string", default: "" },
  },
});
const ROUTES: Readonly<Record<string, string>> = {
  "100 studies": "/api/v1/studies/?page_size=100",
  "10 studies": "/api/v1/studies/",
  "a study": `/api/v1/studies/${STUDY}/`,
  "a study about people": `/api/v1/studies/${STUDY_ABOUT_PEOPLE}/`,
  "people of a study": `/api/v1/studies/${STUDY}/contributors/`,
  researchers: "/api/v1/researchers/",
  universities: "/api/v1/universities/",
  "faculties of one": "/api/v1/universities/2/faculties/",
  "fields of a faculty": "/api/v1/universities/2/faculties/42/study_fields/",
  "one's own fields": "/api/v1/studies/fields/",
  "one's account (djoser)": "/api/auth/users/me/",
  "accounts (djoser)": "/api/auth/users/",
};
const CHOSEN = Object.entries(ROUTES).filter(([name]) => name.includes(asked.only));
const OURS = "Havre";
const PROMISED = 8;
/** JIT compilers and caches: those of both. */
const WARM_UP_SECONDS = 2;

const nameOf = (route: string, who: string): string => `${route}: ${who}`;

type Measured = Load & { readonly cpuMs: number };

const missing = [isInstalled("wrk") ? undefined : "apt-get install wrk", peerMissing()].filter(Boolean);
if (missing.length > 0) console.log(`The lists are not measured; this needs: ${missing.join("; ")}.`);
else await measure();

async function measure(): Promise<void> {
  printHeading(`Lists and details among ${STUDIES.toLocaleString("en")} studies, ${asked.connections} connections`);
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
  const havre = await startHavre(dataDir, { DEMO: "0", PUBLIC_URL: publicUrl, SERVE_PROCESSES: "2" });
  opened.defer(() => havre.stop());
  const database = await havre.database();
  await fill(database);
  const servers: [string, { url: string; pid: number }][] = [[OURS, havre]];
  for (const threads of [1, 4]) {
    const peer = await startPeer(database, publicUrl, threads);
    opened.defer(() => peer.stop());
    await compare(havre, peer);
    servers.push([`2 × ${threads}`, peer]);
  }
  const contestants = CHOSEN.flatMap(([route, path]) =>
    servers.map(([who, server]) => contestant(nameOf(route, who), path, server, havre)),
  );
  return interleaved(contestants, Number(asked.rounds));
}

/** Speed is worth nothing when the answers differ. */
async function compare(havre: HavreUnderTest, peer: Peer): Promise<void> {
  const pages = CHOSEN.flatMap(([, path]) => (path.includes("page_size") ? [path, `${path}&page=2`, `${path}&page=4`] : [path]));
  for (const path of pages) assert.deepEqual(await answerOf(peer.url, path), await answerOf(havre.url, path), path);
}

/** The order of the parameters in a page's links is each one's own. */
async function answerOf(url: string, path: string): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Token ${TOKEN}` } });
  assert.equal(answer.status, 200, path);
  const body = (await answer.json()) as { next?: string | null; previous?: string | null };
  if (!("results" in body)) return body;
  const link = (address: string | null | undefined): unknown => address && [...new URL(address).searchParams].sort();
  return { ...body, next: link(body.next), previous: link(body.previous) };
}

/** The database belongs to Havre's process tree, whoever asks it. */
function contestant(
  name: string,
  path: string,
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
      await load(`${server.url}${path}`, TOKEN, Number(asked.connections), WARM_UP_SECONDS);
      const before = own() + postgres();
      const measured = await load(`${server.url}${path}`, TOKEN, Number(asked.connections), Number(asked.seconds));
      if (measured.requests === 0) throw new Error(`${name}: no answer within the time. Give more --seconds.`);
      return { ...measured, cpuMs: ((own() + postgres() - before) * 1000) / measured.requests };
    },
  };
}

function print(results: ReadonlyMap<string, Measured[]>): void {
  const median = (name: string, number: (one: Measured) => number): number => medianOf(results.get(name), number);
  const rate = (name: string): number => median(name, one => one.requestsPerSecond);
  const cpu = (name: string): number => median(name, one => one.cpuMs);
  const numbers = (name: string): string[] => [
    rate(name).toFixed(rate(name) < 100 ? 1 : 0),
    ...[median(name, one => one.medianMs), median(name, one => one.p99Ms), cpu(name)].map(ms => `${ms.toFixed(1)} ms`),
  ];
  /** Against the more frugal of the peers, which need not be the faster one. */
  const leastCpu = (peers: readonly string[], ours: string): number => Math.min(...peers.map(cpu)) / cpu(ours);
  const rows = CHOSEN.map(([route]) => {
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
  for (const [route, path] of CHOSEN) console.log(`- ${route}: \`GET ${path}\``);
  console.log(`\nPeers: ${peerVersion()}.\n`);
}
