import {
  chooseNext,
  dataFolder,
  type Ending,
  folderOf,
  homeFolder,
  keptRuns,
  type LiveRun,
  liveRuns,
  mountsOf,
  noteCluster,
  noteClusterProblem,
  noteEnds,
  noteHanded,
  noteWalltime,
  noteWish,
  parentsToRun,
  type Run,
  type TaskView,
  tasksToRun,
  type Wish,
} from "../../core/tasks/index.ts";
import type { World } from "../../core/world.ts";
import { asHavreError, chainOf } from "../../kernel/errors.ts";
import type { Cluster, RunRef, WorkloadId } from "../../ports/cluster.ts";
import { clusterView } from "./cluster-view.ts";
import { eachOf, KnownRuns, neverBegan, pause, type RunEnd, refOf } from "./runs.ts";
import { sample, settle } from "./settle.ts";
import { URIS_FILE, workloadOf } from "./workload.ts";

/** How often everything is looked at, hints or not. */
const LOOK_MS = 1_000;
/** Turns do not follow each other faster. */
const TURN_MS = 15;
const CAPACITY_MS = 5_000;
const FORGET_MS = 2_000;
/** One that could not be opened is tried again so often. */
const REOPEN_MS = 10_000;
const AT_ONCE = 8;
const OBSERVE_AT_ONCE = 500;
/** What a run uses is asked from then on. */
const SAMPLED_FROM_MS = 2_000;
/** So often a run may refuse to be killed. */
const KILLS = 11;
const LONGEST_WAIT_MS = 30_000;
type Due = "look" | "capacity" | "forget" | "sample";

interface Ground {
  readonly make: (path: string, owner: { readonly uid: number; readonly gid: number }) => Promise<void>;
  readonly isThere: (path: string) => Promise<boolean>;
}

/**
 * Drives the tasks of one cluster: gives room, hands over, observes, settles. All that it knows lies in the database and in the cluster;
 * what is kept here only saves asking. Killed at any point, the next one goes on: a claimed run is handed over again under the same id.
 */
export class ClusterDriver {
  readonly #world: World;
  readonly #name: string;
  readonly #open: () => Promise<Cluster>;
  readonly #place: number;
  /** There while it runs. */
  #cluster!: Cluster;
  readonly #hinted = new Set<WorkloadId>();
  /** Runs that could not be handed over, or killed, and when to try again. */
  readonly #later = new Map<number, { at: number; tries: number }>();
  readonly #due: Record<Due, number> = { look: 0, capacity: 0, forget: 0, sample: 0 };
  /** What is asked of a cluster beside its turns. */
  #looking: Promise<void> | undefined;
  #mayChoose = true;
  #wake: (() => void) | undefined;
  #woken = false;

  /** @param open may fail, and is then asked again. @param place in the order of the settings */
  constructor(world: World, name: string, open: () => Promise<Cluster>, place: number) {
    this.#world = world;
    this.#name = name;
    this.#open = open;
    this.#place = place;
  }

  /** Something has changed: somebody may start, be killed, or has ended. */
  wake(): void {
    this.#mayChoose = true;
    this.#woken = true;
    this.#wake?.();
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const cluster = await this.#opened(signal);
    if (!cluster) return;
    this.#cluster = cluster;
    try {
      await this.#drive(signal);
    } finally {
      await cluster.close();
    }
  }

  /** Nothing else waits for a cluster that is away when Havre starts. @returns undefined when the signal came first */
  async #opened(signal: AbortSignal): Promise<Cluster | undefined> {
    let told = "";
    while (!signal.aborted)
      try {
        return await this.#open();
      } catch (thrown) {
        const { message } = asHavreError(thrown);
        if (message !== told)
          this.#world.log.warn(
            { error: chainOf(thrown), cluster: this.#name },
            `tasks: nothing can run on ${this.#name}: ${message}`,
          );
        told = message;
        await noteClusterProblem(this.#world, this.#name, message).catch(() => {});
        await pause(REOPEN_MS, signal);
      }
    return undefined;
  }

  async #drive(signal: AbortSignal): Promise<void> {
    const hearing = this.#hear(signal);
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      this.#woken = false;
      const begunAt = performance.now();
      try {
        await this.#turn(signal);
      } catch (error) {
        this.#warnOfTurn(error, signal);
      }
      await this.#rest(signal);
      // Many submits, and many ends, at once are one turn's work.
      const early = TURN_MS - (performance.now() - begunAt);
      if (early > 1) await pause(early, signal);
    }
    await hearing;
    await this.#looking;
  }

  #warnOfTurn(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted)
      this.#world.log.warn({ error: chainOf(error), cluster: this.#name }, "tasks: a turn failed, trying again");
  }

  async #rest(signal: AbortSignal): Promise<void> {
    if (this.#woken || signal.aborted) return;
    const rested = new AbortController();
    this.#wake = () => rested.abort();
    await pause(LOOK_MS, rested.signal);
    this.#wake = undefined;
  }

  async #hear(signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      try {
        for await (const id of this.#cluster.hints(signal)) {
          this.#hinted.add(id);
          this.#woken = true;
          this.#wake?.();
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#world.log.warn({ error: chainOf(error), cluster: this.#name }, "tasks: hints stopped, listening again");
        await pause(LOOK_MS, signal);
      }
  }

  #isDue(what: Due, everyMs: number): boolean {
    if (performance.now() < this.#due[what]) return false;
    this.#due[what] = performance.now() + everyMs;
    return true;
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#isDue("capacity", CAPACITY_MS)) {
      const view = await clusterView(this.#name, this.#cluster, this.#world.clock.now(), signal);
      await noteCluster(this.#world, view, this.#place);
      this.#mayChoose = true;
    }
    const live = await liveRuns(this.#world, this.#name);
    await this.#fulfil(live, signal);
    const handed = await this.#handOver(live, signal);
    // A cluster with a queue takes long to tell, and nothing is held up by it: meanwhile it is handed more.
    if (!this.#cluster.can.queue) await this.#lookAfter(live, handed, signal);
    else
      this.#looking ??= this.#lookAfter(live, new Set(), signal)
        .catch(error => this.#warnOfTurn(error, signal))
        .finally(() => {
          this.#looking = undefined;
        });
    if (!this.#mayChoose) return;
    this.#mayChoose = false;
    if (await chooseNext(this.#world, this.#name)) this.wake();
  }

  /** What became of those that the cluster has. */
  async #lookAfter(live: readonly LiveRun[], handed: ReadonlySet<number>, signal: AbortSignal): Promise<void> {
    await this.#observe(live, handed, signal);
    if (this.#isDue("forget", FORGET_MS)) await this.#forget(signal);
  }

  /** @returns numbers of runs that the cluster now has */
  async #handOver(live: readonly LiveRun[], signal: AbortSignal): Promise<ReadonlySet<number>> {
    const claimed = live.filter(({ run, wish }) => run.state === "claimed" && !isTakenBack(wish) && this.#isTime(run.id));
    if (claimed.length === 0) return new Set();
    const ids = [...new Set(claimed.map(({ run }) => run.taskId))];
    const tasks = await tasksToRun(this.#world, ids);
    const parents = this.#cluster.can.dependencies ? await parentsToRun(this.#world, ids) : new Map();
    const done: number[] = [];
    const ends: RunEnd[] = [];
    const ground = this.#ground();
    const inOne = [...Map.groupBy(claimed, ({ run }) => refOf(run).id).values()].map(all => all.map(({ run }) => run));
    await eachOf(inOne, AT_ONCE, async runs => {
      const [first] = runs;
      const task = first && tasks.get(first.taskId);
      if (!task || signal.aborted) return;
      const end = (ending: Ending): void => void ends.push(...runs.map(run => ({ runId: run.id, ending })));
      try {
        const after = parents.has(first.taskId) ? parents.get(first.taskId) : [];
        if (after === undefined) return end(neverBegan("returned", "What it waits for begins again."));
        const progress = await this.#cluster.submit(await this.#prepare(task, runs, after, ground), signal);
        for (const run of runs)
          if (progress === "done") done.push(run.id);
          else this.#putOff(run.id);
      } catch (thrown) {
        const error = asHavreError(thrown);
        if (signal.aborted) return;
        if (error.kind === "invalid" || error.kind === "not-found") end(neverBegan("refused", error.message));
        else if (error.kind === "conflict") end(neverBegan("returned", error.message));
        else {
          for (const run of runs) this.#putOff(run.id);
          this.#world.log.warn(
            { error: chainOf(error), run: first.id, task: first.taskId },
            "tasks: a run could not be handed over yet",
          );
        }
      }
    });
    for (const id of done) this.#later.delete(id);
    if (done.length > 0) await noteHanded(this.#world, done);
    // Those that wait for them may be handed over too.
    if (done.length > 0 && this.#cluster.can.dependencies) this.#mayChoose = true;
    if (ends.length > 0) {
      // The cluster may have begun to make something of it.
      await noteEnds(this.#world, ends);
      this.wake();
    }
    return new Set(done);
  }

  /** What several tasks of one turn need is made, and looked for, once. */
  #ground(): Ground {
    const { folders } = this.#world;
    const [made, there] = [new Map<string, Promise<void>>(), new Map<string, Promise<boolean>>()];
    return {
      make: (path, owner) => once(made, path, () => folders.make(path, owner)),
      isThere: path => once(there, path, () => folders.isThere(path)),
    };
  }

  /** Folders and files that runs of one task need, and what is asked of the cluster. @param after workloads that it waits for there */
  async #prepare(view: TaskView, runs: readonly Run[], after: readonly string[], ground: Ground) {
    const { folders, settings } = this.#world;
    const owner = { uid: view.uid, gid: view.gid };
    await ground.make(dataFolder(view.task.personId), owner);
    if (view.task.spec.volumes.some(({ name }) => name === "home")) await ground.make(homeFolder(view.task.personId), owner);
    for (const { element } of runs) {
      const directory = folderOf(view.task, element < 0 ? undefined : element);
      if (element >= 0) await ground.make(folderOf(view.task, undefined), owner);
      await folders.make(directory, owner);
      if (view.task.spec.uris.length > 0) await folders.write(directory, URIS_FILE, `${view.task.spec.uris.join("\n")}\n`, owner);
    }
    const isThere = new Set<string>();
    for (const { path } of mountsOf(view, settings, folders.root)) if (await ground.isThere(path)) isThere.add(path);
    const workload = workloadOf(view, runs, settings, this.#cluster.can, folders.root, isThere);
    return after.length === 0 ? workload : { ...workload, after: after as readonly WorkloadId[] };
  }

  /** Does what is asked of runs. */
  async #fulfil(live: readonly LiveRun[], signal: AbortSignal): Promise<void> {
    // Those that wait for others in their cluster have come later, and must not begin when these end.
    for (const { run, wish, walltimeSeconds } of live.toReversed()) {
      const ref = [refOf(run)];
      if (walltimeSeconds !== run.walltimeSeconds && run.state !== "claimed" && this.#cluster.can.retime) {
        await this.#cluster.retime(ref, walltimeSeconds, signal);
        await noteWalltime(this.#world, run.id, walltimeSeconds);
      }
      if (wish === undefined || !this.#isTime(run.id)) continue;
      if (run.state === "claimed") {
        if (isTakenBack(wish)) await this.#takeBack(run, wish === "kill" ? "killed" : "returned", signal);
        continue;
      }
      await this.#tell(run, wish, ref, signal);
    }
  }

  /** Not to be run before it was noted as handed over: it may be there all the same. */
  async #takeBack(run: Run, cause: "killed" | "returned", signal: AbortSignal): Promise<void> {
    const { id, index } = refOf(run);
    const all = await this.#cluster.observe([id], signal);
    const seen = all.find(one => one.index === index) ?? all.find(one => one.index === undefined);
    if (seen?.state === "absent") {
      await noteEnds(this.#world, [{ runId: run.id, ending: neverBegan(cause, "") }]);
      this.wake();
    } else if (seen) await noteHanded(this.#world, [run.id]);
  }

  async #tell(run: Run, wish: Wish, ref: readonly RunRef[], signal: AbortSignal): Promise<void> {
    try {
      if (wish === "kill" || wish === "reschedule") {
        const tries = this.#putOff(run.id);
        await this.#cluster.kill(ref, signal);
        if (tries === KILLS && wish === "kill") await noteWish(this.#world, run.id, wish, "failed");
        this.#hinted.add(refOf(run).id);
      } else if (run.state === "running" || run.state === "suspended") {
        await (wish === "suspend" ? this.#cluster.suspend(ref, signal) : this.#cluster.resume(ref, signal));
        await noteWish(this.#world, run.id, wish, "done");
      }
    } catch (thrown) {
      const error = asHavreError(thrown);
      this.#world.log.warn({ error: chainOf(error), run: run.id, wish }, "tasks: a wish could not be fulfilled yet");
      if (error.kind === "invalid" && wish !== "kill") await noteWish(this.#world, run.id, wish, "failed");
    }
  }

  async #observe(live: readonly LiveRun[], handed: ReadonlySet<number>, signal: AbortSignal): Promise<void> {
    const all = this.#isDue("look", LOOK_MS);
    const known = new KnownRuns(live);
    const asked = live.filter(
      ({ run }) => handed.has(run.id) || (run.state !== "claimed" && (all || this.#hinted.has(refOf(run).id))),
    );
    const ids = [...new Set(asked.map(({ run }) => refOf(run).id))];
    for (const id of ids) this.#hinted.delete(id);
    // Hints of what is over or not ours would stay for ever.
    if (all) for (const id of this.#hinted) if (known.of({ id }).length === 0) this.#hinted.delete(id);
    for (let from = 0; from < ids.length; from += OBSERVE_AT_ONCE) {
      const seen = await this.#cluster.observe(ids.slice(from, from + OBSERVE_AT_ONCE), signal);
      const ended = await settle(this.#world, seen, known);
      for (const id of ended) this.#later.delete(id);
      if (ended.length > 0) this.wake();
    }
    // A graph of what is over in a moment has nothing to show, and asking costs some engines as much as the task.
    const young = this.#world.clock.now().getTime() - SAMPLED_FROM_MS;
    const running = live.filter(({ run }) => run.state === "running" && run.startedAt && run.startedAt.getTime() < young);
    // The more there are, the less often each is asked.
    if (this.#cluster.can.measure && running.length > 0 && this.#isDue("sample", Math.max(1000, running.length * 20)))
      await sample(this.#world, this.#cluster, running, known, signal);
  }

  /** The cluster lets go of what is settled here. */
  async #forget(signal: AbortSignal): Promise<void> {
    const { workloads, noteForgotten } = await keptRuns(this.#world, this.#name);
    if (workloads.length === 0) return;
    await this.#cluster.forget(workloads as WorkloadId[], signal);
    await noteForgotten();
  }

  #isTime(runId: number): boolean {
    return (this.#later.get(runId)?.at ?? 0) <= performance.now();
  }
  /** @returns how often it was put off by now */
  #putOff(runId: number): number {
    const tries = (this.#later.get(runId)?.tries ?? 0) + 1;
    this.#later.set(runId, { at: performance.now() + Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(tries - 1, 8)), tries });
    return tries;
  }
}

function once<T>(known: Map<string, Promise<T>>, path: string, act: () => Promise<T>): Promise<T> {
  const found = known.get(path) ?? act();
  known.set(path, found);
  return found;
}

const isTakenBack = (wish: Wish | undefined): boolean => wish === "kill" || wish === "reschedule";
