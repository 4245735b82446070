import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";
import { newSecretId } from "../../../kernel/ids.ts";
import type { EndCause, WorkloadId } from "../../../ports/cluster.ts";
import {
  actsOn,
  codeOf,
  ignoring,
  mayBeNear,
  readIfThere,
  removeFolder,
  replaceFile,
  statSmall,
  writeSmall,
} from "../../files.ts";
import { identityIn, isAlive, type ProcessIdentity } from "../processes.ts";
import { isAtIt, ownerOf, signed, takeTurn } from "../turns.ts";
import { WHOLE } from "./supervise.ts";

/**
 * What is written down of each run, so that it outlives Havre:
 *
 *     runs/ID/try.N    who prepares it: one process at a time; one that died is followed by the next number
 *     runs/ID/args     what bubblewrap is told; the environment is in it
 *     runs/ID/record   all that is needed to start and to watch it. Once it is there the run exists, and any process may start it
 *     runs/ID/claim    made by exactly one supervisor before it does anything, so it begins once however often it is started
 *     runs/ID/status   bubblewrap's own word: which process is the first inside, and how the command ended
 *     runs/ID/seen     what the watch saw it use, where no control group counts
 *     runs/ID/cause    why it was ended, when it was; the first cause stays
 *     ends/ID          made by the supervisor when nothing of the run is left, or by whoever finds that the supervisor is gone
 */
export interface RunRecord {
  readonly name: string;
  readonly directory: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Whose new files are; undefined where everything is ours. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly limits: RunLimits;
  /** Folder of the scratch room, or "". */
  readonly scratch: string;
  /** What the supervisor runs: the way into the sandbox and bubblewrap itself. */
  readonly argv: readonly string[];
}

export interface RunLimits {
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly walltimeSeconds: number;
  readonly processes: number;
  readonly outputBytes: number;
  readonly diskBytes: number;
}

export interface Claim {
  readonly supervisor: ProcessIdentity | undefined;
  readonly alive: boolean;
  readonly startedAt: Date;
}

export interface EndRecord {
  readonly endedAt: Date;
  /** What the supervisor wrote, by name: `code`, `cpu`, `peak`, `oom`, … */
  readonly facts: Readonly<Record<string, string>>;
}

export interface SandboxStatus {
  readonly childPid?: number;
  readonly exitCode?: number;
}

/** A claim is empty between two system calls of its supervisor; one that stays empty is of one that was killed right then. */
const EMPTY_CLAIM_MS = 5000;

export class Records {
  readonly #runs: string;
  readonly endsFolder: string;
  /** What turns of this process are links to, see takeTurn. */
  readonly #own: string;

  constructor(home: string) {
    this.#runs = join(home, "runs");
    this.endsFolder = join(home, "ends");
    this.#own = join(this.#runs, `.${newSecretId()}`);
  }

  /** Removes also what removals that were cut short have left. */
  async open(): Promise<void> {
    // Accounts pass through to what is bound into their sandboxes, and list nothing.
    for (const folder of [this.#runs, this.endsFolder]) await mkdir(folder, { recursive: true, mode: 0o711 });
    for (const folder of [this.#runs, this.endsFolder]) await mayBeNear(folder);
    for (const name of await readdir(this.#runs))
      if (name.startsWith(".")) await rm(join(this.#runs, name), { recursive: true, force: true });
    for (const name of await readdir(this.endsFolder))
      if (name.startsWith(".") || !(await isThere(join(this.#runs, name))))
        await rm(join(this.endsFolder, name), { force: true });
    await writeSmall(this.#own, `${JSON.stringify(await signed())}\n`, { mode: 0o600 });
  }

  folderOf = (id: WorkloadId): string => join(this.#runs, checked(id));
  endOf = (id: WorkloadId): string => join(this.endsFolder, checked(id));

  /**
   * Asks to prepare a run. @returns "prepared": it has a record already · "busy": another process is at it ·
   * else a function that gives it up again, for when preparing fails
   */
  async take(id: WorkloadId): Promise<"prepared" | "busy" | (() => Promise<void>)> {
    const folder = this.folderOf(id);
    await actsOn(folder).mkdir(folder, { mode: 0o711 }).catch(ignoring("EEXIST"));
    const turn = await takeTurn(folder, () => this.hasRecord(id), this.#own);
    return turn === "done" ? "prepared" : turn === "busy" ? turn : turn.giveUp;
  }

  hasRecord = (id: WorkloadId): Promise<boolean> => isThere(join(this.folderOf(id), "record"));

  /** Whether somebody is preparing it at this moment. */
  async isBeingPrepared(id: WorkloadId): Promise<boolean> {
    const names = await readdir(this.folderOf(id)).catch(ignoring("ENOENT"));
    for (const name of names ?? []) {
      const owner = name.startsWith("try.") ? await ownerOf(join(this.folderOf(id), name)) : undefined;
      if (owner !== undefined && (await isAtIt(join(this.folderOf(id), name), owner))) return true;
    }
    return false;
  }

  writeRecord = (id: WorkloadId, record: RunRecord): Promise<void> =>
    replaceFile(join(this.folderOf(id), "record"), JSON.stringify(record));

  async readRecord(id: WorkloadId): Promise<RunRecord | undefined> {
    const text = await readIfThere(join(this.folderOf(id), "record"));
    return text === undefined ? undefined : (JSON.parse(text) as RunRecord);
  }

  async readClaim(id: WorkloadId): Promise<Claim | undefined> {
    const file = join(this.folderOf(id), "claim");
    const text = await readIfThere(file);
    if (text === undefined) return undefined;
    const { mtime: startedAt } = await statSmall(file);
    const isWhole = text.endsWith("\n");
    const supervisor = isWhole ? identityIn(text) : undefined;
    const alive = supervisor ? await isAlive(supervisor) : !isWhole && Date.now() - startedAt.getTime() < EMPTY_CLAIM_MS;
    return { supervisor, alive, startedAt };
  }

  async readEnd(id: WorkloadId): Promise<EndRecord | undefined> {
    const file = this.endOf(id);
    const text = await readIfThere(file);
    if (!text?.endsWith(WHOLE)) return undefined;
    const facts = text.split("\n").map(line => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)]);
    return { endedAt: (await statSmall(file)).mtime, facts: Object.fromEntries(facts) as Record<string, string> };
  }

  /** Only for a run whose supervisor is gone and left no end, or half of one. */
  async writeLost(id: WorkloadId): Promise<void> {
    await replaceFile(this.endOf(id), `lost=1\n${WHOLE}`);
  }

  async writeCause(id: WorkloadId, cause: EndCause): Promise<void> {
    await writeSmall(join(this.folderOf(id), "cause"), cause, { flag: "wx", mode: 0o600 }).catch(ignoring("EEXIST", "ENOENT"));
  }

  readCause = async (id: WorkloadId): Promise<EndCause | undefined> =>
    ((await readIfThere(join(this.folderOf(id), "cause"))) || undefined) as EndCause | undefined;

  async readStatus(id: WorkloadId): Promise<SandboxStatus> {
    const text = (await readIfThere(join(this.folderOf(id), "status"))) ?? "";
    const childPid = /"child-pid": (\d+)/.exec(text)?.[1];
    const exitCode = /"exit-code": (\d+)/.exec(text)?.[1];
    return {
      ...(childPid === undefined ? {} : { childPid: Number(childPid) }),
      ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
    };
  }

  list = async (): Promise<WorkloadId[]> => (await readdir(this.#runs)).filter(name => !name.startsWith(".")) as WorkloadId[];

  /** Those that have a folder and no end. */
  async listUnended(): Promise<WorkloadId[]> {
    const [all, ended] = await Promise.all([this.list(), readdir(this.endsFolder)]);
    const over = new Set<string>(ended);
    return all.filter(id => !over.has(id));
  }

  /** What the watch sees, where nobody else counts: the processor time so far, and the most memory. */
  async writeSeen(id: WorkloadId, { cpuSeconds, memoryBytes }: { cpuSeconds: number; memoryBytes: number }): Promise<void> {
    const file = join(this.folderOf(id), "seen");
    const before = /cpu (\S+)\npeak (\d+)/.exec((await readIfThere(file)) ?? "");
    const [cpu, peak] = [Math.max(cpuSeconds, Number(before?.[1] ?? 0)), Math.max(memoryBytes, Number(before?.[2] ?? 0))];
    await replaceFile(file, `cpu ${cpu}\npeak ${peak}\n`).catch(ignoring("ENOENT"));
  }

  /** Takes the claim for nobody, so that the run never begins. @returns whether no supervisor was there first */
  async claimForNobody(id: WorkloadId): Promise<boolean> {
    try {
      await writeSmall(join(this.folderOf(id), "claim"), "nobody\n", { flag: "wx", mode: 0o600 });
      return true;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return false;
    }
  }

  /** All of it goes; half gone, it is not there any more. */
  async remove(id: WorkloadId): Promise<void> {
    const going = join(this.#runs, `.${newSecretId()}`);
    const { rename, unlink } = actsOn(going);
    await rename(this.folderOf(id), going).catch(ignoring("ENOENT"));
    await unlink(this.endOf(id)).catch(ignoring("ENOENT"));
    await removeFolder(going);
  }
}

const isThere = async (path: string): Promise<boolean> =>
  (await statSmall(path).catch(ignoring("ENOENT", "ENOTDIR"))) !== undefined;

/** Ids become names of folders. */
function checked(id: WorkloadId): string {
  if (!/^[a-z0-9][a-z0-9-]{0,47}$/.test(id)) throw new HavreError("invalid", `"${id}" is no id of a workload.`);
  return id;
}
