import assert from "node:assert/strict";
import { makeWaldur } from "../../src/dialects/waldur/index.ts";
import { nameOfRow } from "../contract/waldur-operations.ts";

/** Somebody with a token, as an ordinary client asks; and which rows were asked by anybody, to find one that no test asks. */

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
export type Json = any;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

const ROWS = makeWaldur({ version: "t" }).routes.map(row => ({
  name: nameOfRow(row),
  method: row.method,
  pattern: new RegExp(`^${row.path.replaceAll(/:(\w+)/g, "[^/]+")}$`),
  isStatic: !row.path.includes(":"),
}));

/** Rows that answered well at least once in this process. */
export const answeredRows = new Set<string>();

function note(method: string, path: string, status: number): void {
  if (status >= 300) return;
  const found = ROWS.filter(row => row.method === method && row.pattern.test(path)).sort(
    (a, b) => Number(b.isStatic) - Number(a.isStatic),
  );
  if (found[0]) answeredRows.add(found[0].name);
}

export class Asker {
  readonly url: string;
  readonly token: string | undefined;
  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  async ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
    const answer = await fetch(path.startsWith("http") ? path : `${this.url}${path}`, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Token ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    note(method, new URL(answer.url).pathname, answer.status);
    return { status: answer.status, headers: answer.headers, text, body: text === "" ? undefined : JSON.parse(text) };
  }

  /** @throws unless the status is this one */
  async #must(status: number, method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await this.ask(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
    return answer.body;
  }
  get = (path: string): Promise<Json> => this.#must(200, "GET", path);
  post = (path: string, body: unknown = {}, status = 200): Promise<Json> => this.#must(status, "POST", path, body);
  create = (path: string, body: unknown): Promise<Json> => this.#must(201, "POST", path, body);
  put = (path: string, body: unknown): Promise<Json> => this.#must(200, "PUT", path, body);
  patch = (path: string, body: unknown): Promise<Json> => this.#must(200, "PATCH", path, body);
  delete = (path: string): Promise<Json> => this.#must(204, "DELETE", path);
  /** Refused with this status. @returns the body */
  refused = (status: number, method: string, path: string, body?: unknown): Promise<Json> =>
    this.#must(status, method, path, body);
}

export async function signedIn(url: string, username: string, password: string): Promise<Asker> {
  const { token } = await new Asker(url).post("/api-auth/password/", { username, password });
  return new Asker(url, token);
}
