import assert from "node:assert/strict";
import hawk from "hawk";

/** Clients that sign in as the broker's documentation describes it. They know nothing of Havre. */
export interface BrokerClient {
  readonly name: string;
  /** Signs in with a password; called again after it was changed. */
  signIn(username: string, password: string): Promise<void>;
  ask(method: string, path: string, body?: unknown): Promise<Said>;
  /** The same, without credentials. */
  askAnonymously(method: string, path: string, body?: unknown): Promise<Said>;
  /** "GET /v1/studies/7/" of every request that had a good answer. */
  readonly walked: ReadonlySet<string>;
}
export interface Said {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
}

abstract class Walker {
  readonly walked = new Set<string>();
  protected readonly api: string;

  constructor(api: string) {
    this.api = api;
  }

  async askAnonymously(method: string, path: string, body?: unknown): Promise<Said> {
    return this.noted(method, path, await said(await fetch(`${this.api}${path}`, { method, ...contentOf(body) })));
  }

  protected noted(method: string, path: string, answer: Said): Said {
    if (answer.status < 300) this.walked.add(`${method} ${path.split("?")[0]}`);
    return answer;
  }
}

const contentOf = (body: unknown): { headers?: Record<string, string>; body?: string } =>
  body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };

async function said(answer: Response): Promise<Said> {
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** npm's `hawk`: signs method, address and body of each request, and insists on a signature of each reply. */
export class HawkClient extends Walker implements BrokerClient {
  readonly name = "npm hawk";
  #credentials = { id: "", key: "", algorithm: "sha256" as const };

  async signIn(username: string, password: string): Promise<void> {
    const { status, body } = await this.askAnonymously("POST", "/auth/hawk/create/", { username, password });
    assert.equal(status, 200);
    this.#credentials = { id: body.key, key: body.secret, algorithm: "sha256" };
  }

  async ask(method: string, path: string, body?: unknown): Promise<Said> {
    const url = `${this.api}${path}`;
    const content = contentOf(body);
    const contentType = "application/json";
    const { header, artifacts } = hawk.client.header(url, method, {
      credentials: this.#credentials,
      ...(content.body === undefined ? {} : { payload: content.body, contentType }),
    });
    const answer = await fetch(url, {
      method,
      headers: { ...content.headers, authorization: header },
      body: content.body ?? null,
    });
    const text = await answer.clone().text();
    const headers = Object.fromEntries(answer.headers);
    // Throws when the reply was altered or is not signed.
    if (answer.status !== 401)
      hawk.client.authenticate({ headers }, this.#credentials, artifacts, { payload: text, required: true });
    return this.noted(method, path, await said(answer));
  }
}

/** Access tokens live five minutes: this client fetches the next one before every request, as one does who was away. */
export class JwtClient extends Walker implements BrokerClient {
  readonly name = "JSON Web Tokens";
  #refresh = "";

  async signIn(username: string, password: string): Promise<void> {
    const { status, body } = await this.askAnonymously("POST", "/auth/jwt/create/", { username, password });
    assert.equal(status, 200);
    this.#refresh = body.refresh;
    assert.deepEqual(await this.askAnonymously("POST", "/auth/jwt/verify/", { token: body.access }), {
      status: 200,
      body: {},
    });
  }

  async ask(method: string, path: string, body?: unknown): Promise<Said> {
    const next = await this.askAnonymously("POST", "/auth/jwt/refresh/", { refresh: this.#refresh });
    assert.equal(next.status, 200);
    const { headers, ...content } = contentOf(body);
    const authorization = `Bearer ${next.body.access}`;
    const answer = await fetch(`${this.api}${path}`, { method, headers: { ...headers, authorization }, ...content });
    return this.noted(method, path, await said(answer));
  }
}
