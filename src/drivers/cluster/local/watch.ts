import type { EndCause, WorkloadId } from "../../../ports/cluster.ts";
import { signal } from "../processes.ts";
import { cutOutputs, outputBytes, roomLeft } from "../room.ts";
import type { Cages } from "./cages/cages.ts";
import type { Claim, Records, RunRecord } from "./records.ts";

const DISK_EVERY_MS = 2000;
/** Looking takes at most so small a part of the time. */
const DISK_SHARE = 20;

/** Ends a run: the first cause stays. What waits in its cage frozen is thawed to die. */
export async function endRun(records: Records, cages: Cages, id: WorkloadId, claim: Claim, cause: EndCause): Promise<void> {
  await records.writeCause(id, cause);
  if (claim.supervisor) await signal(claim.supervisor, "SIGTERM");
  await cages.killAll(id);
}

/**
 * Looks after the limits that the kernel does not keep for a whole run: walltime, outputs, disk, and without control groups memory
 * and processes. Whoever calls `look` every now and then, here or in another process, comes to the same.
 */
export class Watch {
  readonly #records: Records;
  readonly #cages: Cages;
  /** When the disk of a run is looked at next, and which look is under way. */
  readonly #disk = new Map<WorkloadId, { at: number; look?: Promise<void> }>();

  constructor(records: Records, cages: Cages) {
    this.#records = records;
    this.#cages = cages;
  }

  /** @returns how many runs have begun and not ended */
  async look(): Promise<number> {
    const ids = await this.#records.listUnended();
    for (const id of this.#disk.keys()) if (!ids.includes(id)) this.#disk.delete(id);
    const alive = await Promise.all(ids.map(id => this.#lookAt(id)));
    return alive.filter(Boolean).length;
  }

  async #lookAt(id: WorkloadId): Promise<boolean> {
    const [record, claim] = await Promise.all([this.#records.readRecord(id), this.#records.readClaim(id)]);
    if (!record) return false;
    if (!claim?.alive) return claim === undefined;
    const cause = await this.#passed(id, record, claim);
    if (cause === undefined) return true;
    await endRun(this.#records, this.#cages, id, claim, cause);
    if (cause === "output") await cutOutputs(record, record.limits.outputBytes);
    return true;
  }

  async #passed(id: WorkloadId, record: RunRecord, claim: Claim): Promise<EndCause | undefined> {
    const { limits } = record;
    if (Date.now() - claim.startedAt.getTime() > limits.walltimeSeconds * 1000) return "walltime";
    if ((await outputBytes(record)) > limits.outputBytes) return "output";
    if (this.#cages.kind === "rlimits") {
      const used = await this.#cages.measure(id);
      if (used) await this.#records.writeSeen(id, used);
      if ((used?.memoryBytes ?? 0) > limits.memoryBytes) return "memory";
    }
    this.#lookAtDisk(id, record);
    return undefined;
  }

  /** Beside the others: a folder of a million files takes long. */
  #lookAtDisk(id: WorkloadId, record: RunRecord): void {
    const known = this.#disk.get(id) ?? { at: 0 };
    if (known.look || Date.now() < known.at) return;
    const start = Date.now();
    const look = (async () => {
      const left = await roomLeft([record.directory, ...(record.scratch ? [record.scratch] : [])], record.limits.diskBytes);
      const claim = left < 0 ? await this.#records.readClaim(id) : undefined;
      if (claim) await endRun(this.#records, this.#cages, id, claim, "disk");
    })().catch(() => {}); // a folder that cannot be read now is looked at again
    const entry = { at: 0, look };
    this.#disk.set(id, entry);
    look.finally(() => this.#disk.set(id, { at: Date.now() + Math.max(DISK_EVERY_MS, DISK_SHARE * (Date.now() - start)) }));
  }
}
