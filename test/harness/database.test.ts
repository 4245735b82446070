import assert from "node:assert/strict";
import { describe, it } from "node:test";
import pg from "pg";
import { emptyDatabase, freshDatabase, type TestDatabase } from "./database.ts";

const tablesOf = async ({ url }: TestDatabase): Promise<string[]> => {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query("select table_name as name from information_schema.tables where table_schema = 'public'");
  await client.end();
  return rows.map(row => row.name);
};

describe("databases for tests", () => {
  it("a fresh database has the tables of this version, and is nobody else's", async () => {
    const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
    assert.notEqual(one.connection.database, other.connection.database);
    assert.ok((await tablesOf(one)).includes("study"));
    await one.drop();
    await assert.rejects(tablesOf(one), /does not exist/);
    assert.ok((await tablesOf(other)).includes("study"));
    await other.drop();
  });

  it("an empty database has none", async () => {
    const database = await emptyDatabase();
    assert.deepEqual(await tablesOf(database), []);
    await database.drop();
  });
});
