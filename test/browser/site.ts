import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FaultyProxy, startFaultyProxy } from "../../emulators/faulty-proxy.ts";
import { apacheMissing, startApache } from "../engines/apache.ts";
import type { DavServer } from "../engines/dav.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre } from "../harness/havre.ts";
import { aStudy, type TestStudy } from "../harness/study.ts";
import { browserMissing } from "./chromium.ts";

export const missing = (): string | false => browserMissing() || apacheMissing();

/** A server as people reach it: over a network that can be made bad, with a study that delivers to a WebDAV drive and a folder. */
export interface Site {
  /** What people type: everything they send goes through the network. */
  readonly origin: string;
  readonly network: FaultyProxy;
  readonly havre: Havre;
  readonly apache: DavServer;
  /** The administrator, who owns the study. */
  readonly client: Client;
  readonly study: TestStudy;
  /** Path of the study's drop-off page. */
  readonly dropOff: string;
  /** For files of the provider. */
  readonly disk: string;
  /** Reads what was delivered, once per storage. */
  copiesOf(path: string): Promise<Buffer[]>;
  stop(): Promise<void>;
}

export async function openSite(env: Readonly<Record<string, string>> = {}): Promise<Site> {
  const home = await mkdtemp(join(tmpdir(), "havre-browser-"));
  const [disk, folder] = [join(home, "disk"), join(home, "folder")];
  for (const path of [disk, folder]) await mkdir(path);
  const apache = await startApache();
  // The server must know its public address before it listens, so the network in front of it comes first.
  const target = { port: 0 };
  const network = await startFaultyProxy(target);
  const origin = `http://127.0.0.1:${network.port}`;
  const havre = await startHavre({ env: { PUBLIC_URL: origin, FOLDER_ROOTS: home, ...env } });
  target.port = havre.port;
  const client = await new Client(havre.url).signIn();
  const study = await aStudy(
    client,
    [
      { location: apache.url, username: apache.user, password: apache.password },
      { engine: "FOLDER", location: folder },
    ],
    { name: "Sleep and daylight", description: "Recordings of sleep in different daylight." },
  );
  const stop = async (): Promise<void> => {
    await havre.stop();
    await network.stop();
    await apache.stop();
    await rm(home, { recursive: true, force: true });
  };
  const copiesOf = (path: string): Promise<Buffer[]> =>
    Promise.all([apache.root, folder].map(root => readFile(join(root, path))));
  return { origin, network, havre, apache, client, study, dropOff: `/dropoffs/${study.upload_uuid}/`, disk, copiesOf, stop };
}

/** What a newcomer meets after `make run`: the demonstration, on an empty database. */
export const openDemo = (env: Readonly<Record<string, string>> = {}): Promise<Havre> =>
  startHavre({ env: { DEMO: "1", ADMIN_PASSWORD: "", REGISTRATION: "open", ...env } });
