import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { aPlace } from "../../../test/harness/upload-place.ts";
import { type AStudy, aReplica, aStudy, metadata, type Replica, until } from "../../../test/harness/uploads.ts";
import { sweepBlobs, sweepUploads } from "../../core/uploads/index.ts";
import { MIB } from "../../kernel/units.ts";

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
const TUS = { "Tus-Resumable": "1.0.0" };

describe("tus on several replicas", () => {
  let place: Awaited<ReturnType<typeof aPlace>>;
  let one: Replica;
  let other: Replica;
  let study: AStudy;
  before(async () => {
    place = await aPlace();
    one = await aReplica(place);
    other = await aReplica(place);
    study = await aStudy(one);
  });
  after(async () => {
    await one.close();
    await other.close();
    await place.close();
  });

  const created = async (bytes: number, origin = one.origin): Promise<string> => {
    const said = metadata({ filename: "scan.bin", upload_code: study.code });
    const answer = await fetch(`${origin}/files/${study.uuid}/`, {
      method: "POST",
      headers: { ...TUS, "Upload-Length": String(bytes), "Upload-Metadata": said },
    });
    assert.equal(answer.status, 201, await answer.text());
    return new URL(answer.headers.get("location") ?? "").pathname;
  };
  const patch = async (
    origin: string,
    path: string,
    offset: number,
    body: Buffer,
  ): Promise<{ status: number; offset: number }> => {
    const headers = { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
    const answer = await fetch(origin + path, { method: "PATCH", headers, body });
    await answer.arrayBuffer();
    return { status: answer.status, offset: Number(answer.headers.get("upload-offset")) };
  };
  const head = async (origin: string, path: string): Promise<{ status: number; offset: number }> => {
    const answer = await fetch(origin + path, { method: "HEAD", headers: TUS });
    return { status: answer.status, offset: Number(answer.headers.get("upload-offset")) };
  };
  const sizeAt = async (path: string): Promise<number> => (await stat(join(place.folder, path.split("/").at(-1) ?? ""))).size;
  const uploadOf = (path: string) =>
    one.world.store.db
      .selectFrom("upload")
      .selectAll()
      .where("id", "=", path.split("/").at(-1) ?? "")
      .executeTakeFirstOrThrow();
  const dropOf = async (path: string) =>
    one.world.store.db
      .selectFrom("drop")
      .selectAll()
      .where("id", "=", (await uploadOf(path)).drop_id)
      .executeTakeFirstOrThrow();
  const bytesOf = async (path: string): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of await (await one.world.blobs.source(path.split("/").at(-1) ?? "")).open(0)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  /** A PATCH that has sent some of what it announced and then says nothing more, like a connection whose other end lost its network. */
  const halfOpen = async (origin: string, path: string, offset: number, length: number, sent: Buffer): Promise<Socket> => {
    const socket = connect(Number(new URL(origin).port), "127.0.0.1")
      .resume()
      .on("error", () => {});
    const headers = `Host: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: ${offset}\r\nContent-Length: ${length}`;
    socket.write(`PATCH ${path} HTTP/1.1\r\n${headers}\r\n\r\n`);
    socket.write(sent);
    // What is not in the file yet lies in memory, or still in the connection.
    await until("its bytes are being taken", async () => (await sizeAt(path)) > offset + sent.length - MIB);
    return socket;
  };

  it("any replica takes the next bytes", async () => {
    const body = randomBytes(4 * MIB);
    const path = await created(body.length);
    for (let at = 0, turn = 0; at < body.length; at += MIB, turn++) {
      const origin = turn % 2 === 0 ? one.origin : other.origin;
      assert.deepEqual(await patch(origin, path, at, body.subarray(at, at + MIB)), { status: 204, offset: at + MIB });
      assert.equal((await head(turn % 2 === 0 ? other.origin : one.origin, path)).offset, at + MIB);
    }
    assert.equal((await dropOf(path)).sha256, sha256(body), "the hash is known although each has written only half");
    assert.deepEqual(await bytesOf(path), body);
  });

  for (const [name, where] of [
    ["the same replica", () => one],
    ["another replica", () => other],
  ] as const)
    it(`a client that comes back to ${name} is not kept waiting by its own half-open connection`, async () => {
      const body = randomBytes(8 * MIB);
      const path = await created(body.length);
      const dead = await halfOpen(one.origin, path, 0, body.length, body.subarray(0, 3 * MIB + 12_345));
      const began = performance.now();
      const { status, offset } = await head(where().origin, path);
      assert.equal(status, 200);
      assert.ok(performance.now() - began < 2000, "at once, not after a lease");
      assert.ok(offset > 2 * MIB && offset <= 3 * MIB + 12_345, "what arrived is kept");
      await until("the older connection is closed", () => dead.destroyed);
      assert.equal((await patch(where().origin, path, offset, body.subarray(offset))).status, 204);
      assert.deepEqual(await bytesOf(path), body);
      assert.equal((await dropOf(path)).sha256, sha256(body));
    });

  it("a newer PATCH and a DELETE take over as well", async () => {
    const body = randomBytes(4 * MIB);
    const path = await created(body.length);
    await halfOpen(one.origin, path, 0, body.length, body.subarray(0, 2 * MIB));
    const late = await patch(other.origin, path, 0, body);
    assert.equal(late.status, 409, "its offset is no longer true");
    assert.ok(late.offset > MIB && late.offset <= 2 * MIB);
    await halfOpen(one.origin, path, late.offset, body.length - late.offset, body.subarray(late.offset, 3 * MIB));
    const gone = await fetch(other.origin + path, { method: "DELETE", headers: TUS });
    assert.equal(gone.status, 204);
    assert.equal((await head(one.origin, path)).status, 410);
  });

  it("eight uploads at a time, each in two halves over two replicas, arrive whole", async () => {
    const bodies = Array.from({ length: 8 }, () => randomBytes(3 * MIB));
    await Promise.all(
      bodies.map(async body => {
        const path = await created(body.length);
        assert.equal((await patch(one.origin, path, 0, body.subarray(0, MIB))).status, 204);
        assert.equal((await patch(other.origin, path, MIB, body.subarray(MIB))).status, 204);
        assert.deepEqual(await bytesOf(path), body);
        assert.equal((await dropOf(path)).sha256, sha256(body));
      }),
    );
  });

  it("a replica that stops in good order lets go at once of what it was receiving", async () => {
    const third = await aReplica(place);
    const body = randomBytes(4 * MIB);
    const path = await created(body.length);
    await halfOpen(third.origin, path, 0, body.length, body.subarray(0, MIB + 77));
    await third.close();
    assert.equal((await uploadOf(path)).held_by, null);
    const { offset } = await head(one.origin, path);
    assert.ok(offset > 0 && offset <= MIB + 77);
    assert.deepEqual(await bytesOf(path), body.subarray(0, offset));
  });

  const spawned = async (): Promise<{ child: ChildProcess; origin: string }> => {
    const where = JSON.stringify({ connection: place.connection, folder: place.folder });
    const child = spawn(process.execPath, [join(import.meta.dirname, "../../../test/harness/upload-replica.ts"), where], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const origin = await new Promise<string>(resolve => child.stdout?.once("data", line => resolve(String(line).trim())));
    return { child, origin };
  };
  const killed = (child: ChildProcess): Promise<void> =>
    new Promise(resolve => {
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });

  it("after kill -9 in the middle of a PATCH another replica shows what is there, and the rest makes the file whole", async () => {
    const { child, origin } = await spawned();
    const body = randomBytes(24 * MIB);
    const path = await created(body.length);
    await halfOpen(origin, path, 0, body.length, body.subarray(0, 16 * MIB));
    await until("much of it is there", async () => (await sizeAt(path)) > 8 * MIB);
    await killed(child);
    const { status, offset } = await head(one.origin, path);
    assert.equal(status, 200, "the dead process' hold lapses while we wait");
    assert.ok(offset > 8 * MIB && offset <= 16 * MIB);
    assert.deepEqual((await bytesOf(path)).subarray(0, offset), body.subarray(0, offset), "no hole, nothing foreign");
    assert.equal((await patch(one.origin, path, offset, body.subarray(offset))).status, 204);
    assert.deepEqual(await bytesOf(path), body);
    assert.equal((await dropOf(path)).sha256, sha256(body));
  });

  it("a process that dies between the last byte and the word that it came leaves nothing to do again", async () => {
    for (const finisher of ["HEAD", "sweeper"] as const) {
      const body = randomBytes(MIB);
      const path = await created(body.length);
      assert.equal((await patch(one.origin, path, 0, body.subarray(0, 1000))).status, 204);
      // What that process leaves: all bytes, and a hold that nobody keeps up.
      const id = path.split("/").at(-1) ?? "";
      const writer = await one.world.blobs.append(id, 1000);
      await writer.write(body.subarray(1000));
      await writer.close();
      await one.world.store.db
        .updateTable("upload")
        .set({ held_by: "the dead", held_until: new Date(Date.now() - 1000) })
        .where("id", "=", id)
        .execute();
      if (finisher === "HEAD") assert.equal((await head(other.origin, path)).offset, body.length);
      else await sweepUploads(other.world);
      const drop = await dropOf(path);
      assert.equal(drop.status, "UPLOADED", finisher);
      assert.equal(drop.sha256, sha256(body));
    }
  });

  it("the sweeper removes bytes that belong to nothing, and never those of a drop or of an upload", async () => {
    const { blobs, store } = one.world;
    const body = randomBytes(1000);
    const finished = await created(body.length);
    await patch(one.origin, finished, 0, body);
    const unfinished = await created(body.length);
    await blobs.create("AAAAAAAAAAAAAAAAAAAAAA");
    await sweepBlobs(one.world, new Date(Date.now() - 3_600_000));
    assert.equal(await blobs.sizeOf("AAAAAAAAAAAAAAAAAAAAAA"), 0, "young ones are left alone");
    await store.db.deleteFrom("schedule").execute();
    await sweepBlobs(one.world, new Date(Date.now() + 1000));
    assert.equal(await blobs.sizeOf("AAAAAAAAAAAAAAAAAAAAAA"), undefined);
    assert.equal(await sizeAt(finished), 1000);
    assert.equal(await sizeAt(unfinished), 0);
  });
});
