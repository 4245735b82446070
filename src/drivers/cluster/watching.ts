import { join } from "node:path";
import type { WorkloadId } from "../../ports/cluster.ts";
import type { Note } from "./notes.ts";
import { outputBytes, roomLeft } from "./room.ts";

const DISK_EVERY_MS = 2000;
/** Looking at disks takes at most so small a part of the time. */
const DISK_SHARE = 20;

/** Looks at what running workloads have written, for engines that do not; asked at every `observe`. */
export class WrittenWatch {
  readonly #next = new Map<string, number>();

  /** @returns the limit that was passed, if any */
  async passed(id: WorkloadId, note: Note, scratch: string, index?: number): Promise<"output" | "disk" | undefined> {
    const directory = index === undefined ? note.directory : join(note.directory, String(index));
    if ((await outputBytes({ ...note, directory })) > note.limits.outputBytes) return "output";
    const key = `${id} ${index ?? ""}`;
    const start = Date.now();
    if ((this.#next.get(key) ?? 0) > start) return undefined;
    this.#next.set(key, Number.POSITIVE_INFINITY);
    try {
      const folders = [directory, ...(note.scratch ? [scratch] : [])];
      return (await roomLeft(folders, note.limits.diskBytes)) < 0 ? "disk" : undefined;
    } finally {
      this.#next.set(key, Date.now() + Math.max(DISK_EVERY_MS, DISK_SHARE * (Date.now() - start)));
    }
  }

  forget(id: WorkloadId): void {
    for (const key of this.#next.keys()) if (key.startsWith(`${id} `)) this.#next.delete(key);
  }
}
