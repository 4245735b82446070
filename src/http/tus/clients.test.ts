import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Upload, type UploadOptions } from "tus-js-client";
import { aPlace } from "../../../test/harness/upload-place.ts";
import { type AStudy, aReplica, aStudy, metadata, type Replica } from "../../../test/harness/uploads.ts";
import { MIB } from "../../kernel/units.ts";

const run = promisify(execFile);
const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

describe("tus with clients that people use", () => {
  let place: Awaited<ReturnType<typeof aPlace>>;
  let replica: Replica;
  let study: AStudy;
  let folder: string;
  before(async () => {
    place = await aPlace();
    replica = await aReplica(place);
    study = await aStudy(replica);
    folder = await mkdtemp(join(tmpdir(), "havre-client-"));
  });
  after(async () => {
    await replica.close();
    await place.close();
    await rm(folder, { recursive: true, force: true });
  });

  const options = (): UploadOptions => ({
    endpoint: `${replica.origin}/files/${study.uuid}/`,
    metadata: { filename: "scan.bin", filetype: "application/octet-stream", upload_code: study.code },
    retryDelays: [50, 100, 200, 400, 800],
  });
  const dropOf = async (url: string) => {
    const upload = await replica.world.store.db
      .selectFrom("upload")
      .selectAll()
      .where("id", "=", url.split("/").at(-1) ?? "")
      .executeTakeFirstOrThrow();
    return replica.world.store.db.selectFrom("drop").selectAll().where("id", "=", upload.drop_id).executeTakeFirstOrThrow();
  };
  const uploaded = (body: Buffer, more: UploadOptions = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const upload = new Upload(body, { ...options(), ...more, onSuccess: () => resolve(upload.url ?? ""), onError: reject });
      upload.start();
    });

  it("tus-js-client uploads a file whole, in chunks, with the creation, of unknown length, and of no bytes", async () => {
    const body = randomBytes(5 * MIB + 3);
    const ways: readonly UploadOptions[] = [
      {},
      { chunkSize: MIB },
      { uploadDataDuringCreation: true, chunkSize: 2 * MIB },
      { uploadLengthDeferred: true, chunkSize: MIB },
    ];
    for (const way of ways) {
      const drop = await dropOf(await uploaded(body, way));
      assert.equal(drop.status, "UPLOADED", JSON.stringify(way));
      assert.equal(drop.sha256, sha256(body));
    }
    assert.equal((await dropOf(await uploaded(Buffer.alloc(0)))).status, "UPLOADED");
  });

  it("tus-js-client uploads in three parallel parts", async () => {
    const body = randomBytes(6 * MIB + 1);
    const url = await uploaded(body, { parallelUploads: 3, metadataForPartialUploads: { upload_code: study.code } });
    const drop = await dropOf(url);
    assert.equal(drop.sha256, sha256(body));
    assert.equal(drop.original_filename, "scan.bin");
  });

  it("eight at a time", async () => {
    const bodies = Array.from({ length: 8 }, () => randomBytes(2 * MIB));
    const urls = await Promise.all(bodies.map(body => uploaded(body, { chunkSize: 512 * 1024 })));
    for (const [index, url] of urls.entries()) assert.equal((await dropOf(url)).sha256, sha256(bodies[index] ?? Buffer.alloc(0)));
  });

  it("tus-js-client goes on after the server was gone and came back elsewhere", async () => {
    const body = randomBytes(4 * MIB);
    const mortal = await aReplica(place);
    const first = new Upload(body, {
      ...options(),
      endpoint: `${mortal.origin}/files/${study.uuid}/`,
      chunkSize: MIB,
      retryDelays: null,
    });
    const failed = new Promise<void>(resolve => {
      first.options.onError = () => resolve();
    });
    first.options.onChunkComplete = () => void mortal.close();
    first.start();
    await failed;
    const path = new URL(first.url ?? "").pathname;
    const url = await uploaded(body, { uploadUrl: replica.origin + path, chunkSize: MIB });
    assert.equal((await dropOf(url)).sha256, sha256(body));
  });

  it("tus-js-client pauses, resumes and cancels", async () => {
    const body = randomBytes(4 * MIB);
    const upload = new Upload(body, { ...options(), chunkSize: MIB });
    const paused = new Promise<void>(resolve => {
      upload.options.onChunkComplete = () => void upload.abort().then(resolve);
    });
    upload.start();
    await paused;
    const done = new Promise<void>((resolve, reject) =>
      Object.assign(upload.options, { onChunkComplete: null, onSuccess: () => resolve(), onError: reject }),
    );
    upload.start();
    await done;
    assert.equal((await dropOf(upload.url ?? "")).sha256, sha256(body));

    const other = new Upload(body, { ...options(), chunkSize: MIB });
    const cancelled = new Promise<void>((resolve, reject) => {
      other.options.onChunkComplete = () => void other.abort(true).then(resolve, reject);
    });
    other.start();
    await cancelled;
    assert.equal((await dropOf(other.url ?? "")).status, "ERROR");
  });

  it("tus-js-client gives up at once on a permanent refusal and shows its words", async () => {
    for (const [refused, words] of [
      [{ filename: "run.exe" }, /File type not allowed/],
      [{ upload_code: "WRONG" }, /Invalid upload code/],
    ] as const) {
      const began = performance.now();
      await assert.rejects(
        uploaded(Buffer.from("x"), { metadata: { ...options().metadata, ...refused }, retryDelays: [60_000] }),
        words,
      );
      assert.ok(performance.now() - began < 5000);
    }
  });

  it("curl uploads a file with two commands, and resumes with a third", async () => {
    const body = randomBytes(3 * MIB);
    const file = join(folder, "body");
    const rest = join(folder, "rest");
    await writeFile(file, body.subarray(0, 2 * MIB));
    await writeFile(rest, body.subarray(2 * MIB));
    const created = await run("curl", [
      "-sS",
      "-i",
      "-X",
      "POST",
      "-H",
      "Tus-Resumable: 1.0.0",
      "-H",
      `Upload-Length: ${body.length}`,
      "-H",
      `Upload-Metadata: ${metadata({ filename: "c.bin", upload_code: study.code })}`,
      `${replica.origin}/files/${study.uuid}/`,
    ]);
    const location = /^location: (\S+)/im.exec(created.stdout)?.[1] ?? "";
    const patch = (from: number, part: string) =>
      run("curl", [
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-X",
        "PATCH",
        "-H",
        "Tus-Resumable: 1.0.0",
        "-H",
        `Upload-Offset: ${from}`,
        "-H",
        "Content-Type: application/offset+octet-stream",
        "-T",
        part,
        location,
      ]);
    assert.equal((await patch(0, file)).stdout, "204");
    assert.equal((await patch(2 * MIB, rest)).stdout, "204");
    assert.equal((await dropOf(location)).sha256, sha256(body));
  });

  it("a page's preflight and its requests pass from any origin", async () => {
    const asked = {
      Origin: "https://elsewhere.example",
      "Access-Control-Request-Method": "PATCH",
      "Access-Control-Request-Headers": "tus-resumable,upload-offset,content-type",
    };
    const preflight = await fetch(`${replica.origin}/files/AAAAAAAAAAAAAAAAAAAAAA`, { method: "OPTIONS", headers: asked });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /PATCH/);
  });
});
