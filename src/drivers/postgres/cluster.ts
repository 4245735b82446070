import { spawn } from "node:child_process";
import { access, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { type Account, give } from "./account.ts";
import { type Binaries, noPostgres } from "./binaries.ts";
import { isRunning } from "./processes.ts";

export const DATABASE = "havre";
/** The database's superuser. Whoever can enter the socket's folder is that user: the folder is the lock. */
export const USER = "havre";

/** Makes the cluster with its one database unless it is there: in a folder of its own, then renamed, so never half. */
export async function makeCluster(home: string, account: Account, programs: Binaries, durable: boolean): Promise<string> {
  const data = join(home, "data");
  if (await exists(join(data, "PG_VERSION"))) return data;
  await removeUnfinished(home);
  const unfinished = join(home, `init-${process.pid}`);
  await mkdir(unfinished, { mode: 0o700 });
  await give(unfinished, account);
  await initdb(unfinished, account, programs, durable);
  const sync = durable ? [] : ["-F"];
  await run(programs.postgres, ["--single", ...sync, "-D", unfinished, "postgres"], account, `create database ${DATABASE}\n`);
  await rename(unfinished, data);
  if (durable) await syncFolder(home);
  return data;
}

async function initdb(folder: string, account: Account, programs: Binaries, durable: boolean): Promise<void> {
  // Letters and order come from PostgreSQL itself, the same on every machine. The system's own C.UTF-8 adds what text search
  // needs to know of accented letters; a system without it gets plain C.
  const common = ["-D", folder, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-instructions", "--locale-provider=builtin"];
  const args = [...common, "--builtin-locale=C.UTF-8", ...(durable ? [] : ["--no-sync"])];
  try {
    await run(programs.initdb, [...args, "--locale=C.UTF-8"], account);
  } catch (error) {
    if (!/invalid locale/.test(String(error))) throw error;
    await run(programs.initdb, [...args, "--locale=C"], account);
  }
}

/** What an initdb left that was killed half way. One that is still at work in another Havre is not touched. */
async function removeUnfinished(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = Number(/^init-(\d+)$/.exec(name)?.[1]);
    if (pid === process.pid || (pid && !(await isRunning(pid)))) {
      // A child of a killed initdb may write for a moment longer.
      await rm(join(home, name), { recursive: true, force: true, maxRetries: 10 });
    }
  }
}

async function run(program: string, args: readonly string[], account: Account, input = ""): Promise<void> {
  const child = spawn(program, args, { ...account, cwd: "/", env: {}, stdio: "pipe" });
  let output = "";
  child.stdout.on("data", chunk => (output += chunk));
  child.stderr.on("data", chunk => (output += chunk));
  child.stdin.on("error", () => {}); // it ended before it had read its input: its exit code tells
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => {
    child.once("error", error => reject(cannotRun(program, error)));
    child.once("close", resolve);
  });
  if (code !== 0)
    throw new HavreError("unavailable", `PostgreSQL's data could not be made: ${output.trim()}`, { retry: "never" });
}

/** A program that is there and yet "not found" misses its loader: this system's C library is not glibc. */
function cannotRun(program: string, error: NodeJS.ErrnoException): HavreError {
  if (error.code === "ENOENT") return noPostgres("The embedded PostgreSQL needs a system with glibc", error);
  return noPostgres(`${program} cannot be run (${error.code})`, error);
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}
