import { MIB } from "../../../kernel/units.ts";
import type { GitAddress } from "./address.ts";
import { entriesOf, headOf, repositoryOf } from "./answers.ts";
import { encodedPath, type GitApi } from "./api.ts";
import { hashing, mustBeSame, withContent } from "./body.ts";
import type { Change, Content, GitHost, Repository, TreeEntry } from "./host.ts";
import { FOLDER_MARK } from "./snapshot.ts";

/** The documents say 100 MB; measured, blobs of 39.9 MiB are taken and those of 40 MiB refused. */
export const GITHUB_MAX_BYTES = 39 * MIB;
/** Inline content ends at 1 MB: only so is a larger file told whole. */
const RAW = "application/vnd.github.raw+json";

export const GITHUB_HEADERS = { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" };

/** GitHub, or GitHub Enterprise: blob, tree and commit are made one by one, and only the last step, moving the branch, is seen by anybody. */
export function githubHost(api: GitApi, address: GitAddress): GitHost {
  let repository: Repository | undefined;
  const base = (): string => `/repos/${encodedPath(repository?.name ?? `${address.owner}/${address.repository}`)}`;
  const branch = (): string => encodedPath(repository?.branch ?? "main");

  async function send(content: Content, signal: AbortSignal): Promise<string> {
    const hashed = hashing(content);
    const parts = withContent({ encoding: "base64" }, hashed.content);
    const { sha } = await api.expect({ method: "POST", path: `${base()}/git/blobs`, parts, signal }, [201]);
    mustBeSame(api.where, sha, hashed.id());
    return sha;
  }

  async function treeEntries(change: Change, signal: AbortSignal) {
    const entry = (path: string, sha: string | null, mode = "100644") => ({ path, mode, type: "blob", sha });
    if (change.kind === "remove") return [entry(change.file.path, null, change.file.mode)];
    if (change.kind === "put") return [entry(change.path, change.content.sha ?? (await send(change.content, signal)))];
    const { file, to } = change;
    const made = entry(to, file.sha, file.mode);
    return change.kind === "copy" ? [made] : [made, entry(file.path, null, file.mode)];
  }

  return {
    where: api.where,

    async look(signal) {
      repository = repositoryOf(api.where, await api.expect({ method: "GET", path: base(), signal }, [200]));
      return repository;
    },

    async head(signal) {
      const answer = await api.ask({ method: "GET", path: `${base()}/git/ref/heads/${branch()}`, signal });
      if (answer.status === 404 || answer.status === 409) return undefined;
      if (answer.status !== 200) throw answer.refused();
      return headOf(api.where, answer.value?.object?.sha);
    },

    async tree(id, signal): Promise<readonly TreeEntry[]> {
      const value = await api.expect({ method: "GET", path: `${base()}/git/trees/${id}`, signal }, [200]);
      return entriesOf(api.where, value?.tree, value?.truncated === true);
    },

    raw: ({ sha }, signal) => api.raw({ method: "GET", path: `${base()}/git/blobs/${sha}`, accept: RAW, signal }),

    async begin(message, signal) {
      const json = { message, content: "" };
      const answer = await api.ask({ method: "PUT", path: `${base()}/contents/${FOLDER_MARK}`, json, signal });
      // Somebody else was sooner.
      if (![201, 409, 422].includes(answer.status)) throw answer.refused();
    },

    send,

    async commit(head, changes, message, signal) {
      const tree = (await Promise.all(changes.map(change => treeEntries(change, signal)))).flat();
      const post = (path: string, json: object) => api.expect({ method: "POST", path: `${base()}${path}`, json, signal }, [201]);
      const { tree: before } = await api.expect({ method: "GET", path: `${base()}/git/commits/${head}`, signal }, [200]);
      const { sha: after } = await post("/git/trees", { base_tree: before?.sha, tree });
      const { sha } = await post("/git/commits", { message, tree: after, parents: [head] });
      const json = { sha, force: false };
      const moved = await api.ask({ method: "PATCH", path: `${base()}/git/refs/heads/${branch()}`, json, signal });
      if (moved.status === 200) return true;
      if (moved.status === 409 || (moved.status === 422 && /fast.forward|^Reference update failed/i.test(moved.message)))
        return false;
      throw moved.refused();
    },
  };
}
