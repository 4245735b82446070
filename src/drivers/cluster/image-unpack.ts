import { createWriteStream } from "node:fs";
import { chmod, link, lstat, mkdir, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { HavreError } from "../../kernel/errors.ts";
import { type TarEntry, tarEntries } from "./image-tar.ts";

export interface UnpackLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** Marks of an image's layers for what the layers below have and this one has not. */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const MOST_LINKS = 40;

/**
 * Unpacks a tar into `root`, over what is there, as a root filesystem: names and links are taken as they will be seen from inside, so
 * that none leads out of `root`. Everything belongs to us, nothing is writable for others or runs with another's rights; devices
 * and the like are left out. Nobody else may write to `root` meanwhile.
 * @throws HavreError "invalid" for a name that climbs, or when a limit is passed
 */
export async function unpack(chunks: AsyncIterable<Buffer>, root: string, limits: UnpackLimits): Promise<void> {
  const inside = new Inside(root);
  let [bytes, entries] = [0, 0];
  for await (const entry of tarEntries(chunks)) {
    bytes += entry.kind === "file" ? entry.sizeBytes : 0;
    if (++entries > limits.entries || bytes > limits.bytes)
      throw new HavreError("invalid", `The image is larger than ${limits.bytes} bytes or ${limits.entries} files.`);
    const segments = segmentsOf(entry.path);
    const name = segments.pop();
    if (name === undefined) continue; // "./"
    const folder = await inside.makeFolder(segments);
    if (name === OPAQUE) for (const old of await readdir(folder)) await inside.remove(join(folder, old));
    else if (name.startsWith(WHITEOUT)) await inside.remove(join(folder, name.slice(WHITEOUT.length)));
    else await place(entry, join(folder, name), inside);
  }
}

async function place(entry: TarEntry, path: string, inside: Inside): Promise<void> {
  const old = await lstat(path).catch(() => undefined);
  if (entry.kind === "folder") {
    if (old && !old.isDirectory()) await inside.remove(path);
    await mkdir(path).catch(error => (error.code === "EEXIST" ? undefined : Promise.reject(error)));
    return chmod(path, (entry.mode & 0o755) | 0o700);
  }
  if (entry.kind === "other") return;
  if (old) await inside.remove(path);
  if (entry.kind === "symlink") return inside.symlink(entry.target, path);
  if (entry.kind === "hardlink") return link(await inside.resolve(segmentsOf(entry.target)), path);
  await pipeline(entry.body, createWriteStream(path, { flags: "wx", mode: 0o600 }));
  await chmod(path, (entry.mode & 0o755) | 0o600);
}

function segmentsOf(path: string): string[] {
  const segments = path.split("/").filter(part => part !== "" && part !== ".");
  if (segments.includes("..") || path.includes("\0"))
    throw new HavreError("invalid", `The image has a name that leads out of it: ${JSON.stringify(path.slice(0, 200))}.`);
  return segments;
}

/** Paths below a root, with every symbolic link followed as if the root were "/". */
class Inside {
  readonly #root: string;
  /** Folders that were looked at; emptied when a link or a removal may have changed what they mean. */
  readonly #known = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  async makeFolder(segments: readonly string[], replace = true): Promise<string> {
    const key = segments.join("/");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const folder = await this.#walk(segments, replace ? "replace" : "make");
    this.#known.set(key, folder);
    return folder;
  }

  /** Where the last name lies; the last name itself is not followed. */
  async resolve(segments: readonly string[]): Promise<string> {
    const name = segments.at(-1);
    const folder = await this.#walk(segments.slice(0, -1), "look");
    return name === undefined ? folder : join(folder, name);
  }

  async symlink(target: string, path: string): Promise<void> {
    this.#known.clear();
    await symlink(target, path);
  }

  async remove(path: string): Promise<void> {
    this.#known.clear();
    await rm(path, { recursive: true, force: true });
  }

  /** "make": folders that are missing; "replace": those where a file is, too. */
  async #walk(segments: readonly string[], how: "look" | "make" | "replace"): Promise<string> {
    const left = [...segments];
    let at = this.#root;
    for (let links = 0; left.length > 0; ) {
      const name = left.shift() ?? "";
      if (name === "" || name === ".") continue;
      if (name === "..") {
        at = at === this.#root ? at : dirname(at); // `at` never holds a link
        continue;
      }
      const next = join(at, name);
      const found = await lstat(next).catch(() => undefined);
      if (found?.isSymbolicLink()) {
        if (++links > MOST_LINKS) throw new HavreError("invalid", "The image has symbolic links that lead in a circle.");
        const target = await readlink(next);
        if (target.startsWith("/")) at = this.#root;
        left.unshift(...target.split("/"));
        continue;
      }
      if (found && !found.isDirectory()) {
        if (how !== "replace") throw new HavreError("invalid", `In the image there is a file where a folder is needed: ${name}.`);
        await this.remove(next);
      }
      if (!found?.isDirectory()) {
        if (how === "look") throw new HavreError("invalid", `The image links to what it does not have: ${name}.`);
        await mkdir(next, { mode: 0o755 });
      }
      at = next;
    }
    return at;
  }
}

/**
 * Makes `path` a folder (or an empty file) in the root filesystem, so that something can be mounted there, and where a link would lead
 * elsewhere stays inside. @returns the path without links, as seen from inside
 */
export async function makeMountPoint(root: string, path: string, isFolder: boolean): Promise<string> {
  const segments = segmentsOf(path);
  const inside = new Inside(root);
  const folder = await inside.makeFolder(isFolder ? segments : segments.slice(0, -1), false);
  if (isFolder) return `/${folder.slice(root.length + 1)}`;
  const file = join(folder, segments.at(-1) ?? "");
  const found = await lstat(file).catch(() => undefined);
  if (!found?.isFile()) {
    if (found) throw new HavreError("invalid", `${path} is a folder or a link in the image, and a file cannot be shown there.`);
    await writeFile(file, "", { flag: "a", mode: 0o644 });
  }
  return `/${file.slice(root.length + 1)}`;
}

/** What a path inside means, as a file of ours; undefined when there is no such file. Links are followed, the last too. */
export async function lookInside(root: string, path: string): Promise<string | undefined> {
  const inside = new Inside(root);
  let at = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    const file = await inside.resolve(segmentsOf(at)).catch(() => undefined);
    const found = file === undefined ? undefined : await lstat(file).catch(() => undefined);
    if (file === undefined || !found) return undefined;
    if (!found.isSymbolicLink()) return file;
    const target = await readlink(file);
    at = target.startsWith("/") ? target : join(dirname(`/${file.slice(root.length + 1)}`), target);
  }
  return undefined;
}
