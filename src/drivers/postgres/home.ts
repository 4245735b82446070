import { createHash } from "node:crypto";
import { lstat, mkdir, realpath, rmdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { type Account, accountFor, canEnter, give, letThrough } from "./account.ts";

/** Where everything of the embedded server lies, and who runs it. */
export interface Home {
  readonly folder: string;
  readonly account: Account;
}

/**
 * `dataDir/postgres`, owned by the account. Where the account cannot come at all (root's checkout under /root, say), the
 * folder lies under /var/lib/havre and `dataDir/postgres` is a link to it.
 */
export async function openHome(dataDir: string): Promise<Home> {
  await mkdir(dataDir, { recursive: true });
  const root = await realpath(dataDir);
  const wanted = join(root, "postgres");
  await mkdir(wanted, { mode: 0o700 }).catch(ignoreExisting);
  const account = await accountFor(join(wanted, "data"));
  await letThrough(root, account);
  if (!(await canEnter(root, account))) await moveOut(wanted);
  const folder = await realpath(wanted);
  await give(folder, account);
  if (!owns(account, await stat(folder))) refuse(folder);
  return { folder, account };
}

async function moveOut(wanted: string): Promise<void> {
  if ((await lstat(wanted)).isSymbolicLink()) return;
  const elsewhere = join("/var/lib/havre", shortHash(wanted));
  await mkdir(elsewhere, { recursive: true, mode: 0o755 });
  try {
    // Only an empty folder goes: a cluster made earlier is never thrown away.
    await rmdir(wanted);
    await symlink(elsewhere, wanted);
  } catch (cause) {
    const why = `PostgreSQL does not run as root, and its account cannot enter ${wanted}`;
    throw new HavreError("forbidden", `${why}: move DATA_DIR.`, { cause });
  }
}

/** The socket's own name is ".s.PGSQL.5432"; its path, with the ending NUL, must fit into the kernel's field for it. */
const LONGEST_FOLDER = (process.platform === "linux" ? 107 : 103) - Buffer.byteLength("/.s.PGSQL.5432");

/** A folder that only the account can enter, short enough for a socket. */
export async function openSocketFolder({ folder, account }: Home): Promise<string> {
  const near = join(folder, "socket");
  const path = Buffer.byteLength(near) <= LONGEST_FOLDER ? near : join("/tmp", `havre-${shortHash(folder)}`);
  await mkdir(path, { mode: 0o700 }).then(() => give(path, account), ignoreExisting);
  const found = await lstat(path);
  // In /tmp anyone could have made it first.
  if (!found.isDirectory() || !owns(account, found) || (found.mode & 0o077) !== 0) refuse(path);
  return path;
}

const owns = (account: Account, { uid }: { uid: number }): boolean => uid === (account.uid ?? process.getuid?.());

function refuse(path: string): never {
  throw new HavreError("forbidden", `${path} must be a private folder of the account that runs PostgreSQL.`);
}

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
