import {
  endMachines,
  machineBuilt,
  machineFailed,
  machineGone,
  machineJob,
  machineSettled,
  noteAnswered,
  noteAsked,
  noteFound,
  noteOrdered,
  noteOrphans,
  noteSpare,
  noteTrouble,
  orphansAmong,
  PATIENCE_MS,
  reconcile,
} from "../core/machines/index.ts";
import { type MachineJob, PROVIDERS, type Task } from "../core/machines/model.ts";
import type { World } from "../core/world.ts";
import { HOUR, later, MINUTE, SECOND } from "../kernel/clock.ts";
import { asHavreError, chainOf, type ErrorKind, HavreError } from "../kernel/errors.ts";
import type { Cloud, CloudServer } from "../ports/cloud.ts";
import type { ErrandKind } from "./errand.ts";

export type Clouds = ReadonlyMap<string, Cloud>;

interface Scene {
  readonly world: World;
  readonly cloud: Cloud;
  readonly job: MachineJob;
  readonly signal: AbortSignal;
}
/** Takes the next step of a task. True: done, or not wanted any more; false: look again later. */
type Step = (scene: Scene) => Promise<boolean>;

/**
 * Works on the task of one machine until it is done: a step, then a pause, as long as it takes, in whatever process.
 * Whatever is killed when, the next run finds out from the cloud where things stand:
 *   a server with the machine's mark       → it is the one; more than one: the oldest, the others have never been used
 *   none, and the cloud was asked just now → it may still appear: wait
 *   none                                   → ask for it, after noting that we do
 */
export const runMachine = (clouds: Clouds): ErrandKind => ({
  kind: "run-machine",
  atOnce: 8,
  tries: Number.POSITIVE_INFINITY, // until the patience of its task is over
  async run(world, errand, { signal }) {
    const job = await machineJob(world, Number(errand.payload.workspace));
    if (!job) return "done";
    try {
      const cloud = clouds.get(job.workspace.provider);
      if (!cloud) throw new HavreError("unavailable", "This server is not connected to the cloud of this machine now.");
      if (await STEPS[job.task]({ world, cloud, job, signal })) return "done";
      if (isOver(world, job)) return await give(world, job, OVER);
      return { againAt: later(new Date(), pauseMs(world, job)) };
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      return await trouble(world, job, thrown);
    }
  },
});

const STEPS: Readonly<Record<Task, Step>> = {
  build,
  change: async scene => (await change(scene)) && machineSettledAs(scene),
  start: scene => power(scene, "on"),
  stop: scene => power(scene, "off"),
  reboot: scene => power(scene, "again"),
  delete: remove,
};

async function build({ world, cloud, job, signal }: Scene): Promise<boolean> {
  const { plan } = job;
  const [server, ...spares] = await cloud.find(plan.key, signal);
  if (server?.state === "going") return false;
  for (const { remoteId } of spares.filter(({ state }) => state !== "going")) {
    world.log.warn({ machine: plan.key, remoteId }, "a machine that is being built had a second server; it is removed");
    if (!(await noteSpare(world, job, remoteId))) return true;
    await cloud.discard(remoteId, signal);
  }
  if (!server) return order({ world, cloud, job, signal });
  if (server.state === "failed") {
    const isOfThisTry = wasAskedNow(job);
    if (!(await noteAnswered(world, job))) return true;
    if (isOfThisTry)
      throw new HavreError("invalid", `The cloud could not build this machine: ${server.fault || "it does not say why"}`);
    // Of an earlier try: that is cleared away before a new one.
    await cloud.remove(plan.key, signal);
    return false;
  }
  if (job.workspace.cloudId !== server.remoteId && !(await noteFound(world, job, server.remoteId))) return true;
  if (server.state !== "running") return false;
  const ip = await cloud.connect(plan, server.remoteId, signal);
  if (ip === undefined) return false;
  await machineBuilt(world, job, { cloudId: server.remoteId, ip });
  return true;
}

async function order({ world, cloud, job, signal }: Scene): Promise<boolean> {
  if (mayStillAppear(world, cloud, job)) return false;
  if ((await cloud.prepare(job.plan, signal)) === "waiting") return false;
  if (!(await noteOrdered(world, job))) return true;
  await cloud.create(job.plan, signal);
  return false;
}

/** Removing it later needs no luck: whatever the last question to the cloud may still bring is waited for. */
const mayStillAppear = ({ clock }: World, { settleMs }: Cloud, { workspace: { askedAt } }: MachineJob): boolean =>
  askedAt !== undefined && clock.now().getTime() - askedAt.getTime() < settleMs;

const wasAskedNow = ({ workspace: { askedAt }, since }: MachineJob): boolean => askedAt !== undefined && askedAt >= since;

async function change({ cloud, job, signal }: Scene): Promise<boolean> {
  return (await cloud.change(job.plan, job.workspace.cloudId, signal)) === "done";
}

async function machineSettledAs({ world, cloud, job, signal }: Scene): Promise<boolean> {
  const server = await mustLook(cloud, job, signal);
  if (server.state !== "running" && server.state !== "stopped") return false;
  await machineSettled(world, job, server.state === "running");
  return true;
}

/** A reboot may happen twice when a kill comes at the wrong moment; it never fails to happen. */
async function power({ world, cloud, job, signal }: Scene, to: "on" | "off" | "again"): Promise<boolean> {
  const { state } = await mustLook(cloud, job, signal);
  if (to !== "again") {
    const wanted = to === "on" ? "running" : "stopped";
    if (state === wanted) return machineSettled(world, job, to === "on").then(() => true);
    if (state === "running" || state === "stopped" || state === "failed") await cloud.power(job.workspace.cloudId, to, signal);
    return false;
  }
  if (wasAskedNow(job)) return state === "running" && machineSettled(world, job, true).then(() => true);
  await cloud.power(job.workspace.cloudId, to, signal);
  return !(await noteAsked(world, job));
}

async function mustLook(cloud: Cloud, { workspace: { cloudId } }: MachineJob, signal: AbortSignal) {
  const server = await cloud.look(cloudId, signal);
  if (!server) throw new HavreError("invalid", "The cloud does not have this machine any more.");
  return server;
}

async function remove({ world, cloud, job, signal }: Scene): Promise<boolean> {
  if ((await cloud.remove(job.plan.key, signal)) === "waiting") return false;
  if (job.workspace.cloudId === "" && mayStillAppear(world, cloud, job)) return false;
  await machineGone(world, job);
  return true;
}

/** Nobody can pass these by waiting; the researcher chooses something else, or asks for room. */
const FINAL: ReadonlySet<ErrorKind> = new Set(["invalid", "quota-exceeded", "too-large", "not-found", "conflict"]);
const OVER = "The cloud took too long. Try again, or ask whoever runs this server.";

/** What is noted for the researcher, and when to go on. Mistakes of an operator pass once they are repaired. */
async function trouble(world: World, job: MachineJob, thrown: unknown): Promise<"done" | { againAt: Date }> {
  const error = asHavreError(thrown);
  world.log.warn({ error: chainOf(error), machine: job.plan.key, task: job.task }, "machine: a step failed");
  const message = error.kind === "bug" ? "Something went wrong inside Havre." : error.message;
  if (job.task !== "delete" && (FINAL.has(error.kind) || isOver(world, job))) return give(world, job, message);
  await noteTrouble(world, job, `${message} Havre keeps trying.`);
  const wait = Math.max(pauseMs(world, job) * 2, (error.retryAfterSeconds ?? 0) * SECOND);
  return { againAt: later(new Date(), wait) };
}

async function give(world: World, job: MachineJob, message: string): Promise<"done"> {
  await machineFailed(world, job, message);
  return "done";
}

const elapsedMs = ({ clock }: World, { since }: MachineJob): number => clock.now().getTime() - since.getTime();
const isOver = (world: World, job: MachineJob): boolean => elapsedMs(world, job) > PATIENCE_MS[job.task];

/** In proportion to the wait so far: a quick cloud is seen to be quick, a slow one is not asked a thousand times. */
const pauseMs = (world: World, job: MachineJob): number => Math.min(MINUTE, Math.max(SECOND / 4, elapsedMs(world, job) / 6));

/** Tells of the end that comes near, and ends what is over. */
export const endMachinesErrand: ErrandKind = {
  kind: "end-machines",
  atOnce: 1,
  tries: 5,
  everyMs: HOUR,
  async run(world, _errand, { signal }) {
    await endMachines(world, signal);
    return "done";
  },
};

/** Looks whether each cloud has what we think it has. */
export const reconcileMachines = (clouds: Clouds): ErrandKind => ({
  kind: "reconcile-machines",
  atOnce: 1,
  tries: 5,
  everyMs: 5 * MINUTE,
  async run(world, _errand, { signal }) {
    for (const { id } of PROVIDERS) {
      const cloud = clouds.get(id);
      if (!cloud) continue;
      const seen = await cloud.list(signal);
      await reconcile(world, id, seen);
      const orphans: CloudServer[] = [];
      // The list is older than our rows by now.
      for (const one of await orphansAmong(world, seen)) if (await cloud.look(one.remoteId, signal)) orphans.push(one);
      for (const orphan of await noteOrphans(world, id, orphans))
        world.log.warn({ ...orphan }, "a server with our mark belongs to no machine: look at it, nothing removes it by itself");
    }
    return "done";
  },
});
