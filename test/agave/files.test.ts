import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Store } from "../../src/store/store.ts";
import { Client } from "../harness/client.ts";
import { until } from "../harness/havre.ts";
import { ask } from "../permissions/ask.ts";
import { type Asker, form, type Json } from "./client.ts";
import { aScene, PASSWORD, type Scene } from "./scene.ts";

/** Contract agave §8, on a folder of the server. */

describe("files", () => {
  let scene: Scene;
  let admin: Asker;
  let owner: Asker;
  let friend: Asker;
  let stranger: Asker;
  /** On the disk: the top of the system, whose home is "home". */
  let root: string;
  const SYSTEM = "disk.example.org";
  before(async () => {
    scene = await aScene();
    ({ admin, owner, friend, stranger } = scene);
    root = await aSystem(SYSTEM);
    await admin.post(`/systems/v2/${SYSTEM}/roles`, { username: "owner", role: "USER" });
    await owner.put(`/systems/v2/${SYSTEM}`, { action: "SETDEFAULT" });
  });
  after(() => scene.havre.stop());

  async function aSystem(id: string, home = "/home"): Promise<string> {
    const folder = join(scene.havre.dataDir, "storages", id);
    mkdirSync(join(folder, "home"), { recursive: true });
    const storage = { protocol: "LOCAL", rootDir: folder, homeDir: home, auth: { type: "LOCAL" } };
    await admin.post("/systems/v2", { id, name: id, type: "STORAGE", storage });
    return folder;
  }
  const on = (service: string, path = "", system = SYSTEM): string => `/files/v2/${service}/system/${system}${path}`;
  const file = (text: string | Buffer, name: string): FormData => {
    const body = new FormData();
    body.set("fileToUpload", new Blob([new Uint8Array(Buffer.from(text))], { type: "text/plain" }), name);
    return body;
  };
  const put = (path: string, text: string, name = path.slice(path.lastIndexOf("/") + 1), as = owner): Promise<Json> =>
    as.post(on("media", path), file(text, name), 202);
  const names = async (path: string, query = "", as = owner): Promise<string[]> =>
    (await as.get(`${on("listings", path)}${query}`)).map((one: Json) => one.name);
  const statuses = async (path: string): Promise<string[]> =>
    (await owner.get(on("history", path))).map((one: Json) => one.status);
  const bytes = (path: string, headers: Record<string, string> = {}, as = owner) =>
    as.ask("GET", on("media", path), undefined, headers);

  it("an upload lands under the path itself or, where that is a folder, in it; whatever path stands in its name", async () => {
    const task = await put("/a.txt", "hello", "home/sub/dir/evil.txt");
    assert.deepEqual(
      [task.name, task.path, task.systemId, task.system, task.owner, task.status, task.nativeFormat, task.internalUsername],
      ["a.txt", "/home/a.txt", SYSTEM, SYSTEM, "owner", "STAGING_COMPLETED", "raw", null],
    );
    assert.match(task.uuid, /^\d{16,19}-242ac11a-0001-002$/);
    assert.equal(readFileSync(join(root, "home/a.txt"), "utf8"), "hello");
    const history = await owner.get(new URL(task._links.history.href).pathname);
    assert.ok(history.some((one: Json) => one.status === "STAGING_COMPLETED"));
    assert.deepEqual(Object.keys(history[0]), ["status", "created", "createdBy", "description"]);
    assert.equal((await put("/", "two", "../../x/b.txt")).path, "/home/b.txt");
    assert.equal((await put("", "three", "c.txt")).path, "/home/c.txt");
    assert.equal((await put("//", "four", "top.txt")).path, "/top.txt");
    assert.equal((await put("//deep.txt", "five")).path, "/deep.txt");
    assert.match(await owner.refused(404, "POST", on("media", "/nowhere/x.txt"), file("x", "x.txt")), /does not exist/);
    await put("/a.txt", "again");
    assert.equal(readFileSync(join(root, "home/a.txt"), "utf8"), "again");
  });

  it("a name that is given explicitly counts in a folder, before or behind the bytes, and nowhere else", async () => {
    const named = (first: boolean) => {
      const body = new FormData();
      if (first) body.set("fileName", "named.txt");
      body.set("fileToUpload", new Blob(["n"]), "other.txt");
      if (!first) body.set("fileName", "behind.txt");
      return body;
    };
    assert.equal((await owner.post(on("media", "/"), named(true), 202)).name, "named.txt");
    assert.equal((await owner.post(on("media", "/"), named(false), 202)).name, "behind.txt");
    assert.equal(existsSync(join(root, "home/other.txt")), false);
    await owner.refused(404, "POST", on("media", "/not-a-folder"), named(true));
    const empty = new FormData();
    empty.set("fileName", "x");
    assert.match(await owner.refused(400, "POST", on("media", "/"), empty), /Neither/);
    assert.match(await owner.refused(400, "POST", on("media", "/"), form({ urlToIngest: "", fileName: "" })), /Neither/);
    assert.match(await owner.refused(400, "POST", on("media", "/"), file("x", "..")), /no name|\.\./);
    assert.match(await owner.refused(400, "POST", on("media", "/"), file("x", "a\u0001b")), /control characters/);
  });

  it("bytes of all kinds and many of them come back as they were, whole and in ranges", async () => {
    const all = Buffer.from(Array.from({ length: 3_000_000 }, (_, n) => (n * 31) % 256));
    await owner.post(on("media", "/big.bin"), file(all, "big.bin"), 202);
    assert.ok(readFileSync(join(root, "home/big.bin")).equals(all));
    const got = await fetch(`${scene.havre.url}${on("media", "/big.bin")}`, {
      headers: { authorization: owner.authorization ?? "" },
    });
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(all));
    assert.deepEqual(
      [got.headers.get("content-type"), got.headers.get("content-length"), got.headers.get("accept-ranges")],
      ["application/octet-stream", "3000000", "bytes"],
    );
    assert.equal(got.headers.get("content-disposition"), null);
    assert.ok(got.headers.get("last-modified"));
    await put("/r.txt", "0123456789");
    for (const [range, status, text, of] of [
      ["bytes=2-4", 206, "234", "bytes 2-4/10"],
      ["bytes=7-", 206, "789", "bytes 7-9/10"],
      ["bytes=-2", 206, "89", "bytes 8-9/10"],
      ["bytes=0-0,5-6", 206, "0", "bytes 0-0/10"],
      ["llama=1", 200, "0123456789", null],
    ] as const) {
      const answer = await bytes("/r.txt", { range });
      assert.deepEqual([answer.status, answer.text, answer.headers.get("content-range")], [status, text, of], range);
    }
    const none = await bytes("/r.txt", { range: "bytes=10-" });
    assert.deepEqual([none.status, none.headers.get("content-range"), none.body.status], [416, "bytes */10", "error"]);
    const head = await owner.ask("HEAD", on("media", "/r.txt"));
    assert.deepEqual([head.status, head.headers.get("content-length"), head.text], [200, "10", ""]);
    const saved = await owner.ask("GET", `${on("media", "/r.txt")}?force=true`);
    assert.match(saved.headers.get("content-disposition") ?? "", /^attachment; filename="r.txt"/);
    const page = await put("/page.html", "<script>1</script>");
    assert.match((await bytes("/page.html")).headers.get("content-security-policy") ?? "", /sandbox/, page.path);
    assert.match(await owner.refused(501, "GET", on("media", "/")), /folder/);
    await owner.refused(404, "GET", on("media", "/nothing.txt"));
  });

  it("a listing begins with the folder itself, which counts; a file is listed alone", async () => {
    await owner.put(on("media"), form({ action: "mkdir", path: "list/sub" }), 201);
    for (const name of ["b", "a", "c"]) await put(`/list/${name}`, name);
    assert.deepEqual(await names("/list"), [".", "a", "b", "c", "sub"]);
    assert.deepEqual(await names("/list", "?limit=2"), [".", "a"]);
    assert.deepEqual(await names("/list", "?offset=1&limit=2"), ["a", "b"]);
    assert.deepEqual(await names("/list", "?offset=4"), ["sub"]);
    assert.deepEqual(await names("/list", "?offset=9"), []);
    assert.deepEqual(await names("/list", "?limit=0"), []);
    assert.deepEqual(await names("/list/a"), ["a"]);
    assert.deepEqual(await names("/list/a", "?offset=1"), []);
    const [self, one] = await owner.get(on("listings", "/list"));
    assert.deepEqual(
      [self.path, self.type, self.format, self.mimeType, self.permissions],
      ["/home/list", "dir", "folder", "text/directory", "ALL"],
    );
    assert.deepEqual([one.path, one.length, one.type, one.format, one.system], ["/home/list/a", 1, "file", "raw", SYSTEM]);
    assert.match(one.lastModified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
    assert.deepEqual(Object.keys(one._links), ["self", "system", "profile", "history", "metadata"]);
    assert.equal((await owner.ask("GET", one._links.self.href)).text, "a");
    assert.match(await owner.refused(404, "GET", on("listings", "/nowhere")), /no such/i);
    await owner.refused(400, "GET", `${on("listings", "/list")}?limit=-1`);
  });

  it("paths: two slashes begin at the top, one at the home; dots and encodings lead nowhere else", async () => {
    writeFileSync(join(scene.havre.dataDir, "secret.txt"), "secret");
    assert.deepEqual(await names("//home/list/a"), ["a"]);
    assert.ok((await names("//")).includes("home"));
    assert.deepEqual(await names("/list/./sub/../a"), ["a"]);
    assert.deepEqual(await names("/list%2Fa"), ["a"]);
    // As they are: `fetch` would tidy these up.
    const raw = async (service: string, path: string) =>
      (
        await ask(scene.havre.url, {
          method: "GET",
          path: on(service, path),
          headers: { authorization: owner.authorization ?? "" },
        })
      ).status;
    for (const path of ["/../../secret.txt", "/..%2F..%2F..%2Fsecret.txt", "//%2e%2e/%2e%2e/secret.txt", "//../secret.txt"])
      assert.equal(await raw("media", path), 404, path);
    for (const path of ["//../../../home/list/a", "/../home/list/a", "/%2e%2e/home/list/a"])
      assert.equal(await raw("listings", path), 200, path);
    assert.ok([400, 404].includes(await raw("listings", "/%zz")));
    assert.ok([400, 404].includes(await raw("listings", "/a%00b")));
    symlinkSync(join(scene.havre.dataDir, "secret.txt"), join(root, "home/link.txt"));
    symlinkSync(scene.havre.dataDir, join(root, "home/linked"));
    for (const path of ["/link.txt", "/linked/secret.txt"]) {
      const { status, text } = await bytes(path);
      assert.ok([403, 404].includes(status), `${path}: ${status}`);
      assert.equal(text.includes("secret\n") || text === "secret", false);
    }
    for (const name of ["with blank", "plus+sign", "café ☕", "per%cent", "a&b=c?d#e"]) {
      await put(`/${encodeURIComponent(name)}`, name, "x");
      assert.equal((await bytes(`/${encodeURIComponent(name)}`)).text, name);
      assert.equal(readFileSync(join(root, "home", name), "utf8"), name);
    }
    await owner.refused(404, "GET", on("listings", "/x", "nothing-at-all"));
  });

  it("the default system answers where a path names none, and without one nothing does", async () => {
    const listed = (await owner.get("/files/v2/listings/list")).map((one: Json) => one.name);
    assert.deepEqual(listed, [".", "a", "b", "c", "sub"]);
    assert.deepEqual((await owner.get("/files/v2/listings"))[0].path, "/home");
    assert.deepEqual((await owner.get("/files/v2/listings//home/list/a")).length, 1);
    assert.equal((await owner.post("/files/v2/media/list", file("d", "d"), 202)).path, "/home/list/d");
    assert.equal((await owner.ask("GET", "/files/v2/media/list/d")).text, "d");
    await owner.put("/files/v2/media/list/d", form({ action: "rename", path: "e" }));
    assert.ok((await owner.get("/files/v2/history/list/e")).some((one: Json) => one.status === "RENAME"));
    await owner.post("/files/v2/pems/list/e", form({ username: "friend", permission: "READ" }));
    assert.equal((await owner.get("/files/v2/pems/list/e")).length, 2);
    await owner.delete("/files/v2/pems/list/e");
    assert.equal(await owner.delete("/files/v2/media/list/e"), null);
    assert.deepEqual(await names("/list"), [".", "a", "b", "c", "sub"]);
    assert.deepEqual((await owner.get(`/files/v2/listings/system//${SYSTEM}`))[0].path, "/home");
    assert.match(await stranger.refused(400, "GET", "/files/v2/listings/x"), /No default storage system/);
    for (const method of ["GET", "PUT", "POST", "DELETE"])
      assert.equal((await stranger.ask(method, "/files/v2/media")).status, 400, method);
    await owner.get("/files/v2/index/list/a");
    await owner.get(on("index", "/list/a"));
  });

  it("mkdir makes what is missing above it, below the path or from the top", async () => {
    const mkdir = (at: string, path: string, status = 201) => owner.put(on("media", at), { action: "MKDIR", path }, status);
    const made = await mkdir("", "m/n/o");
    assert.deepEqual([made.path, made.name, made.owner], ["/home/m/n/o", "o", "owner"]);
    assert.match(made.uuid, /-002$/);
    assert.equal((await mkdir("/m", "p")).path, "/home/m/p");
    assert.equal((await mkdir("/m", "/q")).path, "/q");
    await mkdir("", "m/n/o", 200);
    await owner.put(on("media", ""), form({ action: "mkdir", dirName: "byname" }), 201);
    await put("/plain", "x");
    await owner.refused(400, "PUT", on("media"), form({ action: "mkdir", path: "plain" }));
    await owner.refused(400, "PUT", on("media"), form({ action: "mkdir" }));
    await owner.refused(400, "PUT", on("media"), form({ action: "llama", path: "x" }));
    assert.ok((await owner.get(on("history", "/m/n/o")))[0].description.startsWith("New directory created at http"));
  });

  it("rename, move and copy follow the rules of what lies where they lead", async () => {
    const act = (path: string, action: string, to: string, more = {}) =>
      owner.put(on("media", path), form({ action, path: to, ...more }));
    await owner.put(on("media"), form({ action: "mkdir", path: "w/in" }), 201);
    await put("/w/one", "1");
    await put("/w/two", "2");
    const renamed = await owner.ask("PUT", on("media", "/w/one"), form({ action: "rename", path: "uno" }));
    assert.deepEqual([renamed.status, renamed.body.message, renamed.body.result.path], [200, "Rename success", "/home/w/uno"]);
    await owner.refused(400, "PUT", on("media", "/w/uno"), form({ action: "rename", path: "two" }));
    await owner.refused(400, "PUT", on("media", "/w/uno"), form({ action: "rename", path: "a/b" }));
    const moved = await act("/w/uno", "move", "w/two");
    assert.deepEqual([moved.path, readFileSync(join(root, "home/w/two"), "utf8")], ["/home/w/two", "1"]);
    await owner.refused(400, "PUT", on("media", "/w/two"), form({ action: "move", path: "w/in" }));
    await owner.refused(400, "PUT", on("media", "/w/in"), form({ action: "move", path: "w/two" }));
    await owner.refused(400, "PUT", on("media", "/w/two"), form({ action: "move", path: "w/two" }));
    await owner.refused(404, "PUT", on("media", "/w/nothing"), form({ action: "move", path: "w/x" }));
    assert.equal((await act("/w/two", "move", "/topmost")).path, "/topmost");
    await act("//topmost", "copy", "w/copy");
    assert.deepEqual([readFileSync(join(root, "topmost"), "utf8"), readFileSync(join(root, "home/w/copy"), "utf8")], ["1", "1"]);
    assert.equal((await act("/w/copy", "copy", "w/in")).path, "/home/w/in/copy");
    await act("/w/copy", "copy", "w/in/copy", { append: "True" });
    assert.equal(readFileSync(join(root, "home/w/in/copy"), "utf8"), "11");
    await owner.refused(400, "PUT", on("media", "/w/in"), form({ action: "copy", path: "w/copy" }));
    await owner.refused(400, "PUT", on("media", "/w/copy"), form({ action: "copy", path: "w/copy" }));
    await owner.refused(400, "PUT", on("media", "/w"), form({ action: "copy", path: "w/in/w" }));
    await owner.put(on("media"), form({ action: "mkdir", path: "w2/in" }), 201);
    await put("/w2/in/other", "o");
    await act("/w", "copy", "w2");
    assert.deepEqual(await names("/w2/in"), [".", "copy", "other"]);
    assert.deepEqual(await statuses("/w2/in/other"), ["STAGING_COMPLETED"]);
  });

  it("what is removed is gone at once, with all that is in it; its history is not", async () => {
    await owner.put(on("media"), form({ action: "mkdir", path: "gone/deep" }), 201);
    await put("/gone/deep/x", "x");
    assert.equal(await owner.delete(on("media", "/gone")), null);
    assert.equal((await names("/")).includes("gone"), false);
    await owner.refused(404, "DELETE", on("media", "/gone"));
    assert.ok((await statuses("/gone")).includes("DELETED"));
    await owner.refused(400, "DELETE", on("media", "//"));
  });

  it("history is empty for what nobody touched here, and 404 for what never was", async () => {
    writeFileSync(join(root, "home/untouched"), "u");
    assert.deepEqual(await owner.get(on("history", "/untouched")), []);
    await owner.refused(404, "GET", on("history", "/never"));
  });

  it("rights are one object per user, flat; their owner first, and not to be revoked", async () => {
    await put("/shared.txt", "s");
    const pems = async () => (await owner.get(on("pems", "/shared.txt"))).map((one: Json) => [one.username, one.permission]);
    const all = { read: true, write: true, execute: true };
    assert.deepEqual(await pems(), [["owner", all]]);
    await friend.refused(404, "GET", on("media", "/shared.txt"));
    const [given] = await owner.post(
      on("pems", "/shared.txt"),
      form({ username: "friend", permission: "read", recursive: "False" }),
    );
    assert.deepEqual(Object.keys(given), ["username", "internalUsername", "permission", "recursive", "_links"]);
    assert.deepEqual(given.permission, { read: true, write: false, execute: false });
    assert.equal((await bytes("/shared.txt", {}, friend)).text, "s");
    assert.equal((await friend.get(on("listings", "/shared.txt")))[0].permissions, "READ");
    await friend.refused(403, "POST", on("media", "/shared.txt"), file("mine", "shared.txt"));
    await friend.refused(403, "DELETE", on("media", "/shared.txt"));
    await friend.refused(403, "POST", on("pems", "/shared.txt"), form({ username: "stranger", permission: "READ" }));
    for (const [name, rights] of [
      ["WRITE", { read: false, write: true, execute: false }],
      ["EXECUTE", { read: false, write: false, execute: true }],
      ["READ_WRITE", { read: true, write: true, execute: false }],
      ["READ_EXECUTE", { read: true, write: false, execute: true }],
      ["WRITE_EXECUTE", { read: false, write: true, execute: true }],
      ["ALL", all],
    ] as const) {
      const [one] = await owner.post(on("pems", "/shared.txt"), { username: "friend", permission: name });
      assert.deepEqual(one.permission, rights, name);
      if (rights.read) assert.equal((await friend.get(on("listings", "/shared.txt")))[0].permissions, name);
    }
    await friend.post(on("media", "/shared.txt"), file("mine", "shared.txt"), 202);
    await owner.post(on("pems", "/shared.txt"), { username: "public", permission: "READ" });
    assert.equal((await bytes("/shared.txt", {}, stranger)).text, "mine");
    assert.equal((await owner.get(`${on("pems", "/shared.txt")}?username=friend`)).length, 1);
    assert.deepEqual(
      (await owner.get(`${on("pems", "/shared.txt")}?permission=WRITE`)).map((one: Json) => one.username),
      ["owner", "friend"],
    );
    assert.equal((await owner.get(`${on("pems", "/shared.txt")}?limit=1`)).length, 1);
    assert.deepEqual(await owner.good(200, "POST", on("pems", "/shared.txt"), { username: "friend", permission: "NONE" }), []);
    assert.deepEqual(await owner.good(200, "POST", on("pems", "/shared.txt"), { username: "*", permission: "NONE" }), []);
    assert.deepEqual(await pems(), [["owner", all]]);
    await stranger.refused(404, "GET", on("media", "/shared.txt"));
    await owner.refused(400, "POST", on("pems", "/shared.txt"), { username: "owner", permission: "NONE" });
    await owner.refused(400, "POST", on("pems", "/shared.txt"), { username: "nobody-at-all", permission: "READ" });
    await owner.refused(400, "POST", on("pems", "/shared.txt"), { username: "friend", permission: "LLAMA" });
    assert.equal(await owner.delete(on("pems", "/shared.txt")), null);
    assert.ok((await statuses("/shared.txt")).includes("PERMISSION_GRANT"));
    assert.ok((await owner.get(on("history", "/shared.txt"))).some((one: Json) => one.description === "All permissions revoked"));
  });

  it("a recursive right holds for what is below, also for what comes later", async () => {
    await owner.put(on("media"), form({ action: "mkdir", path: "rec/sub" }), 201);
    await owner.post(on("pems", "/rec"), form({ username: "friend", permission: "READ", recursive: "True" }));
    await put("/rec/sub/later", "l");
    assert.equal((await bytes("/rec/sub/later", {}, friend)).text, "l");
    assert.deepEqual(await names("/rec/sub", "", friend), [".", "later"]);
    await owner.good(200, "POST", on("pems", "/rec/sub/later"), form({ username: "friend", permission: "NONE" }));
    assert.equal((await bytes("/rec/sub/later", {}, friend)).status, 403);
    assert.deepEqual(
      (await friend.get("/files/v2/listings/system/disk.example.org//")).map((one: Json) => one.name),
      [".", "home"],
    );
  });

  it("on a public system everybody reads, has a folder of their own, and none of another's", async () => {
    const id = "public.example.org";
    const folder = await aSystem(id);
    writeFileSync(join(folder, "readme"), "r");
    mkdirSync(join(folder, "home/friend"));
    await admin.put(`/systems/v2/${id}`, { action: "PUBLISH" });
    const at = (service: string, path: string) => on(service, path, id);
    assert.equal((await stranger.ask("GET", at("media", "//readme"))).text, "r");
    await stranger.refused(403, "POST", at("media", "//"), file("x", "x"));
    await stranger.refused(403, "POST", at("media", "/"), file("x", "x"));
    await friend.post(at("media", "/friend"), file("f", "f.txt"), 202);
    assert.equal((await friend.get(at("listings", "/friend/f.txt")))[0].permissions, "ALL");
    for (const [method, path] of [
      ["GET", "/friend/f.txt"],
      ["DELETE", "/friend/f.txt"],
    ] as const)
      assert.ok([403, 404].includes((await stranger.ask(method, at("media", path))).status), `${method} ${path}`);
    assert.equal((await stranger.ask("GET", at("listings", "/friend"))).status, 403);
    await stranger.put(at("media", "/"), form({ action: "mkdir", path: "stranger" }), 201);
    await stranger.post(at("media", "/stranger"), file("s", "s.txt"), 202);
    await stranger.refused(403, "PUT", at("media", "//home"), form({ action: "copy", path: "stranger/all" }));
    await friend.post(at("pems", "/friend/f.txt"), form({ username: "stranger", permission: "READ" }));
    const answer = await admin.ask("GET", at("media", "/friend/f.txt"));
    assert.equal(answer.text, "f");
    await admin.put(`/systems/v2/${id}`, { action: "DISABLE" });
    await stranger.refused(404, "GET", at("listings", "//"));
    assert.match(await admin.refused(412, "GET", at("listings", "//")), /disabled/);
    await admin.put(`/systems/v2/${id}`, { action: "ENABLE" });
    await admin.good(200, "POST", `/systems/v2/${id}`, {
      name: id,
      type: "STORAGE",
      status: "DOWN",
      storage: { protocol: "LOCAL", rootDir: folder, homeDir: "/home", auth: { type: "LOCAL" } },
    });
    assert.match(await stranger.refused(412, "GET", at("listings", "//")), /not up/);
  });

  it("who has a role on a system finds its files in the portal as well, and nobody else does", async () => {
    const id = "portal.example.org";
    await aSystem(id);
    const places = async (username: string): Promise<string[]> => {
      const portal = await new Client(scene.havre.url).signIn({ username, password: PASSWORD });
      return (await portal.get("/api/v1/files/?page_size=100")).results.map((one: Json) => one.name);
    };
    assert.equal((await places("stranger")).includes(id), false);
    const give = (role: string) => admin.ask("POST", `/systems/v2/${id}/roles/stranger`, form({ role }));
    await give("GUEST");
    assert.equal((await places("stranger")).includes(id), false);
    await give("USER");
    assert.equal((await places("stranger")).includes(id), true);
    await admin.put(`/systems/v2/${id}`, { action: "DISABLE" });
    assert.equal((await places("stranger")).includes(id), false);
    await give("ADMIN");
    assert.equal((await places("stranger")).includes(id), true);
    await give("NONE");
    assert.equal((await places("stranger")).includes(id), false);
  });

  it("a home with a name in it is whoever asks", async () => {
    const id = "homes.example.org";
    const folder = await aSystem(id, `/home/\${USERNAME}`);
    for (const name of ["owner", "friend"]) mkdirSync(join(folder, "home", name));
    for (const username of ["owner", "friend"]) await admin.post(`/systems/v2/${id}/roles`, { username, role: "USER" });
    await owner.post(on("media", "/mine", id), file("o", "mine"), 202);
    assert.equal(readFileSync(join(folder, "home/owner/mine"), "utf8"), "o");
    await friend.refused(404, "GET", on("media", "/mine", id));
    assert.equal((await friend.get(on("listings", "", id)))[0].path, "/home/friend");
  });

  it("a file is fetched from another system or an address, and its history tells when it is there", async () => {
    const id = "second.example.org";
    const folder = await aSystem(id);
    await admin.post(`/systems/v2/${id}/roles`, { username: "owner", role: "USER" });
    await put("/source.txt", "from the first");
    const fetched = async (url: string, path = "/", more = {}) => {
      const task = await owner.post(on("media", path, id), form({ urlToIngest: url, ...more }), 202);
      assert.equal(task.status, "STAGING_QUEUED");
      const history = new URL(task._links.history.href).pathname;
      const seen = await until(async () => {
        const all = (await owner.get(history)).map((one: Json) => one.status);
        return all.some((one: string) => /COMPLETE|FAILED/.test(one)) && all;
      }, `the transfer of ${url}`);
      return { task, seen };
    };
    const first = await fetched(`agave://${SYSTEM}/source.txt`);
    assert.deepEqual(first.seen, ["STAGING_QUEUED", "STAGING", "STAGING_COMPLETED"]);
    assert.equal(readFileSync(join(folder, "home/source.txt"), "utf8"), "from the first");
    await fetched(`agave://${SYSTEM}//home/source.txt`, "/", {
      fileName: "named.txt",
      fileType: "",
      notifications: "",
      callbackURL: "",
    });
    assert.equal(readFileSync(join(folder, "home/named.txt"), "utf8"), "from the first");
    await fetched("agave:///source.txt", "/default.txt");
    assert.equal(readFileSync(join(folder, "home/default.txt"), "utf8"), "from the first");
    await fetched(`${scene.havre.url}${on("media", "/source.txt")}`, "/media.txt");
    assert.equal(readFileSync(join(folder, "home/media.txt"), "utf8"), "from the first");
    const server = createServer((_request, response) => response.end("from the web")).listen(0, "127.0.0.1");
    await new Promise(resolve => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    try {
      await fetched(`http://127.0.0.1:${port}/a%20b.txt?key=1`);
      assert.equal(readFileSync(join(folder, "home/a b.txt"), "utf8"), "from the web");
    } finally {
      server.close();
    }
    assert.match(
      await owner.refused(400, "POST", on("media", "/", id), form({ urlToIngest: "ftp://h.example.org/x" })),
      /http, https or sftp/,
    );
    assert.match(await owner.refused(400, "POST", on("media", "/", id), form({ urlToIngest: "llama" })), /address/);
    await owner.refused(404, "POST", on("media", "/", id), form({ urlToIngest: `agave://${SYSTEM}/nothing` }));
    await owner.refused(404, "POST", on("media", "/", id), form({ urlToIngest: "agave://nothing-at-all/x" }));
    await friend.refused(404, "POST", on("media", "/", id), form({ urlToIngest: `agave://${SYSTEM}/source.txt` }));
  });

  it("whoever hands in a file, or has one fetched, is told when it is there, or that it never will be", async () => {
    await using opened = new AsyncDisposableStack();
    const store = new Store({ connection: scene.havre.database.connection, maxConnections: 1, onError: () => {} });
    opened.defer(() => store.close());
    const heard: { url: string; agent: string | undefined; delivery: unknown; body: Json }[] = [];
    let isBusy = true;
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", piece => pieces.push(piece));
      request.on("end", () => {
        if (request.method === "GET") return response.writeHead(404).end();
        const { url = "", headers } = request;
        const body = JSON.parse(Buffer.concat(pieces).toString());
        // The first answer is that of a busy server: it is told once more.
        if (isBusy) response.writeHead(503).end();
        else {
          heard.push({ url, agent: headers["user-agent"], delivery: headers["x-agave-delivery"], body });
          response.writeHead(200).end();
        }
        isBusy = false;
      });
    }).listen(0, "127.0.0.1");
    await new Promise(resolve => server.once("listening", resolve));
    const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const parts = (...fields: readonly (readonly [string, string])[]): FormData => {
      const data = new FormData();
      data.append("fileToUpload", new Blob(["told of"]), "told é.txt");
      for (const [name, value] of fields) data.append(name, value);
      return data;
    };
    const to = on("media", "/");
    try {
      const callback = `${origin}/up?file=\${NAME}&is=\${STATUS}&from=\${SOURCE_FORMAT}`;
      const failing = JSON.stringify([{ url: `${origin}/never`, event: "STAGING_FAILED" }]);
      await scene.owner.good(202, "POST", to, parts(["callbackURL", callback], ["notifications", failing]));
      await until(() => heard.length === 1, "the upload was told of");
      const [first] = heard;
      assert.equal(first?.url, `/up?file=${encodeURIComponent("told é.txt")}&is=STAGING_COMPLETED&from=raw`);
      assert.match(first?.agent ?? "", /^Agave-Hookbot/);
      assert.equal(first?.delivery, first?.body.notification.id);
      const { event, file } = first?.body ?? {};
      assert.deepEqual(
        [event, file.status, file.name, file.path, file.systemId],
        ["STAGING_COMPLETED", "STAGING_COMPLETED", "told é.txt", "/home/told é.txt", SYSTEM],
      );
      const missing = { urlToIngest: `${origin}/missing`, fileName: "never-came", callbackURL: `${origin}/gone?is=\${STATUS}` };
      await scene.owner.good(202, "POST", to, form({ ...missing, notifications: "owner@example.org" }));
      await until(() => heard.length === 2, "the import that failed was told of");
      assert.deepEqual([heard[1]?.url, heard[1]?.body.event], ["/gone?is=STAGING_FAILED", "STAGING_FAILED"]);
      const mails = await until(async () => {
        const rows = await store.db
          .selectFrom("mail")
          .select(["recipient", "subject"])
          .where("kind", "=", "file-ended")
          .execute();
        return rows.length === 1 && rows;
      }, "the letter is written");
      assert.deepEqual(mails, [{ recipient: "owner@example.org", subject: "/home/never-came did not come" }]);
      await scene.owner.good(
        202,
        "POST",
        to,
        form({ urlToIngest: `agave://${SYSTEM}//home/told é.txt`, fileName: "copied-told", callbackURL: `${origin}/copy` }),
      );
      await until(() => heard.length === 3, "the copy was told of");
      assert.deepEqual([heard[2]?.url, heard[2]?.body.file.path], ["/copy", "/home/copied-told"]);
      for (const wrong of [
        { callbackURL: "ftp://example.org/" },
        { callbackURL: "no address" },
        { callbackURL: "somebody.else@example.org" },
        { callbackURL: "https://me:secret@example.org/" },
        { notifications: '[{"event": "*"}]' },
        { notifications: '[{"url": "https://example.org/", "event": "DELETED"}]' },
        { notifications: "[{" },
      ] as Readonly<Record<string, string>>[]) {
        await scene.owner.refused(400, "POST", to, form({ urlToIngest: `${origin}/x`, fileName: "never", ...wrong }));
        await scene.owner.refused(400, "POST", to, parts(["fileName", "never"], ...Object.entries(wrong)));
      }
      assert.ok(!existsSync(join(root, "home/never")));
    } finally {
      server.close();
    }
  });

  it("an upload that is cut off leaves nothing behind", async () => {
    const { port } = scene.havre;
    const head = `POST ${on("media", "/cut.txt")} HTTP/1.1\r\nhost: x\r\nauthorization: ${owner.authorization}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 100000\r\n\r\n`;
    const part = `--b\r\nContent-Disposition: form-data; name="fileToUpload"; filename="cut.txt"\r\n\r\nhalf`;
    const socket = connect(port, "127.0.0.1");
    await new Promise(resolve => socket.once("connect", resolve));
    socket.write(head + part);
    await until(() => scene.havre.log.length > 0, "the server");
    socket.end();
    socket.destroy();
    await owner.get(on("listings", "/"));
    assert.equal(existsSync(join(root, "home/cut.txt")), false);
    assert.deepEqual(
      (await names("/")).filter(name => name.startsWith(".havre")),
      [],
    );
  });
});
