import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { SECOND } from "../../kernel/clock.ts";
import { asHavreError, type ErrorKind, HavreError } from "../../kernel/errors.ts";
import { record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { accessTo, type Reached } from "./access.ts";
import { seen } from "./actions.ts";
import type { Engine, StorageTest } from "./model.ts";

type Storage = Awaited<ReturnType<Needs<"openStorage">["openStorage"]>>;
type StoragePath = Parameters<Storage["stat"]>[0];

const DEADLINE_MS = 20 * SECOND;
/** For taking the trial file away again, also after the time for the trial itself is over. */
const CLEAN_UP_MS = 5 * SECOND;
const TRIAL_BYTES = 1024;

/** What a researcher can do about it. */
const ADVICE: Partial<Record<ErrorKind, string>> = {
  unauthenticated: "Check the user name and the password. Many services want an app password here instead of your own.",
  forbidden:
    "You are known there but may not write: ask whoever manages the storage for the right to write, rename and remove files.",
  "not-found": "The folder is not there: check the location, to the last part of its path.",
  invalid: "Check the engine and the location.",
  conflict: "Something there has the name of the trial file. Try again; if it stays, ask whoever manages the storage.",
  "quota-exceeded": "The storage is full: make room there, or ask for more.",
  "too-large": "The storage takes only very small files: ask whoever manages it to raise its limit.",
  checksum: "The storage gave back other bytes than it was given. Do not use it before whoever manages it has explained that.",
  locked: "Another program holds the folder. Wait a minute and try again.",
  throttled: "The storage wants to be asked less often. Wait a few minutes and try again.",
  timeout: "The storage did not answer in time. Check the location; if it is right, try again later.",
  network:
    "The storage cannot be reached. Check the host name in the location; if it is right, its server or the network is down.",
  protocol:
    "What answers there does not behave as this engine should. Check that the location is that of the storage itself and not of its web page.",
  unavailable: "The storage says that it cannot work now. Try again later.",
};

const AT_A_GIT_HOST: Partial<Record<ErrorKind, string>> = {
  unauthenticated: "Make a new token in your settings there, and give it as the password.",
  forbidden:
    "The token must have the right to write to this repository, its owner must let you, and rules of the branch must not forbid it.",
  "not-found":
    "Check the name behind '#', and its owner: #owner/Repository for one that is not yours. A token that may not see a repository is told that there is none.",
  invalid: "Check the location: the address of the API, '#' and the name of the repository.",
  protocol: "Check that the location begins with the address of the API and not with that of the repository's web page.",
};

/** Where an engine has other words for it. */
const ADVICE_FOR: Partial<Record<Engine, Partial<Record<ErrorKind, string>>>> = {
  S3: {
    unauthenticated: "Check the access key and the secret key, and that they are still valid.",
    forbidden:
      "The access key is known there but may not do this: ask whoever manages the bucket for the right to list, read, write and remove.",
    "not-found": "Check the name of the bucket in the location, and that it is on this server.",
    protocol:
      "Check that the location is the address of the S3 server with the bucket behind it, and not that of a web page or of another region.",
  },
  SFTP: {
    unauthenticated:
      "Check the user name, and the password or the private key: its public half must be among the authorised keys there.",
    protocol: "Check that the location is that of an SSH server which offers SFTP to this user.",
  },
  IRODS: {
    unauthenticated: "Check the user name, the password and the zone in the location. A user of another zone is user#zone.",
    "not-found": "Check the zone in the location, and the collection behind it. Without one it is your home collection there.",
    locked:
      "An interrupted write still holds a file. Wait a few minutes and try again; if it stays, ask whoever manages the zone.",
    protocol: "Check that the location is that of an iRODS server and its port (1247 unless you give another).",
  },
  GITEA: AT_A_GIT_HOST,
  GITHUB: AT_A_GIT_HOST,
  FOLDER: {
    forbidden: "The user that Havre runs as may not write there: ask whoever runs this server.",
  },
};

type World = Needs<"store" | "secrets" | "openStorage">;

/**
 * Does on a storage what a delivery does: signs in, writes, renames, reads back, compares, removes. A failure is an answer and not an error.
 * @param asked somebody wants to know; what comes by itself every hour writes nothing where it would stay for ever
 */
export async function tryStorage(world: World, reached: Reached, { asked }: { readonly asked: boolean }): Promise<StorageTest> {
  const access = accessTo(world, reached);
  return inTime(DEADLINE_MS, async signal => {
    const storage = await world.openStorage(access);
    try {
      if (asked || !storage.can.keepsAll) await tryOut(storage, signal);
      else await storage.check(signal);
    } finally {
      await storage.close().catch(() => {});
    }
  }).then(
    () => FINE,
    error => failed(reached.engine, error),
  );
}

/**
 * The one verb that reaches outside while its caller waits, hence the deadline.
 * @throws HavreError "not-found" for a storage that the actor does not see
 */
export async function testStorage(world: World, actor: Actor, id: number): Promise<StorageTest> {
  const result = await tryStorage(world, await seen(world.store.db, actor, id), { asked: true });
  await world.store.transaction(tx =>
    record(tx, actor, { verb: "storage.tested", kind: "storage", id, data: { outcome: result.failure ?? "ok" } }),
  );
  return result;
}

const FINE: StorageTest = {
  failure: undefined,
  message: "It works: Havre signed in, wrote a small file, renamed it, read it back, compared it and removed it.",
};

function failed(engine: Engine, error: unknown): StorageTest {
  const { kind, message, detail } = asHavreError(error);
  const advice = typeof detail.advice === "string" ? detail.advice : (ADVICE_FOR[engine]?.[kind] ?? ADVICE[kind]);
  return { failure: kind, message: advice ? `${message} ${advice}` : message };
}

async function tryOut(storage: Storage, signal: AbortSignal): Promise<void> {
  await storage.check(signal);
  const name = `havre-test-${randomBytes(6).toString("hex")}`;
  const [first, second] = [`${name}.part` as StoragePath, `${name}.txt` as StoragePath];
  const bytes = Buffer.from(randomBytes(TRIAL_BYTES / 2).toString("hex"));
  try {
    await storage.write(first, sourceOf(bytes), { signal });
    await storage.move(first, second, signal);
    const back = await collect(await storage.read(second, {}, signal));
    if (!back.equals(bytes)) throw new HavreError("checksum", "What was read back differs from what was written.");
    await storage.remove(second, signal);
  } catch (error) {
    await cleanUp(storage, [first, second]);
    throw error;
  }
}

/** As well as it goes: what broke the trial may break this too. */
async function cleanUp(storage: Storage, paths: readonly StoragePath[]): Promise<void> {
  for (const path of paths) await inTime(CLEAN_UP_MS, signal => storage.remove(path, signal)).catch(() => {});
}

const sourceOf = (bytes: Buffer) => ({
  sizeBytes: bytes.length,
  open: async (from: number) => Readable.from([bytes.subarray(from)], { objectMode: false }),
});

/** A storage that gives back more than it was given is cut off: the comparison fails either way. */
async function collect(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    sizeBytes += (piece as Buffer).length;
    if (sizeBytes > TRIAL_BYTES) break;
  }
  return Buffer.concat(pieces);
}

/** Gives up waiting at the deadline, also when what is waited for does not heed the signal. */
async function inTime<T>(milliseconds: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new HavreError("timeout", `No answer within ${milliseconds / SECOND} seconds.`);
  const stop = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    // In this order: what the signal interrupts fails with words of its own.
    reject(late);
    stop.abort(late);
  }, milliseconds);
  try {
    return await Promise.race([act(stop.signal), promise]);
  } finally {
    clearTimeout(timer);
  }
}
