import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { compute } from "../../store/compute.ts";
import { people } from "../../store/people.ts";
import type { StoreFace } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { tasks } from "../../store/tasks.ts";
import { record } from "../events/index.ts";
import { hold } from "../ledger/index.ts";
import { type Actor, type PersonId, personOf, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { mayReach, studyToSubmit } from "./access.ts";
import { keptAccount } from "./accounts.ts";
import { mailAboutTask } from "./mails.ts";
import type { ClusterView, TaskId, TaskSettings, TaskSpec } from "./model.ts";
import { countOf, MOST_ELEMENTS, mostOf, mustBeSpec } from "./rules.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings">;

export interface Submission {
  readonly spec: TaskSpec;
  /** Slug of the study it counts for; "default" or absent: none. */
  readonly project?: string | undefined;
  /** User name of another person, for whom an administrator submits. */
  readonly onBehalfOf?: string | undefined;
  /** Kept back until it is released. */
  readonly isKeptBack: boolean;
  /** Name of a cluster; absent: the first. */
  readonly cluster?: string | undefined;
}

/** Where a task goes before any cluster was ever seen. */
const FIRST_CLUSTER = "local";
const LOOK_AGAIN_MS = 1000;

interface Surroundings {
  readonly clusters: readonly ClusterView[];
  readonly isClosed: boolean;
  readonly waiting: number;
}
/** What every submit asks and nobody needs to the millisecond: looked at once a second. */
const surroundings = new WeakMap<StoreFace, { readonly until: number; readonly seen: Promise<Surroundings> }>();

function look({ store, settings }: World): Promise<Surroundings> {
  const known = surroundings.get(store);
  if (known && known.until > performance.now()) return known.seen;
  const seen = (async () => ({
    clusters: await compute(store.db).clusters(),
    isClosed: (await compute(store.db).maintenance()).get("all") === true,
    waiting: settings.taskRateLimitAll > 0 ? await taskLists(store.db).waiting(undefined, settings.taskRateLimitAll) : 0,
  }))();
  surroundings.set(store, { until: performance.now() + LOOK_AGAIN_MS, seen });
  seen.catch(() => surroundings.delete(store));
  return seen;
}

/** What was seen may be old: for whoever has just changed it in this process. */
export const forgetSurroundings = (store: StoreFace): unknown => surroundings.delete(store);

/**
 * Takes a task, or an array of them: what it may use is set aside, and it waits for its turn.
 * @throws HavreError "invalid", "forbidden" (not a member, image or root not allowed), "quota-exceeded", "conflict" with `detail.closed` in maintenance,
 * "throttled" when too many wait
 */
export async function submitTask(world: World, actor: Actor, submission: Submission): Promise<TaskId> {
  const { settings } = world;
  const spec = { ...submission.spec, retries: Math.min(submission.spec.retries, settings.taskRetries) };
  mustBeSpec(spec);
  mustBeAllowed(spec, settings);
  const elements = spec.array ? countOf(spec.array) : 0;
  if (elements > MOST_ELEMENTS) throw invalid({ array: [`An array has at most ${MOST_ELEMENTS} elements.`] });
  const around = await look(world);
  if (around.isClosed)
    throw new HavreError("conflict", "No new tasks are taken during maintenance.", { detail: { closed: true } });
  if (settings.taskRateLimitAll > 0 && around.waiting >= settings.taskRateLimitAll)
    throw new HavreError("throttled", "Too many tasks wait already. Try again later.");
  const cluster = clusterFor(around.clusters, submission.cluster, spec);
  const at = world.clock.now();
  return world.store.transaction(async tx => {
    const submitter = await submitterOf(world, actor, submission.onBehalfOf);
    const account = await keptAccount(tx, world, submitter);
    if (settings.taskRateLimit > 0) {
      const waiting = await taskLists(tx).waiting(submitter, settings.taskRateLimit);
      if (waiting + Math.max(1, elements) > settings.taskRateLimit)
        throw new HavreError("throttled", `You may have ${settings.taskRateLimit} tasks waiting at most.`);
    }
    const study = await studyToSubmit(tx, actor, submission.project);
    const lent = study && (await compute(tx).projects([study.id])).get(study.id);
    const after = [...new Set(spec.after)];
    const parents = await tasks(tx).parents(after);
    for (const id of after) {
      const parent = parents.find(found => found.id === id);
      if (!parent || !(await mayReach(tx, settings, actor, parent.task, "manage")))
        throw invalid({ tasks: [`There is no task ${id} to wait for.`] });
    }
    const open = parents.filter(parent => !parent.isOver).map(parent => parent.id);
    const id = await tasks(tx).insert({
      person: submitter,
      study: study?.id,
      spec: {
        ...spec,
        after,
        said: {
          ...spec.said,
          quotas: account.quotas,
          ...(lent ? { studyQuotas: lent.quotas } : {}),
          ...(spec.interactive ? { publicKey: account.publicKey } : {}),
        },
      },
      elements,
      cluster,
      state: submission.isKeptBack ? "created" : "pending",
      waitsFor: open.length,
      at,
    });
    await tasks(tx).addParents(id, open);
    await hold(tx, world, {
      key: `task:${id}`,
      study: study?.id,
      person: submitter,
      amounts: mostOf(spec, elements),
      subject: `task ${id}`,
    });
    await record(tx, actor, {
      verb: "task.submitted",
      kind: "task",
      id,
      study: study?.id,
      data: { name: spec.name, image: spec.image, ...(elements > 0 ? { elements } : {}) },
    });
    if (spec.notify) {
      const task = await tasks(tx).byId(id);
      if (task?.state === "pending") await mailAboutTask(tx, world, task, "pending");
    }
    return id;
  });
}

async function submitterOf(world: Needs<"store">, actor: Actor, onBehalfOf: string | undefined): Promise<PersonId> {
  const person = personOf(actor);
  if (!person) throw new HavreError("forbidden", "A task needs a person who submits it.");
  if (onBehalfOf === undefined || onBehalfOf === "" || onBehalfOf === person.username || !seesAll(actor)) return person.id;
  const other = await people(world.store.db).accountByName(onBehalfOf);
  if (!other?.person.isActive) throw notFound(`There is no user "${onBehalfOf}".`);
  return other.person.id;
}

function mustBeAllowed(spec: TaskSpec, settings: TaskSettings): void {
  if (!settings.taskOtherImages && !settings.taskImages.includes(spec.image))
    throw new HavreError("forbidden", `The image "${spec.image}" is not allowed here.`);
  if (spec.asRoot && !settings.taskAllowRoot) throw new HavreError("forbidden", "Tasks may not run as root here.");
}

/** @throws HavreError "invalid" for a name that no cluster has, and for what this one can never do; "forbidden" for an interactive task there */
function clusterFor(clusters: readonly ClusterView[], wanted: string | undefined, spec: TaskSpec): string {
  const cluster = wanted === undefined || wanted === "" ? clusters[0] : clusters.find(({ name }) => name === wanted);
  if (!cluster) {
    if (clusters.length === 0 && (wanted ?? FIRST_CLUSTER) === FIRST_CLUSTER) return FIRST_CLUSTER;
    throw invalid({ executor: [`There is no cluster "${wanted}".`] });
  }
  const { can, name } = cluster;
  if (!can.images && spec.image !== "host") throw invalid({ image: [`The cluster ${name} runs no images, only "host".`] });
  const hasNone = can.networks.includes("none");
  const hasOther = can.networks.some(network => network !== "none");
  if (!spec.network && spec.ports.length === 0 && !spec.interactive && !hasNone)
    throw invalid({ network: [`The cluster ${name} cannot keep a task from its network.`] });
  if (spec.said.network !== undefined && !hasOther) throw invalid({ network: [`The cluster ${name} has no network for tasks.`] });
  if (spec.gpus > 0 && !can.gpus) throw invalid({ gpus: [`The cluster ${name} has no GPUs.`] });
  if (spec.interactive && !can.ports) {
    const others = clusters.filter(other => other.can.ports).map(other => other.name);
    const instead = others.length > 0 ? ` It can be on ${others.join(", ")}.` : "";
    throw new HavreError("forbidden", `The cluster ${name} opens no ports, so that no task there can be interactive.${instead}`);
  }
  if (spec.ports.length > 0 && !can.ports) throw invalid({ ports: [`The cluster ${name} opens no ports.`] });
  return name;
}
