import { HavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { compute, type UsageDay } from "../../store/compute.ts";
import { projects } from "../../store/compute-projects.ts";
import { taskLists } from "../../store/task-lists.ts";
import { runs } from "../../store/task-runs.ts";
import { type Balance, balance } from "../ledger/index.ts";
import { type Actor, type PersonActor, personOf, readsAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { reached } from "./access.ts";
import type { ClusterView, TaskView } from "./model.ts";
import { DEFAULT_PROJECT, type ProjectView } from "./projects.ts";
import { elementId, folderOf } from "./rules.ts";
import { changeUser, replaceUserKey, showUser, type UserView } from "./users.ts";

/** What people look at in a browser: pages of tasks, what an array has, a log as it grows, where work runs. */

type World = Needs<"store" | "clock" | "secrets" | "settings" | "folders">;

export interface TaskPageAsked {
  readonly which: "active" | "over" | "all";
  readonly everybody: boolean;
  /** Part of a name, a tag or a person; "" for all. */
  readonly search: string;
  readonly window: Window;
}

const MOST_SEARCH = 200;

/** Tasks, newest first, an array as one. Everybody's only for whoever may read all. */
export async function pageTasks(world: Needs<"store">, actor: Actor, asked: TaskPageAsked): Promise<Page<TaskView>> {
  const everybody = asked.everybody && readsAll(actor);
  const search = asked.search.replaceAll("\0", "").trim().slice(0, MOST_SEARCH);
  return taskLists(world.store.db).page(everybody ? undefined : (personOf(actor)?.id ?? 0), asked.which, search, asked.window);
}

/** Elements of an array, in order. @throws HavreError "not-found" */
export async function pageElements(
  world: Needs<"store" | "settings">,
  actor: Actor,
  { id, window }: { readonly id: number; readonly window: Window },
): Promise<Page<TaskView>> {
  const array = await reached(world.store.db, world, actor, id, "see");
  if (array.element !== undefined || array.task.elements === 0) return { total: 0, items: [] };
  const { elements } = array.task;
  // A negative offset counts from the end: the last page.
  const first = window.offset < 0 ? Math.floor((elements - 1) / window.limit) * window.limit : Math.min(window.offset, elements);
  const last = Math.min(elements, first + window.limit);
  const known = await runs(world.store.db).ofArray(id, first, last);
  const items = Array.from({ length: last - first }, (_, n) => ({
    ...array,
    id: elementId(id, first + n),
    element: first + n,
    run: known.get(first + n),
  }));
  return { total: elements, items };
}

/** Most of a log that is given in one piece. */
const PIECE_BYTES = 128 * 1024;

export interface LogPiece {
  readonly text: string;
  /** Where this piece begins and the next one does. */
  readonly from: number;
  readonly next: number;
  readonly size: number;
}

/**
 * A piece of what a task printed.
 * @param from first byte; negative: the end of it
 * @throws HavreError "not-found"
 */
export async function readTaskLog(
  world: World,
  actor: Actor,
  { id, stream, from }: { readonly id: number; readonly stream: "stdout" | "stderr"; readonly from: number },
): Promise<LogPiece> {
  const view = await reached(world.store.db, world, actor, id, "see");
  const name = stream === "stdout" ? "god.log" : "god.err";
  try {
    const file = await world.folders.find(folderOf(view.task, view.element), name);
    if (file.kind !== "file") throw notFound();
    const start = from < 0 ? Math.max(0, file.sizeBytes - PIECE_BYTES) : Math.min(from, file.sizeBytes);
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of await file.open(start)) {
      pieces.push(piece);
      length += piece.length;
      if (length >= PIECE_BYTES) break;
    }
    const bytes = Buffer.concat(pieces).subarray(0, PIECE_BYTES);
    const whole = wholeCharacters(bytes, start + bytes.length < file.sizeBytes);
    return { text: whole.toString("utf8"), from: start, next: start + whole.length, size: file.sizeBytes };
  } catch (error) {
    if (!(error instanceof HavreError) || error.kind !== "not-found") throw error;
    return { text: "", from: 0, next: 0, size: 0 };
  }
}

/** Without the beginning of a character whose rest comes with the next piece. */
function wholeCharacters(bytes: Buffer, hasMore: boolean): Buffer {
  if (!hasMore) return bytes;
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes;
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needs > back ? bytes.subarray(0, bytes.length - back) : bytes;
    }
  }
  return bytes;
}

export interface ComputeOverview {
  readonly clusters: readonly ClusterView[];
  readonly isClosed: boolean;
  /** What the caller may submit into. */
  readonly projects: readonly ProjectView[];
  readonly counts: { readonly pending: number; readonly running: number };
}

/** Where work runs, how full it is, and what the caller may count it for. */
export async function computeOverview(world: Needs<"store">, actor: Actor): Promise<ComputeOverview> {
  const tx = world.store.db;
  const { pending, running } = await taskLists(tx).counts();
  return {
    clusters: await compute(tx).clusters(),
    isClosed: (await compute(tx).maintenance()).get("all") === true,
    projects: [DEFAULT_PROJECT, ...(await projects(tx).of(personOf(actor)?.id ?? 0))],
    counts: { pending, running },
  };
}

/** What of a budget is about work. */
export const UNITS_OF_WORK = ["cpu-seconds", "gpu-seconds", "memory-mib-seconds", "tasks", "money"] as const;

export interface OwnAccount {
  readonly user: UserView;
  readonly usage: readonly UsageDay[];
  readonly budget: Balance;
}

const themselves = (actor: Actor): PersonActor => {
  const person = personOf(actor);
  if (!person) throw new HavreError("forbidden", "Only a person has an account.");
  return person;
};

/** Another API key for whoever asks. */
export const replaceOwnKey = (world: World, actor: Actor): Promise<string> =>
  replaceUserKey(world, actor, themselves(actor).username);

/** The key with which their interactive tasks let them in. @throws HavreError "invalid" */
export const changeOwnPublicKey = (world: World, actor: Actor, publicKey: string): Promise<UserView> =>
  changeUser(world, actor, { username: themselves(actor).username, publicKey, quotas: {} });

/** One's own API key, quotas, use and budget. @throws HavreError "forbidden" for whoever is nobody */
export async function ownAccount(world: World, actor: Actor): Promise<OwnAccount> {
  const person = themselves(actor);
  const tx = world.store.db;
  return {
    user: await showUser(world, actor, person.username),
    usage: await compute(tx).usageDays({ person: person.id }, world.settings.taskUsageDays),
    budget: await balance(tx, { kind: "person", id: person.id }),
  };
}
