import { randomBytes } from "node:crypto";
import { type RawBuilder, sql } from "kysely";
import { readConfig } from "../../src/config.ts";
import type { Needs } from "../../src/core/world.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { Store } from "../../src/store/store.ts";
import { type Havre, type HavreOptions, startHavre } from "../harness/havre.ts";
import { type Answer, type Asked, ask } from "./ask.ts";
import { CLOUD_ENV } from "./machines.ts";

export type BenchWorld = Needs<"store" | "clock" | "secrets" | "settings">;

/** Signs tokens of the GO-Docker API. */
export const GODOCKER_SECRET = randomBytes(32).toString("hex");

/** A running Havre, and the same database and keys in this process: objects are made by the core's own verbs, fast. */
export interface Bench {
  readonly havre: Havre;
  readonly world: BenchWorld;
  /** Each request comes from an address of its own, so that no limit per address counts them together. */
  ask(asked: Asked): Promise<Answer>;
  /** A number per table, which changes with any of its rows. */
  fingerprint(): Promise<Readonly<Record<string, string>>>;
  /** All rows of each table, as text. */
  contents(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/** "serve" has no background work: between two requests nothing changes. */
export async function openBench(options: HavreOptions = {}): Promise<Bench> {
  const env = {
    SECRET_KEY: randomBytes(32).toString("hex"),
    TRUSTED_PROXIES: "127.0.0.1/32",
    ACTIVATION_MAIL: "true",
    // What this process changes counts in the server's with the next request.
    SIGN_IN_MEMORY_MS: "0",
    ...CLOUD_ENV,
    GODOCKER_SECRET_PASSPHRASE: GODOCKER_SECRET,
    ...options.env,
  };
  const havre = await startHavre({ command: "serve", ...options, env });
  const store = new Store({ connection: havre.database.connection, maxConnections: 6, onError: () => {} });
  const config = readConfig({ ...env, PUBLIC_URL: havre.url, PORT: String(havre.port) });
  const settings = { ...config, mailIsCaught: true };
  const world = { store, clock: systemClock, secrets: new Secrets(env.SECRET_KEY), settings };
  let asks = 0;
  return {
    havre,
    world,
    ask: asked => ask(havre.url, { ...asked, headers: { "x-forwarded-for": addressOf(++asks), ...asked.headers } }),
    fingerprint: () => fingerprint(store),
    contents: () => contents(store),
    async close() {
      await store.close();
      await havre.stop();
    },
  };
}

const addressOf = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;

/** What signing in may write: when it happened, and the count of failures. Nothing else may change by a refused request. */
const SIGN_IN_TABLES = ["session", "attempt", "nonce"];
/** A lease that was taken and given back is no change. */
const IGNORED = { token: "last_used_at", upload: "held_until" } as const;

async function fingerprint(store: Store): Promise<Record<string, string>> {
  const tables = (await tablesOf(store)).filter(name => !SIGN_IN_TABLES.includes(name));
  return ofEach(store, tables, name => {
    const ignored = IGNORED[name as keyof typeof IGNORED] ?? "";
    return sql`count(*) || ' ' || coalesce(sum(hashtextextended((to_jsonb(t) - ${ignored}::text)::text, 0)), 0)`;
  });
}

const contents = async (store: Store): Promise<Record<string, string>> =>
  ofEach(store, await tablesOf(store), () => sql`coalesce(string_agg(t::text, chr(10)), '')`);

/** One aggregate over each table, in one statement. */
async function ofEach(
  { db }: Store,
  tables: readonly string[],
  sum: (table: string) => RawBuilder<unknown>,
): Promise<Record<string, string>> {
  const each = tables.map(name => sql`select ${name} as name, ${sum(name)} as sum from ${sql.table(name)} t`);
  const { rows } = await sql<{ name: string; sum: string }>`${sql.join(each, sql` union all `)}`.execute(db);
  return Object.fromEntries(rows.map(row => [row.name, row.sum]));
}

async function tablesOf({ db }: Store): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
  return rows.map(row => row.name);
}
