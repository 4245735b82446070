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

/** GitHub's own ceiling, measured: 39.9 MiB are taken, 40 MiB are not. */
const MAX_BLOB_BYTES = 40 * 1024 * 1024;
/** Above it content is told only raw. */
const MAX_INLINE_BYTES = 1_000_000;

/**
 * GitHub's REST API for the contents of one repository: git's objects one by one, and files by their path.
 * Source: docs.github.com, "REST API endpoints for Git database" and "for repository contents".
 */
export const startGithub = (options: HostOptions = {}): Promise<GitHostEmulator> => serveGitHost("", serve, options);

type Full = Parameters<Parameters<typeof serveGitHost>[1]>[1];

async function serve(call: Call, full: Full): Promise<GitAnswer> {
  const { method, path, repository, faults } = call;
  if (method === "GET" && path === "") return { status: 200, json: repositoryAnswer(call, full) };
  if (method !== "GET" && faults.isArchived) throw new Refused(403, "Repository was archived so is read-only.");
  if (path.startsWith("/contents")) return contents(call, full);
  const [, kind, rest = ""] = /^\/(git\/blobs|git\/trees|git\/commits|git\/refs?|branches)\/?(.*)$/.exec(path) ?? [];
  if (kind !== undefined && (await headOf(repository)) === undefined) throw new Refused(409, "Git Repository is empty.");
  const answer = kind === undefined ? undefined : await byKind(call, full, kind, rest);
  if (answer === undefined) throw new Refused(404, "Not Found");
  return answer;
}

async function byKind(call: Call, full: Full, kind: string, rest: string): Promise<GitAnswer | undefined> {
  const { method } = call;
  if (kind === "git/blobs") return method === "POST" ? postBlob(call, full) : getBlob(call, full, rest);
  if (kind === "git/trees") {
    if (method === "POST") return postTree(call, full);
    const tree = await treeAnswer(call.repository, rest, call.query.has("recursive"));
    return { status: 200, json: { sha: rest, url: `${full.url}/git/trees/${rest}`, tree, truncated: false } };
  }
  if (kind === "git/commits") return method === "POST" ? postCommit(call, full) : getCommit(call, full, rest);
  if (kind.startsWith("git/ref")) return method === "PATCH" ? patchRef(call, full, rest) : getRef(call, full, rest);
  return undefined;
}

async function postBlob({ repository, body }: Call, { url }: Full): Promise<GitAnswer> {
  const bytes = body?.encoding === "base64" ? decodedContent(body.content, 422) : Buffer.from(String(body?.content ?? ""));
  if (bytes.length >= MAX_BLOB_BYTES) throw new Refused(422, "Sorry, your input was too large to process.");
  const sha = await repository.write("blob", bytes);
  return { status: 201, json: { sha, url: `${url}/git/blobs/${sha}` } };
}

async function getBlob({ repository, accept }: Call, { url }: Full, id: string): Promise<GitAnswer | undefined> {
  const blob = await repository.object(id);
  if (blob?.type !== "blob") return undefined;
  if (/raw/.test(accept)) return { status: 200, bytes: blob.bytes };
  const json = {
    sha: blob.id,
    size: blob.bytes.length,
    url: `${url}/git/blobs/${id}`,
    encoding: "base64",
    content: blob.bytes.toString("base64"),
  };
  return { status: 200, json };
}

async function postTree({ repository, body }: Call, { url }: Full): Promise<GitAnswer> {
  const { base_tree: base, tree = [] } = body ?? {};
  const changes: TreeChange[] = [];
  for (const { path, mode, sha, content } of tree) {
    const isGone = sha === null;
    const id = isGone ? null : (sha ?? (await repository.write("blob", Buffer.from(String(content)))));
    changes.push({ path, mode, sha: id });
  }
  const made = await repository.treeWith(base, changes);
  if (typeof made !== "string")
    throw new Refused(
      422,
      made.wrong === "malformed" ? "tree.path contains a malformed path component" : "GitRPC::BadObjectState",
    );
  return {
    status: 201,
    json: { sha: made, url: `${url}/git/trees/${made}`, tree: await treeAnswer(repository, made, false), truncated: false },
  };
}

async function postCommit({ repository, body }: Call, full: Full): Promise<GitAnswer> {
  if ((await repository.entries(String(body?.tree))) === undefined) throw new Refused(422, "Tree SHA does not exist");
  const id = await repository.commit(body.tree, body.parents ?? [], String(body.message));
  return { ...((await getCommit({ repository }, full, id)) as GitAnswer), status: 201 };
}

async function getCommit({ repository }: Pick<Call, "repository">, { url }: Full, id: string): Promise<GitAnswer | undefined> {
  const commit = await repository.object(id);
  if (commit?.type !== "commit") return undefined;
  const text = commit.bytes.toString();
  const tree = /^tree (\w+)/.exec(text)?.[1];
  const parents = [...text.split("\n\n")[0]!.matchAll(/^parent (\w+)/gm)].map(found => ({ sha: found[1] }));
  const message = text.slice(text.indexOf("\n\n") + 2).trimEnd();
  return {
    status: 200,
    json: {
      sha: commit.id,
      url: `${url}/git/commits/${id}`,
      message,
      tree: { sha: tree, url: `${url}/git/trees/${tree}` },
      parents,
    },
  };
}

async function getRef({ repository }: Pick<Call, "repository">, { url }: Full, ref: string): Promise<GitAnswer | undefined> {
  const sha = await headOf(repository, `refs/${ref}`);
  if (sha === undefined) return undefined;
  return {
    status: 200,
    json: {
      ref: `refs/${ref}`,
      url: `${url}/git/refs/${ref}`,
      object: { type: "commit", sha, url: `${url}/git/commits/${sha}` },
    },
  };
}

async function patchRef({ repository, body, faults }: Call, full: Full, ref: string): Promise<GitAnswer> {
  const branch = ref.replace(/^heads\//, "");
  await faults.beforeMove?.();
  const before = await headOf(repository, `refs/${ref}`);
  if (before === undefined) throw new Refused(422, "Reference does not exist");
  const parents = /^[\s\S]*?\n\n/.exec((await repository.object(String(body?.sha)))?.bytes.toString() ?? "")?.[0] ?? "";
  if (parents === "") throw new Refused(422, "Object does not exist");
  const isForward =
    before === body.sha || parents.includes(`\nparent ${before}\n`) || repository.git("merge-base", before, body.sha) === before;
  if (!isForward && body.force !== true) throw new Refused(422, "Update is not a fast forward");
  if (!(await repository.move(branch, body.sha, before))) throw new Refused(422, "Reference update failed");
  return (await getRef({ repository }, full, ref)) as GitAnswer;
}

async function contents(call: Call, full: Full): Promise<GitAnswer> {
  const { method, repository, query, body, faults } = call;
  const path = call.path.replace(/^\/contents\/?/, "");
  const branch = String(body?.branch ?? query.get("ref") ?? "main").replace(/^refs\/heads\//, "");
  const head = await headOf(repository, branch);
  const entry = head === undefined ? undefined : await entryAt(repository, head, path);
  if (method === "GET") {
    if (head === undefined || entry === undefined) throw new Refused(404, "Not Found");
    if (!isTreeMode(entry.mode)) return { status: 200, json: await fileAnswer(call, full, path, entry.sha) };
    const names = (await repository.entries(entry.sha)) ?? [];
    const told = names.map(async ({ name, mode, sha }) =>
      isTreeMode(mode)
        ? { type: "dir", name, path: path === "" ? name : `${path}/${name}`, sha }
        : {
            ...(await fileAnswer(call, full, path === "" ? name : `${path}/${name}`, sha)),
            content: undefined,
            encoding: undefined,
          },
    );
    return { status: 200, json: await Promise.all(told) };
  }
  if (entry !== undefined && isTreeMode(entry.mode)) throw new Refused(422, "path is a directory");
  if (entry !== undefined && body?.sha === undefined) throw new Refused(422, `Invalid request.\n\n"sha" wasn't supplied.`);
  if (body?.sha !== undefined && body.sha !== entry?.sha) throw new Refused(409, `${path} does not match ${body.sha}`);
  if (method === "DELETE" && entry === undefined) throw new Refused(404, "Not Found");
  const sha = method === "DELETE" ? null : await repository.write("blob", decodedContent(body?.content, 422));
  const tree = await repository.treeWith(head, [{ path, sha }]);
  if (typeof tree !== "string") throw new Refused(422, "path contains a malformed path component");
  const commit = await repository.commit(tree, head === undefined ? [] : [head], String(body?.message));
  await faults.beforeMove?.();
  if (!(await repository.move(branch, commit, head))) throw new Refused(409, "is at another commit than expected");
  const content = sha === null ? null : { ...(await fileAnswer(call, full, path, sha)), content: undefined };
  return {
    status: entry === undefined ? 201 : 200,
    json: { content, commit: { sha: commit, url: `${full.url}/git/commits/${commit}` } },
  };
}

async function fileAnswer({ repository }: Call, { url }: Full, path: string, sha: string): Promise<object> {
  const bytes = (await repository.object(sha))?.bytes ?? Buffer.alloc(0);
  const isInline = bytes.length <= MAX_INLINE_BYTES;
  const told = isInline ? { encoding: "base64", content: bytes.toString("base64") } : { encoding: "none", content: "" };
  return {
    type: "file",
    name: path.split("/").at(-1),
    path,
    sha,
    size: bytes.length,
    url: `${url}/contents/${path}?ref=main`,
    ...told,
  };
}
