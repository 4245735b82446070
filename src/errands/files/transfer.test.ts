import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type FilesBench, type FilesWorld, filesBench, unplugged } from "../../core/files/files.fixture.ts";
import {
  copyBetween,
  copyBetweenStorages,
  fileHistory,
  importFile,
  listFolder,
  listTransfers,
  showTransfer,
  stopTransfer,
  type Transfer,
} from "../../core/files/index.ts";
import type { PersonActor } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import { makeOpenUrl } from "../../drivers/http/fetch.ts";
import { HavreError } from "../../kernel/errors.ts";
import { Plug } from "../../kernel/plug.fixture.ts";
import type { Storage } from "../../ports/storage.ts";
import { transferErrand } from "./transfer.ts";

const LARGE = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join(""));

/** Every file below a folder and what is in it. */
const treeOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter(path => statSync(join(folder, path)).isFile())
      .sort()
      .map(path => [path, readFileSync(join(folder, path), "utf8").slice(0, 40)]),
  );

describe("a transfer", () => {
  let bench: FilesBench;
  let owner: PersonActor;
  let web: Server;
  let address: string;
  const asked: (string | undefined)[] = [];
  before(async () => {
    bench = await filesBench();
    owner = await bench.aPerson();
    web = createServer((request, response) => {
      asked.push(request.headers.authorization);
      const path = request.url ?? "";
      if (path.startsWith("/file")) response.writeHead(200, { "content-length": LARGE.length }).end(LARGE);
      else if (path === "/chunked") {
        response.write("some ");
        response.end("text");
      } else if (path === "/moved") response.writeHead(302, { location: "/file" }).end();
      else if (path === "/round") response.writeHead(302, { location: "/round" }).end();
      else if (path === "/inside") response.writeHead(302, { location: "http://10.1.2.3/file" }).end();
      else if (path === "/cut") {
        response.writeHead(200, { "content-length": 100 });
        response.write("x");
        setImmediate(() => response.destroy());
      } else response.writeHead(path === "/busy" ? 503 : 404).end();
    });
    await new Promise<void>(resolve => web.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });
  after(async () => {
    web.close();
    await bench.close();
  });

  const openUrl = makeOpenUrl({ egressAllow: ["127.0.0.0/8"] });
  const run = async (transfer: Transfer, world: FilesWorld = bench.world): Promise<unknown> => {
    const errand = { id: 1, kind: "transfer", payload: { transfer: transfer.id }, attempts: 1, asked: 1 };
    return transferErrand(openUrl).run(world as World, errand, { signal: new AbortController().signal });
  };
  const now = (transfer: Transfer): Promise<Transfer> => showTransfer(bench.world, owner, transfer.id);

  async function twoStorages() {
    const [source, target] = [await bench.aStorage(owner), await bench.aStorage(owner)];
    mkdirSync(join(source.folder, "data/sub.d"), { recursive: true });
    mkdirSync(join(source.folder, "data/empty"));
    for (const name of ["a", "b.txt", "sub.d/c", "sub.txt", "sub.d/.hidden"])
      writeFileSync(join(source.folder, "data", name), `content of ${name}`);
    writeFileSync(join(source.folder, "data/large"), LARGE);
    const copy = (more = {}) =>
      copyBetweenStorages(bench.world, owner, {
        from: { storage: source.id, path: "data" },
        to: { storage: target.id, path: "copy" },
        ifExists: "refuse",
        isMove: false,
        ...more,
      });
    return { source, target, copy };
  }

  it("copies a folder to another storage, compares all, and says how far it is", async () => {
    const { source, target, copy } = await twoStorages();
    const transfer = await copy();
    assert.equal(transfer.state, "queued");
    assert.equal(await run(transfer), "done");
    assert.deepEqual(treeOf(join(target.folder, "copy")), treeOf(join(source.folder, "data")));
    assert.ok(existsSync(join(target.folder, "copy/empty")));
    const done = await now(transfer);
    const bytes = LARGE.length + 80;
    assert.deepEqual([done.state, done.filesTotal, done.filesDone], ["done", 6, 6]);
    assert.deepEqual(
      [done.bytesDone, done.bytesTotal, bytes - (done.bytesTotal ?? 0)],
      [done.bytesTotal, done.bytesDone, bytes - done.bytesDone],
    );
    assert.equal(await run(transfer), "done");
    const history = await fileHistory(bench.world, await bench.place(owner, target), { path: "copy", offset: 0, limit: 9 });
    assert.deepEqual(
      history.items.map(({ verb }) => verb),
      ["file.transfer-queued", "file.transfer-started", "file.transferred"],
    );
    assert.equal(
      (await listTransfers(bench.world, owner, { storage: source.id, offset: 0, limit: 5 })).items[0]?.id,
      transfer.id,
    );
    await assert.rejects(showTransfer(bench.world, await bench.aPerson(), transfer.id), { kind: "not-found" });
  });

  it("goes on wherever it is killed, and ends with every file once and right", { timeout: 240_000 }, async () => {
    for (const kind of ["copy", "move", "file"] as const)
      for (let at = 0; ; at += kind === "copy" ? 5 : 2) {
        const { source, target, copy } = await twoStorages();
        const before = treeOf(source.folder);
        if (kind === "file") writeFileSync(join(target.folder, "copy"), "what was there");
        const transfer = await copy({
          isMove: kind === "move",
          ...(kind === "file" ? { from: { storage: source.id, path: "data/large" }, ifExists: "replace" } : {}),
        });
        const plug = new Plug(at, true);
        await run(transfer, unplugged(bench.world, plug)).catch(() => {});
        let tries = 0;
        while ((await now(transfer)).state !== "done" && ++tries < 4) await run(transfer);
        const done = await now(transfer);
        assert.equal(done.state, "done", `${kind}, killed at step ${at}: ${done.reason}`);
        const expected = Object.entries(before).map(([path, text]) => [path.replace("data", "copy"), text]);
        if (kind === "file") assert.deepEqual(treeOf(target.folder), { copy: LARGE.toString().slice(0, 40) }, `step ${at}`);
        else assert.deepEqual(treeOf(target.folder), Object.fromEntries(expected), `${kind}, step ${at}`);
        if (kind === "move") assert.deepEqual(treeOf(source.folder), {}, `step ${at}`);
        if (!plug.isPulled) break;
      }
  });

  it("that is killed and then stopped leaves what was there, whole, and nothing hidden", { timeout: 240_000 }, async () => {
    for (const kind of ["folder", "file"] as const)
      for (let at = 0; ; at += kind === "folder" ? 3 : 1) {
        const { source, target, copy } = await twoStorages();
        const path = kind === "folder" ? "data" : "data/large";
        mkdirSync(join(target.folder, "copy"));
        if (kind === "folder") writeFileSync(join(target.folder, "copy", "a"), "an older a");
        writeFileSync(join(target.folder, "large"), "an older one");
        const to = { storage: target.id, path: kind === "folder" ? "copy" : "large" };
        const transfer = await copy({ from: { storage: source.id, path }, to, ifExists: "replace" });
        const plug = new Plug(at, true);
        await run(transfer, unplugged(bench.world, plug)).catch(() => {});
        if (!plug.isPulled) break;
        const isOver = await stopTransfer(bench.world, owner, transfer.id).then(
          () => false,
          () => true,
        );
        await run(transfer);
        const names = readdirSync(target.folder, { recursive: true, encoding: "utf8" });
        assert.deepEqual(
          names.filter(name => name.includes(".havre-")),
          [],
          `${kind}, step ${at}, over: ${isOver}`,
        );
        const whole = kind === "folder" ? ["content of a", "an older a"] : [LARGE.toString(), "an older one"];
        const found = readFileSync(join(target.folder, kind === "folder" ? "copy/a" : "large"), "utf8");
        assert.ok(whole.includes(found), `${kind}, step ${at}: ${found.slice(0, 40)}`);
      }
  });

  it("is refused for a name that is taken, or that may not be read or written", async () => {
    const { source, target, copy } = await twoStorages();
    writeFileSync(join(target.folder, "copy"), "mine");
    await assert.rejects(copy(), { kind: "conflict" });
    await assert.rejects(copy({ ifExists: "replace" }), { kind: "invalid" });
    await assert.rejects(copy({ from: { storage: source.id, path: "gone" } }), { kind: "not-found" });
    await assert.rejects(copy({ to: { storage: target.id, path: "no/such/folder" } }), { kind: "not-found" });
    await assert.rejects(copy({ to: { storage: source.id, path: "data/in" } }), { kind: "invalid" });
    const place = await bench.place(owner, target);
    const stranger = await bench.aPerson();
    await assert.rejects(
      copyBetweenStorages(bench.world, stranger, {
        from: { storage: source.id, path: "data" },
        to: { storage: target.id, path: "x" },
        ifExists: "refuse",
        isMove: false,
      }),
      { kind: "not-found" },
    );
    // The name was taken after it was asked for: what lies there is not ours to replace.
    const late = await copyBetween(bench.world, {
      from: { place: await bench.place(owner, source), path: "data/a" },
      to: { place, path: "late" },
      ifExists: "refuse",
      isMove: false,
    });
    writeFileSync(join(target.folder, "late"), "of somebody else");
    await run(late);
    assert.deepEqual(
      [(await now(late)).state, readFileSync(join(target.folder, "late"), "utf8")],
      ["failed", "of somebody else"],
    );
  });

  it("notices bytes that were altered on their way", async () => {
    const { target, copy } = await twoStorages();
    const transfer = await copy();
    const altering = async (access: Parameters<FilesWorld["openStorage"]>[0]): Promise<Storage> => {
      const storage = await bench.world.openStorage(access);
      return {
        ...storage,
        async write(path, source, options) {
          await storage.write(path, source, options);
          if (path.includes("copy/")) writeFileSync(join(target.folder, path), Buffer.alloc(source.sizeBytes, "x"));
        },
      };
    };
    const outcome = await run(transfer, { ...bench.world, openStorage: altering });
    assert.ok(typeof outcome === "object");
    const { state, reason } = await now(transfer);
    assert.deepEqual([state, /not those that were sent/.test(reason), treeOf(target.folder)], ["queued", true, {}]);
    await run(transfer);
    assert.equal((await now(transfer)).state, "done");
  });

  it("waits for a storage that is away, and gives up on one that refuses", async () => {
    const { copy } = await twoStorages();
    const failing = (kind: "unavailable" | "forbidden") => async (): Promise<Storage> => {
      throw new HavreError(kind, "no");
    };
    const transfer = await copy();
    const outcome = await run(transfer, { ...bench.world, openStorage: failing("unavailable") });
    assert.ok(typeof outcome === "object");
    assert.deepEqual([(await now(transfer)).state, (await now(transfer)).reason], ["queued", "no"]);
    // It has another turn, to take away what it may have left.
    assert.ok(typeof (await run(transfer, { ...bench.world, openStorage: failing("forbidden") })) === "object");
    assert.equal((await now(transfer)).state, "failed");
    assert.equal(await run(transfer), "done");
  });

  it("is stopped by its owner, before it runs and while it does", async () => {
    const { copy, target } = await twoStorages();
    const first = await copy();
    await stopTransfer(bench.world, owner, first.id);
    assert.equal(await run(first), "done");
    await assert.rejects(stopTransfer(bench.world, owner, first.id), { kind: "conflict" });
    const second = await copy();
    const hanging = async (access: Parameters<FilesWorld["openStorage"]>[0]): Promise<Storage> => {
      const storage = await bench.world.openStorage(access);
      return {
        ...storage,
        write: (path, source, options) =>
          new Promise((_resolve, reject) => {
            void path;
            void source;
            options.signal.addEventListener("abort", () => reject(options.signal.reason), { once: true });
          }),
      };
    };
    const running = run(second, { ...bench.world, openStorage: hanging });
    await stopTransfer(bench.world, owner, second.id);
    assert.equal(await running, "done");
    assert.deepEqual([(await now(second)).state, treeOf(target.folder)], ["stopped", {}]);
  });

  it("fetches a file from an address, with and without its length, through redirects", async () => {
    const target = await bench.aStorage(owner);
    const place = await bench.place(owner, target);
    const fetched = async (path: string, name: string): Promise<Transfer> => {
      const url = `${address.replace("//", "//user:pass%20word@")}${path}`;
      const transfer = await importFile(bench.world, place, { url, path: name, ifExists: "replace" });
      assert.ok("url" in transfer.source && !transfer.source.url.includes("pass"));
      await run(transfer);
      return now(transfer);
    };
    assert.equal((await fetched("/file?key=secret", "one")).state, "done");
    assert.ok(readFileSync(join(target.folder, "one")).equals(LARGE));
    assert.equal(asked.at(-1), `Basic ${Buffer.from("user:pass word").toString("base64")}`);
    assert.equal((await fetched("/chunked", "two")).state, "done");
    assert.equal((await fetched("/moved", "three")).state, "done");
    assert.equal(readFileSync(join(target.folder, "two"), "utf8"), "some text");
    for (const [path, state, words] of [
      ["/none", "failed", /no such file/],
      ["/round", "failed", /circles/],
      ["/busy", "queued", /503/],
      ["/cut", "queued", /./],
      ["/inside", "failed", /private/],
    ] as const) {
      const transfer = await fetched(path, "four");
      assert.deepEqual([transfer.state, words.test(transfer.reason)], [state, true], `${path}: ${transfer.reason}`);
    }
    assert.deepEqual(readdirSync(target.folder).sort(), ["one", "three", "two"]);
    for (const url of ["ftp://host/x", "file:///etc/passwd", "no address", "https://", "sftp://host/"])
      await assert.rejects(importFile(bench.world, place, { url, path: "x", ifExists: "replace" }), { kind: "invalid" }, url);
    const events = await bench.world.store.db.selectFrom("event").select("data").where("object_kind", "=", "file").execute();
    assert.ok(!JSON.stringify(events).includes("secret") && !JSON.stringify(events).includes("pass"));
    assert.deepEqual((await listFolder(bench.world, place, { path: "" })).entries.length, 3);
  });
});
