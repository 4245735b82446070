import { ADMIN } from "./havre.ts";

/** A person with a browser session, speaking the JSON API as the portal does. */
export class Client {
  readonly url: string;
  #cookie = "";
  #csrf = "";

  constructor(url: string) {
    this.url = url;
  }

  async signIn({ username, password }: { username: string; password: string } = ADMIN): Promise<this> {
    const answer = await fetch(`${this.url}/api/auth/session/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username, password }),
    });
    if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
    this.#cookie = answer.headers
      .getSetCookie()
      .map(line => line.split(";")[0])
      .join("; ");
    this.#csrf = ((await answer.json()) as { csrf_token: string }).csrf_token;
    return this;
  }

  get headers(): Record<string, string> {
    return { cookie: this.#cookie, "x-csrftoken": this.#csrf };
  }

  async ask(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  async #json(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await this.ask(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }
  get = (path: string) => this.#json("GET", path);
  post = (path: string, body: unknown = {}) => this.#json("POST", path, body);
  put = (path: string, body: unknown) => this.#json("PUT", path, body);
  delete = (path: string) => this.#json("DELETE", path);
}
