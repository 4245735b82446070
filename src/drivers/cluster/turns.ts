import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { actsOn, codeOf, ignoring, readIfThere } from "../files.ts";
import { jsonIn } from "./json.ts";
import { identityOf, isAlive, isOfThisBoot } from "./processes.ts";

/** How long the turn of a process on another machine, of which nobody here knows whether it lives, is respected. */
const ELSEWHERE_MS = 60_000;
const ME = identityOf("self");

/** A file whose first line is JSON with this in it says who made it. */
export interface Signed {
  readonly by: string;
}
export const signed = async (): Promise<Signed> => ({ by: (await ME) ?? "" });

export interface Turn {
  /** It may be renamed when all is done: `isDone` must be true from then on. */
  readonly link: string;
  /** For when it fails. */
  readonly giveUp: () => Promise<void>;
}

/**
 * One process at a time does something in `folder`, and one that died is followed by the next: links `try.0`, `try.1`, … made once,
 * each with the process in it. @param own a file that this process has made and signed: a link to that costs no new file
 * @returns "done": it was done already · "busy": another process is at it
 */
export async function takeTurn(folder: string, isDone: () => Promise<boolean>, own?: string): Promise<"done" | "busy" | Turn> {
  for (let number = 0; ; number++) {
    const link = join(folder, `try.${number}`);
    const giveUp = (): Promise<void> => actsOn(link).unlink(link).catch(ignoring("ENOENT"));
    try {
      await make(link, own);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      const owner = await ownerOf(link);
      if (await isDone()) return "done";
      if (owner === undefined || (await isAtIt(link, owner))) return "busy";
      continue;
    }
    // The one before died after its last act, or has renamed its link.
    if (!(await isDone())) return { link, giveUp };
    await giveUp();
    return "done";
  }
}

/** Whole from the first moment, with who made it. */
async function make(link: string, own: string | undefined): Promise<void> {
  const { link: linkTo, symlink } = actsOn(link);
  if (own !== undefined)
    try {
      return await linkTo(own, link);
    } catch (error) {
      if (codeOf(error) === "EEXIST") throw error;
      // This file system has no such links, or not so many, or somebody has tidied up.
    }
  await symlink((await ME) ?? "", link);
}

/** @returns undefined where it is gone, "" where nobody can be read from it any more, as after the power failed */
export async function ownerOf(link: string): Promise<string | undefined> {
  try {
    return await readlink(link);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (codeOf(error) !== "EINVAL") throw error;
  }
  const text = await readIfThere(link);
  return text === undefined ? undefined : (jsonIn<Signed>(text.split("\n", 1)[0] ?? "")?.by ?? "");
}

/** Whether the one whose turn this link is may be at it still. */
export async function isAtIt(link: string, owner: string): Promise<boolean> {
  if (await isOfThisBoot(owner)) return isAlive(owner);
  const made = await lstat(link).catch(ignoring("ENOENT"));
  return made !== undefined && Date.now() - made.mtimeMs < ELSEWHERE_MS;
}
