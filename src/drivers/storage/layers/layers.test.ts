import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { newIdentity } from "../../../kernel/age/index.ts";
import { HavreError } from "../../../kernel/errors.ts";
import { behavesLikeStorage, type Opened, sourceOf } from "../../../ports/storage.suite.ts";
import type { Storage, StoragePath } from "../../../ports/storage.ts";
import { openFolder } from "../folder/folder.ts";
import { encrypt } from "./encrypt.ts";
import { limit } from "./limit.ts";
import { log, type StorageCall } from "./log.ts";
import { type RetryPolicy, retry } from "./retry.ts";

const path = (text: string): StoragePath => text as StoragePath;
const never = new AbortController().signal;

const folders: string[] = [];
function newFolder(): { storage: Storage; root: string } {
  const root = mkdtempSync(join(tmpdir(), "havre-layers-"));
  folders.push(root);
  return { root, storage: openFolder({ engine: "FOLDER", location: root, username: "", password: "" }, { roots: [root] }) };
}
after(() => {
  for (const root of folders) rmSync(root, { recursive: true });
});
const layered = (layer: (below: Storage) => Storage) => async (): Promise<Opened> => ({
  storage: layer(newFolder().storage),
});

const pair = newIdentity();
const keys = { recipients: [pair.recipient], identities: [pair.identity] };
behavesLikeStorage(
  "an encrypted folder",
  layered(below => encrypt(below, keys)),
  { maxNameBytes: 251 },
);
behavesLikeStorage(
  "a folder with retries",
  layered(below => retry(below)),
);
behavesLikeStorage(
  "a folder with a limit",
  layered(below => limit(below, 2)),
);
behavesLikeStorage(
  "a folder with a log",
  layered(below => log(below, () => {})),
);
behavesLikeStorage(
  "all layers at once",
  layered(below => limit(retry(log(encrypt(below, keys), () => {})), 2)),
  { maxNameBytes: 251 },
);

describe("the encrypting layer", () => {
  it("keeps only ciphertext below, and opens it with the passphrase alone", async () => {
    const { storage: below, root } = newFolder();
    const storage = encrypt(below, { passphrase: "correct horse" });
    await storage.write(path("diary.txt"), sourceOf("dear diary"), { signal: never });
    assert.deepEqual(readdirSync(root), ["diary.txt.age"]);
    assert.ok(!(await text(await below.read(path("diary.txt.age"), {}, never))).includes("dear"));
    assert.equal(await text(await storage.read(path("diary.txt"), {}, never)), "dear diary");
    const wrong = encrypt(below, { passphrase: "wrong horse" });
    await assert.rejects(wrong.read(path("diary.txt"), {}, never), { kind: "unauthenticated" });
  });

  it("takes files it cannot read itself when it knows only public keys", async () => {
    const storage = encrypt(newFolder().storage, { recipients: [pair.recipient, newIdentity().recipient] });
    await storage.write(path("x"), sourceOf("secret"), { signal: never });
    assert.equal((await storage.stat(path("x"), never))?.sizeBytes, 6);
    await assert.rejects(storage.read(path("x"), {}, never), { kind: "forbidden" });
  });

  it("does not show files that others put there in clear", async () => {
    const { storage: below } = newFolder();
    await below.write(path("clear.txt"), sourceOf("x"), { signal: never });
    const storage = encrypt(below, keys);
    assert.deepEqual(await Array.fromAsync(storage.list(path(""), {}, never)), []);
    assert.equal(await storage.stat(path("clear.txt"), never), undefined);
  });

  it("refuses a bad recipient before anything is written", async () => {
    assert.throws(() => encrypt(newFolder().storage, { recipients: ["age1wrong"] }), { kind: "invalid" });
  });
});

/** A storage whose calls fail with the given errors first, then go through. */
function failing(
  below: Storage,
  errors: readonly HavreError[],
  call: "stat" | "write" | "move" | "read",
  alsoDo = false,
): { storage: Storage; calls(): number } {
  let count = 0;
  const storage: Storage = {
    ...below,
    [call]: async (...args: never[]) => {
      const error = errors[count++];
      if (error === undefined || alsoDo) await (below[call] as (...all: never[]) => Promise<unknown>)(...args);
      if (error !== undefined) throw error;
      return call === "stat" || call === "read" ? (below[call] as (...all: never[]) => Promise<unknown>)(...args) : undefined;
    },
  };
  return { storage, calls: () => count };
}

describe("the retrying layer", () => {
  const waits: number[] = [];
  const policy: RetryPolicy = {
    tries: 4,
    firstWaitMs: 100,
    longestWaitMs: 5000,
    random: () => 0.5,
    sleep: async milliseconds => void waits.push(milliseconds),
  };
  const blip = new HavreError("network", "cut");

  it("repeats what may pass, waiting longer each time", async () => {
    waits.length = 0;
    const { storage, calls } = failing(newFolder().storage, [blip, blip, blip], "stat");
    assert.equal((await retry(storage, policy).stat(path(""), never))?.kind, "folder");
    assert.equal(calls(), 4);
    assert.deepEqual(waits, [75, 150, 300]);
  });

  it("gives up after its tries, and at once when somebody must act first", async () => {
    const stubborn = failing(newFolder().storage, [blip, blip, blip, blip, blip], "stat");
    await assert.rejects(retry(stubborn.storage, policy).stat(path(""), never), { kind: "network" });
    assert.equal(stubborn.calls(), 4);
    const wrong = failing(newFolder().storage, [new HavreError("unauthenticated", "wrong password")], "stat");
    await assert.rejects(retry(wrong.storage, policy).stat(path(""), never), { kind: "unauthenticated" });
    assert.equal(wrong.calls(), 1);
  });

  it("waits as long as the server asks, unless that is longer than a blip", async () => {
    waits.length = 0;
    const busy = (seconds: number) => new HavreError("throttled", "slow down", { retryAfterSeconds: seconds });
    await retry(failing(newFolder().storage, [busy(3)], "stat").storage, policy).stat(path(""), never);
    assert.deepEqual(waits, [3000]);
    const long = failing(newFolder().storage, [busy(600)], "stat");
    await assert.rejects(retry(long.storage, policy).stat(path(""), never), { kind: "throttled", retryAfterSeconds: 600 });
    assert.equal(long.calls(), 1);
  });

  it("sends a file whole again, and its progress never goes back", async () => {
    const { storage: below } = newFolder();
    let count = 0;
    const torn: Storage = {
      ...below,
      write: async (at, source, options) => {
        if (count++ > 0) return below.write(at, source, options);
        options.onProgress?.(source.sizeBytes - 1);
        throw blip;
      },
    };
    const told: number[] = [];
    await retry(torn, policy).write(path("f"), sourceOf(Buffer.alloc(300_000)), {
      signal: never,
      onProgress: sent => told.push(sent),
    });
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      told,
    );
    assert.equal(told.at(-1), 300_000);
    assert.equal((await below.stat(path("f"), never))?.sizeBytes, 300_000);
  });

  it("knows a move that happened although its answer was lost", async () => {
    const { storage: below } = newFolder();
    await below.write(path("temp"), sourceOf("x"), { signal: never });
    const lost = failing(below, [blip], "move", true);
    await retry(lost.storage, policy).move(path("temp"), path("final"), never);
    assert.equal((await below.stat(path("final"), never))?.sizeBytes, 1);
  });

  it("still says conflict when the name was taken by another", async () => {
    const { storage: below } = newFolder();
    for (const name of ["temp", "final"]) await below.write(path(name), sourceOf(name), { signal: never });
    const { storage } = failing(below, [blip], "move");
    await assert.rejects(retry(storage, policy).move(path("temp"), path("final"), never), { kind: "conflict" });
    assert.equal(await text(await below.read(path("final"), {}, never)), "final");
  });

  it("stops waiting at the signal", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const { storage } = failing(newFolder().storage, [blip], "stat");
    const asked = retry(storage, { tries: 3, firstWaitMs: 60_000, longestWaitMs: 60_000 }).stat(path(""), stop.signal);
    setImmediate(() => stop.abort(reason));
    await assert.rejects(asked, (thrown: unknown) => thrown === reason);
  });
});

describe("the limiting layer", () => {
  /** A storage whose `stat` waits for the test. */
  function gated() {
    const open: (() => void)[] = [];
    const storage: Storage = {
      ...newFolder().storage,
      stat: () => new Promise(resolve => open.push(() => resolve(undefined))),
      read: async () => new Readable({ read() {} }),
    };
    return { storage, open };
  }
  const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

  it("lets no more than its number in, and the next as one leaves", async () => {
    const { storage: below, open } = gated();
    const storage = limit(below, 2);
    const asked = Array.from({ length: 5 }, () => storage.stat(path("x"), never));
    for (const inside of [2, 3, 4, 5, 5]) {
      await turn();
      assert.equal(open.length, inside);
      open[asked.length - 1 < inside ? inside - 1 : inside - 2]?.();
    }
    for (const one of open) one();
    await Promise.all(asked);
  });

  it("counts a read until its stream is closed", async () => {
    const { storage: below, open } = gated();
    const storage = limit(below, 1);
    const stream = await storage.read(path("x"), {}, never);
    const asked = storage.stat(path("x"), never);
    await turn();
    assert.equal(open.length, 0);
    stream.destroy();
    await turn();
    await turn();
    assert.equal(open.length, 1);
    open[0]?.();
    await asked;
  });

  it("lets those who wait go at their signal, and keeps their place for nobody", async () => {
    const { storage: below, open } = gated();
    const storage = limit(below, 1);
    const stop = new AbortController();
    const first = storage.stat(path("x"), never);
    const second = storage.stat(path("x"), stop.signal);
    const third = storage.stat(path("x"), never);
    await turn();
    stop.abort(new Error("enough"));
    await assert.rejects(second, /enough/);
    open[0]?.();
    await first;
    await turn();
    open[1]?.();
    await third;
    assert.equal(open.length, 2);
  });
});

describe("the logging layer", () => {
  it("tells every call once, with its bytes and its outcome", async () => {
    const calls: StorageCall[] = [];
    const storage = log(
      newFolder().storage,
      call => calls.push(call),
      () => 0,
    );
    await storage.write(path("f"), sourceOf("hello"), { signal: never });
    await buffer(await storage.read(path("f"), { from: 1 }, never));
    await storage.move(path("f"), path("g"), never);
    await assert.rejects(storage.read(path("f"), {}, never));
    await assert.rejects(storage.stat(path("f"), AbortSignal.abort()));
    const seen = calls.map(({ call, path, to, bytes, outcome }) => ({ call, path, ...(to ? { to } : {}), bytes, outcome }));
    assert.deepEqual(seen, [
      { call: "write", path: "f", bytes: 5, outcome: "ok" },
      { call: "read", path: "f", bytes: 4, outcome: "ok" },
      { call: "move", path: "f", to: "g", bytes: 0, outcome: "ok" },
      { call: "read", path: "f", bytes: 0, outcome: "not-found" },
      { call: "stat", path: "f", bytes: 0, outcome: "aborted" },
    ]);
    assert.match(calls[3]?.error ?? "", /no such file/);
  });
});
