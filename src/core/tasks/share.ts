import { HavreError, notFound } from "../../kernel/errors.ts";
import { sameSecret } from "../../kernel/secrets.ts";
import type { Tx } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { tasks } from "../../store/tasks.ts";
import { record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { mayReach, reached } from "./access.ts";
import type { Task, TaskView } from "./model.ts";

type World = Needs<"store" | "secrets" | "settings">;

/** Made from the server's key whenever it is needed: it lies nowhere, and another one comes after it was revoked. */
const tokenOf = ({ secrets }: Needs<"secrets">, task: Task): string =>
  secrets.derive(`task.share:${task.id}:${task.shareSerial}`).toString("base64url");

/** Lets whoever has the token look at this task and its files. The same token until it is revoked. @throws HavreError "not-found" */
export async function shareTask(world: World, actor: Actor, id: number): Promise<string> {
  return world.store.transaction(async tx => {
    const { task } = await reached(tx, world, actor, id, "manage");
    const held = await tasks(tx).lock(task.id);
    if (!held) throw notFound();
    if (held.isShared) return tokenOf(world, held);
    const shared = await tasks(tx).change(held.id, { isShared: true, shareSerial: held.shareSerial + 1 });
    await record(tx, actor, { verb: "task.shared", kind: "task", id: held.id, study: held.studyId });
    return tokenOf(world, shared);
  });
}

/** The token is refused from now on. */
export async function unshareTask(world: World, actor: Actor, id: number): Promise<void> {
  await world.store.transaction(async tx => {
    const { task } = await reached(tx, world, actor, id, "manage");
    if (!task.isShared) return;
    await tasks(tx).change(task.id, { isShared: false });
    await record(tx, actor, { verb: "task.unshared", kind: "task", id: task.id, study: task.studyId });
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
  if (view.task.isShared && sameSecret(tokenOf(world, view.task), token)) return view;
  if (await mayReach(tx, world.settings, actor, view.task, "see")) return view;
  throw new HavreError("forbidden", "This token opens nothing.");
}

export const lookAtTask = (world: World, actor: Actor, look: Look): Promise<TaskView> =>
  lookedAt(world.store.db, world, actor, look);
