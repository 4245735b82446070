import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { newKey, newSecretId, newUuid } from "../../kernel/ids.ts";
import type { EndCause, Limits, LogPlace, Workload, WorkloadId } from "../../ports/cluster.ts";
import { actsOn, ignoring, mayBeNear, readIfThere, removeFolder, replaceFile, writeSmall } from "./files.ts";
import { takeTurn } from "./turns.ts";

/**
 * What drivers of engines with records of their own keep beside them, in a folder that all nodes see:
 *
 *     ID/note     what is needed to ask for it, to read its outputs and to keep its limits; there before the engine is asked
 *     ID/script-*  what is submitted, while it is, by each who tries
 *     ID/prepared  there when the directory is, see prepareOnce
 *     ID/remote   the engine's name of it, once it has told one; the first stays
 *     ID/cause    why it was ended, when it was; the first cause stays
 *     ID/box      the account's own: what the wrapper (wrapper.ts) says from inside; in it a folder for each element of an array
 */
export interface Note extends LogPlace {
  /** What the engine knows it by. Another one after `forget`, so that an old record is never taken for a new run. */
  readonly name: string;
  readonly limits: Limits;
  readonly requeue: boolean;
  readonly scratch: boolean;
  readonly elements?: readonly number[];
  readonly madeAt: number;
}

const ANSWER_MS = 60_000;

export class Notes {
  readonly #folder: string;
  readonly #mark: string;

  /** @param mark of this installation: `[a-z0-9]+` */
  constructor(folder: string, mark: string) {
    this.#folder = folder;
    this.#mark = mark;
  }

  /** Removes also what removals that were cut short have left. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o711 });
    await mayBeNear(this.#folder);
    for (const name of await readdir(this.#folder))
      if (name.startsWith(".")) await rm(join(this.#folder, name), { recursive: true, force: true });
  }

  /** `owner`: whose box it is; undefined where everything is ours. @returns the note, and whether it was there before */
  async make(workload: Workload, owner: { uid: number; gid: number } | undefined): Promise<{ note: Note; isNew: boolean }> {
    const { id } = workload;
    const isFirst = await actsOn(this.#at(id))
      .mkdir(this.#at(id), { mode: 0o711 })
      .then(() => true, ignoring("EEXIST"));
    const known = isFirst ? undefined : await this.read(id);
    if (known) return { note: known, isNew: false };
    const boxes = ["box", ...(workload.elements ?? []).map(({ index }) => join("box", String(index)))];
    for (const box of boxes) {
      await actsOn(this.#at(id)).mkdir(this.#at(id, box), { mode: 0o700 }).catch(ignoring("EEXIST"));
      if (owner) await actsOn(this.#at(id)).chown(this.#at(id, box), owner.uid, owner.gid);
    }
    const { directory, stdout, stderr, limits, requeue = false, elements, scratch } = workload;
    const note: Note = {
      name: `havre-${this.#mark}-${id}-${newKey(6).toLowerCase()}`,
      ...{ directory, stdout, stderr, limits, requeue },
      scratch: scratch !== undefined,
      ...(elements ? { elements: elements.map(({ index }) => index) } : {}),
      madeAt: Date.now(),
    };
    const isOurs = await writeSmall(this.#at(id, "note"), JSON.stringify(note), { flag: "wx", mode: 0o600 }).then(
      () => true,
      ignoring("EEXIST"),
    );
    return isOurs ? { note, isNew: true } : { note: (await this.read(id)) ?? note, isNew: false };
  }

  /**
   * Lets one process prepare what lies outside of the notes, once: a second time would take away what the run has written.
   * @returns whether it is prepared; false while another process is at it
   */
  async prepareOnce(id: WorkloadId, prepare: () => Promise<unknown>): Promise<boolean> {
    const isPrepared = async (): Promise<boolean> => (await readIfThere(this.#at(id, "prepared"))) !== undefined;
    const turn = await takeTurn(this.#at(id), isPrepared);
    if (typeof turn === "string") return turn === "done";
    try {
      await prepare();
      await writeSmall(this.#at(id, "prepared"), "", { mode: 0o600 });
      return true;
    } catch (error) {
      await turn();
      throw error;
    }
  }

  async read(id: WorkloadId): Promise<Note | undefined> {
    const text = await readIfThere(this.#at(id, "note"));
    try {
      return text ? (JSON.parse(text) as Note) : undefined;
    } catch {
      return undefined; // being written at this moment
    }
  }

  async retime(id: WorkloadId, walltimeSeconds: number): Promise<void> {
    const note = await this.read(id);
    if (note) await replaceFile(this.#at(id, "note"), JSON.stringify({ ...note, limits: { ...note.limits, walltimeSeconds } }));
  }

  /** Whether some process may be between its note and the engine's answer. */
  async isBeingSubmitted(id: WorkloadId, note: Note): Promise<boolean> {
    return (await this.readRemote(id)) === undefined && Date.now() - note.madeAt < ANSWER_MS;
  }

  /** For what is refused after all: nothing is left of it. */
  async unmakeRefused(id: WorkloadId, error: unknown): Promise<never> {
    if (error instanceof HavreError && error.kind === "invalid" && (await this.readRemote(id)) === undefined)
      await this.remove(id);
    throw error;
  }

  readRemote = (id: WorkloadId): Promise<string | undefined> => readIfThere(this.#at(id, "remote"));

  async writeRemote(id: WorkloadId, remote: string): Promise<void> {
    await writeSmall(this.#at(id, "remote"), remote, { flag: "wx", mode: 0o600 }).catch(ignoring("EEXIST", "ENOENT"));
  }

  readCause = async (id: WorkloadId, index?: number): Promise<EndCause | undefined> =>
    ((await readIfThere(this.#at(id, causeFile(index)))) ?? (await readIfThere(this.#at(id, "cause")))) as EndCause | undefined;

  async writeCause(id: WorkloadId, cause: EndCause, index?: number): Promise<void> {
    await writeSmall(this.#at(id, causeFile(index)), cause, { flag: "wx", mode: 0o600 }).catch(ignoring("EEXIST", "ENOENT"));
  }

  box = (id: WorkloadId, index?: number): string => this.#at(id, index === undefined ? "box" : join("box", String(index)));
  scratch = (id: WorkloadId): string => this.#at(id, "scratch");
  /** Another for each try: two processes may try at once, and each removes its own. */
  script = (id: WorkloadId): string => this.#at(id, `script-${newUuid()}`);

  /** What a wrapper said by this name; "" when nothing. Whoever owns the box may have written anything. */
  async said(id: WorkloadId, name: string, index?: number): Promise<string> {
    const text = await readFile(join(this.box(id, index), name), { encoding: "utf8" }).catch(() => "");
    return text.slice(0, 500).trim();
  }

  /** When the wrapper took the claim; undefined before. */
  async begunAt(id: WorkloadId): Promise<Date | undefined> {
    return (await stat(join(this.box(id), "begun")).catch(ignoring("ENOENT")))?.mtime;
  }

  list = async (): Promise<WorkloadId[]> => (await readdir(this.#folder)).filter(name => !name.startsWith(".")) as WorkloadId[];

  async remove(id: WorkloadId): Promise<void> {
    const going = join(this.#folder, `.${newSecretId()}`);
    await rename(this.#at(id), going).catch(ignoring("ENOENT"));
    await removeFolder(going);
  }

  #at(id: WorkloadId, ...parts: readonly string[]): string {
    if (!/^[a-z0-9][a-z0-9-]{0,47}$/.test(id)) throw new HavreError("invalid", `"${id}" is no id of a workload.`);
    return join(this.#folder, id, ...parts);
  }
}

const causeFile = (index: number | undefined): string => (index === undefined ? "cause" : `cause.${index}`);
