import { mkdtempSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { freshDatabase } from "../../../test/harness/database.ts";
import { openStorageBelow } from "../../../test/harness/open-storage.ts";
import { testSettings } from "../../../test/harness/settings.ts";
import { openBlobs } from "../../drivers/blobs/all.ts";
import { systemClock } from "../../kernel/clock.ts";
import { type Plug, plugged } from "../../kernel/plug.fixture.ts";
import { Secrets } from "../../kernel/secrets.ts";
import { permissions } from "../../store/permissions.ts";
import { Store } from "../../store/store.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../organisations/index.ts";
import { addPerson } from "../people/index.ts";
import { actorOf, type NewPerson, type PersonActor, SYSTEM } from "../people/model.ts";
import { addLocation, createStorage, type StorageInput, type StorageRecord } from "../storages/index.ts";
import { createStudy } from "../studies/index.ts";
import type { Settings, World } from "../world.ts";
import { type FileEntry, type FilePlace, placeOfStorage, type Written, writeFile } from "./index.ts";

export type FilesWorld = Pick<World, "store" | "clock" | "secrets" | "settings" | "blobs" | "openStorage" | "log">;

export interface FilesBench {
  readonly world: FilesWorld;
  /** On the disk, below which FOLDER storages may lie. */
  readonly folder: string;
  aPerson(more?: Partial<NewPerson>): Promise<PersonActor>;
  /** A FOLDER storage with nothing in it, of its own. */
  aStorage(owner: PersonActor, more?: Partial<StorageInput>): Promise<StorageRecord & { readonly folder: string }>;
  /** A study that delivers to a folder of a storage, with one more person in it. */
  aStudy(
    owner: PersonActor,
    storage: StorageRecord,
    path: string,
    member?: [PersonActor, "member" | "researcher"],
  ): Promise<number>;
  place(actor: PersonActor, storage: StorageRecord): Promise<FilePlace>;
  write(place: FilePlace, path: string, text: string | Buffer): Promise<Written>;
  close(): Promise<void>;
}

let count = 0;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** For tests of this area and of what carries its bytes: a database, a folder on the disk, and the real drivers. */
export async function filesBench(settings: Partial<Settings> = {}): Promise<FilesBench> {
  const database = await freshDatabase();
  const folder = mkdtempSync(join(tmpdir(), "havre-files-"));
  const store = new Store({ connection: database.connection, maxConnections: 8, onError: () => {} });
  const blobs = await openBlobs({ blobUrl: `file://${folder}/blobs`, blobAccessKey: "", blobSecretKey: "" });
  const world: FilesWorld = {
    store,
    clock: systemClock,
    secrets: new Secrets("a secret for tests, long enough to be one"),
    settings: testSettings(settings),
    blobs,
    openStorage: openStorageBelow(folder),
    log: quiet,
  };
  await loadOrganisations(world, INITIAL_ORGANISATIONS.slice(0, 1));
  const field = (await store.db.selectFrom("study_field").select("id").limit(1).executeTakeFirstOrThrow()).id;
  const boss = await aPerson(world, { isSuperuser: true });
  return {
    world,
    folder,
    aPerson: more => aPerson(world, more),
    async aStorage(owner, more = {}) {
      const path = join(folder, `storage-${++count}`);
      await mkdir(path);
      const input = { name: `drive ${count}`, engine: "FOLDER", address: path, username: "", password: "", ...more };
      const made = await createStorage(world, boss, input);
      await store.db.updateTable("storage").set({ owner_id: owner.id }).where("id", "=", made.id).execute();
      return { ...made, ownerId: owner.id, folder: path };
    },
    async aStudy(owner, storage, path, member) {
      const input = { code: "C", name: "N", description: "", humanSubject: false, field };
      const { study } = await createStudy(world, owner, input);
      await addLocation(world, owner, {
        study: study.id,
        input: { storage: storage.id, direction: "DESTINATION", path, uploadPath: "" },
      });
      if (member) await permissions(store.db).put([{ studyId: study.id, personId: member[0].id, role: member[1], active: true }]);
      return study.id;
    },
    place: (actor, storage) => placeOfStorage(world, actor, storage.id),
    write: (place, path, text) => writeFile(world, place, { path, incoming: bytesOf(text), ifExists: "replace", parents: true }),
    async close() {
      await blobs.close();
      await store.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const bytesOf = (text: string | Buffer): { body: Readable; sizeBytes: number } => {
  const bytes = Buffer.from(text);
  return { body: Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false }), sizeBytes: bytes.length };
};

async function aPerson(world: FilesWorld, more: Partial<NewPerson> = {}): Promise<PersonActor> {
  const username = `reader${++count}`;
  const person = { username, email: `${username}@example.org`, isActive: true, ...more };
  return actorOf(await addPerson(world, SYSTEM, person, "correct-Horse-7-battery"));
}

export const namesOf = (entries: readonly FileEntry[]): string[] => entries.map(({ name }) => name);
export const textOf = async (body: Readable | undefined): Promise<string> =>
  Buffer.concat(body ? await Array.fromAsync(body as AsyncIterable<Buffer>) : []).toString();

const STORAGE_VERBS = new Set(["stat", "read", "copy", "write", "move", "remove", "makeFolder", "reached"]);

/** The same world, until the plug is pulled: verbs of storages and transactions are its steps. */
export function unplugged(world: FilesWorld, plug: Plug): FilesWorld {
  const { store } = world;
  return {
    ...world,
    store: {
      ...store,
      get db() {
        plug.mustLive();
        return store.db;
      },
      transaction: act => plug.guard(() => store.transaction(act)),
      notify: (channel, payload) => plug.guard(() => store.notify(channel, payload)),
    } as FilesWorld["store"],
    openStorage: async access => plugged(await world.openStorage(access), plug, STORAGE_VERBS),
  };
}
