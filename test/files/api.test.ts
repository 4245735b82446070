import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../harness/havre.ts";
import { type FilesSite, filesSite } from "./site.ts";

const TEXT = "0123456789abcdefghij";
const digest = (bytes: string | Buffer): string => `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;

describe("files on the wire", () => {
  let site: FilesSite;
  before(async () => {
    site = await filesSite();
  });
  after(() => site.close());

  const base = (storage: number, what = "", path?: string): string =>
    `/api/v1/storages/${storage}/files/${what}${path === undefined ? "" : `?path=${encodeURIComponent(path)}`}`;
  const fetched = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
    fetch(`${site.havre.url}${path}`, { method, headers: { ...site.admin.headers, ...headers } });
  const put = (path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${site.havre.url}${path}`, {
      method: "PUT",
      headers: { ...site.admin.headers, ...headers },
      body: body as string,
    });

  it("are listed, uploaded, moved, renamed, copied and removed", async () => {
    const { id, folder } = await site.aStorage();
    const answer = await put(`${base(id, "content/", "a/é file.txt")}&parents=1`, TEXT);
    const entry = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([answer.status, entry.path, entry.size, entry.media_type], [201, "a/é file.txt", 20, "text/plain"]);
    assert.equal(readFileSync(join(folder, "a", "é file.txt"), "utf8"), TEXT);
    const refused = await put(base(id, "content/", "a/é file.txt"), "other");
    assert.equal(refused.status, 409);
    const replaced = await put(`${base(id, "content/", "a/é file.txt")}&if_exists=replace`, "other");
    assert.equal(replaced.status, 200);
    await site.admin.post(base(id, "folders/"), { path: "b/c" });
    await site.admin.post(base(id, "move/"), { from: "a/é file.txt", to: "b/c/f.txt" });
    await site.admin.post(base(id, "rename/"), { path: "b/c/f.txt", name: "g.txt" });
    await site.admin.post(base(id, "copy/"), { from: "b", to: "d" });
    const listing = await site.admin.get(`${base(id)}?limit=2`);
    assert.deepEqual([listing.entries.map((one: { name: string }) => one.name), listing.next], [["a", "b"], 2]);
    const rest = await site.admin.get(`${base(id)}?offset=2`);
    assert.deepEqual([rest.entries[0].name, rest.next], ["d", null]);
    assert.equal((await site.admin.ask("DELETE", base(id, "", "b"))).status, 204);
    assert.deepEqual([readdirSync(folder).sort(), existsSync(join(folder, "d/c/g.txt"))], [["a", "d"], true]);
    const history = await site.admin.get(base(id, "history/", "b/c/g.txt"));
    assert.deepEqual(
      history.results.map((event: { what: string }) => event.what),
      ["renamed"],
    );
    assert.equal(
      (await site.admin.get("/api/v1/files/?page_size=100")).results.some((one: { id: number }) => one.id === id),
      true,
    );
  });

  it("are given out whole and in ranges, under conditions, with a digest", async () => {
    const { id, folder } = await site.aStorage();
    writeFileSync(join(folder, "f.txt"), TEXT);
    const path = base(id, "content/", "f.txt");
    const whole = await fetched(path);
    const etag = whole.headers.get("etag") ?? "";
    assert.deepEqual(
      [whole.status, await whole.text(), whole.headers.get("content-length"), whole.headers.get("accept-ranges")],
      [200, TEXT, "20", "bytes"],
    );
    assert.match(etag, /^"[\w-]+"$/);
    for (const [range, status, text, told] of [
      ["bytes=2-4", 206, "234", "bytes 2-4/20"],
      ["bytes=15-", 206, "fghij", "bytes 15-19/20"],
      ["bytes=-3", 206, "hij", "bytes 17-19/20"],
      ["bytes=-99", 206, TEXT, "bytes 0-19/20"],
      ["bytes=3-3,5-6", 206, "3", "bytes 3-3/20"],
      ["bytes=18-99", 206, "ij", "bytes 18-19/20"],
      ["bytes=20-", 416, "", "bytes */20"],
      ["bytes=-0", 416, "", "bytes */20"],
      ["bytes=4-2", 200, TEXT, null],
      ["lines=1-2", 200, TEXT, null],
    ] as const) {
      const answer = await fetched(path, { range });
      assert.deepEqual([answer.status, await answer.text(), answer.headers.get("content-range")], [status, text, told], range);
    }
    const status = async (headers: Record<string, string>, method = "GET"): Promise<number> => {
      const answer = await fetched(path, headers, method);
      await answer.arrayBuffer();
      return answer.status;
    };
    assert.equal(await status({ "if-none-match": `"x", W/${etag}` }), 304);
    assert.equal(await status({ "if-none-match": '"x"' }), 200);
    assert.equal(await status({ "if-match": '"x"' }), 412);
    assert.equal(await status({ "if-modified-since": whole.headers.get("last-modified") ?? "" }), 304);
    assert.equal(await status({ range: "bytes=1-2", "if-range": etag }), 206);
    assert.equal(await status({ range: "bytes=1-2", "if-range": '"x"' }), 200);
    assert.equal(await status({ range: "bytes=1-2", "if-range": `W/${etag}` }), 200);
    const head = await fetched(path, { range: "bytes=0-0" }, "HEAD");
    assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [206, "1", ""]);
    // Nobody knows the digest of what lay there before; who asks gets it, and the next one too.
    assert.equal(whole.headers.get("repr-digest"), null);
    const asked = await fetched(path, { "want-repr-digest": "sha-256=10, sha-512=1" });
    await asked.arrayBuffer();
    assert.equal(asked.headers.get("repr-digest"), digest(TEXT));
    assert.equal((await fetched(path, {}, "HEAD")).headers.get("repr-digest"), digest(TEXT));
    writeFileSync(join(folder, "f.txt"), "other than before");
    const changed = await fetched(path, { range: "bytes=1-2", "if-range": etag });
    assert.deepEqual(
      [changed.status, await changed.text(), changed.headers.get("repr-digest")],
      [200, "other than before", null],
    );
  });

  it("cannot run as a page of ours, whatever they are", async () => {
    const { id } = await site.aStorage();
    for (const [name, type] of [
      ["page.html", "text/html; charset=utf-8"],
      ["picture.svg", "image/svg+xml"],
      ['a"b;c\\d é.txt', "text/plain; charset=utf-8"],
      ["unknown", "application/octet-stream"],
    ] as const) {
      const path = base(id, "content/", name);
      await put(path, "<script>alert(1)</script>");
      const { headers } = await fetched(path);
      assert.equal(headers.get("content-type"), type);
      assert.match(headers.get("content-disposition") ?? "", /^attachment; filename="[^"]*"; filename\*=UTF-8''[\w%.!~-]+$/);
      assert.match(headers.get("content-security-policy") ?? "", /(^|;)\s*sandbox(;|$)/);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
      assert.match(headers.get("cache-control") ?? "", /private/);
    }
  });

  it("are uploaded in a stream of any size, checked, and not kept when they are not what was promised", async () => {
    const { id, folder } = await site.aStorage();
    const bytes = randomBytes(9_000_000);
    const path = base(id, "content/", "large");
    assert.equal((await put(path, bytes, { "repr-digest": digest("other") })).status, 460);
    assert.equal((await put(path, bytes, { "repr-digest": "sha-256=:AAAA:" })).status, 400);
    assert.equal((await put(path, bytes, { "content-range": "bytes 0-1/5" })).status, 400);
    assert.equal((await put(path, bytes, { "if-match": '"x"' })).status, 412);
    assert.deepEqual(readdirSync(folder), []);
    const good = await put(path, bytes, { "repr-digest": digest(bytes), "if-none-match": "*" });
    assert.equal(good.status, 201);
    assert.ok(readFileSync(join(folder, "large")).equals(bytes));
    assert.equal((await put(`${path}&if_exists=replace`, "x", { "if-none-match": "*" })).status, 412);
    assert.equal((await put(base(id, "content/", "empty"), "")).status, 201);
    assert.equal(await chunked(base(id, "content/", "chunked"), ["some ", "text"]), 201);
    assert.equal(readFileSync(join(folder, "chunked"), "utf8"), "some text");
    assert.equal(await chunked(base(id, "content/", "cut"), ["some "], 100), 0);
    await until(() => readdirSync(folder).every(name => !name.startsWith(".havre-")), "the part is removed");
    assert.deepEqual(readdirSync(folder).sort(), ["chunked", "empty", "large"]);
  });

  /** @param promised a length that does not come: the connection is cut. @returns the status, or 0 */
  const chunked = (path: string, pieces: readonly string[], promised?: number): Promise<number> =>
    new Promise(resolve => {
      const asked = request(`${site.havre.url}${path}`, {
        method: "PUT",
        headers: { ...site.admin.headers, ...(promised === undefined ? {} : { "content-length": promised }) },
      });
      asked.on("response", response => resolve(response.resume().statusCode ?? 0)).on("error", () => resolve(0));
      for (const piece of pieces) asked.write(piece);
      if (promised === undefined) asked.end();
      else setTimeout(() => asked.destroy(), 100);
    });

  it("of a folder come as one archive", async () => {
    const { id, folder } = await site.aStorage();
    mkdirSync(join(folder, "data", "sub"), { recursive: true });
    writeFileSync(join(folder, "data", "é.txt"), TEXT);
    writeFileSync(join(folder, "data", "sub", "n"), randomBytes(300_000));
    const answer = await fetched(base(id, "zip/", "data"));
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "application/zip"]);
    const archive = join(folder, "out.zip");
    writeFileSync(archive, Buffer.from(await answer.arrayBuffer()));
    const code = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(sorted(z.namelist()))";
    assert.equal(execFileSync("python3", ["-c", code, archive]).toString().trim(), "['sub/', 'sub/n', 'é.txt']");
    assert.equal((await fetched(base(id, "zip/", "data"), {}, "HEAD")).status, 200);
    assert.equal((await fetched(base(id, "zip/", "data/é.txt"))).status, 400);
  });

  it("are shared with one person, who then finds them, and nothing else", async () => {
    const { id } = await site.aStorage();
    const { person, client } = await site.aPerson();
    for (const path of ["open/f", "closed/f"]) await put(`${base(id, "content/", path)}&parents=1`, TEXT);
    assert.equal((await client.ask("GET", base(id))).status, 404);
    const share = { path: "open", who: person.username, read: true, write: false, recursive: true };
    const all = await site.admin.put(base(id, "permissions/"), share);
    assert.deepEqual(
      all.map((one: { who: string; owner: boolean }) => [one.who, one.owner]),
      [
        ["admin", true],
        [person.username, false],
      ],
    );
    assert.deepEqual(
      (await client.get("/api/v1/files/")).results.map((one: { id: number; mine: boolean }) => [one.id, one.mine]),
      [[id, false]],
    );
    assert.deepEqual(
      (await client.get(base(id))).entries.map((one: { name: string }) => one.name),
      ["open"],
    );
    assert.equal((await client.ask("GET", base(id, "content/", "open/f"))).status, 200);
    assert.equal((await client.ask("GET", base(id, "content/", "closed/f"))).status, 404);
    assert.equal((await client.ask("DELETE", base(id, "", "open/f"))).status, 403);
    await site.admin.ask("DELETE", `${base(id, "permissions/", "open")}&recursive=1`);
    assert.equal((await client.ask("GET", base(id))).status, 404);
  });

  it("go to another storage and come from an address in the background, and tell how far they are", async () => {
    const [source, target] = [await site.aStorage(), await site.aStorage()];
    mkdirSync(join(source.folder, "data"));
    for (let index = 0; index < 30; index++) writeFileSync(join(source.folder, "data", `f${index}`), randomBytes(10_000));
    const ends = { from_storage: source.id, from: "data", to_storage: target.id, to: "copy" };
    const transfer = await site.admin.post("/api/v1/transfers/", ends);
    assert.equal(transfer.state, "queued");
    const done = await until(async () => {
      const now = await site.admin.get(`/api/v1/transfers/${transfer.id}/`);
      return now.state === "done" && now;
    }, "the copy is done");
    assert.deepEqual([done.files, done.files_done, done.bytes, done.bytes_done], [30, 30, 300_000, 300_000]);
    assert.deepEqual(readdirSync(join(target.folder, "copy")).sort(), readdirSync(join(source.folder, "data")).sort());
    const url = `${site.havre.url}/healthz`;
    const fetchedOne = await site.admin.post(base(target.id, "import/"), { url, path: "health.json" });
    await until(async () => (await site.admin.get(`/api/v1/transfers/${fetchedOne.id}/`)).state === "done", "the import is done");
    assert.equal(readFileSync(join(target.folder, "health.json"), "utf8"), '{"status":"ok"}');
    const listed = await site.admin.get(`/api/v1/transfers/?storage=${target.id}`);
    assert.deepEqual(
      listed.results.map((one: { id: number }) => one.id),
      [fetchedOne.id, transfer.id],
    );
    assert.equal((await site.admin.ask("POST", `/api/v1/transfers/${transfer.id}/stop/`)).status, 409);
    const { client } = await site.aPerson();
    assert.equal((await client.ask("GET", `/api/v1/transfers/${transfer.id}/`)).status, 404);
  });

  it("a storage that is away, or no longer knows Havre, is said to be so, and nobody is signed out by it", async () => {
    const write = { name: "gone", engine: "WEBDAV", location: "http://127.0.0.1:9/", username: "u", password: "p" };
    const { id } = await site.admin.post("/api/v1/storages/", write);
    const answer = await site.admin.ask("GET", base(id));
    assert.equal(answer.status, 502);
    assert.match(((await answer.json()) as { detail: string }).detail, /127\.0\.0\.1/);
  });
});
