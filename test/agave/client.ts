import assert from "node:assert/strict";

/** A program as it stands in the contract: forms, JSON and parts, Basic and Bearer. */

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
export type Json = any;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

export const basic = (name: string, secret: string): string => `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;
export const bearer = (token: string): string => `Bearer ${token}`;
export const form = (fields: Readonly<Record<string, string>>): URLSearchParams => new URLSearchParams(fields);

export class Asker {
  readonly url: string;
  readonly authorization: string | undefined;
  constructor(url: string, authorization?: string) {
    this.url = url;
    this.authorization = authorization;
  }

  async ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
    const isOwn = body === undefined || body instanceof URLSearchParams || body instanceof FormData || typeof body === "string";
    const answer = await fetch(path.startsWith("http") ? path : `${this.url}${path}`, {
      method,
      headers: {
        ...(this.authorization === undefined ? {} : { authorization: this.authorization }),
        ...(isOwn ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isOwn ? (body as string) : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get("content-type") ?? "").startsWith("application/json");
    return { status: answer.status, headers: answer.headers, text, body: isJson && text !== "" ? JSON.parse(text) : undefined };
  }

  /** @returns what stands in the envelope. @throws unless the status is this one and the envelope whole */
  async good(status: number, method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await this.ask(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
    assert.deepEqual(Object.keys(answer.body), ["status", "message", "version", "result"], answer.text);
    assert.deepEqual([answer.body.status, answer.body.version], ["success", "2.2.22-r7deb380"]);
    return answer.body.result;
  }
  get = (path: string): Promise<Json> => this.good(200, "GET", path);
  post = (path: string, body?: unknown, status = 201): Promise<Json> => this.good(status, "POST", path, body);
  put = (path: string, body?: unknown, status = 200): Promise<Json> => this.good(status, "PUT", path, body);
  delete = (path: string): Promise<Json> => this.good(200, "DELETE", path);

  /** Refused with this status, in the envelope. @returns its message */
  async refused(status: number, method: string, path: string, body?: unknown): Promise<string> {
    const answer = await this.ask(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
    const { message, ...rest } = answer.body;
    assert.deepEqual(rest, { status: "error", version: "2.2.22-r7deb380", result: null });
    assert.equal(typeof message, "string");
    return message;
  }
}

export interface Keys {
  readonly consumerKey: string;
  readonly consumerSecret: string;
}

/** A client of somebody's, as a program makes its own. */
export async function aClient(url: string, username: string, password: string, name = "program"): Promise<Keys> {
  return new Asker(url, basic(username, password)).post("/clients/v2", form({ clientName: name, tier: "Unlimited" }));
}

export const grant = (url: string, keys: Keys, fields: Readonly<Record<string, string>>): Promise<Answered> =>
  new Asker(url, basic(keys.consumerKey, keys.consumerSecret)).ask("POST", "/token", form({ scope: "PRODUCTION", ...fields }));

export const byPassword = (username: string, password: string): Readonly<Record<string, string>> => ({
  grant_type: "password",
  username,
  password,
});

/** Somebody with a token. */
export async function signedIn(url: string, username: string, password: string): Promise<Asker> {
  const { status, body, text } = await grant(url, await aClient(url, username, password), byPassword(username, password));
  assert.equal(status, 200, text);
  return new Asker(url, bearer(body.access_token));
}
