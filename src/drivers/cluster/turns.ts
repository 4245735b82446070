import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { actsOn, codeOf, ignoring } from "./files.ts";
import { identityOf, isAlive, isOfThisBoot } from "./processes.ts";

/** How long the turn of a process on another machine, of which nobody here knows whether it lives, is respected. */
const ELSEWHERE_MS = 60_000;
const ME = identityOf("self");

/**
 * One process at a time does something in `folder`, and one that died is followed by the next: links `try.0`, `try.1`, … made once,
 * each with the process in it. @returns "done": it was done already · "busy": another process is at it · else a function that
 * gives the turn up again, for when it fails
 */
export async function takeTurn(folder: string, isDone: () => Promise<boolean>): Promise<"done" | "busy" | (() => Promise<void>)> {
  for (let number = 0; ; number++) {
    const mine = join(folder, `try.${number}`);
    try {
      await actsOn(mine).symlink((await ME) ?? "", mine); // a link is made whole, content and all
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      const owner = await readlink(mine).catch(ignoring("ENOENT"));
      if (await isDone()) return "done";
      if (owner === undefined || (await isAtIt(mine, owner))) return "busy";
      continue;
    }
    if (number > 0 && (await isDone())) return "done"; // the one before died after its last act
    return () => actsOn(mine).unlink(mine).catch(ignoring("ENOENT"));
  }
}

/** Whether the one whose turn this link is may be at it still. */
export async function isAtIt(link: string, owner: string): Promise<boolean> {
  if (await isOfThisBoot(owner)) return isAlive(owner);
  const made = await lstat(link).catch(ignoring("ENOENT"));
  return made !== undefined && Date.now() - made.mtimeMs < ELSEWHERE_MS;
}
