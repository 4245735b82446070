import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MIB } from "../../src/kernel/units.ts";

/** Where source and target of a delivery lie, with a source in it. */
export interface Medium {
  readonly name: "memory" | "disk";
  readonly folder: string;
  readonly source: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  remove(): Promise<void>;
}

/** One delivery, or what a peer does instead. */
export interface Measured {
  readonly seconds: number;
  /** Of the contestant alone, the server's not counted. */
  readonly cpuSeconds: number;
  /** Memory of all its processes together; Havre's PostgreSQL is among them. */
  readonly peakBytes: number;
}

const PLACES = { memory: "/dev/shm", disk: tmpdir() };

export async function makeMedium(name: Medium["name"], sizeBytes: number): Promise<Medium> {
  const folder = await mkdtemp(join(PLACES[name], "havre-bench-"));
  // Apache gives up being root and must still reach what is below.
  await chmod(folder, 0o755);
  await mkdir(join(folder, "source"));
  const source = join(folder, "source", "source.bin");
  const sha256 = await writeRandom(source, sizeBytes);
  return { name, folder, source, sha256, sizeBytes, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A block of random bytes over and over, each time with its number: nothing on the way can make it smaller or guess it. */
async function writeRandom(path: string, sizeBytes: number): Promise<string> {
  const hash = createHash("sha256");
  const block = randomBytes(MIB);
  const file = await open(path, "wx");
  for (let at = 0; at < sizeBytes; at += block.length) {
    block.writeBigUInt64LE(BigInt(at));
    const part = block.subarray(0, Math.min(block.length, sizeBytes - at));
    hash.update(part);
    await file.write(part);
  }
  await file.sync();
  await file.close();
  return hash.digest("hex");
}
