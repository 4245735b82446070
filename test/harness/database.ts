import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { EmbeddedConnection } from "../../src/drivers/postgres/embedded.ts";
import { startTestServer, TEST_POSTGRES, type TestServer } from "./server.ts";

export interface TestDatabase {
  /** For `pg` and `Store`. */
  readonly connection: EmbeddedConnection;
  /** The same, for a DATABASE_URL. */
  readonly url: string;
  /** Ends what is still connected and removes the database. Databases that stay go with the server at the end of the run. */
  drop(): Promise<void>;
}

/** A database with this version's tables and no rows, of its own for whoever asks (some 20 ms). */
export async function freshDatabase(): Promise<TestDatabase> {
  return create(`template "${await template()}" strategy file_copy`);
}

/** A database without any table, for what is said about migrations themselves. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return create("template template0");
}

async function create(how: string): Promise<TestDatabase> {
  const database = `test_${randomBytes(8).toString("hex")}`;
  await asAdmin(admin => admin.query(`create database ${database} ${how}`));
  const connection = { ...(await server()), database };
  const drop = () => asAdmin(admin => admin.query(`drop database if exists ${database} with (force)`)).then(() => {});
  return { connection, url: urlOf(connection), drop };
}

const urlOf = ({ host, user, database }: EmbeddedConnection): string =>
  `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(host)}`;

let started: Promise<TestServer> | undefined;

/** The run's server; a file that is run by hand starts one for itself. */
async function server(): Promise<EmbeddedConnection> {
  const given = process.env[TEST_POSTGRES];
  if (given) return JSON.parse(given) as EmbeddedConnection;
  started ??= startTestServer();
  return (await started).connection;
}

after(async () => (await started)?.stop());

let templateName: Promise<string> | undefined;
const template = (): Promise<string> => {
  templateName ??= makeTemplate();
  return templateName;
};

/** Migrated once per run and per state of the migrations, whoever comes first. It gets its name last, so it is never half done. */
async function makeTemplate(): Promise<string> {
  const name = `template_${await hashOfMigrations()}`;
  await asAdmin(async admin => {
    await admin.query("select pg_advisory_lock(hashtext('havre test template'))");
    const { rowCount } = await admin.query("select 1 from pg_database where datname = $1", [name]);
    if (rowCount) return;
    const { connection } = await emptyDatabase();
    await migrateAll(connection);
    await admin.query(`alter database ${connection.database} rename to ${name}`);
  });
  return name;
}

async function migrateAll(connection: EmbeddedConnection): Promise<void> {
  const { migrate } = await import("../../src/store/migrate.ts");
  const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ ...connection, max: 2 }) }) });
  await migrate(db).finally(() => db.destroy());
}

async function hashOfMigrations(): Promise<string> {
  const store = join(import.meta.dirname, "../../src/store");
  const migrations = (await readdir(join(store, "migrations"))).sort().map(name => join(store, "migrations", name));
  const hash = createHash("sha256");
  for (const file of [join(store, "migrate.ts"), ...migrations]) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}

async function asAdmin<T>(act: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client(await server());
  await admin.connect();
  return act(admin).finally(() => admin.end());
}
