import type { Readable } from "node:stream";
import { HavreError } from "../../kernel/errors.ts";
import { people } from "../../store/people.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { TaskView } from "./model.ts";
import { folderOf, standingOf } from "./rules.ts";
import { type Look, lookedAt } from "./share.ts";
import { mustBeSelf } from "./users.ts";
import { dataFolder } from "./volumes.ts";

type World = Needs<"store" | "secrets" | "settings" | "folders">;

export interface FileEntry {
  readonly name: string;
  readonly kind: "file" | "dir";
  readonly sizeBytes: number;
}

/** A folder's content, or a file that can be read. */
export type Found =
  | { readonly kind: "dir"; readonly entries: readonly FileEntry[] }
  | { readonly kind: "file"; readonly name: string; readonly sizeBytes: number; readonly body: Readable };

/** Whether there is anything of a task on the disk. */
function hasFiles({ task, element, run }: TaskView): boolean {
  const { state } = standingOf(task, element, run);
  if (state === "archived") return false;
  return task.elements > 0 && element === undefined
    ? task.startedAt !== undefined || task.elementsRunning > 0
    : run !== undefined;
}

/**
 * A task's folder, a folder in it, or a file. Nothing outside of it, whatever links lead there.
 * @param from first byte of a file that is wanted
 * @throws HavreError as {@link lookedAt}, "not-found", "forbidden" when a file is larger than may be fetched
 */
export async function taskFile(
  world: World,
  actor: Actor,
  { look, path, from = 0 }: { readonly look: Look; readonly path: string; readonly from?: number },
): Promise<Found> {
  const view = await lookedAt(world.store.db, world, actor, look);
  if (!hasFiles(view)) {
    if (plain(path) === "") return { kind: "dir", entries: [] };
    throw new HavreError("not-found", "There is no such file.");
  }
  return within(world, folderOf(view.task, view.element), path, from);
}

/** The same of somebody's own storage, which their tasks may read. @throws HavreError "forbidden", "not-found" */
export async function userFile(
  world: World,
  actor: Actor,
  { username, path }: { readonly username: string; readonly path: string },
): Promise<Found> {
  mustBeSelf(actor, username);
  const account = await people(world.store.db).accountByName(username);
  if (!account) throw new HavreError("not-found", `There is no user "${username}".`);
  return within(world, dataFolder(account.person.id), path, 0);
}

const plain = (path: string): string =>
  path
    .split("/")
    .filter(part => part !== "" && part !== ".")
    .join("/");

async function within({ folders, settings }: World, folder: string, path: string, from: number): Promise<Found> {
  const relative = plain(path);
  try {
    const found = await folders.find(folder, relative);
    if (found.kind === "dir") return { kind: "dir", entries: await folders.list(folder, relative) };
    if (settings.taskMaxDownload > 0 && found.sizeBytes > settings.taskMaxDownload)
      throw new HavreError("forbidden", `Files of more than ${settings.taskMaxDownload} bytes are not given out here.`);
    return { kind: "file", name: found.name, sizeBytes: Math.max(0, found.sizeBytes - from), body: await found.open(from) };
  } catch (error) {
    // Nothing was put there yet.
    if (error instanceof HavreError && error.kind === "not-found" && relative === "") return { kind: "dir", entries: [] };
    throw error;
  }
}
