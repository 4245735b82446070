import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A bare repository, made and changed by git itself: so `git fsck`, `git log` and `git clone` judge what came of it. */
export interface Repository {
  /** For `git -C`. */
  readonly path: string;
  /** What git prints for a command, without the last line break. */
  git(...args: readonly string[]): string;
  /** By id or by a name such as "main"; undefined when there is none. */
  object(name: string): Promise<GitObject | undefined>;
  /** Of a blob. */
  sizeOf(id: string): Promise<number>;
  /** The entries of a tree or of a commit's; undefined when there is none. */
  entries(name: string): Promise<Entry[] | undefined>;
  /** Writes a blob or a commit. @returns its id */
  write(type: "blob" | "commit", bytes: Buffer): Promise<string>;
  /** The tree that comes of another by these changes; without `sha` a path goes. @returns its id, or what is wrong with a change */
  treeWith(base: string | undefined, changes: readonly TreeChange[]): Promise<string | Wrong>;
  commit(tree: string, parents: readonly string[], message: string): Promise<string>;
  /** Moves a branch, only if it still points to `before`. */
  move(branch: string, to: string, before: string | undefined): Promise<boolean>;
  stop(): Promise<void>;
}

export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly bytes: Buffer;
}

export interface Entry {
  readonly name: string;
  readonly mode: string;
  readonly sha: string;
}

export interface TreeChange {
  readonly path: string;
  readonly mode?: string;
  readonly sha: string | null;
}

export interface Wrong {
  readonly wrong: "no-such-path" | "malformed";
}

export const isTreeMode = (mode: string): boolean => mode === "40000" || mode === "040000";

export const gitMissing = (): string | false =>
  spawnSync("git", ["--version"]).error === undefined ? false : "git is not installed";

const WHO = { name: "mira", email: "mira@example.org" };
const ENVIRONMENT = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: WHO.name,
  GIT_AUTHOR_EMAIL: WHO.email,
  GIT_COMMITTER_NAME: WHO.name,
  GIT_COMMITTER_EMAIL: WHO.email,
};

export async function makeRepository(): Promise<Repository> {
  const path = await mkdtemp(join(tmpdir(), "havre-git-"));
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", path, ...args], {
      encoding: "utf8",
      env: ENVIRONMENT,
      stdio: ["ignore", "pipe", "pipe"],
    }).trimEnd();
  git("init", "--quiet", "--bare", "--initial-branch=main");
  git("config", "core.fsync", "none");
  const start = (...args: readonly string[]) => new Answering(spawn("git", ["-C", path, ...args], { env: ENVIRONMENT }));
  // Processes that stay: starting git for each object costs more than all else here.
  const reader = start("cat-file", "--batch");
  const writers = {
    blob: start("hash-object", "-w", "--stdin-paths"),
    commit: start("hash-object", "-w", "-t", "commit", "--stdin-paths"),
  };
  let mover = start("update-ref", "--stdin");
  const treeMaker = start("mktree", "--batch", "-z");
  const sizes = new Map<string, number>();
  let files = 0;

  const object: Repository["object"] = name =>
    /[\s\0]/.test(name)
      ? Promise.resolve(undefined)
      : reader.ask(`${name}\n`, async answer => {
          const [id = "", type = "", size] = (await answer.line()).split(" ");
          if (size === undefined) return undefined;
          const bytes = await answer.bytes(Number(size));
          await answer.bytes(1);
          return { id, type, bytes };
        });

  const sizeOf: Repository["sizeOf"] = async id => {
    const size = sizes.get(id) ?? (await object(id))?.bytes.length ?? 0;
    sizes.set(id, size);
    return size;
  };

  const entries: Repository["entries"] = async name => {
    const found = await object(`${name}^{tree}`);
    if (found?.type !== "tree") return undefined;
    return entriesIn(found.bytes);
  };

  const write: Repository["write"] = async (type, bytes) => {
    const file = join(path, `incoming-${++files}`);
    await writeFile(file, bytes);
    try {
      return await writers[type].ask(`${file}\n`, answer => answer.line());
    } finally {
      await rm(file);
    }
  };

  const makeTree = (list: readonly Entry[]): Promise<string> =>
    treeMaker.ask(
      `${list.map(({ name, mode, sha }) => `${mode} ${isTreeMode(mode) ? "tree" : mode === "160000" ? "commit" : "blob"} ${sha}\t${name}\0`).join("")}\0`,
      answer => answer.line(),
    );

  /** One level; what lies deeper is made first. */
  const treeWith: Repository["treeWith"] = async (base, changes) => {
    const list = new Map((base === undefined ? [] : ((await entries(base)) ?? [])).map(entry => [entry.name, entry]));
    const deeper = new Map<string, TreeChange[]>();
    for (const { path: at, mode = "100644", sha } of changes) {
      const [name = "", ...rest] = at.split("/");
      if (name === "" || name === "." || name === ".." || /^\.git$/i.test(name) || /\0/.test(name)) return { wrong: "malformed" };
      if (rest.length > 0) {
        deeper.set(name, [...(deeper.get(name) ?? []), { path: rest.join("/"), mode, sha }]);
        continue;
      }
      if (sha === null) {
        if (!list.delete(name)) return { wrong: "no-such-path" };
      } else if ((await object(sha)) === undefined) return { wrong: "malformed" };
      else list.set(name, { name, mode, sha });
    }
    for (const [name, below] of deeper) {
      const there = list.get(name);
      const made = await treeWith(there !== undefined && isTreeMode(there.mode) ? there.sha : undefined, below);
      if (typeof made !== "string") return made;
      if (((await entries(made)) ?? []).length === 0) list.delete(name);
      else list.set(name, { name, mode: "040000", sha: made });
    }
    return makeTree([...list.values()]);
  };

  return {
    path,
    git,
    object,
    sizeOf,
    entries,
    write,
    treeWith,
    commit(tree, parents, message) {
      const who = `${WHO.name} <${WHO.email}> ${Math.floor(Date.now() / 1000)} +0000`;
      const lines = [`tree ${tree}`, ...parents.map(id => `parent ${id}`), `author ${who}`, `committer ${who}`, "", message, ""];
      return write("commit", Buffer.from(lines.join("\n")));
    },
    async move(branch, to, before) {
      const lines = ["start", `update refs/heads/${branch} ${to} ${before ?? "0".repeat(40)}`, "commit", ""];
      try {
        return await mover.ask(lines.join("\n"), async answer => {
          const [began, ended] = [await answer.line(), await answer.line()];
          return began === "start: ok" && ended === "commit: ok";
        });
      } catch {
        // git ends when the branch is not where it should be.
        await mover.stop();
        mover = start("update-ref", "--stdin");
        return false;
      }
    },
    async stop() {
      await Promise.all([reader, writers.blob, writers.commit, treeMaker, mover].map(one => one.stop()));
      await rm(path, { recursive: true });
    },
  };
}

function entriesIn(tree: Buffer): Entry[] {
  const found: Entry[] = [];
  for (let at = 0; at < tree.length; ) {
    const blank = tree.indexOf(32, at);
    const end = tree.indexOf(0, blank);
    const sha = tree.toString("hex", end + 1, end + 21);
    found.push({ mode: tree.toString("latin1", at, blank).padStart(6, "0"), name: tree.toString("utf8", blank + 1, end), sha });
    at = end + 21;
  }
  return found;
}

interface Answer {
  line(): Promise<string>;
  bytes(count: number): Promise<Buffer>;
}

/** A process that answers one question after another. */
class Answering {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #stdout: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  #last: Promise<unknown> = Promise.resolve();

  constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    process.stderr.resume();
    process.stdin.on("error", () => {});
    this.#stdout = process.stdout[Symbol.asyncIterator]();
  }

  ask<T>(question: string, read: (answer: Answer) => Promise<T>): Promise<T> {
    const asked = this.#last.then(() => {
      this.#process.stdin.write(question);
      return read({ line: () => this.#line(), bytes: count => this.#bytes(count) });
    });
    this.#last = asked.catch(() => {});
    return asked;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf(10);
      if (end >= 0) return this.#take(end + 1).toString("utf8", 0, end);
      await this.#more();
    }
  }

  async #bytes(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = count; left > 0; ) {
      if (this.#held.length === 0) await this.#more();
      const part = this.#take(Math.min(left, this.#held.length));
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  #take(count: number): Buffer {
    const part = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return part;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#stdout.next();
    if (done) throw new Error("git ended before it answered");
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = new Promise(resolve => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    await gone;
  }
}
