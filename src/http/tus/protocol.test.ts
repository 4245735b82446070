import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { aPlace } from "../../../test/harness/upload-place.ts";
import { type AStudy, aReplica, aStudy, metadata, type Replica, until } from "../../../test/harness/uploads.ts";
import { sweepUploads } from "../../core/uploads/index.ts";
import { TestClock } from "../../kernel/clock.ts";
import { MIB } from "../../kernel/units.ts";

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
const BYTES = "application/offset+octet-stream";

let place: Awaited<ReturnType<typeof aPlace>>;
let replica: Replica;
let study: AStudy;
const clock = new TestClock(new Date());

type Headers = Record<string, string>;
interface Answer {
  readonly status: number;
  readonly headers: globalThis.Headers;
  readonly detail: string | undefined;
}

describe("tus", () => {
  before(async () => {
    place = await aPlace();
    replica = await aReplica(place, { clock, settings: { maxUploadBytes: 64 * MIB } });
    study = await aStudy(replica);
  });
  after(async () => {
    await replica.close();
    await place.close();
  });

  async function send(method: string, path: string, headers: Headers = {}, body?: Buffer): Promise<Answer> {
    const url = path.startsWith("http") ? path : replica.origin + path;
    const response = await fetch(url, { method, headers: { "Tus-Resumable": "1.0.0", ...headers }, ...(body ? { body } : {}) });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      detail: text === "" ? undefined : (JSON.parse(text) as { detail: string }).detail,
    };
  }

  const create = (headers: Headers = {}, said: Headers = {}, body?: Buffer): Promise<Answer> =>
    send(
      "POST",
      `/files/${study.uuid}/`,
      { "Upload-Length": "10", "Upload-Metadata": metadata({ filename: "a.txt", upload_code: study.code, ...said }), ...headers },
      body,
    );
  const created = async (bytes: number, said: Headers = {}): Promise<string> => {
    const answer = await create({ "Upload-Length": String(bytes) }, said);
    assert.equal(answer.status, 201, answer.detail);
    return answer.headers.get("location") ?? "";
  };
  const patch = (location: string, offset: number, body: Buffer, headers: Headers = {}): Promise<Answer> =>
    send("PATCH", location, { "Content-Type": BYTES, "Upload-Offset": String(offset), ...headers }, body);
  const head = (location: string): Promise<Answer> => send("HEAD", location);
  const idOf = (location: string): string => location.split("/").at(-1) ?? "";
  const dropOf = async (location: string) => {
    const upload = await replica.world.store.db
      .selectFrom("upload")
      .selectAll()
      .where("id", "=", idOf(location))
      .executeTakeFirstOrThrow();
    return replica.world.store.db.selectFrom("drop").selectAll().where("id", "=", upload.drop_id).executeTakeFirstOrThrow();
  };
  const bytesOf = async (key: string): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of await (await replica.world.blobs.source(key)).open(0)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  describe("tus: what every request must say", () => {
    it("OPTIONS tells versions, extensions, the largest size, and lets pages of any origin in, for a day", async () => {
      const { status, headers } = await send("OPTIONS", `/files/${study.uuid}/`, { Origin: "https://elsewhere.example" });
      assert.equal(status, 204);
      assert.equal(headers.get("tus-version"), "1.0.0");
      for (const extension of [
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "expiration",
        "termination",
        "checksum",
        "concatenation",
      ])
        assert.ok(headers.get("tus-extension")?.split(",").includes(extension), extension);
      assert.equal(headers.get("tus-checksum-algorithm"), "sha256,sha1");
      assert.equal(headers.get("tus-max-size"), String(64 * MIB));
      assert.equal(headers.get("access-control-allow-origin"), "*");
      assert.match(headers.get("access-control-allow-methods") ?? "", /PATCH/);
      assert.match(headers.get("access-control-allow-headers") ?? "", /Upload-Checksum/);
      assert.equal(headers.get("access-control-max-age"), "86400");
    });

    it("another protocol version is 412 and names ours", async () => {
      for (const [method, path] of [
        ["POST", `/files/${study.uuid}/`],
        ["HEAD", "/files/AAAAAAAAAAAAAAAAAAAAAA"],
        ["PATCH", "/files/AAAAAAAAAAAAAAAAAAAAAA"],
      ] as const) {
        const answer = await send(method, path, { "Tus-Resumable": "0.2.2" });
        assert.equal(answer.status, 412);
        assert.equal(answer.headers.get("tus-version"), "1.0.0");
      }
    });

    it("every reply says its version, exposes its headers to pages and carries the caller's request id", async () => {
      const answer = await send("POST", `/files/${study.uuid}/`, { "X-Request-Id": "mine-1" });
      assert.equal(answer.headers.get("tus-resumable"), "1.0.0");
      assert.match(answer.headers.get("access-control-expose-headers") ?? "", /Location.*Upload-Offset.*Havre-Receipt/);
      assert.equal(answer.headers.get("x-request-id"), "mine-1");
    });

    it("reading an upload, or any other method, is 405 with words", async () => {
      const get = await send("GET", await created(10));
      assert.equal(get.status, 405);
      assert.match(get.headers.get("allow") ?? "", /PATCH/);
      assert.match(get.detail ?? "", /not read/);
      assert.equal((await send("PUT", `/files/${study.uuid}/`)).status, 405);
    });

    it("a client that can only POST says the method in a header", async () => {
      const location = await created(10);
      const answer = await send(
        "POST",
        location,
        { "X-HTTP-Method-Override": "PATCH", "Content-Type": BYTES, "Upload-Offset": "0" },
        Buffer.alloc(10),
      );
      assert.equal(answer.status, 204, answer.detail);
    });

    it("the log has a line per request, without codes and without whole upload ids", async () => {
      const location = await created(10);
      await head(location);
      const line = await until("the line", () => replica.lines.findLast(each => (each as { method?: string }).method === "HEAD"));
      assert.deepEqual(Object.keys(line).sort(), ["id", "message", "method", "ms", "path", "status"]);
      assert.ok(!JSON.stringify(replica.lines).includes(idOf(location)));
      assert.ok(!JSON.stringify(replica.lines).includes(study.code));
    });
  });

  describe("tus: creation", () => {
    it("answers 201 with a Location at the origin that the client came to, a receipt and an expiry", async () => {
      const answer = await create();
      assert.equal(answer.status, 201);
      assert.match(answer.headers.get("location") ?? "", new RegExp(`^${replica.origin}/files/[\\w-]{22}$`));
      assert.match(answer.headers.get("havre-receipt") ?? "", /^\/receipts\/[\w-]{22}$/);
      assert.ok(Date.parse(answer.headers.get("upload-expires") ?? "") > clock.now().getTime());
      const drop = await dropOf(answer.headers.get("location") ?? "");
      assert.equal(drop.status, "NEW");
      assert.equal(drop.size_bytes, 10);
    });

    it("takes the study's code and an invitation's; the drop knows which", async () => {
      assert.equal((await dropOf(await created(10))).invitation_id, null);
      assert.notEqual((await dropOf(await created(10, { upload_code: study.invitationCode }))).invitation_id, null);
      const other = await send("POST", `/files/${study.uuid}`, {
        "Upload-Length": "1",
        "Upload-Metadata": metadata({ name: "b.txt", code: study.code.toLowerCase() }),
      });
      assert.equal(other.status, 201, "the key may be `code`, the name `name`, case does not matter, nor the slash at the end");
    });

    it("refuses a wrong or missing code with 403", async () => {
      for (const code of ["WRONGCQDE234", ""]) {
        const answer = await create({}, { upload_code: code });
        assert.equal(answer.status, 403);
        assert.equal(answer.detail, "Invalid upload code");
      }
    });

    it("an unknown study, and no study at all, are 404", async () => {
      for (const path of [`/files/${crypto.randomUUID()}/`, "/files/", "/files"]) {
        const answer = await send("POST", path, {
          "Upload-Length": "1",
          "Upload-Metadata": metadata({ filename: "a", upload_code: study.code, study: study.uuid, ip: "9.9.9.9" }),
        });
        assert.equal(answer.status, 404, path);
        assert.equal(answer.detail, "Unknown study");
      }
    });

    it("a closed study and one without storage are 403 with words, never a status that clients try again on", async () => {
      for (const [options, words] of [
        [{ open: false }, /closed/],
        [{ storage: false }, /no storage/],
      ] as const) {
        const closed = await aStudy(replica, options);
        const answer = await send("POST", `/files/${closed.uuid}/`, {
          "Upload-Length": "1",
          "Upload-Metadata": metadata({ filename: "a", upload_code: closed.code }),
        });
        assert.equal(answer.status, 403);
        assert.match(answer.detail ?? "", words);
      }
    });

    it("a forbidden file type is 403, however it is dressed", async () => {
      for (const filename of ["run.exe", "RUN.EXE", "run.exe.", "run.exe ", "a/b/run.sh"]) {
        const answer = await create({}, { filename });
        assert.equal(answer.status, 403, filename);
        assert.equal(answer.detail, "File type not allowed");
      }
    });

    it("a file that is too large is 413 before the first byte", async () => {
      assert.equal((await create({ "Upload-Length": String(64 * MIB + 1) })).status, 413);
    });

    it("wants exactly one of Upload-Length and Upload-Defer-Length", async () => {
      const without = { "Upload-Metadata": metadata({ filename: "a", upload_code: study.code }) };
      assert.equal((await send("POST", `/files/${study.uuid}/`, without)).status, 400);
      assert.equal((await create({ "Upload-Defer-Length": "1" })).status, 400);
      for (const wrong of ["-1", "abc", "1.5", "99999999999999999999"])
        assert.equal((await create({ "Upload-Length": wrong })).status, 400, wrong);
      assert.equal((await send("POST", `/files/${study.uuid}/`, { ...without, "Upload-Defer-Length": "2" })).status, 400);
    });

    it("the client's own study and ip count for nothing and are not given back, nor is the code", async () => {
      const location = await created(10, { study: crypto.randomUUID(), ip: "9.9.9.9", filetype: "text/plain" });
      const drop = await dropOf(location);
      assert.equal(drop.study_id, study.id);
      assert.equal(drop.ip, "127.0.0.1");
      const told = (await head(location)).headers.get("upload-metadata");
      assert.equal(told, metadata({ filename: "a.txt", filetype: "text/plain" }));
    });

    it("hostile names become harmless ones, and the bytes lie under our own key", async () => {
      const names: readonly (readonly [string, string])[] = [
        ["../../x", "x"],
        ["/etc/passwd", "passwd"],
        ["C:\\Windows\\system.ini", "system.ini"],
        ["a\u0000b.txt", "ab.txt"],
        ["世界", "世界"],
        ["\u202egpj.tab", "gpj.tab"],
        [`${"n".repeat(296)}.txt`, `${"n".repeat(251)}.txt`],
      ];
      for (const [declared, safe] of names) {
        const location = await created(1, { filename: declared });
        const drop = await dropOf(location);
        assert.equal(drop.original_filename, safe);
        assert.equal((await patch(location, 0, Buffer.from("x"))).status, 204);
        assert.equal((await dropOf(location)).status, "UPLOADED");
      }
      for (const name of await readdir(place.folder)) assert.match(name, /^[\w-]{22}$/);
    });

    it("no name, an empty one, or one of nothing usable is 400", async () => {
      for (const filename of ["", " ", "..", "///"])
        assert.equal((await create({}, { filename })).status, 400, JSON.stringify(filename));
      assert.equal(
        (
          await send("POST", `/files/${study.uuid}/`, {
            "Upload-Length": "1",
            "Upload-Metadata": `upload_code ${btoa(study.code)}`,
          })
        ).status,
        400,
      );
      assert.equal((await create({}, { filename: "n".repeat(1025) })).status, 400);
    });

    it("metadata that cannot be read is 400 and says which key", async () => {
      const cases: readonly (readonly [string, RegExp])[] = [
        ["filename not*base64", /"filename" is not base64/],
        [`filename ${btoa("a")},filename ${btoa("b")}`, /"filename" twice/],
        [`filename ${Buffer.from([0xff, 0xfe, 0x41]).toString("base64")}`, /"filename" is not UTF-8/],
        [`note ${Buffer.alloc(5000).toString("base64")}`, /"note" is longer/],
        [`filename ${btoa("a")} ${btoa("b")}`, /cannot be read/],
      ];
      for (const [header, words] of cases) {
        const answer = await create({ "Upload-Metadata": header });
        assert.equal(answer.status, 400, header);
        assert.match(answer.detail ?? "", words);
      }
    });

    it("a folder dropped whole keeps its folders as a label", async () => {
      assert.equal((await dropOf(await created(1, { relativePath: "scans/../day 1/a.txt" }))).folder, "scans/day 1");
      assert.equal((await dropOf(await created(1, { relativePath: "null" }))).folder, "");
    });

    it("a file of no bytes is finished at once", async () => {
      const location = await created(0);
      const drop = await dropOf(location);
      assert.equal(drop.status, "UPLOADED");
      assert.equal(drop.sha256, sha256(Buffer.alloc(0)));
      assert.equal((await head(location)).headers.get("upload-offset"), "0");
      assert.equal((await stat(join(place.folder, idOf(location)))).size, 0);
    });

    it("the first bytes may come with the creation, or all of them", async () => {
      const body = randomBytes(300_000);
      const some = await create({ "Upload-Length": "300000", "Content-Type": BYTES }, {}, body.subarray(0, 1000));
      assert.equal(some.status, 201, some.detail);
      assert.equal(some.headers.get("upload-offset"), "1000");
      assert.equal(
        (await patch(some.headers.get("location") ?? "", 1000, body.subarray(1000))).headers.get("upload-offset"),
        "300000",
      );
      const all = await create({ "Upload-Length": "300000", "Content-Type": BYTES }, {}, body);
      assert.equal(all.headers.get("upload-offset"), "300000");
      assert.match(all.headers.get("location") ?? "", /^http:\/\/127/);
      for (const answer of [some, all]) assert.equal((await dropOf(answer.headers.get("location") ?? "")).sha256, sha256(body));
      assert.equal((await create({ "Content-Type": "text/plain" }, {}, Buffer.from("x"))).status, 415);
    });

    it("a length may be told with a later request, once", async () => {
      const answer = await send("POST", `/files/${study.uuid}/`, {
        "Upload-Defer-Length": "1",
        "Upload-Metadata": metadata({ filename: "a", upload_code: study.code }),
      });
      const location = answer.headers.get("location") ?? "";
      assert.equal((await head(location)).headers.get("upload-defer-length"), "1");
      assert.equal((await patch(location, 0, Buffer.from("abc"))).headers.get("upload-offset"), "3");
      assert.equal((await patch(location, 3, Buffer.alloc(0), { "Upload-Length": "2" })).status, 400);
      assert.equal((await patch(location, 3, Buffer.from("d"), { "Upload-Length": "5" })).headers.get("upload-offset"), "4");
      assert.equal((await patch(location, 4, Buffer.from("e"), { "Upload-Length": "6" })).status, 400);
      assert.equal((await head(location)).headers.get("upload-length"), "5");
      assert.equal((await patch(location, 4, Buffer.from("e"))).status, 204);
      assert.equal((await dropOf(location)).size_bytes, 5);
      const huge = await send("POST", `/files/${study.uuid}/`, {
        "Upload-Defer-Length": "1",
        "Upload-Metadata": metadata({ filename: "a", upload_code: study.code }),
      });
      assert.equal(
        (await patch(huge.headers.get("location") ?? "", 0, Buffer.from("a"), { "Upload-Length": String(65 * MIB) })).status,
        413,
      );
    });
  });

  describe("tus: bytes", () => {
    it("HEAD tells offset and length and is kept by no cache; an unknown upload is 404", async () => {
      const { status, headers } = await head(await created(10));
      assert.equal(status, 200);
      assert.equal(headers.get("upload-offset"), "0");
      assert.equal(headers.get("upload-length"), "10");
      assert.equal(headers.get("cache-control"), "no-store");
      assert.equal((await head("/files/AAAAAAAAAAAAAAAAAAAAAA")).status, 404);
      assert.equal((await patch("/files/AAAAAAAAAAAAAAAAAAAAAA", 0, Buffer.from("a"))).status, 404);
      assert.equal((await head("/files/a/b/c")).status, 404);
    });

    it("arrive in pieces of any size over one connection, and the drop knows their hash", async () => {
      const body = randomBytes(3 * MIB);
      const location = await created(body.length);
      const edges = [0, 1, 1000, 700_000, 700_001, 2_000_000, body.length];
      for (const [index, from] of edges.slice(0, -1).entries()) {
        const to = edges[index + 1] ?? 0;
        const answer = await patch(location, from, body.subarray(from, to));
        assert.equal(answer.status, 204);
        assert.equal(answer.headers.get("upload-offset"), String(to));
        assert.equal((await dropOf(location)).status, to < body.length ? "UPLOADING" : "UPLOADED");
      }
      assert.deepEqual(await bytesOf(idOf(location)), body);
      assert.equal((await dropOf(location)).sha256, sha256(body));
    });

    it("a wrong offset is 409 and changes nothing", async () => {
      const location = await created(10);
      await patch(location, 0, Buffer.from("abc"));
      for (const offset of [0, 4, 11]) {
        const answer = await patch(location, offset, Buffer.from("x"));
        assert.equal(answer.status, 409);
        assert.equal(answer.headers.get("upload-offset"), "3");
      }
      assert.equal((await patch(location, 0, Buffer.from("x"), { "Upload-Offset": "x" })).status, 400);
      assert.equal((await head(location)).headers.get("upload-offset"), "3");
    });

    it("another content type is 415", async () => {
      assert.equal(
        (await patch(await created(10), 0, Buffer.from("a"), { "Content-Type": "application/octet-stream" })).status,
        415,
      );
    });

    it("more bytes than announced are 413 and none of them is kept, of whatever length and coding", async () => {
      for (const size of [11, 2 * MIB]) {
        const location = await created(10);
        assert.equal((await patch(location, 0, Buffer.alloc(size))).status, 413);
        assert.equal((await chunked(location, 0, Buffer.alloc(size))).status, 413);
        assert.equal((await head(location)).headers.get("upload-offset"), "0");
      }
    });

    it("a body without a length is taken too", async () => {
      const body = randomBytes(MIB);
      const location = await created(body.length);
      assert.equal((await chunked(location, 0, body)).status, 204);
      assert.equal((await dropOf(location)).sha256, sha256(body));
    });

    it("a finished upload takes no more, cannot be cancelled, and still tells its offset", async () => {
      const location = await created(3);
      await patch(location, 0, Buffer.from("abc"));
      assert.equal((await patch(location, 3, Buffer.from("d"))).status, 413);
      assert.equal((await patch(location, 0, Buffer.from("abc"))).status, 409);
      assert.equal((await patch(location, 3, Buffer.alloc(0))).status, 204);
      assert.equal((await send("DELETE", location)).status, 403);
      assert.equal((await head(location)).headers.get("upload-offset"), "3");
      assert.equal((await bytesOf(idOf(location))).toString(), "abc");
    });

    it("what a client sent before it went away is kept", async () => {
      const body = randomBytes(6 * MIB);
      // Each more than is written at once, and not a multiple of it: the last, incomplete piece counts.
      for (const sent of [MIB + 100, 4 * MIB + 7]) {
        const location = await created(body.length);
        const hangUp = await begun(location, body.length, body.subarray(0, sent));
        const onDisk = async (): Promise<number> => (await replica.world.blobs.sizeOf(idOf(location))) ?? 0;
        await until("the first bytes are taken", async () => (await onDisk()) > 0);
        await hangUp();
        // Whoever asks for the offset takes the upload over, and what was not read by then is not waited for: so the disk is looked at.
        await until("all that was sent is there", async () => (await onDisk()) === sent);
        assert.equal((await head(location)).headers.get("upload-offset"), String(sent));
        assert.equal((await patch(location, sent, body.subarray(sent))).status, 204);
        assert.equal((await dropOf(location)).sha256, sha256(body));
      }
    });

    it("a refused large body is answered, although its client is still sending", async () => {
      const answer = await patch("/files/AAAAAAAAAAAAAAAAAAAAAA", 0, Buffer.alloc(20 * MIB));
      assert.equal(answer.status, 404);
    });

    it("a full disk is 507, and the upload stays where it was acknowledged", async () => {
      const location = await created(4 * MIB);
      const body = randomBytes(4 * MIB);
      await patch(location, 0, body.subarray(0, MIB));
      const { blobs } = replica.world;
      const append = blobs.append;
      // The disk is real, so its end is played: the third write of this request fails as a full disk does.
      blobs.append = async (...all) => {
        const writer = await append(...all);
        const { HavreError } = await import("../../kernel/errors.ts");
        let writes = 0;
        return {
          get offset() {
            return writer.offset;
          },
          write: (chunk: Uint8Array) =>
            ++writes > 2
              ? Promise.reject(new HavreError("quota-exceeded", "There is no room left for uploads."))
              : writer.write(chunk),
          sync: () => writer.sync(),
          close: () => writer.close(),
          sha256: () => writer.sha256(),
        };
      };
      try {
        assert.equal((await patch(location, MIB, body.subarray(MIB))).status, 507);
      } finally {
        blobs.append = append;
      }
      const at = Number((await head(location)).headers.get("upload-offset"));
      assert.ok(at >= MIB);
      assert.equal((await patch(location, at, body.subarray(at))).status, 204);
      assert.equal((await dropOf(location)).sha256, sha256(body));
    });
  });

  describe("tus: checksums", () => {
    const sum = (algorithm: string, data: Buffer): string =>
      `${algorithm} ${createHash(algorithm).update(data).digest("base64")}`;

    it("bytes that match are taken, sha256 and sha1", async () => {
      const body = randomBytes(2 * MIB);
      const location = await created(body.length);
      assert.equal(
        (await patch(location, 0, body.subarray(0, MIB), { "Upload-Checksum": sum("sha1", body.subarray(0, MIB)) })).status,
        204,
      );
      assert.equal(
        (await patch(location, MIB, body.subarray(MIB), { "Upload-Checksum": sum("sha256", body.subarray(MIB)) })).status,
        204,
      );
      assert.equal((await dropOf(location)).sha256, sha256(body));
    });

    it("bytes that do not are 460, and the upload is back where it was", async () => {
      const body = randomBytes(2 * MIB);
      const location = await created(body.length);
      await patch(location, 0, body.subarray(0, 1000));
      const wrong = await patch(location, 1000, randomBytes(body.length - 1000), {
        "Upload-Checksum": sum("sha256", body.subarray(1000)),
      });
      assert.equal(wrong.status, 460);
      assert.equal((await head(location)).headers.get("upload-offset"), "1000");
      assert.equal(
        (await patch(location, 1000, body.subarray(1000), { "Upload-Checksum": sum("sha256", body.subarray(1000)) })).status,
        204,
      );
      assert.equal((await dropOf(location)).sha256, sha256(body));
    });

    it("a body that was cut short cannot be checked, so none of it is kept", async () => {
      const body = randomBytes(2 * MIB);
      const location = await created(body.length);
      const hangUp = await begun(location, body.length, body.subarray(0, MIB), { "Upload-Checksum": sum("sha256", body) });
      await until("the upload has begun", async () => (await dropOf(location)).status === "UPLOADING");
      await hangUp();
      await until("the server has noticed", () =>
        replica.lines.some(
          line =>
            (line as { status?: number; path?: string }).status === 499 &&
            (line as { path?: string }).path?.includes(idOf(location).slice(0, 6)),
        ),
      );
      assert.equal((await head(location)).headers.get("upload-offset"), "0");
    });

    it("an unknown algorithm or a broken sum is 400", async () => {
      const location = await created(3);
      for (const header of ["md5 AAAA", "sha256", "sha256 AAAA", "sha256 ?"])
        assert.equal((await patch(location, 0, Buffer.from("abc"), { "Upload-Checksum": header })).status, 400, header);
    });

    it("a declared hash of the whole file is kept to: another file is 460, its drop refused, its upload over", async () => {
      const body = randomBytes(1000);
      for (const declared of [sha256(body), createHash("sha256").update(body).digest("base64")]) {
        const good = await created(body.length, { sha256: declared });
        assert.equal((await patch(good, 0, body)).status, 204);
        assert.equal((await dropOf(good)).status, "UPLOADED");
        const bad = await created(body.length, { sha256: declared });
        assert.equal((await patch(bad, 0, randomBytes(1000))).status, 460);
        assert.equal((await dropOf(bad)).status, "ERROR");
        assert.match((await dropOf(bad)).status_message, /not the bytes that the provider declared/);
        assert.equal((await head(bad)).status, 410);
      }
      assert.equal((await create({}, { sha256: "nonsense" })).status, 400);
    });
  });

  describe("tus: end of an upload", () => {
    it("a cancelled upload is gone, its bytes too, and its drop says so", async () => {
      const location = await created(10);
      await patch(location, 0, Buffer.from("abc"));
      assert.equal((await send("DELETE", location)).status, 204);
      assert.equal((await head(location)).status, 410);
      assert.equal((await patch(location, 3, Buffer.from("d"))).status, 410);
      assert.equal((await send("DELETE", location)).status, 410);
      const drop = await dropOf(location);
      assert.equal(drop.status, "ERROR");
      assert.equal(await replica.world.blobs.sizeOf(idOf(location)), undefined);
    });

    it("an unfinished upload expires after its last byte, a finished one never", async () => {
      const unfinished = await created(10);
      const finished = await created(3);
      clock.advance(80_000_000);
      await patch(unfinished, 0, Buffer.from("abc"));
      await patch(finished, 0, Buffer.from("abc"));
      clock.advance(80_000_000);
      assert.equal((await head(unfinished)).status, 200, "each byte begins the wait anew");
      clock.advance(10_000_000);
      assert.equal((await head(unfinished)).status, 410);
      await sweepUploads(replica.world);
      assert.equal((await head(unfinished)).status, 410);
      assert.equal((await dropOf(unfinished)).status, "ERROR");
      assert.equal(await replica.world.blobs.sizeOf(idOf(unfinished)), undefined);
      assert.equal((await head(finished)).status, 200);
      assert.equal((await bytesOf(idOf(finished))).toString(), "abc");
    });
  });

  describe("tus: parallel uploads", () => {
    const part = async (body: Buffer, from: Pick<AStudy, "uuid" | "code"> = study): Promise<string> => {
      const answer = await send("POST", `/files/${from.uuid}/`, {
        "Upload-Concat": "partial",
        "Upload-Length": String(body.length),
        "Upload-Metadata": metadata({ upload_code: from.code }),
      });
      assert.equal(answer.status, 201, answer.detail);
      assert.equal(answer.headers.get("havre-receipt"), null, "a part is no drop");
      const location = answer.headers.get("location") ?? "";
      if (body.length > 0) assert.equal((await patch(location, 0, body)).status, 204);
      return location;
    };
    const join = (parts: readonly string[]): Promise<Answer> =>
      send("POST", `/files/${study.uuid}/`, {
        "Upload-Concat": `final;${parts.join(" ")}`,
        "Upload-Metadata": metadata({ filename: "whole.bin", upload_code: study.code }),
      });

    it("finished parts become one drop, in the order asked; the parts go", async () => {
      const body = randomBytes(3 * MIB);
      const parts = [await part(body.subarray(0, MIB)), await part(body.subarray(MIB, MIB)), await part(body.subarray(MIB))];
      assert.equal((await head(parts[0] ?? "")).headers.get("upload-concat"), "partial");
      const answer = await join([parts[0] ?? "", new URL(parts[1] ?? "").pathname, parts[2] ?? ""]);
      assert.equal(answer.status, 201, answer.detail);
      assert.match(answer.headers.get("havre-receipt") ?? "", /^\/receipts\//);
      const location = answer.headers.get("location") ?? "";
      const drop = await dropOf(location);
      assert.equal(drop.status, "UPLOADED");
      assert.equal(drop.size_bytes, body.length);
      assert.equal(drop.sha256, sha256(body));
      assert.deepEqual(await bytesOf(idOf(location)), body);
      const seen = await head(location);
      assert.equal(seen.headers.get("upload-offset"), String(body.length));
      assert.match(seen.headers.get("upload-concat") ?? "", /^final;http/);
      for (const gone of parts) {
        assert.equal(
          (await head(gone)).status,
          200,
          "a client whose join was not answered asks for its parts before it joins again",
        );
        assert.equal(await replica.world.blobs.sizeOf(idOf(gone)), undefined);
      }
      assert.equal((await patch(location, 0, Buffer.from("x"))).status, 403);
      const again = await join(parts);
      assert.equal(again.headers.get("location"), location, "asked again after a lost reply, it is the same upload");
      assert.equal(again.headers.get("havre-receipt"), answer.headers.get("havre-receipt"));
      assert.equal((await join([parts[0] ?? ""])).status, 400, "a part is used once");
    });

    it("parts that are missing, unfinished, twice there or another study's are refused with words", async () => {
      const other = await aStudy(replica);
      const good = await part(Buffer.from("abc"));
      const unfinished = await send("POST", `/files/${study.uuid}/`, {
        "Upload-Concat": "partial",
        "Upload-Length": "5",
        "Upload-Metadata": metadata({ upload_code: study.code }),
      });
      const cases: readonly (readonly [string[], RegExp])[] = [
        [[good, "/files/AAAAAAAAAAAAAAAAAAAAAA"], /no part of this study/],
        [[good, good], /twice/],
        [[good, unfinished.headers.get("location") ?? ""], /not finished/],
        [[good, await part(Buffer.from("x"), other)], /no part of this study/],
        [[good, await created(3)], /no part of this study/],
        [["/elsewhere"], /neither/],
        [[], /neither/],
      ];
      for (const [parts, words] of cases) {
        const answer = await join(parts);
        assert.equal(answer.status, 400, String(words));
        assert.match(answer.detail ?? "", words);
      }
      const drops = await replica.world.store.db
        .selectFrom("drop")
        .select("id")
        .where("original_filename", "=", "whole.bin")
        .execute();
      assert.equal(drops.length, 1, "a refused join leaves no drop");
    });

    it("a part needs the study and its code too, and expires when it is never joined", async () => {
      const refused = await send("POST", `/files/${study.uuid}/`, {
        "Upload-Concat": "partial",
        "Upload-Length": "5",
        "Upload-Metadata": metadata({ upload_code: "WRONG" }),
      });
      assert.equal(refused.status, 403);
      const location = await part(Buffer.from("abc"));
      clock.advance(90_000_000);
      await sweepUploads(replica.world);
      assert.equal((await head(location)).status, 410);
      assert.equal(await replica.world.blobs.sizeOf(idOf(location)), undefined);
    });
  });
});

/** A PATCH whose body has no Content-Length. */
function chunked(location: string, offset: number, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      "Tus-Resumable": "1.0.0",
      "Content-Type": BYTES,
      "Upload-Offset": String(offset),
      "Transfer-Encoding": "chunked",
    };
    const outgoing = httpRequest(location, { method: "PATCH", headers, agent: false }, response => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: new globalThis.Headers(), detail: undefined });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Announces `length` bytes and sends fewer. @returns drops the connection */
function begun(location: string, length: number, sent: Buffer, headers: Headers = {}): Promise<() => Promise<void>> {
  const { pathname, port } = new URL(location);
  const said = {
    "Tus-Resumable": "1.0.0",
    "Content-Type": BYTES,
    "Upload-Offset": "0",
    "Content-Length": String(length),
    ...headers,
  };
  const lines = Object.entries(said).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => {
      socket.write(`PATCH ${pathname} HTTP/1.1\r\nHost: x\r\n${lines.join("")}\r\n`);
      socket.write(sent, () => resolve(() => new Promise<void>(done => socket.end(done))));
    });
    socket.on("error", reject).resume();
  });
}
