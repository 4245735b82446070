import { readFile } from "node:fs/promises";
import { type Dispatcher, Pool } from "undici";
import { HavreError } from "../../kernel/errors.ts";

/** The HTTP API of a Docker Engine, or of what speaks it (Podman): version 1.41, over a socket or over TLS with certificates. */
const VERSION = "/v1.41";
const ANSWER_MS = 60_000;
const MOST_ANSWER_BYTES = 256 * 1024 * 1024;

export interface EngineAddress {
  /** "unix:///var/run/docker.sock" or "https://host:2376". Plain TCP is refused: whoever reaches it is root there. */
  readonly url: string;
  /** PEM files, for https. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface Ask {
  readonly signal: AbortSignal;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** These answers are given back, and are no errors. */
  readonly also?: readonly number[];
}

export interface Answer {
  readonly status: number;
  /** What was sent, read as JSON; undefined when nothing was. */
  readonly json: unknown;
}

export class EngineApi {
  readonly #pool: Pool;
  readonly #name: string;

  private constructor(pool: Pool, name: string) {
    this.#pool = pool;
    this.#name = name;
  }

  static async open({ url, caFile, certFile, keyFile }: EngineAddress, name: string): Promise<EngineApi> {
    const at = new URL(url);
    const common = { connections: 16, headersTimeout: ANSWER_MS, bodyTimeout: 0 };
    if (at.protocol === "unix:") return new EngineApi(new Pool("http://localhost", { ...common, socketPath: at.pathname }), name);
    if (at.protocol !== "https:" || !caFile || !certFile || !keyFile)
      throw new HavreError("invalid", `${name}: the address must be unix:///socket, or https:// with certificates.`);
    const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(file => readFile(file, "utf8")));
    return new EngineApi(new Pool(at.origin, { ...common, connect: { ca: ca!, cert: cert!, key: key! } }), name);
  }

  /** @throws HavreError: "invalid" 400, "not-found" 404, "conflict" 409, "unavailable" 5xx, with the engine's own words */
  async ask(method: Dispatcher.HttpMethod, path: string, ask: Ask): Promise<Answer> {
    const { statusCode, body } = await this.#send(method, path, ask);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += (chunk as Buffer).length;
      if (size > MOST_ANSWER_BYTES) throw new HavreError("protocol", `${this.#name}: the answer is too long.`);
      chunks.push(chunk as Buffer);
    }
    const text = Buffer.concat(chunks).toString("utf8");
    if (statusCode >= 400 && !ask.also?.includes(statusCode)) throw this.#refusal(statusCode, text);
    return { status: statusCode, json: parsed(text) };
  }

  /** JSON values one after the other, as they come; ends with the signal. */
  async *stream(method: Dispatcher.HttpMethod, path: string, ask: Ask): AsyncGenerator<unknown> {
    const { statusCode, body } = await this.#send(method, path, ask);
    let held = "";
    for await (const chunk of body) {
      held += (chunk as Buffer).toString("utf8");
      const lines = held.split("\n");
      held = lines.pop() ?? "";
      if (statusCode < 400) for (const line of lines) if (line.trim() !== "") yield parsed(line);
    }
    if (statusCode >= 400) throw this.#refusal(statusCode, held);
    if (held.trim() !== "") yield parsed(held);
  }

  close = (): Promise<void> => this.#pool.destroy();

  async #send(method: Dispatcher.HttpMethod, path: string, { signal, query, body }: Ask): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request({
        method,
        path: `${VERSION}${path}`,
        ...(query ? { query } : {}),
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
    } catch (cause) {
      if (signal.aborted) throw new HavreError("timeout", `${this.#name} did not answer in time.`, { cause });
      const code = String((cause as NodeJS.ErrnoException).code ?? "");
      if (code === "EACCES") throw new HavreError("forbidden", `${this.#name}: Havre may not use its socket.`, { cause });
      const isThere = ["ENOENT", "ECONNREFUSED"].includes(code) ? "does not run, or not there" : "was cut off";
      throw new HavreError(
        code === "ENOENT" || code === "ECONNREFUSED" ? "unavailable" : "network",
        `${this.#name} ${isThere}.`,
        { cause },
      );
    }
  }

  #refusal(status: number, text: string): HavreError {
    const said = String((parsed(text) as { message?: string } | undefined)?.message ?? text).slice(0, 500);
    const message = `${this.#name}: ${said}`;
    if (status === 400) return new HavreError("invalid", message);
    if (status === 401 || status === 403) return new HavreError("forbidden", message);
    if (status === 404) return new HavreError("not-found", message);
    if (status === 409) return new HavreError("conflict", message);
    return new HavreError("unavailable", message);
  }
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined; // "OK", or an error in words
  }
}
