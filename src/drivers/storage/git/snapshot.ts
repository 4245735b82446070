import { HavreError } from "../../../kernel/errors.ts";
import type { StoragePath } from "../../../ports/storage.ts";
import { namedSegmentsOf, segmentsOf } from "../paths.ts";
import type { GitFile, GitHost, TreeEntry } from "./host.ts";

/** Git keeps no empty folders; a file of this name, as many people use it, keeps one. It is not shown. */
export const FOLDER_MARK = ".gitkeep";

const MOST_TREES = 200;

/** Trees by their id: what an id stands for never changes. */
export class Trees {
  readonly #host: GitHost;
  readonly #known = new Map<string, readonly TreeEntry[]>();

  constructor(host: GitHost) {
    this.#host = host;
  }

  async of(id: string, signal: AbortSignal): Promise<readonly TreeEntry[]> {
    const known = this.#known.get(id) ?? (await this.#host.tree(id, signal));
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size > MOST_TREES) for (const oldest of this.#known.keys()) return this.#forget(oldest, known);
    return known;
  }

  #forget(id: string, then: readonly TreeEntry[]): readonly TreeEntry[] {
    this.#known.delete(id);
    return then;
  }
}

export type Node =
  | { readonly kind: "folder"; readonly path: string; readonly id: string | undefined }
  | { readonly kind: "file"; readonly path: string; readonly file: GitFile }
  | { readonly kind: "other"; readonly path: string };

/** What lies in the repository at one commit. Names are compared as the port writes them, and kept as git has them. */
export class Snapshot {
  readonly head: string | undefined;
  readonly #where: string;
  readonly #trees: Trees;
  readonly #signal: AbortSignal;

  constructor(where: string, trees: Trees, head: string | undefined, signal: AbortSignal) {
    this.head = head;
    this.#where = where;
    this.#trees = trees;
    this.#signal = signal;
  }

  /** What lies at a path; undefined when nothing does. */
  async at(path: StoragePath): Promise<Node | undefined> {
    let node: Node = { kind: "folder", path: "", id: this.head };
    for (const name of segmentsOf(path)) {
      if (node.kind !== "folder") return undefined;
      const parent: string = node.path;
      const found = (await this.entries(node)).find(entry => entry.name.normalize("NFC") === name);
      if (found === undefined || isMark(found)) return undefined;
      node = nodeOf(parent, found);
    }
    return node;
  }

  async entries({ id }: { readonly id: string | undefined }): Promise<readonly TreeEntry[]> {
    return id === undefined ? [] : this.#trees.of(id, this.#signal);
  }

  /** The folder that `path` lies in, and the path as git would have it. @throws "not-found", "invalid" for a name git has no room for */
  async place(path: StoragePath): Promise<{ readonly folder: Node & { kind: "folder" }; readonly path: string }> {
    const { folder: segments, name } = namedSegmentsOf(path);
    for (const part of [...segments, name]) mustBeGitName(this.#where, part);
    const folder = await this.at(segments.join("/") as StoragePath);
    if (folder?.kind !== "folder") throw new HavreError("not-found", `${this.#where}: there is no such folder.`);
    return { folder, path: below(folder.path, name) };
  }

  /** All files in a folder, also the marks. @throws "conflict" when something is in it that Havre does not touch */
  async files(folder: Node & { kind: "folder" }): Promise<GitFile[]> {
    const files: GitFile[] = [];
    for (const entry of await this.entries(folder)) {
      const node = nodeOf(folder.path, entry);
      if (node.kind === "folder") files.push(...(await this.files(node)));
      else if (node.kind === "file") files.push(node.file);
      else
        throw new HavreError(
          "conflict",
          `${this.#where}: the folder has a symbolic link or a submodule in it; change it with git itself.`,
        );
    }
    return files;
  }
}

export const isMark = ({ kind, name }: Pick<TreeEntry, "kind" | "name">): boolean => kind === "file" && name === FOLDER_MARK;

export const below = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);

function nodeOf(parent: string, { name, kind, sha, mode, sizeBytes }: TreeEntry): Node {
  const path = below(parent, name);
  if (kind === "folder") return { kind, path, id: sha };
  return kind === "file" ? { kind, path, file: { path, sha, mode, sizeBytes } } : { kind, path };
}

export function mustBeGitName(where: string, name: string): void {
  if (/^\.git$/i.test(name) || name === FOLDER_MARK)
    throw new HavreError("invalid", `${where}: git has the name "${name}" for itself.`);
}
