import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk in memory that is soon full. */
export interface SmallDisk {
  readonly path: string;
  remove(): void;
}

const mount = (sizeBytes: number, path: string) =>
  spawnSync("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", path]).status === 0;

/** @returns why there can be none here, else false */
export function smallDiskMissing(): string | false {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root on Linux can make a small disk";
  const probe = mkdtempSync(join(tmpdir(), "havre-disk-"));
  const mounted = mount(65_536, probe);
  if (mounted) execFileSync("umount", [probe]);
  rmSync(probe, { recursive: true });
  return mounted ? false : "this machine lets nobody mount a tmpfs";
}

export function makeSmallDisk(sizeBytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), "havre-disk-"));
  if (!mount(sizeBytes, path)) throw new Error(`No tmpfs at ${path}`);
  chmodSync(path, 0o777);
  const remove = (): void => {
    // Lazily: a server that was just killed may still be letting go of its files.
    execFileSync("umount", ["-l", path]);
    rmSync(path, { recursive: true });
  };
  return { path, remove };
}
