import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { type S3Emulator, startS3 } from "../../../../emulators/s3.ts";
import { aBucket, startSwift, swiftMissing } from "../../../../test/engines/swift.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import { behavesLikeBlobs } from "../../../ports/blobs.suite.ts";
import type { Blobs } from "../../../ports/blobs.ts";
import { makeGuardedHttp } from "../../http/guarded.ts";
import { openS3Blobs } from "./index.ts";
import { layoutOf, nameOf, newEpoch, type Segment, segmentOf } from "./segments.ts";

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
const SMALL = { segmentBytes: 256 * KIB, underWay: 3 };

function openAt(location: string, accessKey: string, secretKey = "secret", sizes = SMALL): Blobs {
  const url = new URL(location);
  return openS3Blobs({
    access: { endpoint: new URL(url.origin), bucket: url.pathname.slice(1), region: undefined, accessKey, secretKey },
    prefix: "uploads/",
    http: makeGuardedHttp({ egressAllow: ["127.0.0.0/8"] }),
    sizes,
  });
}

behavesLikeBlobs("objects of S3 (emulated)", async () => {
  const server = await startS3();
  const open = (): Blobs => openAt(server.url, server.accessKey);
  return { blobs: open(), elsewhere: async () => open(), close: () => server.stop() };
});

behavesLikeBlobs(
  "objects of OpenStack Swift",
  async () => {
    const server = await startSwift();
    const bucket = await aBucket(server);
    const open = (): Blobs => openAt(bucket, server.user, server.password, { segmentBytes: MIB, underWay: 3 });
    return { blobs: open(), elsewhere: async () => open(), close: () => server.stop() };
  },
  { skip: swiftMissing() },
);

describe("the segments of a blob", () => {
  const at = (epoch: number, opened: number, offset: number, bytes: number): Segment => ({
    epoch: newEpoch([], epoch).slice(0, 12).padEnd(16, "0"),
    opened,
    offset,
    bytes,
  });
  const sizeOf = (...segments: Segment[]) => layoutOf(segments)?.sizeBytes;

  it("have names that tell all about them, in the order of their epochs", () => {
    const segment = at(Date.now(), 5, 2 ** 41, 8 * MIB);
    assert.deepEqual(segmentOf(nameOf(segment)), segment);
    assert.ok(nameOf(at(9, 0, 0, 1)) < nameOf(at(10, 0, 0, 1)));
    for (const other of ["", "x", `${nameOf(segment)}0`, nameOf(segment).toUpperCase().replace(/\d/, "G")])
      assert.equal(segmentOf(other), undefined);
  });

  it("count as far as there is no gap", () => {
    assert.equal(sizeOf(), undefined);
    assert.equal(sizeOf(at(1, 0, 0, 0)), 0);
    assert.equal(sizeOf(at(1, 0, 20, 10), at(1, 0, 0, 10)), 10);
    assert.equal(sizeOf(at(1, 0, 20, 10), at(1, 0, 0, 10), at(1, 0, 10, 10)), 30);
  });

  it("of a writer end where a later one began, also those that come late", () => {
    const [early, late] = [at(1, 0, 0, 10), at(1, 0, 10, 10)];
    const second = at(2, 10, 10, 4);
    assert.equal(sizeOf(early, second), 14);
    assert.equal(sizeOf(early, second, late), 14);
    assert.equal(sizeOf(early, late, at(2, 7, 7, 0)), 7);
    assert.deepEqual(
      layoutOf([early, late, at(2, 7, 7, 1)])?.ranges.map(({ segment, bytes }) => [segment.offset, bytes]),
      [
        [0, 7],
        [7, 1],
      ],
    );
    // A writer whose beginning is gone has nothing to say.
    assert.equal(sizeOf(early, at(2, 15, 15, 5)), 10);
  });

  it("of a new writer come after all that are there, whatever the clock says", () => {
    const there = at(5000, 0, 0, 1);
    assert.ok(newEpoch([there], 10) > there.epoch);
    assert.ok(newEpoch([there], 6000) > there.epoch);
    assert.notEqual(newEpoch([], 1), newEpoch([], 1));
  });
});

describe("blobs in a bucket", () => {
  let server: S3Emulator;
  before(async () => {
    server = await startS3();
  });
  after(() => server.stop());
  const open = (): Blobs => openAt(server.url, server.accessKey);
  const read = async (blobs: Blobs, key: string): Promise<Buffer> => buffer(await (await blobs.source(key)).open(0));

  it("bytes that a dead writer's request brings after all change nothing", async () => {
    const [one, other] = [open(), open()];
    const body = randomBytes(600 * KIB);
    const dead = await one.append("late", 0);
    await dead.write(body.subarray(0, 300 * KIB));
    await dead.sync();
    // Its next segment is on its way, and nobody waits for it any more.
    const [[name = ""] = []] = [...server.objects.keys()].filter(key => key.includes("/late/")).map(key => [key]);
    const next = await other.append("late", 300 * KIB);
    await next.write(body.subarray(300 * KIB, 400 * KIB));
    await next.sync();
    const { epoch = "" } = segmentOf(name.split("/").at(-1) ?? "") ?? {};
    const segment = { epoch, opened: 0, offset: 300 * KIB, bytes: 256 * KIB };
    const object = server.objects.get(name);
    assert.ok(object);
    server.objects.set(`bucket/uploads/late/${nameOf(segment)}`, { ...object, bytes: randomBytes(256 * KIB) });
    assert.equal(await one.sizeOf("late"), 400 * KIB);
    assert.ok((await read(one, "late")).equals(body.subarray(0, 400 * KIB)));
    await next.close();
    await one.remove("late");
    assert.equal(await one.sizeOf("late"), undefined);
    await Promise.all([one.close(), other.close()]);
  });

  it("a passing refusal is tried again; one that stays ends the write, and what was synced is kept", async () => {
    const blobs = open();
    const body = randomBytes(MIB);
    let refusals = 2;
    server.faults.answer = method => (method === "PUT" && refusals-- > 0 ? { status: 503, code: "SlowDown" } : undefined);
    const writer = await blobs.append("refused", 0);
    await writer.write(body.subarray(0, 300 * KIB));
    await writer.sync();
    server.faults.answer = method => (method === "PUT" ? { status: 507, code: "XMinioStorageFull" } : undefined);
    await writer.write(body.subarray(300 * KIB, 400 * KIB));
    await assert.rejects(writer.sync(), {
      kind: "quota-exceeded",
      retry: "temporary",
      message: "There is no room left for uploads.",
    });
    await writer.close();
    server.faults.answer = () => ({ status: 403, code: "AccessDenied" });
    // Not the uploader's mistake.
    await assert.rejects(blobs.sizeOf("refused"), { kind: "unavailable", message: "The store of uploads cannot be used." });
    delete server.faults.answer;
    assert.equal(await blobs.sizeOf("refused"), 300 * KIB);
    const again = await blobs.append("refused", 300 * KIB, { hashed: true });
    await again.write(body.subarray(300 * KIB));
    await again.sync();
    assert.equal(await again.sha256(), sha256(body));
    await again.close();
    assert.ok((await read(blobs, "refused")).equals(body));
    await blobs.close();
  });

  it("segments that arrived behind a lost one do not count", async () => {
    const blobs = open();
    const body = randomBytes(MIB);
    let seen = 0;
    server.faults.answer = (method, target) =>
      method === "PUT" && target.includes("/gap/") && seen++ === 1 ? { status: 403, code: "AccessDenied" } : undefined;
    const writer = await blobs.append("gap", 0);
    await writer.write(body).catch(() => {});
    await assert.rejects(writer.sync(), { kind: "unavailable" });
    await writer.close();
    delete server.faults.answer;
    const size = (await blobs.sizeOf("gap")) ?? 0;
    assert.ok(size < MIB && size % (256 * KIB) === 0, `${size} bytes`);
    assert.ok((await read(blobs, "gap")).equals(body.subarray(0, size)));
    await blobs.close();
  });
});
