import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Settings, World } from "../../src/core/world.ts";
import { openFolderBlobs } from "../../src/drivers/blobs/folder/index.ts";
import { openFolders } from "../../src/drivers/folders/index.ts";
import { Believed } from "../../src/http/address.ts";
import { makeTus, type Tus } from "../../src/http/tus/index.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { GIB } from "../../src/kernel/units.ts";
import { Store, type StoreOptions } from "../../src/store/store.ts";
import { testSettings } from "./settings.ts";

/** Small verbs from which the upload tests and the benchmark are built. */
export interface Place {
  readonly connection: StoreOptions["connection"];
  readonly folder: string;
}

export interface Replica {
  readonly world: World;
  readonly tus: Tus;
  readonly server: Server;
  readonly origin: string;
  readonly port: number;
  readonly lines: object[];
  close(): Promise<void>;
}

export interface ReplicaOptions {
  readonly settings?: Partial<Settings>;
  readonly clock?: Clock;
  readonly believed?: readonly string[];
  /** Long, so that a busy machine does not make hashes unknown. */
  readonly hashPatienceMs?: number;
}

/** One server of any number on one place. */
export async function aReplica(place: Place, options: ReplicaOptions = {}): Promise<Replica> {
  const lines: object[] = [];
  const note = (facts: object, message?: string): void => void lines.push({ ...facts, message });
  const world: World = {
    store: new Store({ connection: place.connection, maxConnections: 10, onError: () => {} }),
    clock: options.clock ?? systemClock,
    secrets: new Secrets("a secret for tests, long enough to be one"),
    settings: testSettings({ maxUploadBytes: 8 * GIB, uploadExpiryMs: 86_400_000, ...options.settings }),
    blobs: await openFolderBlobs(place.folder, { hashPatienceMs: options.hashPatienceMs ?? 10_000 }),
    openStorage: () => Promise.reject(new Error("uploads open no storage")),
    folders: await openFolders(`${place.folder}-shared`),
    log: { debug: () => {}, info: note, warn: note, error: note },
  };
  const tus = makeTus(world, new Believed(options.believed ?? []));
  const server = createServer({ highWaterMark: 1 << 20 }, (request, response) => tus.serve(request, response));
  server.requestTimeout = 0;
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    world,
    tus,
    server,
    port,
    origin: `http://127.0.0.1:${port}`,
    lines,
    async close() {
      await tus.close();
      server.close();
      server.closeAllConnections();
      await world.blobs.close();
      await world.store.close();
    },
  };
}

export interface AStudy {
  readonly id: number;
  readonly uuid: string;
  readonly code: string;
  readonly invitationCode: string;
}

/** A study that takes drops: one storage, one location, one invitation. */
export async function aStudy(
  { world }: Pick<Replica, "world">,
  options: { open?: boolean; storage?: boolean } = {},
): Promise<AStudy> {
  const { db } = world.store;
  const id = (table: string) => `the ${table} ${crypto.randomUUID()}`;
  const organisation = await db
    .insertInto("organisation")
    .values({ name: id("university") })
    .returning("id")
    .executeTakeFirstOrThrow();
  const faculty = await db
    .insertInto("faculty")
    .values({ organisation_id: organisation.id, name: "Science" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const field = await db
    .insertInto("study_field")
    .values({ faculty_id: faculty.id, name: "Sleep" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const owner = await db
    .insertInto("person")
    .values({ username: id("owner"), password_hash: null })
    .returning("id")
    .executeTakeFirstOrThrow();
  const study = await db
    .insertInto("study")
    .values({
      owner_id: owner.id,
      code: "S-1",
      name: "Sleep and daylight",
      human_subject: false,
      field_id: field.id,
      upload_uuid: crypto.randomUUID(),
      upload_code: "GENERALCQDE2",
      is_open: options.open ?? true,
    })
    .returning(["id", "upload_uuid", "upload_code"])
    .executeTakeFirstOrThrow();
  const invitationCode = crypto.randomUUID().slice(0, 8).toUpperCase();
  await db
    .insertInto("invitation")
    .values({ study_id: study.id, name: "Dana", email: "dana@example.org", upload_code: invitationCode })
    .execute();
  if (options.storage !== false) {
    const storage = await db
      .insertInto("storage")
      .values({
        owner_id: owner.id,
        name: "Drive",
        engine: "FOLDER",
        address: "/nowhere",
        username: "",
        password_sealed: Buffer.alloc(0),
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    await db.insertInto("location").values({ study_id: study.id, storage_id: storage.id, passphrase_sealed: null }).execute();
  }
  return { id: study.id, uuid: study.upload_uuid, code: study.upload_code, invitationCode };
}

export const metadata = (entries: Readonly<Record<string, string>>): string =>
  Object.entries(entries)
    .map(([key, text]) => `${key} ${Buffer.from(text).toString("base64")}`)
    .join(",");

/** Waits for a state, not for a time. */
export async function until<T>(what: string, look: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
