import type { Observation, WorkloadId } from "../../../ports/cluster.ts";
import type { Note, Notes } from "../notes.ts";
import { NEEDLESS } from "../wrapper.ts";
import type { RunProgram } from "./runner.ts";
import {
  type Accounted,
  endIn,
  longFormat,
  type Queued,
  readAccounting,
  readQueue,
  SACCT_FORMAT,
  SQUEUE_FORMAT,
} from "./words.ts";

interface Known {
  readonly id: WorkloadId;
  readonly note: Note;
}

const isKnown = (one: { readonly id: WorkloadId; readonly note: Note | undefined }): one is Known => one.note !== undefined;

/** So many names fit into one word of a command line. */
const CHUNK = 400;
const DAY_MS = 86_400_000;
const SACCT = ["sacct", "-n", "-P", "--allusers", "--duplicates", `--format=${SACCT_FORMAT.join(",")}`];

/**
 * What Slurm says of workloads. Jobs are asked for by their name, which is ours, so that one is found although nobody heard its number.
 * squeue says what waits and runs, and is up to date; sacct says how it ended, and lags: what is in neither, or over in one and
 * not in the other, is no news.
 */
export class Looks {
  readonly #notes: Notes;
  readonly #run: RunProgram;

  constructor(notes: Notes, run: RunProgram) {
    this.#notes = notes;
    this.#run = run;
  }

  async observe(ids: readonly WorkloadId[], signal: AbortSignal): Promise<Observation[]> {
    const all = await this.#noted(ids);
    const known = all.filter(isKnown);
    const absent = all.filter(one => one.note === undefined).map(({ id }) => observed(id, undefined, { state: "absent" }));
    const queued = byName(await this.#queue(known, signal));
    const open = known.filter(({ note }) => !isAllActive(note, queued.get(note.name) ?? []));
    const accounted = byName(await this.#accounting(open, queued, signal));
    const seen = await Promise.all(
      known.map(({ id, note }) => this.#one(id, note, queued.get(note.name) ?? [], accounted.get(note.name) ?? [])),
    );
    return [...absent, ...seen.flat()];
  }

  /** Numbers of jobs by their names, for those that Slurm knows. The first of several. */
  async find(known: readonly Known[], signal: AbortSignal): Promise<Map<WorkloadId, string>> {
    const queued = byName(await this.#queue(known, signal));
    const missing = known.filter(({ note }) => !queued.has(note.name));
    const accounted = byName(await this.#accounting(missing, queued, signal));
    const found = known.flatMap(({ id, note }) => {
      const job = (queued.get(note.name) ?? accounted.get(note.name))?.[0]?.job;
      return job === undefined ? [] : ([[id, job]] as const);
    });
    return new Map(found);
  }

  /** What is there of each and not over: more than one job when two processes submitted at one time. */
  async jobs(ids: readonly WorkloadId[], signal: AbortSignal): Promise<Map<WorkloadId, Queued[]>> {
    const all = await this.#noted([...new Set(ids)]);
    const known = all.filter(isKnown);
    const queued = byName((await this.#queue(known, signal)).filter(({ state }) => state !== "over"));
    return new Map(known.map(({ id, note }) => [id, queued.get(note.name) ?? []]));
  }

  /** Numbers of those jobs among `ids` that have not ended. */
  async unended(ids: readonly WorkloadId[], signal: AbortSignal): Promise<string[]> {
    const found = await this.jobs(ids, signal);
    return [...new Set([...found.values()].flat().map(({ job }) => job))];
  }

  #noted(ids: readonly WorkloadId[]): Promise<{ readonly id: WorkloadId; readonly note: Note | undefined }[]> {
    return Promise.all(ids.map(async id => ({ id, note: await this.#notes.read(id) })));
  }

  async #queue(known: readonly Known[], signal: AbortSignal): Promise<Queued[]> {
    const found: Queued[] = [];
    for (let at = 0; at < known.length; at += CHUNK) {
      const names = known.slice(at, at + CHUNK).map(({ note }) => note.name);
      const words = ["squeue", "-h", "--states=all", "--array", `--name=${names.join(",")}`, "-O", longFormat(SQUEUE_FORMAT)];
      found.push(...readQueue(await this.#run(words, { signal })));
    }
    return found;
  }

  async #accounting(
    known: readonly Known[],
    queued: ReadonlyMap<string, readonly Queued[]>,
    signal: AbortSignal,
  ): Promise<Accounted[]> {
    const found: Accounted[] = [];
    for (let at = 0; at < known.length; at += CHUNK) {
      const some = known.slice(at, at + CHUNK);
      const since = Math.floor((Math.min(...some.map(({ note }) => note.madeAt)) - DAY_MS) / 1000);
      const start = new Date(since * 1000).toISOString().slice(0, 19);
      const names = some.map(({ note }) => note.name).join(",");
      const told = readAccounting(await this.#run([...SACCT, `--starttime=${start}`, `--name=${names}`], { signal }));
      found.push(...told);
      // What was cancelled before it could begin was never eligible, so it is in no span of time: it is told by its number.
      const seen = byName(told);
      const isWhole = ({ name, elements }: Note): boolean => (seen.get(name)?.length ?? 0) >= (elements?.length ?? 1);
      const numbers = await Promise.all(
        some
          .filter(({ note }) => !isWhole(note))
          .map(async ({ id, note }) => queued.get(note.name)?.[0]?.job ?? (await this.#notes.readRemote(id))),
      );
      const jobs = numbers.filter(job => job !== undefined && /^\d+$/.test(job));
      if (jobs.length > 0) found.push(...readAccounting(await this.#run([...SACCT, `--jobs=${jobs.join(",")}`], { signal })));
    }
    return found;
  }

  async #one(id: WorkloadId, note: Note, queued: readonly Queued[], accounted: readonly Accounted[]): Promise<Observation[]> {
    const elements = note.elements ?? [undefined];
    const seen = await Promise.all(
      elements.map(async index => {
        const [live, over] = [queued.filter(one => one.index === index), accounted.filter(one => one.index === index)];
        return (await this.#run1(id, index, live, over)) ?? (await this.#vanished(id, index, live, over));
      }),
    );
    const told = seen.filter(one => one !== undefined);
    if (told.length > 0 || queued.length > 0 || accounted.length > 0) return told;
    const [remote, cause] = await Promise.all([this.#notes.readRemote(id), this.#notes.readCause(id)]);
    if (remote === undefined && cause !== undefined)
      return elements.map(index =>
        observed(id, index, { state: "ended", end: { cause, exitCode: 137, message: "" }, endedAt: new Date() }),
      );
    if (await this.#notes.isBeingSubmitted(id, note)) return [];
    // A job that Slurm told us the number of, and knows nothing of any more.
    return elements.map(index => observed(id, index, { state: "absent" }));
  }

  /** An element that is cancelled before it could begin leaves nothing in Slurm at all, neither in its queue nor in its accounts. */
  async #vanished(
    id: WorkloadId,
    index: number | undefined,
    live: readonly Queued[],
    over: readonly Accounted[],
  ): Promise<Observation | undefined> {
    if (index === undefined || live.length > 0 || over.length > 0) return undefined;
    const [remote, cause, begun] = await Promise.all([
      this.#notes.readRemote(id),
      this.#notes.readCause(id, index),
      this.#notes.said(id, "begun", index),
    ]);
    if (remote === undefined || cause === undefined || begun !== "") return undefined;
    return observed(id, index, { state: "ended", end: { cause, exitCode: 137, message: "" }, endedAt: new Date() });
  }

  /** Of one run, which may have more than one job: the one that it began in counts. */
  async #run1(
    id: WorkloadId,
    index: number | undefined,
    live: readonly Queued[],
    over: readonly Accounted[],
  ): Promise<Observation | undefined> {
    const owner = (await this.#notes.said(id, "begun", index)).split("_")[0] ?? "";
    const job = owner || live.find(({ state }) => state !== "over")?.job || over[0]?.job || live[0]?.job;
    const now = live.find(one => one.job === job);
    if (now && now.state !== "over") {
      if (now.state === undefined) return undefined;
      const begun = now.startedAt !== undefined && now.state !== "waiting" ? now.restarts + 1 : now.restarts;
      const { state, node, startedAt, reason } = now;
      return observed(id, index, {
        state,
        begun,
        node,
        remoteId: nameOf(now),
        startedAt: state === "waiting" ? undefined : startedAt,
        reason,
      });
    }
    const record = over.findLast(one => one.job === job);
    const end = record && endIn(record, await this.#notes.readCause(id, index));
    if (record === undefined || end === undefined) return undefined;
    if (record.exitCode === NEEDLESS && owner !== record.job) return undefined; // the one that it began in is not told yet
    // slurmrestd tells that it failed, and no code.
    const isUntold = record.state === "FAILED" && end.exitCode === 0;
    const mayBeRefused = end.cause === "exit" && (record.exitCode === 127 || isUntold);
    const refused = mayBeRefused ? await this.#notes.said(id, "refused", index) : "";
    const told = Number((await this.#notes.said(id, "code", index)) || Number.NaN);
    // Slurm tells the lower seven bits of an exit code; for the eighth we take the wrapper's word.
    const isItsWord = isUntold || told % 128 === (end.exitCode ?? 0) % 128;
    const exitCode = end.cause === "exit" && told < 256 && isItsWord ? told : end.exitCode;
    return observed(id, index, {
      state: "ended",
      begun: refused !== "" ? 0 : record.begun,
      node: record.node,
      remoteId: nameOf(record),
      startedAt: refused !== "" ? undefined : record.startedAt,
      endedAt: record.endedAt,
      end: refused !== "" ? { cause: "refused", exitCode: undefined, message: refused } : { ...end, exitCode },
      usage: record.usage,
    });
  }
}

const nameOf = ({ job, index }: { readonly job: string; readonly index: number | undefined }): string =>
  index === undefined ? job : `${job}_${index}`;

const observed = (
  id: WorkloadId,
  index: number | undefined,
  more: Partial<Observation> & Pick<Observation, "state">,
): Observation => ({
  id,
  ...(index === undefined ? {} : { index }),
  ...{ begun: 0, node: "", remoteId: "", startedAt: undefined, endedAt: undefined, end: undefined, usage: {}, reason: "" },
  ...more,
});

function byName<T extends { readonly name: string }>(all: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const same = found.get(one.name);
    if (same) same.push(one);
    else found.set(one.name, [one]);
  }
  return found;
}

/** Whether squeue alone tells all of it. */
const isAllActive = (note: Note, queued: readonly Queued[]): boolean =>
  queued.length >= (note.elements?.length ?? 1) && queued.every(({ state }) => state !== "over");
