import { link, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { readConfig } from "../../src/config.ts";
import { announceDrop, finishDrop } from "../../src/core/drops/index.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../../src/core/organisations/index.ts";
import { addPerson } from "../../src/core/people/index.ts";
import { actorOf, SYSTEM } from "../../src/core/people/model.ts";
import { addLocation, createStorage } from "../../src/core/storages/index.ts";
import { createStudy, type Study } from "../../src/core/studies/index.ts";
import type { Needs } from "../../src/core/world.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { newSecretId } from "../../src/kernel/ids.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { deliveries } from "../../src/store/deliveries.ts";
import { Store } from "../../src/store/store.ts";
import type { DavServer } from "../../test/engines/dav.ts";
import { type HavreUnderTest, startHavre } from "../shared/havre.ts";
import { cpuSeconds, watchPeak } from "../shared/processes.ts";
import type { Measured, Medium } from "./media.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings" | "log">;

export interface OursOptions {
  readonly proof: "size" | "read-back";
  readonly passphrase: string;
  readonly nodeArguments?: readonly string[];
}

/**
 * A Havre in a process of its own with two studies, one of which encrypts. A delivery is the real thing: a drop whose bytes
 * have arrived, its errand, its custody and its mail; only the upload before it is left out.
 */
export class Ours {
  readonly #medium: Medium;
  readonly #havre: HavreUnderTest;
  readonly #world: World;
  readonly #studies: Studies;

  constructor(medium: Medium, havre: HavreUnderTest, world: World, studies: Studies) {
    this.#medium = medium;
    this.#havre = havre;
    this.#world = world;
    this.#studies = studies;
  }

  /** From the moment the drop is complete until its copy is proved. */
  async deliver(how: "plain" | "encrypted", name: string): Promise<Measured> {
    const blobKey = newSecretId();
    const uploads = join(this.#havre.dataDir, "uploads");
    await mkdir(uploads, { recursive: true });
    await link(this.#medium.source, join(uploads, blobKey));
    const peak = watchPeak(this.#havre.pid);
    const cpuBefore = cpuSeconds(this.#havre.pid);
    const startedAt = performance.now();
    const dropId = await this.#drop(this.#studies[how], name, blobKey);
    await this.#untilDone(dropId);
    const seconds = (performance.now() - startedAt) / 1000;
    return { seconds, cpuSeconds: cpuSeconds(this.#havre.pid) - cpuBefore, peakBytes: peak.stop() };
  }

  /** As the last byte of an upload makes it. */
  async #drop(study: Study, filename: string, blobKey: string): Promise<number> {
    const { sizeBytes, sha256 } = this.#medium;
    const { uploadUuid: studyUuid, uploadCode } = study;
    const unsaid = { folder: "", mediaType: "", declaredSha256: undefined, ip: "127.0.0.1", language: "en" } as const;
    return this.#world.store.transaction(async tx => {
      const { dropId } = await announceDrop(tx, this.#world, { ...unsaid, studyUuid, uploadCode, filename, sizeBytes, blobKey });
      await finishDrop(tx, this.#world, dropId, { sizeBytes, sha256 });
      return dropId;
    });
  }

  async #untilDone(dropId: number): Promise<void> {
    for (;;) {
      const [delivery] = await deliveries(this.#world.store.db).ofDrops([dropId]);
      if (delivery?.state === "done") return;
      if (delivery === undefined || delivery.reason !== "") throw new Error(`Not delivered: ${delivery?.reason}`);
      await sleep(5);
    }
  }

  async stop(): Promise<void> {
    await this.#world.store.close();
    await this.#havre.stop();
  }
}

interface Studies {
  readonly plain: Study;
  readonly encrypted: Study;
}

export async function startOurs(medium: Medium, server: DavServer, options: OursOptions): Promise<Ours> {
  const settings = {
    SECRET_KEY: "a secret key of the benchmarks, long enough",
    DEMO: "0",
    EGRESS_ALLOW: "127.0.0.0/8",
    DELIVERY_PROOF: options.proof,
  };
  const havre = await startHavre(join(medium.folder, options.proof), settings, options.nodeArguments);
  const world: World = {
    store: new Store({ connection: await havre.database(), maxConnections: 2, onError: () => {} }),
    clock: systemClock,
    secrets: new Secrets(settings.SECRET_KEY),
    settings: { ...readConfig(havre.env), mailIsCaught: true },
    log: pino({ level: "silent" }),
  };
  return new Ours(medium, havre, world, await makeStudies(world, server, options));
}

async function makeStudies(world: World, server: DavServer, { proof, passphrase }: OursOptions): Promise<Studies> {
  await loadOrganisations(world, INITIAL_ORGANISATIONS);
  const owner = actorOf(await addPerson(world, SYSTEM, { username: "owner", email: "owner@example.org" }, "tidal-lantern-42"));
  const drive = { name: "Drive", engine: "WEBDAV", address: server.url, username: server.user, password: server.password };
  const storage = await createStorage(world, owner, drive);
  const study = async (name: string, secret: string): Promise<Study> => {
    const { study } = await createStudy(world, owner, { code: name, name, description: "", humanSubject: false, field: 1 });
    const place = { storage: storage.id, direction: "DESTINATION", path: `${proof}-${name}`, uploadPath: "", passphrase: secret };
    await addLocation(world, owner, { study: study.id, input: place });
    return study;
  };
  return { plain: await study("plain", ""), encrypted: await study("encrypted", passphrase) };
}
