import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Entry, isTreeMode, makeRepository, type Repository } from "./repository.ts";

/** What the emulators of GitHub and of Gitea have in common: one repository behind a JSON API with a token, and faults on command. */
export interface GitHostEmulator {
  /** Of the API, without a final slash. */
  readonly url: string;
  /** As a storage's owner types it. */
  readonly location: string;
  readonly owner: string;
  readonly token: string;
  readonly repository: Repository;
  readonly faults: GitHostFaults;
  /** "POST /git/blobs", below the repository, in the order in which they came. */
  readonly requests: string[];
  stop(): Promise<void>;
}

export interface GitHostFaults {
  /** An answer instead of the right one. */
  answer?: (method: string, path: string) => GitAnswer | undefined;
  /** Does what was asked, and cuts the connection instead of answering. */
  losesAnswer?: (method: string, path: string) => boolean;
  /** Before the branch is moved: for somebody who is sooner. */
  beforeMove?: () => Promise<void>;
  /** Says so many bytes more than it sends, and cuts. */
  liesAboutBytes?: number;
  /** Sends its answers one byte a second. */
  trickles?: boolean;
  /** The host's clock, against ours. */
  clockSkewMs?: number;
  isReadOnly?: boolean;
  isArchived?: boolean;
}

export interface GitAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly method: string;
  /** Below the repository, decoded: "/git/blobs". */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  // biome-ignore lint/suspicious/noExplicitAny: what clients send is looked at where it is used
  readonly body: any;
  readonly repository: Repository;
  readonly faults: GitHostFaults;
}

export interface HostOptions {
  readonly owner?: string;
  readonly name?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Without it the repository has one file, README.md. */
  readonly isEmpty?: boolean;
}

export class Refused extends Error {
  readonly answer: GitAnswer;
  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.answer = { status, json: { message }, headers };
  }
}

export async function serveGitHost(
  base: string,
  serve: (call: Call, full: { owner: string; name: string; url: string }) => Promise<GitAnswer>,
  { owner = "mira", name = "data", tls, isEmpty = false }: HostOptions,
): Promise<GitHostEmulator> {
  const repository = await makeRepository();
  if (!isEmpty) {
    const readme = await repository.write("blob", Buffer.from("# Data\n"));
    const tree = await repository.treeWith(undefined, [{ path: "README.md", sha: readme }]);
    await repository.move("main", await repository.commit(String(tree), [], "Begin"), undefined);
  }
  const faults: GitHostFaults = {};
  const requests: string[] = [];
  const token = "token-of-the-emulator";
  const root = `${base}/repos/${owner}/${name}`;

  async function answerTo(request: IncomingMessage): Promise<GitAnswer> {
    const url = new URL(request.url ?? "/", "http://host");
    const method = request.method ?? "GET";
    const target = decodeURIComponent(url.pathname);
    const path = target.slice(root.length);
    requests.push(`${method} ${path}`);
    const body = await buffer(request);
    const instead = faults.answer?.(method, path);
    if (instead) return instead;
    if (!/^(token|Bearer) /i.test(request.headers.authorization ?? "") || request.headers.authorization?.split(" ")[1] !== token)
      throw new Refused(401, "Bad credentials");
    if (target !== root && !target.startsWith(`${root}/`)) throw new Refused(404, "Not Found");
    if (method !== "GET" && faults.isReadOnly) throw new Refused(403, "Resource not accessible by personal access token");
    const accept = request.headers.accept ?? "";
    const call = { method, path, query: url.searchParams, accept, body: parsed(body), repository, faults };
    const scheme = tls === undefined ? "http" : "https";
    return serve(call, { owner, name, url: `${scheme}://${request.headers.host}${root}` });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, json, bytes, headers } = await answerTo(request).catch(error => {
      if (error instanceof Refused) return error.answer;
      return { status: 500, json: { message: String(error) } } as GitAnswer;
    });
    const [method, path] = (requests.at(-1) ?? "").split(" ");
    if (faults.losesAnswer?.(method ?? "", path ?? "")) return void response.destroy();
    const content = bytes ?? Buffer.from(json === undefined ? "" : JSON.stringify(json));
    response.writeHead(status, {
      "content-type": bytes === undefined ? "application/json; charset=utf-8" : "application/octet-stream",
      "content-length": content.length + (faults.liesAboutBytes ?? 0),
      date: new Date(Date.now() + (faults.clockSkewMs ?? 0)).toUTCString(),
      ...headers,
    });
    if (faults.liesAboutBytes) return void response.write(content, () => response.destroy());
    if (faults.trickles) return void trickle(response, content);
    response.end(content);
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void handle(request, response).catch(() => response.destroy());
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}${base}`;
  return {
    url,
    location: `${url}#${name}`,
    owner,
    token,
    repository,
    faults,
    requests,
    async stop() {
      server.closeAllConnections();
      server.close();
      await repository.stop();
    },
  };
}

function trickle(response: ServerResponse, content: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < content.length) response.write(content.subarray(at, ++at));
    else response.end();
  }, 1000);
  response.once("close", () => clearInterval(timer));
}

function parsed(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Refused(400, "Problems parsing JSON");
  }
}

/** What a host tells of the repository itself. */
export const repositoryAnswer = (
  { faults }: Call,
  { owner, name, url }: { owner: string; name: string; url: string },
): object => ({
  id: 1,
  name,
  full_name: `${owner}/${name}`,
  owner: { login: owner, id: 1 },
  private: true,
  url,
  default_branch: "main",
  archived: faults.isArchived === true,
  permissions: { admin: false, push: !faults.isReadOnly, pull: true },
});

/** The entries of a tree as both hosts tell them, deeper ones too when asked. @throws 404 */
export async function treeAnswer(repository: Repository, id: string, isDeep: boolean): Promise<object[]> {
  const list = await repository.entries(id);
  if (list === undefined) throw new Refused(404, "Not Found");
  const told: object[] = [];
  for (const { name, mode, sha } of list) {
    if (isTreeMode(mode)) {
      told.push({ path: name, mode, type: "tree", sha });
      if (isDeep)
        for (const below of (await treeAnswer(repository, sha, true)) as { path: string }[])
          told.push({ ...below, path: `${name}/${below.path}` });
    } else if (mode === "160000") told.push({ path: name, mode, type: "commit", sha });
    else told.push({ path: name, mode, type: "blob", sha, size: await repository.sizeOf(sha) });
  }
  return told;
}

/** What lies at a path of a commit. */
export async function entryAt(repository: Repository, commit: string, path: string): Promise<Entry | undefined> {
  let entry: Entry | undefined = { name: "", mode: "040000", sha: commit };
  for (const name of path.split("/").filter(part => part !== "")) {
    if (entry === undefined || !isTreeMode(entry.mode)) return undefined;
    entry = (await repository.entries(entry.sha))?.find(one => one.name === name);
  }
  return entry;
}

export const decodedContent = (content: unknown, status: number): Buffer => {
  if (typeof content !== "string" || !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content))
    throw new Refused(status, "content is not valid Base64");
  return Buffer.from(content, "base64");
};

export const headOf = async (repository: Repository, name = "main"): Promise<string | undefined> =>
  (await repository.object(`${name}^{commit}`))?.id;
