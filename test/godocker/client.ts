import assert from "node:assert/strict";
import { until } from "../harness/havre.ts";
import { ask } from "../permissions/ask.ts";

// biome-ignore lint/suspicious/noExplicitAny: documents of another system, looked at field by field
export type Document = any;

/** As the command-line client asks: a bearer token, a JSON type also without a body, and the status looked at. */
export class GodockerClient {
  readonly url: string;
  readonly id: string;
  readonly #token: string | undefined;

  constructor(url: string, id: string, token: string | undefined) {
    this.url = url;
    this.id = id;
    this.#token = token;
  }

  static async signIn(url: string, user: string, apikey: string): Promise<GodockerClient> {
    const nobody = new GodockerClient(url, user, undefined);
    const { token } = await nobody.ok("POST", "/api/1.0/authenticate", { user, apikey, more: "ignored" });
    return new GodockerClient(url, user, token);
  }

  get token(): string {
    return this.#token ?? "";
  }

  async raw(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    const credentials = this.#token ? { authorization: `Bearer ${this.#token}` } : {};
    return ask(this.url, { method, path, body, headers: { "content-type": "application/json", ...credentials, ...headers } });
  }

  /** @returns the body of a 200, which is JSON of exactly this type */
  async ok(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Document> {
    const answer = await this.raw(method, path, body, headers);
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    assert.equal(answer.headers["content-type"], "application/json; charset=UTF-8", `${method} ${path}`);
    assert.equal(answer.headers["cache-control"], "no-store");
    return JSON.parse(answer.text);
  }

  /** A refusal of the dialect's shape. */
  async refused(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<string> {
    const answer = await this.raw(method, path, body, headers);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    assert.equal(answer.headers["content-type"], "application/json; charset=UTF-8", `${method} ${path}`);
    const { code, title, message, msg } = JSON.parse(answer.text);
    assert.deepEqual([code, typeof title, msg], [status, "string", message]);
    return msg;
  }

  async submit(more: Document = {}): Promise<number> {
    const { msg, id } = await this.ok("POST", "/api/1.0/task", taskWith(more));
    assert.equal(msg, "Task added");
    assert.ok(Number.isInteger(id));
    return id;
  }

  task(id: number): Promise<Document> {
    return this.ok("GET", `/api/1.0/task/${id}`);
  }

  async when(id: number, is: (task: Document) => boolean, what: string): Promise<Document> {
    return until(
      async () => {
        const task = await this.task(id);
        return is(task) && task;
      },
      `task ${id}: ${what}`,
      30_000,
    );
  }
  over(id: number): Promise<Document> {
    return this.when(id, task => task.status.primary === "over", "over");
  }
  running(id: number): Promise<Document> {
    return this.when(id, task => task.status.primary === "running", "running");
  }
}

/** The smallest task, with more. */
export const taskWith = ({ meta, requirements, container, command, ...more }: Document): Document => ({
  meta: { name: "hello", ...meta },
  requirements: { cpu: 1, ram: 0.0625, ...requirements },
  container: { image: "host", ...container },
  command: { cmd: "#!/bin/sh\necho hello\n", ...command },
  ...more,
});
