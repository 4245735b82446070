import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createPerson } from "../../src/core/people/accounts.ts";
import { type Person, SYSTEM } from "../../src/core/people/model.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { Store } from "../../src/store/store.ts";
import { Client } from "../harness/client.ts";
import { type Havre, type HavreOptions, startHavre } from "../harness/havre.ts";
import { testSettings } from "../harness/settings.ts";
import { hashOfPassword, PASSWORD } from "../permissions/scene.ts";

/** A running Havre with its administrator signed in, and FOLDER storages of theirs. */
export interface FilesSite {
  readonly havre: Havre;
  readonly store: Store;
  readonly admin: Client;
  /** With nothing in it. */
  aStorage(): Promise<{ readonly id: number; readonly folder: string }>;
  aPerson(): Promise<{ readonly person: Person; readonly client: Client }>;
  close(): Promise<void>;
}

let count = 0;

export async function filesSite(options: HavreOptions = {}): Promise<FilesSite> {
  const havre = await startHavre(options);
  const store = new Store({ connection: havre.database.connection, maxConnections: 3, onError: () => {} });
  const secrets = new Secrets("a secret key of the tests, long enough for all");
  const world = { store, clock: systemClock, secrets, settings: testSettings() };
  const admin = await new Client(havre.url).signIn();
  return {
    havre,
    store,
    admin,
    async aStorage() {
      const folder = join(havre.dataDir, "storages", `drive-${++count}`);
      await mkdir(folder, { recursive: true });
      const write = { name: `drive ${count}`, engine: "FOLDER", location: folder, username: "", password: "" };
      const { id } = await admin.post("/api/v1/storages/", write);
      return { id, folder };
    },
    async aPerson() {
      const username = `visitor-${++count}`;
      const hash = await hashOfPassword();
      const given = { username, email: `${username}@example.org`, isActive: true };
      const person = await store.transaction(tx => createPerson(tx, world, SYSTEM, given, hash));
      return { person, client: await new Client(havre.url).signIn({ username, password: PASSWORD }) };
    },
    async close() {
      await store.close();
      await havre.stop();
    },
  };
}
