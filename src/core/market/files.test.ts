import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { openBlobs } from "../../drivers/blobs/all.ts";
import { MIB } from "../../kernel/units.ts";
import type { Actor } from "../people/model.ts";
import { sweepBlobs } from "../uploads/index.ts";
import { MOST_FILES } from "./file-rules.ts";
import {
  addOfferingFile,
  listOfferingFiles,
  moveOffering,
  type OfferingView,
  readOfferingFile,
  removeOffering,
  removeOfferingFile,
} from "./index.ts";
import { anOffering, aScene, gives, type MarketBench, marketBench, order, type Scene, somebody } from "./market.fixture.ts";
import type { OfferingFile } from "./model.ts";

const PNG = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), randomBytes(100)]);
const JPEG = Buffer.concat([Buffer.from("\xff\xd8\xff\xe0", "latin1"), randomBytes(100)]);
const WEBP = Buffer.concat([Buffer.from("RIFF\x10\x00\x00\x00WEBPVP8 ", "latin1"), randomBytes(100)]);

describe("files and pictures of offerings", () => {
  let bench: MarketBench;
  let scene: Scene;
  let blobs: Awaited<ReturnType<typeof openBlobs>>;
  let offering: OfferingView;
  const folder = mkdtempSync(join(tmpdir(), "havre-offering-files-"));
  before(async () => {
    bench = await marketBench();
    blobs = await openBlobs({ blobUrl: pathToFileURL(folder).href, blobAccessKey: "", blobSecretKey: "" });
    scene = await aScene(bench);
  });
  after(async () => {
    await blobs.close();
    await bench.close();
    rmSync(folder, { recursive: true });
  });

  const world = () => ({ ...bench.world, blobs, log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } });
  const add = (
    bytes: Buffer,
    more: { kind?: OfferingFile["kind"]; name?: string; as?: Actor; sizeBytes?: number; to?: OfferingView } = {},
  ) =>
    addOfferingFile(world(), more.as ?? scene.seller, {
      uuid: (more.to ?? offering).uuid,
      kind: more.kind ?? "file",
      name: more.name ?? "manual.pdf",
      body: Readable.from([bytes.subarray(0, 10), bytes.subarray(10)].filter(part => part.length > 0)),
      sizeBytes: more.sizeBytes,
    });
  const read = async (as: Actor, uuid: string, from = 0, to?: number): Promise<Buffer> => {
    const choose = ({ sizeBytes }: OfferingFile) => ({ from, to: to ?? sizeBytes });
    const { body } = await readOfferingFile(world(), as, { uuid, choose });
    assert.ok(body);
    return buffer(body);
  };
  const kept = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const key of blobs.keys(new Date(Date.now() + 60_000))) keys.push(key);
    return keys;
  };
  const another = async (): Promise<void> => {
    offering = await anOffering(bench, scene.provider);
  };

  it("whoever may change the offering adds and removes, whoever may see it reads", async () => {
    await another();
    const supporter = await somebody(bench);
    await gives(bench, "organisation", scene.provider.uuid, "support", supporter);
    await assert.rejects(add(PNG, { as: supporter }), { kind: "forbidden" });
    for (const as of [scene.stranger, scene.owner]) await assert.rejects(add(PNG, { as }), { kind: "not-found" });
    const made = await add(Buffer.from("%PDF-1.7 and so on"));
    assert.deepEqual([made.kind, made.name, made.mediaType, made.sizeBytes], ["file", "manual.pdf", "application/pdf", 18]);
    assert.equal((await read(scene.stranger, made.uuid)).toString(), "%PDF-1.7 and so on");
    assert.equal((await read(scene.stranger, made.uuid, 5, 8)).toString(), "1.7");
    assert.deepEqual(await listOfferingFiles(world(), scene.stranger, offering.uuid), [made]);
    await assert.rejects(removeOfferingFile(world(), supporter, made.uuid), { kind: "forbidden" });
    await assert.rejects(removeOfferingFile(world(), scene.stranger, made.uuid), { kind: "not-found" });

    const manager = await somebody(bench);
    await gives(bench, "offering", offering.uuid, "manager", manager);
    const picture = await add(PNG, { as: manager, kind: "picture", name: "screen.png" });
    await removeOfferingFile(world(), manager, made.uuid);
    await assert.rejects(read(scene.seller, made.uuid), { kind: "not-found" });
    await assert.rejects(removeOfferingFile(world(), manager, made.uuid), { kind: "not-found" });
    assert.deepEqual(await listOfferingFiles(world(), scene.seller, offering.uuid), [picture]);
    const rows = await bench.world.store.db
      .selectFrom("event")
      .select(["verb", "data"])
      .where("verb", "like", "offering-file.%")
      .orderBy("id")
      .execute();
    assert.deepEqual(
      rows.map(({ verb, data }) => [verb, (data as { name: string }).name]),
      [
        ["offering-file.added", "manual.pdf"],
        ["offering-file.added", "screen.png"],
        ["offering-file.removed", "manual.pdf"],
      ],
    );
  });

  it("what is no picture is none, whatever it is called; what a picture is, its bytes say", async () => {
    await another();
    for (const bytes of [
      "<html><script>alert(1)</script>",
      "<svg xmlns='http://www.w3.org/2000/svg'/>",
      "\x89PN",
      "RIFF....WAVE",
    ])
      for (const kind of ["picture", "thumbnail"] as const)
        await assert.rejects(add(Buffer.from(bytes, "latin1"), { kind, name: "a.png" }), { kind: "invalid" }, bytes);
    const types = [];
    for (const bytes of [PNG, JPEG, WEBP, Buffer.from("GIF89a...")])
      types.push((await add(bytes, { kind: "picture", name: "a.html" })).mediaType);
    assert.deepEqual(types, ["image/png", "image/jpeg", "image/webp", "image/gif"]);
  });

  it("what is empty or too large is refused, said beforehand or not, and nothing of it is kept", async () => {
    await another();
    const before = await kept();
    await assert.rejects(add(Buffer.alloc(0)), { kind: "invalid" });
    await assert.rejects(add(Buffer.alloc(10 * MIB + 1)), { kind: "too-large" });
    await assert.rejects(add(PNG, { sizeBytes: 10 * MIB + 1 }), { kind: "too-large" });
    await assert.rejects(add(Buffer.concat([PNG, Buffer.alloc(2 * MIB)]), { kind: "thumbnail" }), { kind: "too-large" });
    assert.deepEqual(await kept(), before);
    assert.equal((await add(Buffer.alloc(10 * MIB))).sizeBytes, 10 * MIB);
  });

  it("a name is made harmless, and one is needed", async () => {
    await another();
    const named = async (name: string) => (await add(PNG, { name })).name;
    assert.equal(await named("../../etc/passwd"), "passwd");
    assert.equal(await named("C:\\Users\\me\\prices\r\n2026.csv"), "prices2026.csv");
    assert.equal(await named("Übersicht für 研究者.pdf"), "Übersicht für 研究者.pdf");
    assert.equal(await named("a\u202egpj.exe"), "agpj.exe");
    assert.equal(await named("\ud800.txt"), "\ufffd.txt");
    const long = await named(`${"ü".repeat(5000)}.pdf`);
    assert.ok(Buffer.byteLength(long) <= 255 && long.endsWith(".pdf"));
    for (const name of ["", " ", "...", "/", "\u0000"]) await assert.rejects(named(name), { kind: "invalid" }, name);
  });

  it("there is one thumbnail: a new one takes its place, and the bytes of the old one go", async () => {
    await another();
    const first = await add(PNG, { kind: "thumbnail", name: "a.png" });
    const before = await kept();
    const second = await add(JPEG, { kind: "thumbnail", name: "b.jpg" });
    assert.deepEqual(await listOfferingFiles(world(), scene.seller, offering.uuid), [second]);
    await assert.rejects(read(scene.seller, first.uuid), { kind: "not-found" });
    assert.equal((await kept()).length, before.length);
    const bought = await order(bench, scene.owner, scene.study, offering);
    assert.equal(bought.offeringThumbnail, second.uuid);
  });

  it("the same file sent again is carried once", async () => {
    await another();
    const [one, two] = await Promise.all([add(PNG), add(PNG)]);
    const before = await kept();
    const three = await add(PNG);
    assert.deepEqual([two.uuid, three.uuid], [one.uuid, one.uuid]);
    assert.deepEqual(await kept(), before);
    assert.notEqual((await add(JPEG)).uuid, one.uuid);
  });

  it("an offering carries no more than it may, also when all are sent at one moment", async () => {
    await another();
    await add(PNG, { kind: "thumbnail" });
    const sent = Array.from({ length: MOST_FILES + 2 }, (_, at) => add(PNG, { name: `${at}.pdf` }));
    const refused = (await Promise.allSettled(sent)).filter(({ status }) => status === "rejected");
    assert.equal(refused.length, 3);
    assert.equal((await listOfferingFiles(world(), scene.seller, offering.uuid)).length, MOST_FILES);
    await add(JPEG, { kind: "thumbnail" });
  });

  it("files of a draft are its provider's alone; of an archived offering they are read by those who have something of it", async () => {
    await another();
    const made = await add(PNG, { kind: "thumbnail" });
    await order(bench, scene.owner, scene.study, offering);
    await moveOffering(bench.world, scene.staff, { uuid: offering.uuid, event: "archive" });
    await assert.rejects(add(JPEG), { kind: "invalid" });
    await assert.rejects(removeOfferingFile(world(), scene.seller, made.uuid), { kind: "invalid" });
    for (const as of [scene.seller, scene.owner, scene.member]) assert.deepEqual(await read(as, made.uuid), PNG);
    await assert.rejects(read(scene.stranger, made.uuid), { kind: "not-found" });
    await moveOffering(bench.world, scene.staff, { uuid: offering.uuid, event: "draft" });
    await assert.rejects(listOfferingFiles(world(), scene.stranger, offering.uuid), { kind: "not-found" });
    assert.equal((await listOfferingFiles(world(), scene.seller, offering.uuid)).length, 1);
  });

  it("bytes that a crash left without a row are swept, and those of a removed offering; those of others stay", async () => {
    await another();
    const made = await add(PNG);
    const draft = await anOffering(bench, scene.provider);
    await moveOffering(bench.world, scene.staff, { uuid: draft.uuid, event: "draft" });
    await add(JPEG, { to: draft });
    await removeOffering(bench.world, scene.seller, draft.uuid);
    await blobs.create("offering-left-over");
    assert.ok((await kept()).includes("offering-left-over"));
    await sweepBlobs(world(), new Date(Date.now() + 60_000));
    const rows = await bench.world.store.db.selectFrom("offering_file").select("blob_key").execute();
    assert.deepEqual((await kept()).sort(), rows.map(({ blob_key }) => blob_key).sort());
    assert.deepEqual(await read(scene.seller, made.uuid), PNG);
  });
});
