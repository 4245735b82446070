import {
  type Call,
  decodedContent,
  entryAt,
  type GitAnswer,
  type GitHostEmulator,
  type HostOptions,
  headOf,
  Refused,
  repositoryAnswer,
  serveGitHost,
  treeAnswer,
} from "./git/host.ts";
import { isTreeMode, type TreeChange } from "./git/repository.ts";

/** Of an operation among several. */
const MAX_PATH_CHARACTERS = 500;
const MAX_PAGE_ENTRIES = 1000;

/**
 * Gitea's API for the contents of one repository, below `/api/v1`: git's objects can be read, and are made by whole commits only.
 * Source: the description that each Gitea serves at /swagger.v1.json.
 */
export const startGitea = (options: HostOptions = {}): Promise<GitHostEmulator> => serveGitHost("/api/v1", serve, options);

type Full = Parameters<Parameters<typeof serveGitHost>[1]>[1];

interface Operation {
  readonly operation: string;
  readonly path: string;
  readonly content?: string;
  readonly sha?: string;
  readonly from_path?: string;
}

async function serve(call: Call, full: Full): Promise<GitAnswer> {
  const { method, path, repository, faults, query } = call;
  const head = await headOf(repository);
  if (path === "" && method === "GET")
    return { status: 200, json: { ...repositoryAnswer(call, full), empty: head === undefined } };
  if (method !== "GET" && faults.isArchived) throw new Refused(423, "repository is archived");
  const [, kind, rest = ""] = /^\/(branches|git\/trees|git\/blobs|raw|contents)(?:\/(.*))?$/.exec(path) ?? [];
  if (kind === "contents") return method === "GET" ? getContents(call, rest) : change(call, full, rest);
  if (method !== "GET" || kind === undefined) throw new Refused(404, "Not Found");
  if (kind === "branches") {
    const id = await headOf(repository, `refs/heads/${rest}`);
    if (id === undefined) throw new Refused(404, "branch does not exist");
    return { status: 200, json: { name: rest, commit: { id } } };
  }
  if (kind === "git/trees") return trees(call, rest);
  if (kind === "git/blobs") {
    const blob = await repository.object(rest);
    if (blob?.type !== "blob") throw new Refused(400, "object does not exist");
    return {
      status: 200,
      json: { sha: blob.id, size: blob.bytes.length, encoding: "base64", content: blob.bytes.toString("base64") },
    };
  }
  const entry = await entryAt(repository, query.get("ref") ?? "main", rest);
  const blob = entry === undefined || isTreeMode(entry.mode) ? undefined : await repository.object(entry.sha);
  if (blob === undefined) throw new Refused(404, "object does not exist");
  return { status: 200, bytes: blob.bytes };
}

async function trees({ repository, query }: Call, id: string): Promise<GitAnswer> {
  const all = await treeAnswer(repository, id, query.get("recursive") === "true");
  const page = Math.max(1, Number(query.get("page") ?? 1));
  const size = Math.min(MAX_PAGE_ENTRIES, Number(query.get("per_page") ?? MAX_PAGE_ENTRIES));
  const tree = all.slice((page - 1) * size, page * size);
  return { status: 200, json: { sha: id, page, total_count: all.length, truncated: page * size < all.length, tree } };
}

async function getContents({ repository, query }: Call, path: string): Promise<GitAnswer> {
  const entry = await entryAt(repository, query.get("ref") ?? "main", path);
  if (entry === undefined) throw new Refused(404, "object does not exist");
  if (!isTreeMode(entry.mode)) return { status: 200, json: await fileAnswer(repository, path, entry.sha) };
  const below = (await repository.entries(entry.sha)) ?? [];
  const json = below.map(({ name, mode, sha }) => ({
    type: isTreeMode(mode) ? "dir" : "file",
    name,
    path: path === "" ? name : `${path}/${name}`,
    sha,
  }));
  return { status: 200, json };
}

/** All operations of a request, or none. */
async function change(call: Call, { url }: Full, path: string): Promise<GitAnswer> {
  const { method, repository, body, faults } = call;
  const isBatch = path === "";
  const single = { POST: "create", PUT: "update", DELETE: "delete" }[method] ?? "";
  const operations: Operation[] = isBatch ? (body?.files ?? []) : [{ ...body, operation: single, path }];
  if (operations.length === 0 || (isBatch && operations.some(one => one.path.length > MAX_PATH_CHARACTERS)))
    throw new Refused(422, "[Path]: MaxSize");
  const branch = String(body?.branch ?? "main");
  const head = await headOf(repository, `refs/heads/${branch}`);
  if (head === undefined && (await headOf(repository)) !== undefined)
    throw new Refused(404, `branch does not exist [name: ${branch}]`);
  const changes: TreeChange[] = [];
  for (const operation of operations) changes.push(...(await changesOf(call, head, operation)));
  const tree = await repository.treeWith(head, changes);
  if (typeof tree !== "string") throw new Refused(422, "path contains a malformed path component");
  const commit = await repository.commit(tree, head === undefined ? [] : [head], String(body?.message ?? "Change files"));
  await faults.beforeMove?.();
  if (!(await repository.move(branch, commit, head))) throw new Refused(409, "push is out of date");
  const told = await Promise.all(
    operations.map(({ operation, path: at }, index) =>
      operation === "delete"
        ? null
        : fileAnswer(repository, at, changes.filter(one => one.path === at && one.sha !== null)[0]?.sha ?? String(index)),
    ),
  );
  const made = { commit: { sha: commit, html_url: `${url}/commit/${commit}` } };
  const status = isBatch || single === "create" ? 201 : 200;
  return { status, json: isBatch ? { ...made, files: told } : { ...made, content: told[0] } };
}

async function changesOf({ repository }: Call, head: string | undefined, given: Operation): Promise<TreeChange[]> {
  const { operation, path, content, sha, from_path: from = path } = given;
  const there = head === undefined ? undefined : await entryAt(repository, head, path);
  const source = from === path || head === undefined ? there : await entryAt(repository, head, from);
  if (operation === "create") {
    if (there !== undefined) throw new Refused(422, `repository file already exists [path: ${path}]`);
    await mustHaveNoFileAbove(repository, head, path);
    return [{ path, sha: await repository.write("blob", decodedContent(content, 422)) }];
  }
  if (source === undefined || isTreeMode(source.mode)) throw new Refused(404, `repository file does not exist [path: ${from}]`);
  if (sha === undefined) throw new Refused(422, "a SHA must be provided when updating or deleting a file");
  if (sha !== source.sha) throw new Refused(422, `sha does not match [given: ${sha}, expected: ${source.sha}]`);
  if (operation === "delete") return [{ path, sha: null }];
  if (operation !== "update") throw new Refused(422, "[Operation]: In");
  const isMoved = from !== path;
  if (isMoved && there !== undefined) throw new Refused(422, `repository file already exists [path: ${path}]`);
  await mustHaveNoFileAbove(repository, head, path);
  const put = { path, mode: source.mode, sha: await repository.write("blob", decodedContent(content, 422)) };
  return isMoved ? [{ path: from, sha: null }, put] : [put];
}

async function mustHaveNoFileAbove(repository: Call["repository"], head: string | undefined, path: string): Promise<void> {
  const parts = path.split("/");
  for (let deep = 1; head !== undefined && deep < parts.length; deep++) {
    const above = await entryAt(repository, head, parts.slice(0, deep).join("/"));
    if (above === undefined) return;
    if (!isTreeMode(above.mode)) throw new Refused(422, `a file with the same name exists in the path [path: ${path}]`);
  }
}

async function fileAnswer(repository: Call["repository"], path: string, sha: string): Promise<object> {
  const size = await repository.sizeOf(sha);
  return { type: "file", name: path.split("/").at(-1), path, sha, size, encoding: "base64", content: "" };
}
