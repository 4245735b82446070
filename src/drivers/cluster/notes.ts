import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { newKey, newSecretId } from "../../kernel/ids.ts";
import type { EndCause, Limits, LogPlace, Workload, WorkloadId } from "../../ports/cluster.ts";
import { actsOn, appendSmall, ignoring, mayBeNear, readIfThere, removeFolder, writeSmall } from "../files.ts";
import { jsonIn } from "./json.ts";
import { type Signed, signed, takeTurn } from "./turns.ts";

/**
 * What drivers of engines with records of their own keep beside them, in a folder that all nodes see:
 *
 *     ID/note     what is needed to ask for it, to read its outputs and to keep its limits; there before the engine is asked, and whole.
 *                 What becomes known later follows in lines of its own: the engine's name of it, another walltime
 *     ID/try.N    who prepares its directory, or tried to; the last of them becomes `prepared`, see prepareOnce
 *     ID/cause    why it was ended, when it was; the first cause stays
 *     ID/box      the account's own: what the wrapper (wrapper.ts) says from inside; in it a folder for each element of an array
 *
 * As few files as can be: on some file systems a new one costs a hundred times as much as a line or a link (docs/performance.md).
 */
export interface Note extends LogPlace, Signed {
  /** What the engine knows it by. Another one after `forget`, so that an old record is never taken for a new run. */
  readonly name: string;
  readonly limits: Limits;
  readonly requeue: boolean;
  readonly scratch: boolean;
  readonly elements?: readonly number[];
  readonly madeAt: number;
  /** The engine's name of it, once it has told one; the first stays. */
  readonly remote?: string;
}
/** A line that follows. */
interface Later {
  readonly remote?: string;
  readonly walltimeSeconds?: number;
}

const ANSWER_MS = 60_000;
/** A process that makes one takes much less. */
const MAKING_MS = 60_000;

export class Notes {
  readonly #folder: string;
  readonly #mark: string;

  /** @param mark of this installation: `[a-z0-9]+` */
  constructor(folder: string, mark: string) {
    this.#folder = folder;
    this.#mark = mark;
  }

  /** Removes also what was cut short: removals, and what was made and never got its name. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o711 });
    await mayBeNear(this.#folder);
    for (const name of await readdir(this.#folder)) {
      if (!name.startsWith(".")) continue;
      const made = await stat(join(this.#folder, name)).catch(ignoring("ENOENT"));
      // Another process may be making it at this moment.
      if (made && Date.now() - made.mtimeMs > MAKING_MS) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  /**
   * Made whole, and then named, so that one that is there is whole. `owner`: whose box it is; undefined where everything is ours.
   * @returns the note, and whether it was made now
   */
  async make(workload: Workload, owner: { uid: number; gid: number } | undefined): Promise<{ note: Note; isNew: boolean }> {
    const { id, directory, stdout, stderr, limits, requeue = false, elements, scratch } = workload;
    const known = await this.#known(id);
    if (known) return { note: known, isNew: false };
    const fresh = join(this.#folder, `.${newSecretId()}`);
    const { chown, mkdir: make, rename: name } = actsOn(fresh);
    await make(fresh, { mode: 0o711 });
    const boxes = ["box", ...(elements ?? []).map(({ index }) => join("box", String(index)))];
    for (const box of boxes) {
      await make(join(fresh, box), { mode: 0o700 });
      if (owner) await chown(join(fresh, box), owner.uid, owner.gid);
    }
    const note: Note = {
      name: `havre-${this.#mark}-${id}-${newKey(6).toLowerCase()}`,
      ...{ directory, stdout, stderr, limits, requeue },
      scratch: scratch !== undefined,
      ...(elements ? { elements: elements.map(({ index }) => index) } : {}),
      madeAt: Date.now(),
      ...(await signed()),
    };
    await writeSmall(join(fresh, "note"), `${JSON.stringify(note)}\n`, { flag: "wx", mode: 0o600 });
    const isNew = await name(fresh, this.#at(id)).then(() => true, ignoring("ENOTEMPTY", "EEXIST"));
    if (isNew) return { note, isNew };
    await removeFolder(fresh); // another process was faster
    return { note: (await this.#known(id)) ?? note, isNew: false };
  }

  /** @throws HavreError where only a part of it is on the disk, as when the power failed: whether the engine has it nobody knows */
  async #known(id: WorkloadId): Promise<Note | undefined> {
    const text = await readIfThere(this.#at(id, "note"));
    const note = text === undefined ? undefined : noteIn(text);
    if (text !== undefined && !note)
      throw new HavreError("unavailable", "What was noted of this run is not whole, so it may run already. Reschedule it.", {
        detail: { id },
      });
    return note;
  }

  /**
   * Lets one process prepare what lies outside of the notes, once: a second time would take away what the run has written.
   * @param isNew as `make` has told. @returns whether it is prepared; false while another process is at it
   */
  async prepareOnce(id: WorkloadId, isNew: boolean, prepare: () => Promise<unknown>): Promise<boolean> {
    const isPrepared = async (): Promise<boolean> => (await readIfThere(this.#at(id, "prepared"))) !== undefined;
    const turn = await takeTurn(this.#at(id), isPrepared, isNew ? this.#at(id, "note") : undefined);
    if (typeof turn === "string") return turn === "done";
    try {
      await prepare();
      await actsOn(turn.link).rename(turn.link, this.#at(id, "prepared"));
      return true;
    } catch (error) {
      await turn.giveUp();
      throw error;
    }
  }

  async read(id: WorkloadId): Promise<Note | undefined> {
    const text = await readIfThere(this.#at(id, "note"));
    return text === undefined ? undefined : noteIn(text);
  }

  retime = (id: WorkloadId, walltimeSeconds: number): Promise<void> => this.#add(id, { walltimeSeconds });

  /** One line, in one piece. */
  async #add(id: WorkloadId, fact: Later): Promise<void> {
    await appendSmall(this.#at(id, "note"), `${JSON.stringify(fact)}\n`).catch(ignoring("ENOENT"));
  }

  /** Whether some process may be between its note and the engine's answer. */
  async isBeingSubmitted(id: WorkloadId, note: Note): Promise<boolean> {
    return Date.now() - note.madeAt < ANSWER_MS && (await this.readRemote(id)) === undefined;
  }

  /** For what is refused after all: nothing is left of it. */
  async unmakeRefused(id: WorkloadId, error: unknown): Promise<never> {
    if (error instanceof HavreError && error.kind === "invalid" && (await this.readRemote(id)) === undefined)
      await this.remove(id);
    throw error;
  }

  readRemote = async (id: WorkloadId): Promise<string | undefined> => (await this.read(id))?.remote;

  writeRemote = (id: WorkloadId, remote: string): Promise<void> => this.#add(id, { remote });

  readCause = async (id: WorkloadId, index?: number): Promise<EndCause | undefined> =>
    ((await readIfThere(this.#at(id, causeFile(index)))) ?? (await readIfThere(this.#at(id, "cause")))) as EndCause | undefined;

  async writeCause(id: WorkloadId, cause: EndCause, index?: number): Promise<void> {
    await writeSmall(this.#at(id, causeFile(index)), cause, { flag: "wx", mode: 0o600 }).catch(ignoring("EEXIST", "ENOENT"));
  }

  box = (id: WorkloadId, index?: number): string => this.#at(id, index === undefined ? "box" : join("box", String(index)));
  scratch = (id: WorkloadId): string => this.#at(id, "scratch");

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

/** @returns undefined when its first line is not whole. A later one that is not was cut short, and is no news. */
function noteIn(text: string): Note | undefined {
  const [first = "", ...later] = text.split("\n");
  const note = jsonIn<Note>(first);
  return note && later.reduce((known, line) => withLater(known, jsonIn<Later>(line) ?? {}), note);
}

/** The first name stays, the last walltime counts. */
const withLater = (note: Note, { remote, walltimeSeconds }: Later): Note => ({
  ...note,
  ...(remote === undefined ? {} : { remote: note.remote ?? remote }),
  ...(walltimeSeconds === undefined ? {} : { limits: { ...note.limits, walltimeSeconds } }),
});
