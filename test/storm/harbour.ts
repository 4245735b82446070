import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../../src/core/organisations/index.ts";
import { findEmbedded } from "../../src/drivers/postgres/embedded.ts";
import { Store } from "../../src/store/store.ts";
import { startApache } from "../engines/apache.ts";
import type { DavServer } from "../engines/dav.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre } from "../harness/havre.ts";
import { aStudy, type TestStorage, type TestStudy } from "../harness/study.ts";
import { type AgeIdentity, newIdentity } from "./age.ts";
import { type SmtpSink, startSmtpSink } from "./smtp-sink.ts";

/** One copy that every drop of a study must have in the end. */
export interface Place {
  /** Folder of this machine in which the storage keeps it. */
  readonly root: string;
  readonly key: AgeIdentity | { readonly passphrase: string } | undefined;
}

export interface StormStudy {
  readonly study: TestStudy;
  readonly codes: readonly string[];
  readonly places: readonly Place[];
}

/** Everything that a storm needs: the server, its storages, a mail server, three studies. Closed by `stop`. */
export interface Harbour {
  readonly havre: Havre;
  readonly sink: SmtpSink;
  readonly studies: { readonly sealed: StormStudy; readonly plain: StormStudy; readonly passphrase: StormStudy };
  /** With the embedded database only while the server lives. */
  database(): Promise<pg.Pool>;
  stop(): Promise<void>;
}

const PASSPHRASE = "a passphrase of the storm";

/** @param embedded the database is Havre's own and dies with it */
export async function openHarbour({ embedded }: { embedded: boolean }): Promise<Harbour> {
  const folder = mkdtempSync(join(tmpdir(), "havre-storm-"));
  mkdirSync(join(folder, "copies"));
  const identity = newIdentity(folder);
  const [apache, sink] = await Promise.all([startApache(), startSmtpSink()]);
  const own: Record<string, string> = embedded ? { DATABASE_URL: "" } : {};
  const env = { FOLDER_ROOTS: folder, EMAIL_HOST: "127.0.0.1", EMAIL_PORT: String(sink.port), ...own };
  const havre = await startHavre({ env });
  if (embedded) await loadFields(havre.dataDir);
  const client = await new Client(havre.url).signIn();
  const make = makeStudies(client, apache, join(folder, "copies"), identity);
  const stop = async () => {
    await havre.stop();
    await Promise.all([sink.stop(), apache.stop()]);
    rmSync(folder, { recursive: true });
  };
  const database = async () => {
    const found = embedded ? await findEmbedded(havre.dataDir) : { connectionString: havre.database.url };
    const pool = new pg.Pool({ ...found, max: 3 });
    // It dies with the server that is about to be killed.
    pool.on("error", () => {});
    await pool.query("select 1");
    return pool;
  };
  return { havre, sink, studies: await make, database, stop };
}

/** A study needs a university's field; the harness has put them into the database that is not used here. */
async function loadFields(dataDir: string): Promise<void> {
  const connection = await findEmbedded(dataDir);
  if (!connection) throw new Error("The embedded database does not run.");
  const store = new Store({ connection, maxConnections: 1, onError: () => {} });
  await loadOrganisations({ store }, INITIAL_ORGANISATIONS);
  await store.close();
}

async function makeStudies(
  client: Client,
  apache: DavServer,
  copies: string,
  identity: AgeIdentity,
): Promise<Harbour["studies"]> {
  const dav = (path: string, more: Partial<TestStorage> = {}): TestStorage => ({
    location: apache.url,
    username: apache.user,
    password: apache.password,
    path,
    ...more,
  });
  const disk = (path: string): TestStorage => ({ engine: "FOLDER", location: copies, path });
  const one = async (
    path: string,
    more: Partial<TestStorage>,
    keys: readonly [Place["key"], Place["key"]],
    recipients: string[],
  ) => {
    const study = await aStudy(client, [dav(path, more), disk(path)], { recipients });
    const invited = await client.post("/api/v1/invitations/", { study: study.id, name: "Dana", email: "dana@example.org" });
    return {
      study,
      codes: [study.upload_code, invited.upload_code],
      places: [
        { root: join(apache.root, path), key: keys[0] },
        { root: join(copies, path), key: keys[1] },
      ],
    };
  };
  return {
    sealed: await one("sealed", {}, [identity, identity], [identity.recipient]),
    plain: await one("plain", {}, [undefined, undefined], []),
    passphrase: await one("passphrase", { passphrase: PASSPHRASE }, [{ passphrase: PASSPHRASE }, undefined], []),
  };
}
