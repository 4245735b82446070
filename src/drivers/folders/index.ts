import { constants } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join, normalize, sep } from "node:path";
import { Readable } from "node:stream";
import { HavreError, notFound } from "../../kernel/errors.ts";
import { newUuid } from "../../kernel/ids.ts";
import type { FolderEntry, FolderOwner, Folders } from "../../ports/folders.ts";
import { actsOn, FOLDER, mayBeNear, NEW_FILE, type SmallFile, statSmall } from "../files.ts";

const { O_NONBLOCK, O_RDONLY } = constants;

/**
 * Folders of a disk of this machine. A file is opened first and only then asked, by the kernel's own record of what is open, where it
 * lies: whatever is changed in between, what is read is what was judged.
 * @param changesOwners whether Havre may give files to others (it is root)
 */
export async function openFolders(wanted: string, changesOwners = process.getuid?.() === 0): Promise<Folders> {
  await mkdir(wanted, { recursive: true, mode: 0o711 });
  const root = await realpath(wanted);
  await mayBeNear(root);
  const at = (path: string): string => {
    if (path === "") return root;
    const whole = join(root, path);
    if (path.includes("\0") || path.split("/").includes("..") || normalize(whole) !== whole || !whole.startsWith(root + sep))
      throw new HavreError("invalid", "This is no path of a file here.");
    return whole;
  };

  /** @param path below `within`, and so must be what it leads to */
  async function opened(within: string, path: string): Promise<{ file: FileHandle; name: string }> {
    if (path.includes("\0") || path.split("/").some(part => part === "..")) throw notFound();
    const inside = at(within);
    const file = await open(join(inside, path), O_RDONLY | O_NONBLOCK).catch(refusing);
    try {
      const [real, limit] = await Promise.all([readlink(`/proc/self/fd/${file.fd}`), realpath(inside).catch(refusing)]);
      if (real !== limit && !real.startsWith(limit + sep)) throw notFound();
      return { file, name: real.slice(real.lastIndexOf(sep) + 1) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async function list(within: string, path: string): Promise<FolderEntry[]> {
    const { file } = await opened(within, path);
    try {
      if (!(await file.stat()).isDirectory()) throw notFound();
      const here = `/proc/self/fd/${file.fd}`;
      const limit = await realpath(at(within)).catch(refusing);
      const entries: FolderEntry[] = [];
      for (const found of await readdir(here, { withFileTypes: true })) {
        const entry = await entryOf(join(here, found.name), found.name, limit, found.isSymbolicLink());
        if (entry) entries.push(entry);
      }
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } finally {
      await file.close();
    }
  }

  return {
    root,
    id: await idOf(root),
    list,

    async find(within, path) {
      const { file, name } = await opened(within, path);
      try {
        const facts = await file.stat();
        if (facts.isDirectory()) return { name, kind: "dir", sizeBytes: 0, open: () => Promise.reject(notFound()) };
        if (!facts.isFile()) throw notFound();
        const again = async (from = 0): Promise<Readable> => {
          const { file: fresh } = await opened(within, path);
          // Only so much as was said: a file that grows meanwhile must not outrun its length.
          const end = facts.size - 1;
          if (end < from) {
            await fresh.close();
            return Readable.from([]);
          }
          return fresh.createReadStream({ start: from, end, highWaterMark: 1 << 18 });
        };
        return { name, kind: "file", sizeBytes: facts.size, open: again };
      } finally {
        await file.close();
      }
    },

    async make(path, owner) {
      const whole = at(path);
      const acts = actsOn(whole);
      const first = await acts.mkdir(whole, { recursive: true, mode: 0o711 }).catch(refusing);
      if (first === undefined && owner === undefined) return;
      const folder = await acts.open(whole, FOLDER).catch(refusing);
      try {
        // One that is there and still ours was made by a process that was killed before it could give it away.
        if (first === undefined && (await folder.stat()).uid !== process.getuid?.()) return;
        await folder.chmod(owner ? 0o750 : 0o711);
        await give(folder, owner);
      } finally {
        await folder.close();
      }
    },

    async write(path, name, text, owner) {
      const folder = await open(at(path), FOLDER).catch(refusing);
      try {
        const target = `/proc/self/fd/${folder.fd}/${name}`;
        await rm(target, { recursive: true, force: true });
        const file = await open(target, NEW_FILE, 0o640).catch(refusing);
        try {
          await file.writeFile(text);
          await give(file, owner);
        } finally {
          await file.close();
        }
      } finally {
        await folder.close();
      }
    },

    async remove(path) {
      if (path === "") throw new HavreError("bug", "The folder of everything is not removed.");
      await rm(at(path), { recursive: true, force: true, maxRetries: 3 }).catch(refusing);
    },

    sizeOf: path => sizeOf(at(path)),
    isThere: async absolute => (await statSmall(absolute).catch(() => undefined)) !== undefined,
  };

  async function give(file: Pick<SmallFile, "chown">, owner: FolderOwner | undefined): Promise<void> {
    if (owner && changesOwners) await file.chown(owner.uid, owner.gid);
  }
}

/** Written once, by whoever comes first. */
async function idOf(root: string): Promise<string> {
  const file = join(root, ".place");
  await writeFile(file, newUuid(), { flag: "wx", mode: 0o644 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return readFile(file, "utf8");
}

/** A link is what it leads to, when that is inside. */
async function entryOf(path: string, name: string, limit: string, isLink: boolean): Promise<FolderEntry | undefined> {
  if (isLink) {
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined || (real !== limit && !real.startsWith(limit + sep))) return undefined;
  }
  const facts = await (isLink ? stat(path) : lstat(path)).catch(() => undefined);
  if (facts?.isDirectory()) return { name, kind: "dir", sizeBytes: 0 };
  return facts?.isFile() ? { name, kind: "file", sizeBytes: facts.size } : undefined;
}

async function sizeOf(path: string): Promise<number> {
  const facts = await lstat(path).catch(() => undefined);
  if (!facts) return 0;
  if (!facts.isDirectory()) return facts.isFile() ? facts.size : 0;
  let sum = 0;
  for (const name of await readdir(path).catch(() => [])) sum += await sizeOf(join(path, name));
  return sum;
}

const KINDS: Readonly<Record<string, "not-found" | "quota-exceeded">> = {
  ENOENT: "not-found",
  ENOTDIR: "not-found",
  ELOOP: "not-found",
  ENXIO: "not-found", // a socket, or a pipe that nobody reads
  ENAMETOOLONG: "not-found",
  EACCES: "not-found",
  ENOSPC: "quota-exceeded",
  EDQUOT: "quota-exceeded",
};

function refusing(cause: unknown): never {
  const kind = KINDS[String((cause as NodeJS.ErrnoException).code)];
  if (kind === "not-found") throw new HavreError("not-found", "There is no such file.", { cause });
  if (kind) throw new HavreError(kind, "The disk of the tasks is full.", { cause, retry: "temporary" });
  throw new HavreError("unavailable", "The disk of the tasks does not answer.", { cause });
}
