import { MIB } from "../../../kernel/units.ts";
import type { GitAddress } from "./address.ts";
import { entriesOf, headOf, repositoryOf } from "./answers.ts";
import { type Answer, encodedPath, type GitApi } from "./api.ts";
import { hashing, mustBeSame, type Part, withContent } from "./body.ts";
import type { Change, Content, GitHost, Repository, TreeEntry } from "./host.ts";

/** A host decodes the whole of a request in memory; most stand behind a proxy that has a limit of its own. */
export const GITEA_MAX_BYTES = 100 * MIB;
/** Of a host whose operator changed nothing. */
const PAGE_ENTRIES = 1000;

/** What a change is on the wire: an operation on one path, perhaps with bytes whose id is known after they were sent. */
interface Operation {
  readonly operation: "create" | "update" | "delete";
  readonly path: string;
  readonly fields: object;
  readonly content?: Content;
  readonly id?: () => string;
}

/** Gitea and Forgejo: a commit is one request with all its files in it. They take no blob by itself, so a move sends the bytes again. */
export function giteaHost(api: GitApi, address: GitAddress): GitHost {
  let repository: Repository | undefined;
  const base = (): string => `/repos/${encodedPath(repository?.name ?? `${address.owner}/${address.repository}`)}`;
  const branch = (): string => repository?.branch ?? "main";

  const raw: GitHost["raw"] = ({ path, head }, signal) =>
    api.raw({ method: "GET", path: `${base()}/raw/${encodedPath(path)}?ref=${head}`, accept: "*/*", signal });

  function operationOf(change: Change, head: string | undefined): Operation {
    if (change.kind === "remove") {
      const { path, sha } = change.file;
      return { operation: "delete", path, fields: { sha } };
    }
    if (change.kind === "put") {
      const { content, id } = hashing(change.content);
      const replaces = change.replaces === undefined ? {} : { sha: change.replaces };
      return { operation: change.replaces === undefined ? "create" : "update", path: change.path, fields: replaces, content, id };
    }
    const { file, to } = change;
    const bytes = async function* (signal: AbortSignal): AsyncGenerator<Buffer> {
      yield* (await raw({ ...file, head: head ?? "" }, signal)) as AsyncIterable<Buffer>;
    };
    const content = { sizeBytes: file.sizeBytes, bytes };
    return { operation: "update", path: to, fields: { sha: file.sha, from_path: file.path }, content, id: () => file.sha };
  }

  /** One file has a request of its own, which older hosts know too. */
  function ask(operations: readonly Operation[], message: string, signal: AbortSignal): Promise<Answer> {
    const about = { message, branch: branch() };
    const [only, ...others] = operations;
    if (only !== undefined && others.length === 0) {
      const { operation, path, fields, content } = only;
      const method = ({ create: "POST", update: "PUT", delete: "DELETE" } as const)[operation];
      const json = { ...fields, ...about };
      return api.ask({
        method,
        path: `${base()}/contents/${encodedPath(path)}`,
        ...(content === undefined ? { json } : { parts: withContent(json, content) }),
        signal,
      });
    }
    const files = operations.map(({ operation, path, fields, content }): Part[] => {
      const json = { operation, path, ...fields };
      return content === undefined ? [JSON.stringify(json)] : withContent(json, content);
    });
    const listed = files.flatMap((parts, at) => (at === 0 ? parts : [",", ...parts]));
    const parts = ['{"files":[', ...listed, `],${JSON.stringify(about).slice(1)}`];
    return api.ask({ method: "POST", path: `${base()}/contents`, parts, signal });
  }

  return {
    where: api.where,

    async look(signal) {
      repository = repositoryOf(api.where, await api.expect({ method: "GET", path: base(), signal }, [200]));
      return repository;
    },

    async head(signal) {
      const answer = await api.ask({ method: "GET", path: `${base()}/branches/${encodedPath(branch())}`, signal });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw answer.refused();
      return headOf(api.where, answer.value?.commit?.id);
    },

    async tree(id, signal) {
      const entries: TreeEntry[] = [];
      for (let page = 1; ; page++) {
        const path = `${base()}/git/trees/${id}?page=${page}&per_page=${PAGE_ENTRIES}`;
        const value = await api.expect({ method: "GET", path, signal }, [200]);
        const found = entriesOf(api.where, value?.tree ?? [], false);
        entries.push(...found);
        if (value?.truncated !== true || found.length === 0) return entries;
      }
    },

    raw,

    async commit(head, changes, message, signal) {
      const operations = changes.map(change => operationOf(change, head));
      const answer = await ask(operations, message, signal);
      if (answer.status === 409 || (answer.status === 422 && /exist|does not match|out of date/i.test(answer.message)))
        return false;
      if (answer.status !== 200 && answer.status !== 201) throw answer.refused();
      const told = answer.value?.files ?? [answer.value?.content];
      for (const [at, { id }] of operations.entries()) if (id !== undefined) mustBeSame(api.where, told[at]?.sha, id());
      return true;
    },
  };
}
