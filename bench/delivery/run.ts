import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ageDecrypt } from "../../src/kernel/age/index.ts";
import { GIB, parseBytes } from "../../src/kernel/units.ts";
import { apacheMissing, startApache } from "../../test/engines/apache.ts";
import { isInstalled } from "../../test/engines/ports.ts";
import {
  against,
  type Contestant,
  inSeconds,
  inSize,
  interleaved,
  leastOf,
  medianOf,
  perSecond,
  printHeading,
  printTable,
  versionOf,
} from "../shared/report.ts";
import { type Measured, type Medium, makeMedium } from "./media.ts";
import { startOurs } from "./ours.ts";
import { peers } from "./peers.ts";

/**
 * Delivery of one file to Apache's WebDAV: Havre against `rclone copyto`, and encrypted against `age -p | rclone rcat`.
 *   node bench/delivery/run.ts [--size "2 GiB"] [--rounds 3] [--on memory,disk] [--pairs 1,2,3,4]
 */
const { values: asked } = parseArgs({
  options: {
    size: { type: "string", default: "2 GiB" },
    rounds: { type: "string", default: "3" },
    on: { type: "string", default: "memory,disk" },
    pairs: { type: "string", default: "1,2,3,4" },
  },
});
const sizeBytes = parseBytes(asked.size) ?? 2 * GIB;
const PASSPHRASE = "harbour-lantern-bench";
const NAME = "sent.bin";

/** Name, peer and what the issue promises of speed against it. */
const PAIRS = [
  { ours: "Havre, size proved", peer: "rclone copyto", promised: 0.9 },
  { ours: "Havre, read back", peer: "rclone copyto + check --download", promised: 0.9 },
  { ours: "Havre encrypted, size proved", peer: "age -p | rclone rcat", promised: 2 },
  { ours: "Havre encrypted, read back", peer: "age -p | rclone rcat, then rclone cat | openssl sha256", promised: 2 },
] as const;

const missing = [
  apacheMissing(),
  ...["rclone", "age", "python3", "openssl"].map(name => !isInstalled(name) && `${name} is not installed`),
].filter(Boolean);
if (missing.length > 0) console.log(`Delivery is not measured: ${missing.join(", ")}.`);
else for (const name of asked.on.split(",")) await measure(name as Medium["name"]);

async function measure(name: Medium["name"]): Promise<void> {
  printHeading(
    `Delivery of ${inSize(sizeBytes)} to Apache WebDAV, source and target in ${name === "memory" ? "memory (tmpfs)" : "files on disk"}`,
  );
  const opened = new AsyncDisposableStack();
  try {
    print(await compete(name, opened));
  } finally {
    await opened.disposeAsync();
  }
}

async function compete(name: Medium["name"], opened: AsyncDisposableStack): Promise<Map<string, Measured[]>> {
  const medium = await makeMedium(name, sizeBytes);
  opened.defer(() => medium.remove());
  const root = join(medium.folder, "webdav");
  const server = await startApache({ root });
  opened.defer(() => server.stop());
  const options = { passphrase: PASSPHRASE };
  const bySize = await startOurs(medium, server, { ...options, proof: "size" });
  opened.defer(() => bySize.stop());
  const readBack = await startOurs(medium, server, { ...options, proof: "read-back" });
  opened.defer(() => readBack.stop());
  const rclone = peers(medium, server, PASSPHRASE);
  /** Each run starts with an empty target and leaves it so; every result is looked at. */
  const contestant = (name: string, encrypted: boolean, act: () => Promise<Measured>): Contestant<Measured> => ({
    name,
    async run() {
      const measured = await act();
      await inspect(medium, root, encrypted);
      return measured;
    },
  });
  const contestants = [
    [contestant(PAIRS[0].ours, false, () => bySize.deliver("plain", NAME)), contestant(PAIRS[0].peer, false, rclone.copy)],
    [
      contestant(PAIRS[1].ours, false, () => readBack.deliver("plain", NAME)),
      contestant(PAIRS[1].peer, false, rclone.copyAndCheck),
    ],
    [contestant(PAIRS[2].ours, true, () => bySize.deliver("encrypted", NAME)), contestant(PAIRS[2].peer, true, rclone.encrypt)],
    [
      contestant(PAIRS[3].ours, true, () => readBack.deliver("encrypted", NAME)),
      contestant(PAIRS[3].peer, true, rclone.encryptAndCheck),
    ],
  ];
  const chosen = asked.pairs.split(",").flatMap(number => contestants[Number(number) - 1] ?? []);
  // Each once before it counts: programs, connections and pages of memory are then warm for both.
  for (const { run } of chosen) await run();
  return interleaved(chosen, Number(asked.rounds));
}

function print(results: ReadonlyMap<string, readonly Measured[]>): void {
  const best = (name: string): number => leastOf(results.get(name), one => one.seconds);
  const row = (name: string, ratio: string): string[] => [
    name,
    inSeconds(best(name)),
    inSeconds(medianOf(results.get(name), one => one.seconds)),
    perSecond(sizeBytes, best(name)),
    inSeconds(leastOf(results.get(name), one => one.cpuSeconds)),
    inSize(Math.max(...(results.get(name) ?? []).map(one => one.peakBytes))),
    ratio,
  ];
  const rows = PAIRS.filter(({ ours }) => results.has(ours)).flatMap(({ ours, peer, promised }) => [
    row(peer, ""),
    row(ours, against(best(peer) / best(ours), promised)),
  ]);
  printTable([`rounds: ${asked.rounds}`, "best", "median", "best speed", "its CPU", "peak memory", "best against best"], rows);
  console.log(`Peers: ${versionOf("rclone", "version")}, age ${versionOf("age")}.\n`);
}

/** What lies in the target must be the source, or decrypt to it; then it is removed. */
async function inspect(medium: Medium, root: string, encrypted: boolean): Promise<void> {
  const [path, ...others] = await filesBelow(root);
  if (path === undefined || others.length > 0)
    throw new Error(`One file was expected, not ${others.length + (path === undefined ? 0 : 1)}.`);
  const file = {
    sizeBytes: (await stat(path)).size,
    open: async (from: number) => createReadStream(path, { start: from, highWaterMark: 1 << 20 }),
  };
  const plain = encrypted ? await ageDecrypt(file, { passphrase: PASSPHRASE }) : file;
  const hash = createHash("sha256");
  for await (const chunk of await plain.open(0)) hash.update(chunk as Buffer);
  if (hash.digest("hex") !== medium.sha256) throw new Error("What was delivered is not the source.");
  await rm(path);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile() && !entry.parentPath.includes("/.DAV"))
    .map(entry => join(entry.parentPath, entry.name));
}
