import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { HavreError } from "../../kernel/errors.ts";
import { binaries } from "./binaries.ts";
import { DATABASE, makeCluster, USER } from "./cluster.ts";
import { openHome, openSocketFolder } from "./home.ts";
import { findRunning, heldBy, inUse, readPostmaster, takeOver } from "./lock.ts";
import { pause } from "./processes.ts";

export interface EmbeddedOptions {
  /** Havre's data folder; everything of PostgreSQL goes to `postgres` in it. */
  readonly dataDir: string;
  /** PostgreSQL settings over ours, by their own names. `fsync: "off"` is for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with each line that PostgreSQL logs. */
  readonly log: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** For `pg`: a Unix socket, no password. */
  readonly connection: EmbeddedConnection;
  readonly connectionString: string;
  readonly pid: number;
  /** Resolves when PostgreSQL has ended, asked or not. */
  readonly exited: Promise<void>;
  /** Ends every session, writes everything to disk and waits for the end. Can be called again. */
  stop(): Promise<void>;
}

export interface EmbeddedConnection {
  readonly host: string;
  readonly user: string;
  readonly database: string;
}

/** For one machine and little memory; nothing here trades durability. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  max_connections: "60",
  shared_buffers: "64MB",
  effective_cache_size: "512MB",
  max_wal_size: "512MB",
  checkpoint_timeout: "15min",
  // Each of these spares processes that a small server does not need.
  io_method: "sync",
  max_logical_replication_workers: "0",
  max_parallel_workers_per_gather: "0",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_line_prefix: "",
  log_checkpoints: "off",
  // Failed statements are told to whoever sent them; in the log their values could be secrets.
  log_min_messages: "log",
  log_min_error_statement: "panic",
};

const STOPS_WITHIN_MS = 60_000;
const READY_POLL_MS = 5;

/**
 * Starts PostgreSQL on the data folder, makes the cluster at the first start, and resolves when it takes connections (some
 * tens of ms; longer when it recovers from a crash). It dies with this process, however that ends, and does not keep it alive.
 * @throws HavreError "locked" (another Havre holds the data), "forbidden" (folders of someone else), "unavailable" (no
 * PostgreSQL for this platform, or it did not start)
 */
export async function startEmbedded({ dataDir, settings = {}, log }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = await openHome(dataDir);
  const programs = await binaries(home.folder, home.account);
  const data = await makeCluster(home.folder, home.account, programs, settings.fsync !== "off");
  await takeOver(data, log);
  const host = await openSocketFolder(home);
  const all = { ...SETTINGS, unix_socket_directories: host, ...settings };
  const options = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(
    "/bin/sh",
    ["-c", WATCHED, "postgres", programs.postgres, "-D", data, `--${heldBy(process.pid)}`, ...options],
    {
      ...home.account,
      cwd: "/",
      env: {},
      // In a session of its own: Ctrl-C in a terminal must reach Havre alone, which then stops PostgreSQL last.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    },
  );
  const server = new Server(child, log);
  await server.ready(data);
  return {
    connection: { host, user: USER, database: DATABASE },
    connectionString: urlOf(host),
    pid: server.pid,
    exited: server.exited,
    stop: () => server.stop(),
  };
}

/** Where the PostgreSQL that another process started on this data folder can be reached; undefined when none runs. */
export async function findEmbedded(dataDir: string): Promise<EmbeddedConnection | undefined> {
  const { folder } = await openHome(dataDir);
  const data = `${folder}/data`;
  const postmaster = (await findRunning(data)) && (await readPostmaster(data));
  return postmaster?.ready ? { host: postmaster.socketFolder, user: USER, database: DATABASE } : undefined;
}

const urlOf = (host: string): string => `postgresql://${USER}@localhost/${DATABASE}?host=${encodeURIComponent(host)}`;

/**
 * The shell becomes PostgreSQL, and leaves behind a watchdog that reads our pipe. The pipe ends when we do, by kill -9 too, and
 * then the watchdog asks PostgreSQL to stop; a word in the pipe says that it has ended and its pid means nothing any more.
 * The watchdog is a grandchild, as PostgreSQL would wonder about a child that it did not make.
 */
const WATCHED = `( ( read -r _ <&3 || kill -INT $$ ) >/dev/null 2>&1 & )
exec "$@" 3<&-`;

/** The running child. Opened by being made, closed by `stop`. */
class Server {
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #pipe: Writable;
  readonly #lastLines: string[] = [];

  constructor(child: ChildProcess, log: (line: string) => void) {
    this.#child = child;
    this.#pipe = child.stdio[3] as Writable;
    this.#pipe.on("error", () => {}); // the watchdog may be gone before us
    createInterface({ input: child.stderr! }).on("line", line => {
      if (this.#lastLines.push(line) > 8) this.#lastLines.shift();
      log(line);
    });
    this.exited = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => this.#pipe.end("ended\n"));
      child.once("close", () => resolve()); // after the watchdog is gone and the last line was read
    });
    this.exited.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits as long as it takes, since recovery after a crash may: either PostgreSQL becomes ready, or it ends. */
  async ready(data: string): Promise<void> {
    let ended = false;
    this.exited.finally(() => (ended = true)).catch(() => {});
    for (;;) {
      const postmaster = await readPostmaster(data);
      if (postmaster?.pid === this.#child.pid && postmaster?.ready) break;
      if (ended) throw await this.#failure(data);
      await pause(READY_POLL_MS);
    }
    this.#keepAlive(false);
  }

  async #failure(data: string): Promise<HavreError> {
    await this.exited;
    const running = await findRunning(data);
    if (running) return inUse(data, running.pid);
    return new HavreError("unavailable", `PostgreSQL did not start: ${this.#lastLines.join(" · ")}`, { retry: "never" });
  }

  async stop(): Promise<void> {
    this.#keepAlive(true);
    this.#child.kill("SIGINT");
    // SIGQUIT loses nothing either: the next start replays the log.
    const impatience = setTimeout(() => this.#child.kill("SIGQUIT"), STOPS_WITHIN_MS);
    await this.exited.finally(() => clearTimeout(impatience));
  }

  #keepAlive(yes: boolean): void {
    for (const handle of [this.#child, this.#child.stderr, this.#pipe] as unknown as { ref(): void; unref(): void }[])
      if (yes) handle.ref();
      else handle.unref();
  }
}
