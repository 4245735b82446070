import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { HavreError } from "../../../kernel/errors.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import type { Storage, StorageAccess, StorageEntry, StoragePath, WriteOptions } from "../../../ports/storage.ts";
import type { GuardedHttp } from "../../http/guarded.ts";
import { cutOut } from "../bytes.ts";
import { listed } from "../listing.ts";
import { isName, namedSegmentsOf, pathOf, segmentsOf } from "../paths.ts";
import { inTurn } from "../turns.ts";
import { addressOf } from "./address.ts";
import { type GitApi, gitApi } from "./api.ts";
import { contentOf, idOf, NOTHING } from "./body.ts";
import { GITEA_MAX_BYTES, giteaHost } from "./gitea.ts";
import { GITHUB_HEADERS, GITHUB_MAX_BYTES, githubHost } from "./github.ts";
import type { Change, GitHost } from "./host.ts";
import { below, FOLDER_MARK, isMark, mustBeGitName, type Node, Snapshot, Trees } from "./snapshot.ts";

/** Somebody else's commits may come between again and again; then it is better to say so. */
const TRIES = 8;
const STEP_MS = 150;

export interface GitSettings {
  /** Closed together with the storage. */
  readonly http: GuardedHttp;
  /** For the whole answer to a small question. */
  readonly answerMs?: number;
}

interface Plan {
  readonly message: string;
  readonly changes: readonly Change[];
}

/** A repository of Gitea or Forgejo. @throws HavreError "invalid" for a bad location */
export function openGitea(access: StorageAccess, settings: GitSettings): Storage {
  const address = addressOf(access);
  const api = gitApi({
    ...settings,
    ...address,
    headers: { accept: "application/json", authorization: `token ${tokenOf(access)}` },
  });
  return openRepository(access.engine, `${address.api}/${address.owner}/${address.repository}`, giteaHost(api, address), {
    http: settings.http,
    maxBytes: GITEA_MAX_BYTES,
  });
}

/** A repository of GitHub or GitHub Enterprise. @throws HavreError "invalid" for a bad location */
export function openGithub(access: StorageAccess, settings: GitSettings): Storage {
  const address = addressOf(access);
  const headers = { authorization: `Bearer ${tokenOf(access)}`, ...GITHUB_HEADERS };
  const api: GitApi = gitApi({ ...settings, ...address, headers });
  return openRepository(access.engine, `${address.api}/${address.owner}/${address.repository}`, githubHost(api, address), {
    http: settings.http,
    maxBytes: GITHUB_MAX_BYTES,
  });
}

function tokenOf({ password }: StorageAccess): string {
  const token = password.trim();
  if (!/^[\x21-\x7e]*$/.test(token))
    throw new HavreError("unauthenticated", "This is no token: it has characters that none has.");
  return token;
}

/**
 * The default branch of a repository: each change is one commit on it. Nobody sees half of one, and a branch that moved meanwhile is
 * looked at again: so no move overwrites, whoever else commits. What lies there with the same bytes is not committed again.
 */
function openRepository(
  engine: string,
  name: string,
  host: GitHost,
  { http, maxBytes }: { readonly http: GuardedHttp; readonly maxBytes: number },
): Storage {
  const { where } = host;
  const trees = new Trees(host);
  let isKnown = false;

  async function look(signal: AbortSignal) {
    const repository = await host.look(signal);
    isKnown = true;
    return repository;
  }

  async function now(signal: AbortSignal): Promise<Snapshot> {
    signal.throwIfAborted();
    if (!isKnown) await look(signal);
    return new Snapshot(where, trees, await host.head(signal), signal);
  }

  const absent = (what: "file" | "folder"): HavreError => new HavreError("not-found", `${where}: there is no such ${what}.`);
  const taken = (by: string): HavreError => new HavreError("conflict", `${where}: ${by} has this name.`);

  /** One commit at a time: hosts refuse the second of two that begin at one head. A plan is made anew for each head, and may come to nothing. */
  const change = (signal: AbortSignal, plan: (now: Snapshot) => Promise<Plan | undefined>): Promise<void> =>
    unlessAborted(
      signal,
      inTurn(name, async () => {
        for (let tried = 0; tried < TRIES; tried++) {
          signal.throwIfAborted();
          if (tried > 0) await sleep(tried * STEP_MS * Math.random(), undefined, { signal }).catch(() => signal.throwIfAborted());
          const before = await now(signal);
          const planned = await plan(before);
          if (planned === undefined) return;
          if (before.head === undefined && host.begin) await host.begin("Begin the repository", signal);
          else if (await host.commit(before.head, planned.changes, planned.message, signal)) return;
        }
        throw new HavreError("locked", `${where}: others change the repository all the time.`);
      }),
    );

  /** Where a file of this name would be written, and the file that is there. */
  async function placeOf(snapshot: Snapshot, path: StoragePath) {
    const { path: at } = await snapshot.place(path);
    const node = await snapshot.at(path);
    if (node !== undefined && node.kind !== "file")
      throw taken(node.kind === "folder" ? "a folder" : "something that is no file");
    return { at: node?.path ?? at, file: node?.file };
  }

  async function nodeAt(
    snapshot: Snapshot,
    path: StoragePath,
    what: "file" | "folder",
  ): Promise<Node & { kind: "file" | "folder" }> {
    const node = await snapshot.at(path);
    if (node === undefined || node.kind === "other") throw absent(what);
    return node;
  }

  /** So that a folder stays when the last that was in it goes. */
  async function keeping(snapshot: Snapshot, path: StoragePath, gone: Node): Promise<Change[]> {
    const { folder } = await snapshot.place(path);
    const others = (await snapshot.entries(folder)).filter(entry => below(folder.path, entry.name) !== gone.path);
    return others.length > 0 ? [] : [{ kind: "put", path: below(folder.path, FOLDER_MARK), content: NOTHING }];
  }

  const canSend = host.send !== undefined;

  return {
    engine,
    can: { resume: false, hash: false, copy: canSend, exclusiveMove: true, keepsAll: true, maxFileBytes: maxBytes },

    async check(signal) {
      signal.throwIfAborted();
      const { canWrite, isArchived } = await look(signal);
      if (isArchived) throw new HavreError("forbidden", `${where}: the repository is archived.`);
      if (!canWrite) throw new HavreError("forbidden", `${where}: this user may only read the repository.`);
      await host.head(signal);
    },

    async stat(path, signal) {
      segmentsOf(path);
      const node = await (await now(signal)).at(path);
      return node === undefined || node.kind === "other" ? undefined : entryOf(path, node);
    },

    async *list(path, { skip }, signal) {
      segmentsOf(path);
      const snapshot = await now(signal);
      const folder = await nodeAt(snapshot, path, "folder");
      if (folder.kind !== "folder") throw absent("folder");
      const entries = (await snapshot.entries(folder)).flatMap(({ name, kind, sha, sizeBytes }) => {
        if (kind === "other" || isMark({ kind, name }) || !isName(name)) return [];
        const at = pathOf([...segmentsOf(path), name.normalize("NFC")]);
        return [entryOf(at, kind === "folder" ? { kind } : { kind, file: { sha, sizeBytes } })];
      });
      yield* listed(entries, skip);
    },

    async read(path, { from = 0, to }, signal) {
      namedSegmentsOf(path);
      const { head, ...found } = await now(signal).then(async snapshot => ({
        head: snapshot.head ?? "",
        node: await nodeAt(snapshot, path, "file"),
      }));
      if (found.node.kind !== "file") throw absent("file");
      const { file } = found.node;
      const end = Math.min(to ?? file.sizeBytes, file.sizeBytes);
      if (end <= from) return Readable.from([]);
      const body = await host.raw({ ...file, head }, signal);
      if (from === 0 && end === file.sizeBytes) return body;
      return readableFrom(cutOut(body, from, end), () => body.destroy());
    },

    async write(path, source, options: WriteOptions) {
      const { signal, from = 0, onProgress } = options;
      namedSegmentsOf(path);
      signal.throwIfAborted();
      if (from > 0) throw new HavreError("invalid", `${where}: an interrupted write cannot be continued, only repeated.`);
      if (source.sizeBytes > maxBytes)
        throw new HavreError("too-large", `${where}: the host takes files of at most ${maxBytes} bytes.`);
      const isThere = async (file: { readonly sha: string; readonly sizeBytes: number } | undefined): Promise<boolean> =>
        file?.sizeBytes === source.sizeBytes && file.sha === (await idOf(source, signal));

      const before = await now(signal);
      if (await isThere((await placeOf(before, path)).file)) return onProgress?.(source.sizeBytes);
      if (before.head === undefined) await host.begin?.("Begin the repository", signal);
      const given = contentOf(source, options);
      const content = host.send === undefined ? given : { ...given, sha: await host.send(given, signal) };
      await change(signal, async snapshot => {
        const { at, file } = await placeOf(snapshot, path);
        if (content.sha === undefined ? await isThere(file) : content.sha === file?.sha) return undefined;
        const replaces = file === undefined ? {} : { replaces: file.sha };
        const message = `${file === undefined ? "Add" : "Replace"} ${at}`;
        return { message, changes: [{ kind: "put", path: at, content, ...replaces }] };
      });
    },

    async reached(_path, signal) {
      signal.throwIfAborted();
      return 0;
    },

    async move(from, to, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(to);
      if (to.startsWith(`${from}/`)) throw new HavreError("invalid", `${where}: a folder cannot be moved into itself.`);
      await change(signal, async snapshot => {
        const node = await nodeAt(snapshot, from, "file");
        const { path: at, folder } = await snapshot.place(to);
        if ((await snapshot.at(to)) !== undefined) throw taken("something else");
        const files = node.kind === "file" ? [node.file] : await snapshot.files(node);
        if (!canSend && files.reduce((sum, file) => sum + file.sizeBytes, 0) > maxBytes)
          throw new HavreError("too-large", `${where}: the host moves at most ${maxBytes} bytes at once.`);
        const moved = files.map(file => ({ kind: "move", file, to: at + file.path.slice(node.path.length) }) as const);
        const isNear = folder.path === (await snapshot.place(from)).folder.path;
        return {
          message: `Move ${node.path} to ${at}`,
          changes: [...moved, ...(isNear ? [] : await keeping(snapshot, from, node))],
        };
      });
    },

    async copy(from, to, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(to);
      signal.throwIfAborted();
      if (!canSend) throw new HavreError("invalid", `${where}: the host does not copy by itself.`);
      await change(signal, async snapshot => {
        const node = await nodeAt(snapshot, from, "file");
        if (node.kind === "folder") throw new HavreError("invalid", `${where}: a folder is copied file by file.`);
        const { at, file } = await placeOf(snapshot, to);
        if (file?.sha === node.file.sha) return undefined;
        return { message: `Copy ${node.path} to ${at}`, changes: [{ kind: "copy", file: node.file, to: at }] };
      });
    },

    async makeFolder(path, signal) {
      const segments = segmentsOf(path);
      await change(signal, async snapshot => {
        let deepest = "";
        for (const [index, name] of segments.entries()) {
          const node = await snapshot.at(pathOf(segments.slice(0, index + 1)));
          if (node === undefined) {
            for (const missing of segments.slice(index)) mustBeGitName(where, missing);
            const at = segments.slice(index).reduce(below, deepest);
            return { message: `Make ${at}`, changes: [{ kind: "put", path: below(at, FOLDER_MARK), content: NOTHING }] };
          }
          if (node.kind !== "folder") throw new HavreError("conflict", `${where}: a file has the name "${name}" of a folder.`);
          deepest = node.path;
        }
        return undefined;
      });
    },

    async remove(path, signal) {
      namedSegmentsOf(path);
      await change(signal, async snapshot => {
        const node = await snapshot.at(path);
        if (node === undefined || node.kind === "other") return undefined;
        const files = node.kind === "file" ? [node.file] : await snapshot.files(node);
        const removed = files.map(file => ({ kind: "remove", file }) as const);
        return { message: `Remove ${node.path}`, changes: [...removed, ...(await keeping(snapshot, path, node))] };
      });
    },

    close: () => http.close(),
  };
}

type Shown =
  | { readonly kind: "folder" }
  | { readonly kind: "file"; readonly file: { readonly sha: string; readonly sizeBytes: number } };

const entryOf = (path: StoragePath, shown: Shown): StorageEntry => ({
  path,
  kind: shown.kind,
  sizeBytes: shown.kind === "file" ? shown.file.sizeBytes : 0,
  // When a file came is told by the history only, a question for each file.
  modifiedAt: undefined,
  etag: shown.kind === "file" ? shown.file.sha : undefined,
  sha256: undefined,
});

/** Who is called off while others have their turn does not wait for them. */
async function unlessAborted<T>(signal: AbortSignal, act: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([act, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
