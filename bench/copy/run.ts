import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { makeOpenStorage } from "../../src/drivers/storage/all.ts";
import { KIB, MIB, parseBytes } from "../../src/kernel/units.ts";
import type { StorageAccess, StoragePath } from "../../src/ports/storage.ts";
import { apacheMissing, startApache } from "../../test/engines/apache.ts";
import type { DavServer } from "../../test/engines/dav.ts";
import { rcloneMissing } from "../../test/engines/rclone.ts";
import { aBucket, type S3Server, startSwift, swiftMissing } from "../../test/engines/swift.ts";
import { endedChildrenCpuSeconds, watchPeak } from "../shared/processes.ts";
import {
  against,
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
import type { Order, Outcome } from "./ours.ts";

/**
 * Copies from one storage to another, against `rclone`: one large file, and many small ones. And how soon a large folder shows its first page.
 *   node bench/copy/run.ts [--size "4 GiB"] [--rounds 2] [--files 10000] [--entries 100000] [--only large,small,list]
 */
const { values: asked } = parseArgs({
  options: {
    size: { type: "string", default: "4 GiB" },
    rounds: { type: "string", default: "2" },
    files: { type: "string", default: "10000" },
    entries: { type: "string", default: "100000" },
    only: { type: "string", default: "large,small,list" },
  },
});
const sizeBytes = parseBytes(asked.size) ?? 0;
const rounds = Number(asked.rounds);
const SMALL_BYTES = 100_000;
const GROWTH_BYTES = 96 * MIB;
const PAGE_MS = 100;

const missing = [apacheMissing(), rcloneMissing(), swiftMissing()].filter(Boolean);
if (missing.length > 0) console.log(`Copies are not measured: ${missing.join(", ")}.`);
else await measure();

async function measure(): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "havre-bench-copy-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const wants = asked.only.split(",");
  if (wants.includes("list")) await list(folder);
  if (!wants.includes("large") && !wants.includes("small")) return;
  const dav = await startApache({ root: join(folder, "dav") });
  opened.defer(() => dav.stop());
  const swift = await startSwift();
  opened.defer(() => swift.stop());
  const places = { folder, dav, swift, bucket: await aBucket(swift) };
  if (wants.includes("large")) await large(places);
  if (wants.includes("small")) await small(places);
  console.log(`Peer: ${versionOf("rclone", "version")}.\n`);
}

interface Places {
  readonly folder: string;
  readonly dav: DavServer;
  readonly swift: S3Server;
  readonly bucket: string;
}

async function large(places: Places): Promise<void> {
  printHeading(`One file of ${inSize(sizeBytes)}, from one storage to another, on one disk`);
  await mkdir(join(places.folder, "source"));
  const sha256 = await writeRandom(join(places.folder, "source", "large.bin"), sizeBytes);
  const [source, s3, webdav] = [access("FOLDER", places), access("S3", places), access("WEBDAV", places)];
  const copied = join(places.dav.root, "large.bin");
  /** What came over both ways must be the source. */
  const checked = async (outcome: Outcome): Promise<Outcome> => {
    if ((await sha256Of(copied)) !== sha256) throw new Error("What was copied is not the source.");
    await rm(copied);
    return outcome;
  };
  const results = await interleaved(
    [
      {
        name: "rclone: folder to S3",
        // What the round before left there looks the same, and would be left as it is.
        run: () => rclone(places, "copyto", "--ignore-times", join(places.folder, "source", "large.bin"), "s3:havre/rclone.bin"),
      },
      {
        name: "Havre: folder to S3",
        run: () => ours({ act: "copy", from: source, to: s3, path: "large.bin", target: "ours.bin" }),
      },
      { name: "rclone: S3 to WebDAV", run: () => rclone(places, "copyto", "s3:havre/rclone.bin", "dav:large.bin").then(checked) },
      {
        name: "Havre: S3 to WebDAV",
        run: () => ours({ act: "copy", from: s3, to: webdav, path: "ours.bin", target: "large.bin" }).then(checked),
      },
    ],
    rounds,
  );
  const best = (name: string): number => leastOf(results.get(name), one => one.seconds);
  const row = (name: string, peer?: string): string[] => {
    const growth = Math.max(...(results.get(name) ?? []).map(one => one.growthBytes));
    return [
      name,
      inSeconds(best(name)),
      inSeconds(medianOf(results.get(name), one => one.seconds)),
      perSecond(sizeBytes, best(name)),
      inSeconds(leastOf(results.get(name), one => one.cpuSeconds)),
      peer === undefined
        ? inSize(growth)
        : `${inSize(growth)} (${growth <= GROWTH_BYTES ? "≤" : "MISSED"} ${inSize(GROWTH_BYTES)})`,
      peer === undefined ? "" : against(best(peer) / best(name), 0.9),
    ];
  };
  printTable(
    [`rounds: ${rounds}`, "best", "median", "best speed", "its CPU", "memory beyond the start", "best against best"],
    ["folder to S3", "S3 to WebDAV"].flatMap(way => [row(`rclone: ${way}`), row(`Havre: ${way}`, `rclone: ${way}`)]),
  );
  await rm(join(places.folder, "source"), { recursive: true });
}

async function small(places: Places): Promise<void> {
  const count = Number(asked.files);
  printHeading(`${count} files of ${SMALL_BYTES / 1000} kB, 8 at a time`);
  const many = join(places.folder, "source", "many");
  await mkdir(many, { recursive: true });
  for (let number = 0; number < count; number++) await writeFile(join(many, `file-${number}.bin`), randomBytes(SMALL_BYTES));
  const source = access("FOLDER", places);
  const open = makeOpenStorage({ egressAllow: ["127.0.0.0/8"], folderRoots: ["/"] });
  /** All must be there; then they go. */
  const counted = async (engine: "WEBDAV" | "S3", folder: string, outcome: Outcome): Promise<Outcome> => {
    const target = await open(access(engine, places));
    try {
      const { signal } = new AbortController();
      const found = await Array.fromAsync(target.list(folder as StoragePath, {}, signal));
      if (found.length !== count || found.some(({ sizeBytes }) => sizeBytes !== SMALL_BYTES))
        throw new Error(`${found.length} of ${count} files are right.`);
      await target.remove(folder as StoragePath, signal);
    } finally {
      await target.close();
    }
    return outcome;
  };
  const contenders = (["WEBDAV", "S3"] as const).flatMap(engine => {
    const to = engine === "S3" ? "s3:havre/rclone-many" : "dav:rclone-many";
    const order: Order = { act: "copy-all", from: source, to: access(engine, places), path: "many", target: "many" };
    return [
      {
        name: `rclone copy --transfers 8, ${engine}`,
        run: () => rclone(places, "copy", many, to, "--transfers", "8").then(one => counted(engine, "rclone-many", one)),
      },
      { name: `Havre, ${engine}`, run: () => ours(order).then(one => counted(engine, "many", one)) },
    ];
  });
  const results = await interleaved(contenders, rounds);
  const best = (name: string): number => leastOf(results.get(name), one => one.seconds);
  const row = (name: string, peer?: string): string[] => [
    name,
    inSeconds(best(name)),
    inSeconds(medianOf(results.get(name), one => one.seconds)),
    `${(count / best(name)).toFixed(0)} files/s`,
    inSeconds(leastOf(results.get(name), one => one.cpuSeconds)),
    inSize(Math.max(...(results.get(name) ?? []).map(one => one.growthBytes))),
    peer === undefined ? "" : against(best(peer) / best(name), 1),
  ];
  printTable(
    [`rounds: ${rounds}`, "best", "median", "best rate", "its CPU", "memory beyond the start", "best against best"],
    contenders.map(({ name }, index) => row(name, index % 2 === 1 ? contenders[index - 1]?.name : undefined)),
  );
  await rm(many, { recursive: true });
}

async function list(folder: string): Promise<void> {
  const count = Number(asked.entries);
  printHeading(`The first hundred of ${count} entries of a folder`);
  await mkdir(join(folder, "source", "listed"), { recursive: true });
  for (let number = 0; number < count; number++)
    await (await open(join(folder, "source", "listed", `${number}.txt`), "wx")).close();
  const source: StorageAccess = { engine: "FOLDER", location: join(folder, "source"), username: "", password: "" };
  const order: Order = { act: "first-page", from: source, to: source, path: "listed", target: "" };
  const results: Outcome[] = [];
  for (let round = 0; round < 5; round++) results.push(await ours(order));
  const best = leastOf(results, one => one.seconds) * 1000;
  printTable(
    ["rounds: 5", "best", "median", "its CPU", "memory beyond the start", "promised"],
    [
      [
        "Havre, FOLDER",
        `${best.toFixed(0)} ms`,
        `${(medianOf(results, one => one.seconds) * 1000).toFixed(0)} ms`,
        `${(leastOf(results, one => one.cpuSeconds) * 1000).toFixed(0)} ms`,
        inSize(Math.max(...results.map(one => one.growthBytes))),
        `${best < PAGE_MS ? "<" : "MISSED"} ${PAGE_MS} ms`,
      ],
    ],
  );
  await rm(join(folder, "source"), { recursive: true });
}

function access(engine: "FOLDER" | "S3" | "WEBDAV", { folder, dav, swift, bucket }: Places): StorageAccess {
  if (engine === "FOLDER") return { engine, location: join(folder, "source"), username: "", password: "" };
  if (engine === "S3") return { engine, location: bucket, username: swift.user, password: swift.password };
  return { engine, location: dav.url, username: dav.user, password: dav.password };
}

async function ours(order: Order): Promise<Outcome> {
  const program = join(import.meta.dirname, "ours.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, JSON.stringify(order)]);
  return JSON.parse(stdout) as Outcome;
}

/** As somebody would type it. Its memory at the start is that of the program itself. */
async function rclone({ folder, dav, swift }: Places, ...args: string[]): Promise<Outcome> {
  const config = {
    DAV_TYPE: "webdav",
    DAV_VENDOR: "other",
    DAV_URL: dav.url,
    DAV_USER: dav.user,
    DAV_PASS: execFileSync("rclone", ["obscure", dav.password], { encoding: "utf8" }).trim(),
    S3_TYPE: "s3",
    S3_PROVIDER: "Other",
    S3_ENDPOINT: swift.url,
    S3_ACCESS_KEY_ID: swift.user,
    S3_SECRET_ACCESS_KEY: swift.password,
  };
  const settings = Object.fromEntries(Object.entries(config).map(([name, value]) => [`RCLONE_CONFIG_${name}`, value]));
  // With a bundle of the machine's own, this rclone refuses to start its S3 client.
  const { AWS_CA_BUNDLE: _, ...own } = process.env;
  const env = { ...own, RCLONE_CONFIG: join(folder, "no-rclone.conf"), ...settings };
  const cpuBefore = endedChildrenCpuSeconds();
  const startedAt = performance.now();
  const child = spawn("rclone", args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", part => (said += part));
  const peak = watchPeak(child.pid ?? 0);
  const [status] = await once(child, "exit");
  if (status !== 0) throw new Error(`rclone ${args.join(" ")}: ${said}`);
  const peakBytes = peak.stop();
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, cpuSeconds: endedChildrenCpuSeconds() - cpuBefore, peakBytes, growthBytes: peakBytes };
}

/** A block of random bytes over and over, each time with its number: nothing on the way can make it smaller or guess it. */
async function writeRandom(path: string, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  const block = randomBytes(MIB);
  const file = await open(path, "wx");
  for (let at = 0; at < bytes; at += block.length) {
    block.writeBigUInt64LE(BigInt(at));
    const part = block.subarray(0, Math.min(block.length, bytes - at));
    hash.update(part);
    await file.write(part);
  }
  await file.close();
  return hash.digest("hex");
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 512 * KIB })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
