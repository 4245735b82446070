import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { HavreError } from "../kernel/errors.ts";
import { Names, preparing } from "./prepared.ts";
import { Recent } from "./recent.ts";
import type { Database } from "./schema.ts";
import { momentOf } from "./stamps.ts";

/** What store functions are opened from: a transaction, or the pool for a single read. */
export type Tx = Kysely<Database>;

// Ids and sizes are int8 on the server and stay below 2^53 here: plain numbers, not strings.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
// A date has no time and no zone: it stays the text that it is.
pg.types.setTypeParser(pg.types.builtins.DATE, text => text);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, momentOf);

/** Serialisation failures, deadlocks and a prepared statement older than its tables pass; anything else does not. */
const TRANSIENT = new Set(["40001", "40P01", "0A000"]);

export interface StoreOptions {
  readonly connection: pg.PoolConfig;
  readonly maxConnections: number;
  readonly onError: (error: Error) => void;
  /** How long {@link Store.recently} keeps an answer; 0, which it is when absent: not at all. */
  readonly recentMs?: number;
}

/** Each event that is written is told here. */
const CHANGES = "havre_event";

/** See {@link Store.lead}. */
export interface Lead {
  isHeld(): boolean;
  release(): Promise<void>;
}

/** The database: opened once, closed once. Everything else in this folder is functions over a `Tx`. */
export class Store {
  readonly db: Kysely<Database>;
  readonly #pool: pg.Pool;
  readonly #options: StoreOptions;
  readonly #recent: Recent;
  #listener: Listener | undefined;
  #hearing: Promise<unknown> | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#recent = new Recent(options.recentMs ?? 0);
    this.#pool = new pg.Pool({
      ...options.connection,
      max: options.maxConnections,
      connectionTimeoutMillis: 10_000,
      Client: preparing(new Names()),
    });
    // Without listeners a connection that the server closes would end the process: an idle one through the pool, one that is
    // lent to a transaction by itself.
    this.#pool.on("error", options.onError);
    this.#pool.on("connect", client => client.on("error", options.onError));
    this.db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: this.#pool }) });
  }

  /** State, event and errands together, or none of them. Tried again when two transactions met; `act` must not touch the outside. */
  async transaction<T>(act: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.db.transaction().execute(act);
      } catch (error) {
        if (attempt >= 4 || !TRANSIENT.has(codeOf(error))) throw error;
      } finally {
        // Also after an error: a commit whose answer was lost has happened.
        this.#recent.forget();
      }
    }
  }

  /**
   * What `find` found a moment ago, if nothing was written since; see {@link Recent} for what that means with several processes.
   * @param question names what is asked, with everything that the answer depends on
   */
  async recently<T>(question: string, find: () => Promise<T>): Promise<T> {
    this.#hearing ??= this.listen(CHANGES, () => this.#recent.forget()).catch(() => {
      this.#hearing = undefined;
    });
    return this.#recent.of(question, find);
  }

  /** Calls `hear` for each NOTIFY on the channel, over one connection kept for this; it reconnects by itself. */
  async listen(channel: string, hear: (payload: string) => void): Promise<() => void> {
    this.#listener ??= new Listener(this.#options);
    return this.#listener.on(channel, hear);
  }

  async notify(channel: string, payload: string): Promise<void> {
    await sql`select pg_notify(${channel}, ${payload})`.execute(this.db);
  }

  /**
   * Makes this process the only one of its name, for as long as its connection lives: when it is killed, another may follow at once.
   * @returns undefined when another is it
   */
  async lead(name: string): Promise<Lead | undefined> {
    const client = new pg.Client(this.#options.connection);
    let isHeld = true;
    client.on("error", this.#options.onError);
    client.on("end", () => {
      isHeld = false;
    });
    await client.connect();
    try {
      const { rows } = await client.query<{ got: boolean }>("select pg_try_advisory_lock(hashtext($1)) as got", [
        `havre.lead.${name}`,
      ]);
      if (rows[0]?.got) return { isHeld: () => isHeld, release: () => client.end() };
    } catch (error) {
      await client.end();
      throw error;
    }
    await client.end();
    return undefined;
  }

  /** @throws HavreError "unavailable" */
  async check(): Promise<void> {
    try {
      await sql`select 1`.execute(this.db);
    } catch (cause) {
      throw new HavreError("unavailable", "The database does not answer.", { cause });
    }
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    await this.db.destroy();
  }
}

/** The store as the core sees it: the real one, or the inside of a running transaction. */
export type StoreFace = Pick<Store, keyof Store>;

/**
 * The same store seen from inside a transaction, so that a verb becomes part of it: what the verb writes is committed with the
 * rest or not at all. A transaction of the verb is a savepoint: when the verb fails, only its own work is undone.
 */
export const within = (store: StoreFace, tx: Tx): StoreFace => ({
  db: tx,
  async transaction(act) {
    await sql`savepoint verb`.execute(tx);
    try {
      const result = await act(tx);
      await sql`release savepoint verb`.execute(tx);
      return result;
    } catch (error) {
      // On a connection that is gone this fails too; the first error says more.
      await sql`rollback to savepoint verb`.execute(tx).catch(() => {});
      throw error;
    }
  },
  listen: (channel, hear) => store.listen(channel, hear),
  notify: (channel, payload) => store.notify(channel, payload),
  // What this transaction has written counts already.
  recently: (_question, find) => find(),
  lead: name => store.lead(name),
  check: () => store.check(),
  close: async () => {},
});

export const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code ?? "");
/** A unique constraint refused the row. */
export const isTaken = (error: unknown): boolean => codeOf(error) === "23505";
/** A value is not of its kind, or outside of what its column takes. */
export const isRefusedRow = (error: unknown): boolean => /^(22|23502|23514)/.test(codeOf(error));
/** The row is still referred to, or refers to nothing. */
export const isReferenced = (error: unknown): boolean => codeOf(error) === "23503";

/** The database went away, or said that it cannot now: nothing is known about what was asked. */
export const isOutage = (error: unknown): boolean =>
  /^(08|53|57|E[A-Z]+$)/.test(codeOf(error)) || /Connection terminated|timeout exceeded/.test(String(error));

/** Between two tries for the connection that listens. */
export const REOPEN_MS = 500;

class Listener {
  readonly #options: StoreOptions;
  readonly #hearers = new Map<string, Set<(payload: string) => void>>();
  #client: Promise<pg.Client> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  async on(channel: string, hear: (payload: string) => void): Promise<() => void> {
    const known = this.#hearers.get(channel);
    const hearers = known ?? new Set();
    hearers.add(hear);
    this.#hearers.set(channel, hearers);
    if (!known) await (await this.#connect()).query(`listen ${pg.escapeIdentifier(channel)}`);
    return () => hearers.delete(hear);
  }

  #connect(): Promise<pg.Client> {
    this.#client ??= this.#open();
    return this.#client;
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client(this.#options.connection);
    client.on("notification", ({ channel, payload }) => {
      for (const hear of this.#hearers.get(channel) ?? []) hear(payload ?? "");
    });
    client.on("error", this.#options.onError);
    client.on("end", () => this.#reopen());
    await client.connect();
    for (const channel of this.#hearers.keys()) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    return client;
  }

  #reopen(): void {
    this.#client = undefined;
    // A try that fails is told twice, as an end and as a refusal: without this each would leave one timer more, for ever.
    if (this.#closed || this.#retry) return;
    // What was told meanwhile is lost: every hearer also polls, so a lost word only costs a second.
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (!this.#closed) this.#connect().catch(() => this.#reopen());
    }, REOPEN_MS).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client?.catch(() => undefined);
    await client?.end();
  }
}
