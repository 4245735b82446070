import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, describe, it } from "node:test";
import { type ZipEntry, zipOf } from "./zip.ts";

const missing = (program: string): string | false => {
  try {
    execFileSync(program, ["--help"], { stdio: "ignore" });
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ENOENT" ? `${program} is not installed` : false;
  }
};

async function* each(entries: readonly ZipEntry[]): AsyncGenerator<ZipEntry> {
  yield* entries;
}
const of = (bytes: Buffer): NonNullable<ZipEntry["content"]> => ({
  sizeBytes: bytes.length,
  async open() {
    return Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]) as AsyncIterable<Buffer>;
  },
});
const at = new Date("2026-03-04T05:06:08Z");

describe("a zip archive", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "havre-zip-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const written = async (...entries: ZipEntry[]): Promise<string> => {
    const path = join(folder, "archive.zip");
    writeFileSync(path, Buffer.concat(await Array.fromAsync(zipOf(each(entries)))));
    return path;
  };
  const python = (code: string, path: string): string => execFileSync("python3", ["-c", code, path]).toString().trim();

  it("is read by another program: names, times, folders and contents", { skip: missing("python3") }, async () => {
    const large = Buffer.alloc(200_000, "some text ");
    const path = await written(
      { name: "é and 日本/", modifiedAt: at },
      { name: "é and 日本/large.txt", modifiedAt: at, content: of(large) },
      { name: "empty", modifiedAt: undefined, content: of(Buffer.alloc(0)) },
    );
    const code = `
import sys, zipfile, hashlib
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for i in z.infolist(): print(i.filename, i.date_time[:3], i.date_time[5], i.is_dir(), hashlib.sha256(z.read(i)).hexdigest()[:12])`;
    const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex").slice(0, 12);
    assert.deepEqual(python(code, path).split("\n"), [
      `é and 日本/ (2026, 3, 4) 8 True ${hash(Buffer.alloc(0))}`,
      `é and 日本/large.txt (2026, 3, 4) 8 False ${hash(large)}`,
      `empty (1980, 1, 1) 0 False ${hash(Buffer.alloc(0))}`,
    ]);
  });

  it("holds nothing, and more entries than its old form could count", { skip: missing("python3") }, async () => {
    const count = "import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))";
    assert.equal(python(count, await written()), "0");
    const many = Array.from({ length: 70_000 }, (_, index) => ({ name: `${index}/`, modifiedAt: at }));
    assert.equal(python(count, await written(...many)), "70000");
  });

  it("holds files whose sizes and places need more than 32 bits", { skip: missing("python3") }, async () => {
    // As if 32 bits ended at 1000: the same parts, without writing 4 GiB.
    const large = Buffer.alloc(5000, "large ");
    const entries = each([
      { name: "huge", modifiedAt: at, content: of(large) },
      { name: "x", modifiedAt: at, content: of(Buffer.from("x")) },
    ]);
    const path = join(folder, "large.zip");
    const bytes = Buffer.concat(await Array.fromAsync(zipOf(entries, 1000)));
    writeFileSync(path, bytes);
    assert.ok(bytes.includes(Buffer.from([0x50, 0x4b, 6, 6])), "an end of the zip64 form");
    const code = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print([(i.filename, i.file_size, i.header_offset) for i in z.infolist()], z.read("huge") == (b"large " * 1000)[:5000], z.read("x"))`;
    assert.equal(python(code, path), `[('huge', 5000, 0), ('x', 1, ${bytes.indexOf(Buffer.from("PK\x03\x04"), 4)})] True b'x'`);
  });

  it("breaks off when a file is not as long as it was", async () => {
    const content = { ...of(Buffer.from("four")), sizeBytes: 5 };
    await assert.rejects(written({ name: "f", modifiedAt: at, content }), { kind: "conflict" });
    await assert.rejects(written({ name: "f", modifiedAt: at, content: { ...content, sizeBytes: 3 } }), { kind: "conflict" });
    const target = createWriteStream(join(folder, "broken.zip"));
    await assert.rejects(pipeline(Readable.from(zipOf(each([{ name: "f", modifiedAt: at, content }]))), target));
  });
});
