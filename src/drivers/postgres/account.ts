import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, readFile, stat } from "node:fs/promises";
import { HavreError } from "../../kernel/errors.ts";

/** The account PostgreSQL runs as; empty when that is simply ours. Fits into the options of `spawn`. */
export type Account = { readonly uid: number; readonly gid: number } | Record<string, never>;

/**
 * PostgreSQL refuses to run as root. Root therefore runs it as whoever owns the data already, else as `nobody`.
 * @param data the folder of the cluster; it need not exist
 */
export async function accountFor(data: string): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const owner = await stat(data).catch(() => undefined);
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : nobody();
}

async function nobody(): Promise<Account> {
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd) ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

/** Gives a folder or file to the account. Nothing to do when the account is ours. */
export async function give(path: string, account: Account): Promise<void> {
  if (account.uid !== undefined) await chown(path, account.uid, account.gid);
}

/** Whether the account can come by this path and enter (or execute) it. Asked of the system itself, so that ACLs count too. */
export async function canEnter(path: string, account: Account): Promise<boolean> {
  if (account.uid === undefined) return true;
  try {
    const child = spawn("/bin/sh", ["-c", 'test -x "$0"', path], { ...account, cwd: "/", stdio: "ignore" });
    const [code] = await once(child, "exit");
    return code === 0;
  } catch (cause) {
    const why = "PostgreSQL refuses to run as root, and root may not switch accounts here";
    throw new HavreError("forbidden", `${why}: run Havre as an ordinary user or set DATABASE_URL.`, { cause });
  }
}

/**
 * Lets the account pass through a private folder of ours (as `mkdtemp` makes them) by the group, so that nobody else may.
 * A folder with a group of its own choosing is left alone.
 */
export async function letThrough(folder: string, account: Account): Promise<void> {
  if (account.uid === undefined || (await canEnter(folder, account))) return;
  const { uid, gid, mode } = await stat(folder);
  if (uid !== 0 || gid !== 0) return;
  await chown(folder, 0, account.gid);
  await chmod(folder, (mode & 0o707) | 0o010);
}
