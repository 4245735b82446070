import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { HavreError } from "../kernel/errors.ts";
import { KIB, MIB } from "../kernel/units.ts";
import type { Source, Storage, StoragePath } from "./storage.ts";

export interface Opened {
  readonly storage: Storage;
  close?(): Promise<void>;
}

export interface SuiteOptions {
  /** Why the whole suite cannot run here, e.g. a server that is not installed. */
  readonly skip?: string | false;
  /** Longest name the server takes, in UTF-8 bytes; 255 unless it adds something to names. */
  readonly maxNameBytes?: number;
  /** An interrupted write is kept in pieces of this size; 1 unless the server keeps only whole parts. */
  readonly keepsBytes?: number;
  /** Longest time for one case, when the server is slow. */
  readonly limitMs?: number;
}

const LIMIT_MS = 20_000;
export const NOT_OFFERED = "not offered";
const ABORT_LIMIT_MS = 3_000;
const ODD_NAMES = [
  "two words.txt",
  "世界 #%?&+'\".csv",
  "100%25 sure",
  "a;b=c,d@e!f$g(h)[i]{j}",
  "naïve été.tar.gz",
  "😀.bin",
  "-rf",
  "~tilde",
  "...dots",
  "semi:colon|bar*<star>",
];

const path = (...parts: readonly string[]): StoragePath => parts.filter(part => part !== "").join("/") as StoragePath;
const never = (): AbortSignal => new AbortController().signal;

/** A source of these bytes, which may lie about their number. */
export function sourceOf(bytes: Buffer | string, declaredBytes?: number): Source {
  const all = Buffer.from(bytes);
  return {
    sizeBytes: declaredBytes ?? all.length,
    open: async from => Readable.from(pieces(all.subarray(from)), { objectMode: false }),
  };
}

function* pieces(bytes: Buffer, pieceBytes = 100_003): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** `left` bytes, then silence: the stream of a client that went away without a word. */
const hangingAfter = (bytes: number): Readable => {
  let left = bytes;
  return new Readable({
    read() {
      if (left > 0) this.push(Buffer.alloc(Math.min(left, 64 * KIB)));
      left -= 64 * KIB;
    },
  });
};

/**
 * What every storage does alike: the one description of the port that is run. Each case works in its own folder, so one
 * storage serves them all.
 */
export function behavesLikeStorage(name: string, open: () => Promise<Opened>, options: SuiteOptions = {}): void {
  describe(`${name} behaves like a storage`, { skip: options.skip ?? false }, () => {
    let opened: Opened;
    let storage: Storage;
    let cases = 0;
    before(async () => {
      opened = await open();
      storage = opened.storage;
    });
    after(async () => {
      await storage?.close();
      await opened?.close?.();
    });

    const folder = async (): Promise<StoragePath> => {
      const made = path("suite", `case-${++cases}`);
      await storage.makeFolder(made, never());
      return made;
    };
    const put = (at: StoragePath, bytes: Buffer | string): Promise<void> =>
      storage.write(at, sourceOf(bytes), { signal: never() });
    const get = async (at: StoragePath, from?: number, to?: number): Promise<Buffer> => {
      const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      return buffer(await storage.read(at, range, never()));
    };
    const stat = (at: StoragePath) => storage.stat(at, never());
    const list = (at: StoragePath, skip = 0) => Array.fromAsync(storage.list(at, { skip }, never()));
    /** What a storage does not offer is tested by its refusal, where there is one; docs/api/storages.md tells the two apart. */
    const test = (sentence: string, run: () => Promise<unknown>): void =>
      void it(sentence, { timeout: options.limitMs ?? LIMIT_MS }, async context => {
        if ((await run()) === NOT_OFFERED) context.diagnostic(`${name}: ${NOT_OFFERED}: ${sentence}`);
      });

    test("can be used", () => storage.check(never()));

    test("shows its root as a folder", async () => {
      const root = await stat(path());
      assert.equal(root?.kind, "folder");
      assert.equal(root?.path, "");
      assert.equal(root?.sizeBytes, 0);
    });

    test("keeps what is written and tells its size", async () => {
      const at = path(await folder(), "file.txt");
      await put(at, "hello haven");
      const entry = await stat(at);
      assert.equal(entry?.path, at);
      assert.equal(entry?.kind, "file");
      assert.equal(entry?.sizeBytes, 11);
      if (entry?.modifiedAt !== undefined) assert.ok(Math.abs(entry.modifiedAt.getTime() - Date.now()) < 86_400_000);
      assert.equal((await get(at)).toString(), "hello haven");
    });

    test("knows nothing where nothing lies, at any depth, also below a file", async () => {
      const at = await folder();
      await put(path(at, "file"), "x");
      for (const missing of [path(at, "no"), path(at, "no", "further", "down"), path(at, "file", "below")])
        assert.equal(await stat(missing), undefined, missing);
    });

    test("keeps an empty file", async () => {
      const at = path(await folder(), "empty");
      await put(at, "");
      assert.equal((await stat(at))?.sizeBytes, 0);
      assert.equal((await stat(at))?.kind, "file");
      assert.equal((await get(at)).length, 0);
    });

    test("returns 16 MiB unchanged", async () => {
      const at = path(await folder(), "large.bin");
      const bytes = randomBytes(16 * MIB);
      await put(at, bytes);
      const entry = await stat(at);
      assert.equal(entry?.sizeBytes, bytes.length);
      if (storage.can.hash && entry?.sha256 !== undefined) assert.equal(entry.sha256, sha256(bytes));
      assert.equal(sha256(await get(at)), sha256(bytes));
    });

    test("reads any range of bytes, and nothing beyond the end", async () => {
      const at = path(await folder(), "ranges");
      const bytes = randomBytes(200_000);
      await put(at, bytes);
      for (const [from, to] of [
        [0, 1],
        [0, 200_000],
        [1, 199_999],
        [65_535, 65_537],
        [199_999, 200_000],
        [5, 5],
      ] as const)
        assert.ok((await get(at, from, to)).equals(bytes.subarray(from, to)), `${from} to ${to}`);
      assert.ok((await get(at, 70_000)).equals(bytes.subarray(70_000)));
      assert.ok((await get(at, undefined, 9)).equals(bytes.subarray(0, 9)));
      assert.ok((await get(at, 199_990, 300_000)).equals(bytes.subarray(199_990)));
      assert.equal((await get(at, 200_000)).length, 0);
      assert.equal((await get(at, 300_000, 400_000)).length, 0);
    });

    test("says not-found before the first byte of a missing file", async () => {
      const at = await folder();
      await assert.rejects(storage.read(path(at, "missing"), {}, never()), { kind: "not-found" });
      await assert.rejects(storage.read(path(at, "missing"), { from: 3, to: 3 }, never()), { kind: "not-found" });
    });

    test("lets a reader leave early and goes on working", async () => {
      const at = path(await folder(), "large");
      await put(at, randomBytes(4 * MIB));
      const stream = await storage.read(at, {}, never());
      for await (const _ of stream) break;
      assert.equal(stream.destroyed, true);
      assert.equal((await get(at, 0, 10)).length, 10);
    });

    test("lists the direct children of a folder and nothing else", async () => {
      const at = await folder();
      assert.deepEqual(await list(at), []);
      await put(path(at, "one.txt"), "1");
      await put(path(at, "two.txt"), "22");
      await storage.makeFolder(path(at, "sub"), never());
      await put(path(at, "sub", "hidden.txt"), "333");
      const seen = (await list(at)).map(({ path, kind, sizeBytes }) => ({ path, kind, sizeBytes }));
      assert.deepEqual(
        seen.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
        [
          { path: path(at, "one.txt"), kind: "file", sizeBytes: 1 },
          { path: path(at, "sub"), kind: "folder", sizeBytes: 0 },
          { path: path(at, "two.txt"), kind: "file", sizeBytes: 2 },
        ],
      );
    });

    test("lists its root, with paths that need no folder in front", async () => {
      await folder();
      const root = await list(path());
      assert.ok(root.some(entry => entry.path === "suite" && entry.kind === "folder"));
      assert.ok(root.every(entry => entry.path !== ""));
    });

    test("lists a hundred files whole", async () => {
      const at = await folder();
      const names = Array.from({ length: 100 }, (_, number) => path(at, `file-${number}`));
      for (const one of names) await put(one, "x");
      assert.deepEqual((await list(at)).map(entry => entry.path).toSorted(), names.toSorted());
    });

    test("lists by name, a folder's as if it ended in a slash, and leaves out as many as it is asked to", async () => {
      const at = await folder();
      // As they should come: "/" lies between "." and "0", and what is beyond U+FFFF after U+FF5E.
      for (const name of ["😀", "～", "é", "a0", "a.x", "a-1", "a b", "A"]) await put(path(at, name), "x");
      for (const name of ["b", "a"]) await storage.makeFolder(path(at, name), never());
      const inOrder = ["A", "a b", "a-1", "a.x", "a", "a0", "b", "é", "～", "😀"].map(name => path(at, name));
      assert.deepEqual(
        (await list(at)).map(entry => entry.path),
        inOrder,
      );
      for (const skip of [1, 4, 9, 10, 11])
        assert.deepEqual(
          (await list(at, skip)).map(entry => entry.path),
          inOrder.slice(skip),
        );
    });

    test("lets a lister leave early and goes on working", async () => {
      const at = await folder();
      for (const name of ["a", "b", "c"]) await put(path(at, name), "x");
      for await (const { path: first } of storage.list(at, {}, never())) {
        assert.equal(first, path(at, "a"));
        break;
      }
      assert.equal((await list(at, 1)).length, 2);
    });

    test("says not-found when asked to list what is missing or a file", async () => {
      const at = await folder();
      await put(path(at, "file"), "x");
      await assert.rejects(list(path(at, "missing")), { kind: "not-found" });
      await assert.rejects(list(path(at, "file")), { kind: "not-found" });
    });

    test("takes names with blanks, marks, other scripts and what URLs give a meaning", async () => {
      const at = await folder();
      for (const odd of ODD_NAMES) {
        await put(path(at, odd), odd);
        assert.equal((await stat(path(at, odd)))?.sizeBytes, Buffer.byteLength(odd), odd);
        assert.equal((await get(path(at, odd))).toString(), odd);
      }
      const listed = (await list(at)).map(entry => entry.path);
      assert.deepEqual(listed.toSorted(), ODD_NAMES.map(odd => path(at, odd)).toSorted());
    });

    test("moves, enters and removes folders and files with such names", async () => {
      const at = await folder();
      for (const odd of ODD_NAMES) {
        await storage.makeFolder(path(at, `in ${odd}`), never());
        await put(path(at, `in ${odd}`, odd), odd);
        await storage.move(path(at, `in ${odd}`, odd), path(at, odd), never());
        assert.equal((await get(path(at, odd))).toString(), odd);
        await storage.remove(path(at, odd), never());
        await storage.remove(path(at, `in ${odd}`), never());
      }
      assert.deepEqual(await list(at), []);
    });

    test("takes the longest names", async () => {
      const at = await folder();
      const longest = options.maxNameBytes ?? 255;
      for (const long of ["x".repeat(longest), "世".repeat(Math.floor(longest / 3))]) {
        await put(path(at, long), "x");
        assert.equal((await stat(path(at, long)))?.sizeBytes, 1);
        assert.ok((await list(at)).some(entry => entry.path === path(at, long)));
      }
    });

    test("refuses a path that climbs", async () => {
      const at = await folder();
      for (const bad of ["..", `${at}/../../x`, `${at}//x`, "/etc/hostname", `${at}/./x`]) {
        await assert.rejects(stat(bad as StoragePath), { kind: "invalid" }, bad);
        await assert.rejects(put(bad as StoragePath, "x"), { kind: "invalid" }, bad);
      }
    });

    test("makes a folder with its missing parents, twice without complaint, twenty deep", async () => {
      const at = await folder();
      const deep = path(at, ...Array.from({ length: 20 }, (_, level) => `level ${level}`));
      await storage.makeFolder(deep, never());
      await storage.makeFolder(deep, never());
      assert.equal((await stat(deep))?.kind, "folder");
      await put(path(deep, "file"), "deep");
      assert.equal((await get(path(deep, "file"))).toString(), "deep");
      await storage.makeFolder(path(), never());
    });

    test("makes one folder for many who ask at the same time", async () => {
      const at = path(await folder(), "a", "b", "c");
      await Promise.all(Array.from({ length: 8 }, () => storage.makeFolder(at, never())));
      assert.equal((await stat(at))?.kind, "folder");
    });

    test("says conflict when a file stands where a folder should be made", async () => {
      const at = path(await folder(), "taken");
      await put(at, "x");
      await assert.rejects(storage.makeFolder(at, never()), { kind: "conflict" });
      assert.equal((await get(at)).toString(), "x");
    });

    test("says not-found when the folder to write into is missing", async () => {
      const at = await folder();
      await assert.rejects(put(path(at, "missing", "file"), "x"), { kind: "not-found" });
      assert.equal(await stat(path(at, "missing")), undefined);
    });

    test("refuses to write a file where a folder is, and leaves the folder alone", async () => {
      const at = await folder();
      await put(path(at, "file"), "x");
      await assert.rejects(put(at, "y"), HavreError);
      assert.equal((await get(path(at, "file"))).toString(), "x");
    });

    test("replaces the whole of a file by writing it again", async () => {
      const at = path(await folder(), "file");
      await put(at, "a long first version");
      const first = await stat(at);
      await put(at, "short");
      const second = await stat(at);
      assert.equal((await get(at)).toString(), "short");
      assert.equal(second?.sizeBytes, 5);
      if (first?.etag !== undefined) assert.notEqual(second?.etag, first.etag);
    });

    test("refuses a source that is shorter or longer than it declared as invalid", async () => {
      const at = await folder();
      for (const [declared, given] of [
        [1000, 900],
        [1000, 1100],
        [1, 0],
        [3 * MIB, 2 * MIB],
        [2 * MIB, 3 * MIB],
      ] as const) {
        const liar = sourceOf(Buffer.alloc(given), declared);
        const wrong = storage.write(path(at, `${declared}-${given}`), liar, { signal: never() });
        await assert.rejects(wrong, { kind: "invalid" }, `${declared} declared, ${given} given`);
      }
      await put(path(at, "after"), "works still");
    });

    test("passes on what went wrong in the source", async () => {
      const at = await folder();
      const failure = new HavreError("checksum", "The blob was changed.");
      const failing: Source = {
        sizeBytes: MIB,
        open: async () =>
          Readable.from(
            (async function* () {
              yield Buffer.alloc(100 * KIB);
              throw failure;
            })(),
            { objectMode: false },
          ),
      };
      await assert.rejects(storage.write(path(at, "file"), failing, { signal: never() }), { kind: "checksum" });
      const closed: Source = { sizeBytes: 5, open: () => Promise.reject(failure) };
      await assert.rejects(storage.write(path(at, "file"), closed, { signal: never() }), { kind: "checksum" });
    });

    test("tells progress that only grows and ends at the size", async () => {
      const at = path(await folder(), "file");
      const told: number[] = [];
      await storage.write(at, sourceOf(randomBytes(2 * MIB)), { signal: never(), onProgress: sent => told.push(sent) });
      assert.equal(told.at(-1), 2 * MIB);
      assert.ok(told.every((sent, index) => sent >= (told[index - 1] ?? 0)));
    });

    test("stops a write soon after the signal, even when its source hangs, and lets the source go", async () => {
      const at = await folder();
      const stop = new AbortController();
      const reason = new Error("enough");
      const streams: Readable[] = [];
      const open = async (): Promise<Readable> => streams[streams.push(hangingAfter(2 * MIB)) - 1]!;
      const source: Source = { sizeBytes: 10 * MIB, open };
      const onProgress = (): void => stop.abort(reason);
      const started = Date.now();
      await assert.rejects(
        storage.write(path(at, "file"), source, { signal: stop.signal, onProgress }),
        (thrown: unknown) => thrown === reason,
      );
      assert.ok(Date.now() - started < ABORT_LIMIT_MS);
      assert.ok(streams.every(stream => stream.destroyed));
      await put(path(at, "after"), "works still");
    });

    test("does nothing for a signal that was given before the call", async () => {
      const at = path(await folder(), "file");
      await put(at, "x");
      const reason = new Error("too late");
      const signal = AbortSignal.abort(reason);
      let opened = false;
      const source: Source = {
        sizeBytes: 1,
        open: async () => {
          opened = true;
          return Readable.from([Buffer.from("y")]);
        },
      };
      const calls: Record<string, () => Promise<unknown>> = {
        check: () => storage.check(signal),
        stat: () => storage.stat(at, signal),
        reached: () => storage.reached(at, signal),
        list: () => Array.fromAsync(storage.list(path("suite"), {}, signal)),
        read: () => storage.read(at, {}, signal),
        write: () => storage.write(at, source, { signal }),
        move: () => storage.move(at, path(`${at}-2`), signal),
        copy: () => storage.copy(at, path(`${at}-2`), signal),
        makeFolder: () => storage.makeFolder(path(`${at}-3`), signal),
        remove: () => storage.remove(at, signal),
      };
      for (const [call, run] of Object.entries(calls)) await assert.rejects(run(), (thrown: unknown) => thrown === reason, call);
      assert.equal(opened, false);
      assert.equal((await get(at)).toString(), "x");
    });

    test("ends a read with the signal's reason", async () => {
      const at = path(await folder(), "large");
      await put(at, randomBytes(8 * MIB));
      const stop = new AbortController();
      const reason = new Error("enough");
      const stream = await storage.read(at, {}, stop.signal);
      stop.abort(reason);
      await assert.rejects(buffer(stream), (thrown: unknown) => thrown === reason);
    });

    test("moves a file within its folder and into another, content and all", async () => {
      const at = await folder();
      await storage.makeFolder(path(at, "there"), never());
      await put(path(at, "a"), "content");
      await storage.move(path(at, "a"), path(at, "b"), never());
      await storage.move(path(at, "b"), path(at, "there", "c"), never());
      assert.equal((await get(path(at, "there", "c"))).toString(), "content");
      assert.equal(await stat(path(at, "a")), undefined);
      assert.equal(await stat(path(at, "b")), undefined);
    });

    test("moves a folder with all in it", async () => {
      const at = await folder();
      await storage.makeFolder(path(at, "old", "sub"), never());
      await put(path(at, "old", "sub", "file"), "content");
      await storage.move(path(at, "old"), path(at, "new"), never());
      assert.equal((await get(path(at, "new", "sub", "file"))).toString(), "content");
      assert.equal(await stat(path(at, "old")), undefined);
    });

    test("never moves onto a taken name: both files stay whole", async () => {
      const at = await folder();
      await put(path(at, "temp"), "new content");
      await put(path(at, "final"), "old");
      await assert.rejects(storage.move(path(at, "temp"), path(at, "final"), never()), { kind: "conflict" });
      assert.equal((await get(path(at, "temp"))).toString(), "new content");
      assert.equal((await get(path(at, "final"))).toString(), "old");
    });

    test("never moves onto a folder, nor a folder onto a file", async () => {
      const at = await folder();
      await storage.makeFolder(path(at, "folder"), never());
      await storage.makeFolder(path(at, "other"), never());
      await put(path(at, "file"), "x");
      const refused = [
        ["file", "folder"],
        ["folder", "file"],
        ["folder", "other"],
        ["file", "file"],
      ] as const;
      for (const [from, to] of refused)
        await assert.rejects(storage.move(path(at, from), path(at, to), never()), { kind: "conflict" }, `${from} to ${to}`);
      assert.deepEqual(
        (await list(at)).map(entry => entry.path).toSorted(),
        ["file", "folder", "other"].map(one => path(at, one)),
      );
    });

    test("says not-found when what should move, or where to, is missing", async () => {
      const at = await folder();
      await put(path(at, "file"), "x");
      await assert.rejects(storage.move(path(at, "missing"), path(at, "new"), never()), { kind: "not-found" });
      await assert.rejects(storage.move(path(at, "file"), path(at, "missing", "new"), never()), { kind: "not-found" });
      assert.equal((await get(path(at, "file"))).toString(), "x");
    });

    test("lets exactly one of many moves to one name win, at the same time", async () => {
      const at = await folder();
      const names = ["a", "b", "c", "d", "e", "f"];
      for (const one of names) await put(path(at, one), one);
      const ends = await Promise.allSettled(names.map(one => storage.move(path(at, one), path(at, "final"), never())));
      assert.equal(ends.filter(end => end.status === "fulfilled").length, 1);
      assert.equal((await list(at)).length, names.length);
    });

    test("copies a file, replacing another, if it can, and says invalid if it cannot", async () => {
      const at = await folder();
      await storage.makeFolder(path(at, "there"), never());
      const bytes = randomBytes(3 * MIB);
      await put(path(at, "a"), bytes);
      const copy = (to: string): Promise<void> => storage.copy(path(at, "a"), path(at, ...to.split("/")), never());
      if (!storage.can.copy) {
        await assert.rejects(copy("b"), { kind: "invalid" });
        return NOT_OFFERED;
      }
      await put(path(at, "there", "taken"), "something longer that was there before");
      for (const to of ["b", "there/c", "there/taken", ODD_NAMES[1] ?? ""]) {
        await copy(to);
        assert.equal(sha256(await get(path(at, ...to.split("/")))), sha256(bytes), to);
      }
      await copy("a");
      assert.equal(sha256(await get(path(at, "a"))), sha256(bytes));
      return undefined;
    });

    test("refuses to copy what is missing, a folder, onto a folder, or to where none is", async () => {
      if (!storage.can.copy) return NOT_OFFERED;
      const at = await folder();
      await storage.makeFolder(path(at, "folder"), never());
      await put(path(at, "folder", "inside"), "x");
      await put(path(at, "file"), "x");
      const refused = [
        ["missing", "new", "not-found"],
        ["folder", "new", "invalid"],
        ["file", "folder", "conflict"],
        ["file", "missing/new", "not-found"],
      ] as const;
      for (const [from, to, kind] of refused)
        await assert.rejects(storage.copy(path(at, from), path(at, ...to.split("/")), never()), { kind }, `${from} to ${to}`);
      assert.equal((await get(path(at, "folder", "inside"))).toString(), "x");
      assert.equal((await list(at)).length, 2);
      return undefined;
    });

    test("removes files and whole folders, and what is gone already", async () => {
      const at = await folder();
      await storage.makeFolder(path(at, "full", "deep"), never());
      await put(path(at, "full", "deep", "file"), "x");
      await put(path(at, "file"), "x");
      for (const gone of ["file", "file", "full", "full", "never", "never/was"])
        await storage.remove(path(at, ...gone.split("/")), never());
      assert.deepEqual(await list(at), []);
    });

    test("never removes or moves its root", async () => {
      await folder();
      await assert.rejects(storage.remove(path(), never()), { kind: "invalid" });
      await assert.rejects(storage.move(path(), path("elsewhere"), never()), { kind: "invalid" });
      await assert.rejects(put(path(), "x"), { kind: "invalid" });
      assert.equal((await stat(path("suite")))?.kind, "folder");
    });

    test("takes eight writes at the same time", async () => {
      const at = await folder();
      const files = Array.from({ length: 8 }, (_, number) => ({
        at: path(at, `file-${number}`),
        bytes: randomBytes(256 * KIB + number),
      }));
      await Promise.all(files.map(file => put(file.at, file.bytes)));
      for (const file of files) assert.equal(sha256(await get(file.at)), sha256(file.bytes));
    });

    test("goes on where an earlier write stopped, if it can, and says invalid if it cannot", async () => {
      const at = path(await folder(), "file");
      const step = options.keepsBytes ?? 1;
      const bytes = randomBytes(2 * (MIB + step));
      const resumed = (from: number): Promise<void> => storage.write(at, sourceOf(bytes), { signal: never(), from });
      assert.equal(await storage.reached(at, never()), 0);
      if (!storage.can.resume) {
        await assert.rejects(resumed(5), { kind: "invalid" });
        return NOT_OFFERED;
      }
      const half = MIB + step;
      await assert.rejects(storage.write(at, sourceOf(bytes.subarray(0, half), bytes.length), { signal: never() }), {
        kind: "invalid",
      });
      const reached = await storage.reached(at, never());
      assert.ok(reached > 0 && reached <= half, `${reached} bytes kept`);
      await resumed(reached);
      assert.equal(sha256(await get(at)), sha256(bytes));
      assert.ok((await storage.reached(at, never())) >= bytes.length - step);
      await resumed(bytes.length);
      await resumed(1000);
      assert.equal(sha256(await get(at)), sha256(bytes));
      return undefined;
    });

    test("refuses a file above its declared limit before opening it", async () => {
      if (!Number.isFinite(storage.can.maxFileBytes)) return NOT_OFFERED;
      const at = path(await folder(), "giant");
      const giant: Source = { sizeBytes: storage.can.maxFileBytes + 1, open: () => Promise.reject(new Error("opened")) };
      await assert.rejects(storage.write(at, giant, { signal: never() }), { kind: "too-large" });
      return undefined;
    });

    test("can tell the hash of what was written, if it says that it can", async () => {
      if (!storage.can.hash) return NOT_OFFERED;
      const at = path(await folder(), "file");
      const bytes = randomBytes(100 * KIB);
      await put(at, bytes);
      const told = (await stat(at))?.sha256;
      if (told === undefined) return NOT_OFFERED;
      assert.equal(told, sha256(bytes));
      return undefined;
    });
  });
}
