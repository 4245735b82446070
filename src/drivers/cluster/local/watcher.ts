import { spawn } from "node:child_process";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ignoring, readIfThere, replaceFile } from "../../files.ts";
import { identityOf, isAlive } from "../processes.ts";
import { type CageKind, openCages } from "./cages/open.ts";
import { Records } from "./records.ts";
import { Watch } from "./watch.ts";

/**
 * The watcher: a process of its own that keeps the limits of all runs of a home, whether Havre lives or not. It is there while
 * something runs, and goes some time after. Two of them do no harm.
 */
const LOOK_EVERY_MS = 400;
const STAYS_IDLE_MS = 20_000;
const HEAP_MIB = 64;

const noteIn = (home: string): string => join(home, "watcher");

/** Makes sure that a watcher looks after what was begun before this call. */
export async function ensureWatcher(home: string, kind: CageKind): Promise<void> {
  const note = await readIfThere(noteIn(home));
  if (note !== undefined && (await isAlive(note.trim()))) return;
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, fileURLToPath(import.meta.url), home, kind], {
    cwd: "/",
    env: {},
    detached: true,
    stdio: "ignore",
  });
  child.unref();
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
  if (identity !== undefined) await replaceFile(noteIn(home), `${identity}\n`);
}

/** @param home as it is, without links. It ends when the home is removed. */
async function watchOver(home: string, kind: CageKind): Promise<void> {
  const records = new Records(home);
  const watch = new Watch(records, await openCages(home, records, kind));
  const me = await identityOf("self");
  for (let idleSince = Date.now(); ; await pause(LOOK_EVERY_MS)) {
    const running = await watch.look().catch(() => 1); // what cannot be read now is read again
    if (!(await isThere(home))) return;
    if (running > 0) idleSince = Date.now();
    const note = (await readIfThere(noteIn(home)))?.trim();
    if (note !== undefined && note !== me && (await isAlive(note))) return; // another one does it
    if (Date.now() - idleSince < STAYS_IDLE_MS) continue;
    // Whoever begins something now either finds no note and starts another watcher, or is seen by this last look.
    await rm(noteIn(home), { force: true });
    if ((await watch.look().catch(() => 1)) === 0) return;
    await replaceFile(noteIn(home), `${me}\n`);
    idleSince = Date.now();
  }
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(ignoring("ENOENT"))) !== undefined;

if (import.meta.main) {
  const [folder = "", kind = "auto"] = process.argv.slice(2);
  await watchOver(folder, kind as CageKind);
}
