import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../../src/core/organisations/index.ts";
import { Store } from "../../src/store/store.ts";
import { freePort } from "../engines/ports.ts";
import { freshDatabase, type TestDatabase } from "./database.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");
export const ADMIN = { username: "admin", password: "an-admin-of-the-tests" };

export interface HavreOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** "up" unless several processes share one database. */
  readonly command?: "up" | "serve" | "work";
  /** Share these with another process. */
  readonly database?: TestDatabase;
  readonly dataDir?: string;
  /** The test itself waits, as for a server that speaks TLS. */
  readonly readyAt?: "tls";
}

/** The real server in a process of its own, as an operator starts it: opened by `startHavre`, closed by `stop`. */
export class Havre {
  readonly port: number;
  readonly url: string;
  readonly dataDir: string;
  readonly database: TestDatabase;
  readonly #options: HavreOptions;
  #child: ChildProcess | undefined;
  /** Lines of its log. */
  readonly log: string[] = [];

  constructor(port: number, dataDir: string, database: TestDatabase, options: HavreOptions) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.dataDir = dataDir;
    this.database = database;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process; resolves when it is ready. */
  async start(): Promise<void> {
    const command = this.#options.command ?? "up";
    const child = spawn(process.execPath, [MAIN, command], { stdio: ["ignore", "pipe", "pipe"], env: this.#environment() });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", chunk =>
        this.log.push(
          ...String(chunk)
            .split("\n")
            .filter(line => line !== ""),
        ),
      );
    if (command !== "work" && !this.#options.readyAt) await this.#ready(child);
  }

  #environment(): Record<string, string> {
    const { PATH = "", HOME = "" } = process.env;
    return {
      PATH,
      HOME,
      PORT: String(this.port),
      DATA_DIR: this.dataDir,
      DATABASE_URL: this.database.url,
      SECRET_KEY: "a secret key of the tests, long enough for all",
      DEMO: "0",
      ADMIN_NAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
      ADMIN_EMAIL: "admin@example.org",
      EGRESS_ALLOW: "127.0.0.0/8",
      PUBLIC_URL: this.url,
      ...this.#options.env,
    };
  }

  async #ready(child: ChildProcess): Promise<void> {
    for (const deadline = Date.now() + 90_000; ; ) {
      if (child.exitCode !== null) throw new Error(`Havre ended: ${this.log.slice(-8).join("\n")}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      if (Date.now() > deadline) throw new Error(`Havre is not ready: ${await answer?.text()} ${this.log.slice(-8).join("\n")}`);
      await new Promise(resolve => setTimeout(resolve, 25));
    }
  }

  /** The plug is pulled. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** In good order. @returns its exit status */
  async end(): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  }

  /** Ends it and removes what it had, unless that is shared with another. */
  async stop(): Promise<void> {
    await this.kill();
    if (!this.#options.dataDir) await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10 });
    if (!this.#options.database) await this.database.drop();
  }
}

export async function startHavre(options: HavreOptions = {}): Promise<Havre> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "havre-test-"));
  const database = options.database ?? (await freshDatabase());
  if (!options.database) await loadFields(database);
  const havre = new Havre(await freePort(), dataDir, database, options);
  await havre.start();
  return havre;
}

/** Universities with faculties and fields: a study needs a field. */
async function loadFields({ connection }: TestDatabase): Promise<void> {
  const store = new Store({ connection, maxConnections: 1, onError: () => {} });
  await loadOrganisations({ store }, INITIAL_ORGANISATIONS);
  await store.close();
}

/** Waits for a state. @throws with the last value when it does not come in time */
export async function until<T>(
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  what: string,
  withinMs = 20_000,
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; ) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 40));
  }
}
