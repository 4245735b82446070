import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { within } from "../../store/store.ts";
import type { PersonActor } from "../people/model.ts";
import { removeStorage, type StorageRecord } from "../storages/index.ts";
import { bytesOf, type FilesBench, filesBench, namesOf, textOf } from "./files.fixture.ts";
import {
  acceptPath,
  clearPermissions,
  copyFile,
  type FilePlace,
  fileHistory,
  inStorage,
  listFolder,
  listPermissions,
  makeFolder,
  moveFile,
  NONE,
  READ,
  readFile,
  removeFile,
  renameFile,
  resolvePath,
  setPermission,
  showFile,
  writeFile,
} from "./index.ts";

const RW = { read: true, write: true, execute: false };
const X = { read: false, write: false, execute: true };

describe("files of a storage", () => {
  let bench: FilesBench;
  let owner: PersonActor;
  let guest: PersonActor;
  before(async () => {
    bench = await filesBench();
    [owner, guest] = [await bench.aPerson(), await bench.aPerson()];
  });
  after(() => bench.close());

  const aPlace = async (): Promise<{ place: FilePlace; storage: StorageRecord; folder: string }> => {
    const { folder, ...storage } = await bench.aStorage(owner);
    return { place: await bench.place(owner, storage), storage, folder };
  };
  const given = async (
    place: FilePlace,
    path: string,
    who: PersonActor,
    rights = READ,
    recursive = false,
  ): Promise<FilePlace> => {
    await setPermission(bench.world, place, { path, who: who.username, rights, recursive });
    return bench.place(who, place.storage);
  };
  const names = async (place: FilePlace, path = ""): Promise<string[]> =>
    namesOf((await listFolder(bench.world, place, { path })).entries);

  it("are written, listed, read in part and removed", async () => {
    const { place, folder } = await aPlace();
    const { entry, isNew } = await bench.write(place, "a/b/c.txt", "hello world");
    assert.deepEqual(
      [isNew, entry.path, entry.sizeBytes, entry.mediaType, entry.ownerId],
      [true, "a/b/c.txt", 11, "text/plain", owner.id],
    );
    assert.equal(entry.sha256, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    assert.equal(readFileSync(join(folder, "a/b/c.txt"), "utf8"), "hello world");
    const { self, entries } = await listFolder(bench.world, place, { path: "/a//b/" });
    assert.deepEqual([self.path, self.kind, namesOf(entries), entries[0]?.sha256], ["a/b", "folder", ["c.txt"], entry.sha256]);
    const { body, range } = await readFile(bench.world, place, { path: "a/b/c.txt", choose: () => ({ from: 6, to: 9 }) });
    assert.deepEqual([range, await textOf(body)], [{ from: 6, to: 9 }, "wor"]);
    const head = await readFile(bench.world, place, { path: "a/b/c.txt", choose: () => undefined });
    assert.deepEqual([head.body, head.entry.version], [undefined, entry.version]);
    await removeFile(bench.world, place, { path: "a" });
    assert.deepEqual([await names(place), existsSync(join(folder, "a"))], [[], false]);
    await assert.rejects(removeFile(bench.world, place, { path: "a" }), { kind: "not-found" });
  });

  it("are listed page by page, and half-written ones not at all", async () => {
    const { place, folder } = await aPlace();
    for (const name of ["b", "a", "c", ".havre-x.part"]) writeFileSync(join(folder, name), name);
    const first = await listFolder(bench.world, place, { path: "", limit: 2 });
    assert.deepEqual([namesOf(first.entries), first.next], [["a", "b"], 3]);
    const rest = await listFolder(bench.world, place, { path: "", limit: 2, offset: first.next ?? 0 });
    assert.deepEqual([namesOf(rest.entries), rest.next], [["c"], undefined]);
    await assert.rejects(showFile(bench.world, place, { path: ".havre-x.part" }), { kind: "invalid" });
  });

  it("come without a length too", async () => {
    const { place } = await aPlace();
    const incoming = { body: Readable.from([Buffer.from("one"), Buffer.from("two")], { objectMode: false }) };
    await writeFile(bench.world, place, { path: "f", incoming, ifExists: "refuse" });
    assert.equal(await textOf((await readFile(bench.world, place, { path: "f" })).body), "onetwo");
    const left: string[] = [];
    for await (const key of bench.world.blobs.keys(new Date(Date.now() + 60_000))) left.push(key);
    assert.deepEqual(left, []);
  });

  it("leave nothing behind when their sender goes away, or sends other bytes than promised", async () => {
    const { place, folder } = await aPlace();
    const cut = new Readable({ read() {} });
    cut.push("half");
    setImmediate(() => cut.destroy());
    const writing = (incoming: { body: Readable; sizeBytes: number }, sha256?: string): Promise<unknown> =>
      writeFile(bench.world, place, { path: "f", incoming, ifExists: "replace", sha256 });
    await assert.rejects(writing({ body: cut, sizeBytes: 100 }), { kind: "network" });
    await assert.rejects(writing({ ...bytesOf("short"), sizeBytes: 100 }), { kind: "invalid" });
    await assert.rejects(writing({ ...bytesOf("long"), sizeBytes: 2 }), { kind: "invalid" });
    await assert.rejects(writing(bytesOf("text"), "0".repeat(64)), { kind: "checksum" });
    assert.deepEqual(readdirSync(folder), []);
  });

  it("replace, refuse or stand beside what has their name", async () => {
    const { place, folder } = await aPlace();
    await bench.write(place, "f.txt", "1");
    const again = await bench.write(place, "f.txt", "22");
    assert.deepEqual([again.isNew, again.entry.sizeBytes], [false, 2]);
    const write = (ifExists: "refuse" | "beside", path = "f.txt") =>
      writeFile(bench.world, place, { path, incoming: bytesOf("3"), ifExists });
    await assert.rejects(write("refuse"), { kind: "conflict", detail: { taken: "file" } });
    assert.equal((await write("beside")).entry.path, "f-2.txt");
    await makeFolder(bench.world, place, { path: "d" });
    await assert.rejects(bench.write(place, "d", "x"), { kind: "conflict", detail: { taken: "folder" } });
    await assert.rejects(bench.write(place, "f.txt/x", "x"), { kind: "conflict" });
    await assert.rejects(write("refuse", "none/f"), { kind: "not-found", detail: { missing: "folder" } });
    await assert.rejects(makeFolder(bench.world, place, { path: "f.txt" }), { kind: "conflict" });
    assert.equal((await makeFolder(bench.world, place, { path: "d" })).isNew, false);
    assert.deepEqual(readdirSync(folder).sort(), ["d", "f-2.txt", "f.txt"]);
  });

  it("are renamed and moved; rights, marks and hashes go along", async () => {
    const { place } = await aPlace();
    const { entry } = await bench.write(place, "one/f.txt", "text");
    await setPermission(bench.world, place, { path: "one/f.txt", who: guest.username, rights: READ, recursive: false });
    await renameFile(bench.world, place, { path: "one", name: "two" });
    const moved = await moveFile(bench.world, place, { from: "two/f.txt", to: "g.txt", ifExists: "refuse" });
    assert.deepEqual([moved.entry.uuid, moved.entry.sha256], [entry.uuid, entry.sha256]);
    const theirs = await bench.place(guest, place.storage);
    assert.deepEqual(await names(theirs), ["g.txt"]);
    await bench.write(place, "h.txt", "other");
    await assert.rejects(renameFile(bench.world, place, { path: "g.txt", name: "h.txt" }), { kind: "conflict" });
    await assert.rejects(renameFile(bench.world, place, { path: "g.txt", name: "x/y" }), { kind: "invalid" });
    await assert.rejects(moveFile(bench.world, place, { from: "two", to: "two/three", ifExists: "refuse" }), { kind: "invalid" });
    await assert.rejects(moveFile(bench.world, place, { from: "g.txt", to: "two", ifExists: "same-kind" }), { kind: "invalid" });
    const replaced = await moveFile(bench.world, place, { from: "g.txt", to: "h.txt", ifExists: "same-kind" });
    assert.deepEqual([replaced.isNew, await names(place)], [false, ["h.txt", "two"]]);
    assert.equal(await textOf((await readFile(bench.world, place, { path: "h.txt" })).body), "text");
  });

  it("are copied, alone and in folders", async () => {
    const { place, folder } = await aPlace();
    await bench.write(place, "d/in/f.txt", "text");
    await bench.write(place, "d/g.txt", "g");
    const copy = (from: string, to: string, ifExists: "refuse" | "replace" | "merge" | "beside") =>
      copyFile(bench.world, place, { from, to, ifExists });
    const one = await copy("d/in/f.txt", "f.txt", "refuse");
    assert.deepEqual([one.transfer, one.entry.sha256?.slice(0, 4), one.entry.ownerId], [undefined, "982d", owner.id]);
    await copy("d", "e", "refuse");
    assert.equal(readFileSync(join(folder, "e/in/f.txt"), "utf8"), "text");
    await bench.write(place, "e/mine", "m");
    await bench.write(place, "d/g.txt", "new");
    await copy("d", "e", "merge");
    assert.deepEqual([await names(place, "e"), readFileSync(join(folder, "e/g.txt"), "utf8")], [["g.txt", "in", "mine"], "new"]);
    await copy("f.txt", "e", "merge");
    assert.ok(existsSync(join(folder, "e/f.txt")));
    await copy("d", "e", "replace");
    assert.deepEqual(await names(place, "e"), ["g.txt", "in"]);
    assert.equal((await copy("f.txt", "f.txt", "beside").catch(error => error)).kind, "invalid");
    await assert.rejects(copy("d", "f.txt", "merge"), { kind: "invalid" });
    await assert.rejects(copy("d", "d/x", "refuse"), { kind: "invalid" });
    await assert.rejects(copy("gone", "x", "refuse"), { kind: "not-found" });
    assert.deepEqual(readdirSync(folder).sort(), ["d", "e", "f.txt"]);
  });

  it("are nobody's to see but their owner's, until somebody is given rights", async () => {
    const { place, storage } = await aPlace();
    await bench.write(place, "a/b/shared/f.txt", "text");
    await bench.write(place, "a/secret.txt", "secret");
    await assert.rejects(bench.place(guest, storage), { kind: "not-found" });
    await assert.rejects(inStorage(listFolder)(bench.world, guest, { storage: storage.id, path: "" }), { kind: "not-found" });
    await assert.rejects(inStorage(listFolder)(bench.world, { kind: "nobody" }, { storage: storage.id, path: "" }), {
      kind: "not-found",
    });
    const theirs = await given(place, "a/b/shared", guest, READ, true);
    // They see the way there, and nothing beside it.
    assert.deepEqual([await names(theirs), await names(theirs, "a"), await names(theirs, "a/b")], [["a"], ["b"], ["shared"]]);
    assert.deepEqual(await names(theirs, "a/b/shared"), ["f.txt"]);
    for (const path of ["a/secret.txt", "nothing", "a/nothing"])
      await assert.rejects(showFile(bench.world, theirs, { path }), { kind: "not-found" }, path);
    await assert.rejects(readFile(bench.world, theirs, { path: "a/secret.txt" }), { kind: "not-found" });
    await assert.rejects(bench.write(theirs, "a/secret.txt", "x"), { kind: "not-found" });
    await assert.rejects(bench.write(theirs, "a/new.txt", "x"), { kind: "forbidden" });
    await assert.rejects(bench.write(theirs, "a/b/shared/new.txt", "x"), { kind: "forbidden" });
    await assert.rejects(removeFile(bench.world, theirs, { path: "a/b/shared/f.txt" }), { kind: "forbidden" });
    await assert.rejects(
      setPermission(bench.world, theirs, { path: "a/b/shared", who: "public", rights: READ, recursive: true }),
      {
        kind: "forbidden",
      },
    );
  });

  it("belong to whoever makes them, whatever their rights in the folder", async () => {
    const { place } = await aPlace();
    await bench.write(place, "in/of-owner", "x");
    const theirs = await given(place, "in", guest, RW);
    await bench.write(theirs, "in/mine", "mine");
    const list = async () => (await listFolder(bench.world, await bench.place(guest, place.storage), { path: "in" })).entries;
    assert.deepEqual(
      (await list()).map(({ name, rights }) => [name, rights.read]),
      [
        ["mine", true],
        ["of-owner", false],
      ],
    );
    await assert.rejects(readFile(bench.world, theirs, { path: "in/of-owner" }), { kind: "forbidden" });
    await setPermission(bench.world, theirs, { path: "in/mine", who: "public", rights: READ, recursive: false });
    const third = await bench.place(await bench.aPerson(), place.storage);
    assert.equal(await textOf((await readFile(bench.world, third, { path: "in/mine" })).body), "mine");
  });

  it("what is given nearest counts, and nothing may be given too", async () => {
    const { place } = await aPlace();
    for (const path of ["d/open/f", "d/closed/f"]) await bench.write(place, path, "x");
    await given(place, "d", guest, RW, true);
    const theirs = await given(place, "d/closed", guest, NONE, true);
    await readFile(bench.world, theirs, { path: "d/open/f" }).then(({ body }) => body?.destroy());
    await assert.rejects(readFile(bench.world, theirs, { path: "d/closed/f" }), { kind: "not-found" });
    // Nor by way of the folder above.
    for (const act of [
      () => removeFile(bench.world, theirs, { path: "d" }),
      () => moveFile(bench.world, theirs, { from: "d", to: "d2", ifExists: "refuse" }),
      () => copyFile(bench.world, theirs, { from: "d", to: "d/open/copy", ifExists: "refuse" }),
    ])
      await assert.rejects(act(), { kind: "forbidden" });
    await bench.write(theirs, "d/open/new", "x");
    const shared = await listPermissions(bench.world, place, { path: "d/open/f" });
    assert.deepEqual(
      shared.map(({ person, rights, recursive, isOwner, from }) => [person?.username, rights.write, recursive, isOwner, from]),
      [
        [owner.username, true, true, true, "d/open/f"],
        [guest.username, true, true, false, "d"],
      ],
    );
    await clearPermissions(bench.world, place, { path: "d", recursive: true });
    await assert.rejects(bench.place(guest, place.storage), { kind: "not-found" });
  });

  it("an owner's rights stay, and a name must be somebody's", async () => {
    const { place } = await aPlace();
    await bench.write(place, "f", "x");
    const set = (who: string, rights = NONE) => setPermission(bench.world, place, { path: "f", who, rights, recursive: false });
    await assert.rejects(set(owner.username), { kind: "invalid" });
    await assert.rejects(set("nobody-at-all", READ), { kind: "invalid" });
    await assert.rejects(set("*", READ), { kind: "invalid" });
    await set(guest.username, X);
    assert.equal((await set("*")).length, 1);
  });

  it("of a study: researchers read, administrators may all, members nothing", async () => {
    const { storage, place } = await aPlace();
    const [member, researcher, chief] = [await bench.aPerson(), await bench.aPerson(), owner];
    await bench.write(place, "private.txt", "p");
    await bench.write(place, "study/f.txt", "text");
    await bench.aStudy(chief, storage, "study", [researcher, "researcher"]);
    await bench.aStudy(chief, storage, "other", [member, "member"]);
    const theirs = await bench.place(researcher, storage);
    assert.deepEqual([await names(theirs), await names(theirs, "study")], [["study"], ["f.txt"]]);
    await assert.rejects(bench.write(theirs, "study/new", "x"), { kind: "forbidden" });
    await assert.rejects(readFile(bench.world, theirs, { path: "private.txt" }), { kind: "not-found" });
    await assert.rejects(bench.place(member, storage), { kind: "not-found" });
  });

  it("tell their history, oldest first", async () => {
    const { place } = await aPlace();
    await bench.write(place, "f", "1");
    await bench.write(place, "f", "2");
    for (let times = 0; times < 2; times++) (await readFile(bench.world, place, { path: "f" })).body?.destroy();
    await setPermission(bench.world, place, { path: "f", who: "public", rights: READ, recursive: false });
    await removeFile(bench.world, place, { path: "f" });
    const page = await fileHistory(bench.world, place, { path: "f", offset: 0, limit: 50 });
    assert.deepEqual(
      page.items.map(({ verb, username }) => [verb, username]),
      ["file.uploaded", "file.overwritten", "file.read", "file.shared", "file.removed"].map(verb => [verb, owner.username]),
    );
    await assert.rejects(fileHistory(bench.world, place, { path: "never", offset: 0, limit: 50 }), { kind: "not-found" });
  });

  it("no path leaves the storage, whatever it is made of", async () => {
    const { place, folder } = await aPlace();
    writeFileSync(join(folder, "..", "outside"), "secret");
    mkdirSync(join(folder, "in"));
    symlinkSync("..", join(folder, "way-out"));
    symlinkSync("../outside", join(folder, "link"));
    for (const path of [
      "..",
      "../outside",
      "in/../../outside",
      "/../outside",
      "in/..",
      "a\0b",
      "a\nb",
      "a\r",
      "\u007f",
      "x".repeat(256),
      "\ud800",
    ])
      for (const act of [
        () => showFile(bench.world, place, { path }),
        () => readFile(bench.world, place, { path }),
        () => listFolder(bench.world, place, { path }),
        () => bench.write(place, path, "x"),
        () => makeFolder(bench.world, place, { path }),
        () => removeFile(bench.world, place, { path }),
        () => moveFile(bench.world, place, { from: "in", to: path, ifExists: "replace" }),
        () => copyFile(bench.world, place, { from: path, to: "copy", ifExists: "replace" }),
        () => setPermission(bench.world, place, { path, who: "public", rights: READ, recursive: true }),
      ])
        await assert.rejects(act(), { kind: "invalid" }, JSON.stringify(path));
    for (const path of ["link", "way-out", "way-out/outside"])
      await assert.rejects(readFile(bench.world, place, { path }), { kind: "not-found" }, path);
    await assert.rejects(bench.write(place, "way-out/x", "x"), (error: { kind: string }) =>
      ["not-found", "conflict", "forbidden"].includes(error.kind),
    );
    assert.equal(readFileSync(join(folder, "..", "outside"), "utf8"), "secret");
    for (const path of ["", "/", ".", "//"]) {
      await assert.rejects(removeFile(bench.world, place, { path }), { kind: "invalid" }, path);
      await assert.rejects(bench.write(place, path, "x"), { kind: "invalid" }, path);
    }
    assert.deepEqual(await names(place), ["in"]);
  });

  it("paths are taken as they are, but for what leads nowhere", () => {
    assert.equal(acceptPath("//a/./b//c d/"), "a/b/c d");
    assert.equal(acceptPath("Ä\u0308+%2e%2e\\x"), "Ä\u0308+%2e%2e\\x");
    assert.equal(resolvePath("home/me", "x/../y"), "home/me/y");
    assert.equal(resolvePath("home/me", "../../../.."), "");
    assert.equal(resolvePath("home/me", "/../etc/passwd"), "etc/passwd");
    assert.equal(resolvePath("home", "/"), "");
  });

  it("what is kept of them goes with their storage", async () => {
    const { place, storage } = await aPlace();
    await bench.write(place, "f", "1");
    await setPermission(bench.world, place, { path: "f", who: "public", rights: READ, recursive: false });
    await removeStorage(bench.world, owner, storage.id);
    const { db } = bench.world.store;
    const left = await db
      .selectFrom("permission")
      .select("id")
      .where("object_id", "=", storage.id)
      .where("object_kind", "=", "file")
      .execute();
    assert.deepEqual(left, []);
  });

  it("a move is noted though another one to its path was noted at that moment", async () => {
    const { place } = await aPlace();
    await writeFile(bench.world, place, { path: "from", incoming: bytesOf("from"), ifExists: "refuse" });
    const { store } = bench.world;
    let tries = 0;
    const transaction: typeof store.transaction = act =>
      tries++ === 0 ? Promise.reject(Object.assign(new Error("another was first"), { code: "23505" })) : store.transaction(act);
    const world = { ...bench.world, store: { ...within(store, store.db), transaction } };
    const { entry } = await moveFile(world, place, { from: "from", to: "goal", ifExists: "refuse" });
    assert.deepEqual([entry.path, tries], ["goal", 2]);
    assert.equal((await showFile(bench.world, place, { path: "goal" })).ownerId, entry.ownerId);
  });
});
