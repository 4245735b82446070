import { HavreError, notFound } from "../../kernel/errors.ts";
import { newUuid } from "../../kernel/ids.ts";
import { sameSecret } from "../../kernel/secrets.ts";
import type { Tx } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { taskShares } from "../../store/task-shares.ts";
import { tasks } from "../../store/tasks.ts";
import { record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { mayReach, reached } from "./access.ts";
import type { TaskView } from "./model.ts";

type World = Needs<"store" | "secrets" | "settings">;

/** Made from the server's key whenever it is needed: it lies nowhere, and another one comes after it was revoked. */
const tokenOf = ({ secrets }: Needs<"secrets">, id: number, mark: string): string =>
  secrets.derive(`task.share:${id}:${mark}`).toString("base64url");

/**
 * Lets whoever has the token look at this task and its files: at one element of an array and nothing else of it, or at a whole array.
 * The same token until it is revoked. @throws HavreError "not-found"
 */
export async function shareTask(world: World, actor: Actor, id: number): Promise<string> {
  return world.store.transaction(async tx => {
    const { task } = await reached(tx, world, actor, id, "manage");
    if (!(await tasks(tx).lock(task.id))) throw notFound();
    const known = (await taskShares(tx).marks([id])).get(id);
    if (known !== undefined) return tokenOf(world, id, known);
    const mark = newUuid();
    await taskShares(tx).insert(id, task.id, mark);
    await record(tx, actor, { verb: "task.shared", kind: "task", id, study: task.studyId });
    return tokenOf(world, id, mark);
  });
}

/** The token is refused from now on. */
export async function unshareTask(world: World, actor: Actor, id: number): Promise<void> {
  await world.store.transaction(async tx => {
    const { task } = await reached(tx, world, actor, id, "manage");
    if (!(await taskShares(tx).remove(id))) return;
    await record(tx, actor, { verb: "task.unshared", kind: "task", id, study: task.studyId });
  });
}

/** Whoever looks at a task: as themselves, or with a token that they were given. */
export interface Look {
  readonly id: number;
  readonly token: string | undefined;
}

/**
 * @throws HavreError "not-found" (hidden where it is there), "unauthenticated" for nobody without a token, "forbidden" for a wrong one
 */
export async function lookedAt(tx: Tx, world: Omit<World, "store">, actor: Actor, { id, token }: Look): Promise<TaskView> {
  if (token === undefined || token === "") {
    if (actor.kind === "nobody") throw new HavreError("unauthenticated", "Sign in, or give the token of a shared task.");
    return reached(tx, world, actor, id, "see");
  }
  const view = Number.isSafeInteger(id) && id > 0 ? await taskLists(tx).view(id) : undefined;
  if (!view) throw notFound();
  // An array's folder holds those of its elements, so what opens the array opens them as well; never the other way.
  for (const [number, mark] of await taskShares(tx).marks([view.id, view.task.id]))
    if (sameSecret(tokenOf(world, number, mark), token)) return view;
  if (await mayReach(tx, world.settings, actor, view.task, "see")) return view;
  throw new HavreError("forbidden", "This token opens nothing.");
}

export const lookAtTask = (world: World, actor: Actor, look: Look): Promise<TaskView> =>
  lookedAt(world.store.db, world, actor, look);
