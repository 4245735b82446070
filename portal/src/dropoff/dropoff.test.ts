import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dropRecord, keepRecord, lookAt, type Memory, readRecords, recordFor, type UploadRecord } from "./records.ts";
import { backoffMs, codeFrom, extensionOf, mayPass, refusalOf, silenceMs } from "./rules.ts";

function aMemory(): Memory {
  const cells = new Map<string, string>();
  return { getItem: key => cells.get(key) ?? null, setItem: (key, value) => void cells.set(key, value) };
}

const aRecord = (more: Partial<UploadRecord> = {}): UploadRecord => ({
  key: "k1",
  study: "s1",
  name: "scan.dcm",
  folder: "",
  sizeBytes: 10,
  modifiedMs: 5,
  sample: "aa",
  uploadUrl: "http://x/files/1",
  receipt: "",
  sentBytes: 4,
  startedAt: "2026-01-01T00:00:00Z",
  done: false,
  ...more,
});
const look = { name: "scan.dcm", sizeBytes: 10, modifiedMs: 5, sample: "aa" };

describe("remembering uploads", () => {
  it("a record is found again after a reload and replaced by its key", () => {
    const memory = aMemory();
    keepRecord(memory, aRecord());
    keepRecord(memory, aRecord({ sentBytes: 8 }));
    assert.deepEqual(
      readRecords(memory).map(row => row.sentBytes),
      [8],
    );
    dropRecord(memory, "k1");
    assert.deepEqual(readRecords(memory), []);
  });

  it("a copy of the same file, with another time of change, continues the upload", () => {
    assert.equal(recordFor([aRecord()], "s1", "", { ...look, modifiedMs: 99 })?.key, "k1");
  });

  it("a file with the same name and size but other content does not continue the upload", () => {
    assert.equal(recordFor([aRecord()], "s1", "", { ...look, sample: "bb" }), undefined);
  });

  it("an upload to another study or one that is done is not continued", () => {
    assert.equal(recordFor([aRecord()], "s2", "", look), undefined);
    assert.equal(recordFor([aRecord({ done: true })], "s1", "", look), undefined);
  });

  it("of two files alike in different folders each continues its own", () => {
    const records = [aRecord({ key: "a", folder: "a" }), aRecord({ key: "b", folder: "b" })];
    assert.equal(recordFor(records, "s1", "b", look)?.key, "b");
    assert.equal(recordFor(records, "s1", "", look), undefined);
  });

  it("unreadable memory is an empty one", () => {
    const memory = aMemory();
    memory.setItem("havre.uploads", "{broken");
    assert.deepEqual(readRecords(memory), []);
  });

  it("the oldest finished records make place, unfinished ones never do", () => {
    const memory = aMemory();
    keepRecord(memory, aRecord({ key: "open" }));
    for (let i = 0; i < 210; i++) keepRecord(memory, aRecord({ key: `d${i}`, done: true }));
    const rows = readRecords(memory);
    assert.ok(rows.some(row => row.key === "open"));
    assert.ok(!rows.some(row => row.key === "d0"));
    assert.ok(rows.some(row => row.key === "d209"));
  });

  it("looking at a file sees a change in its last bytes", async () => {
    const body = new Uint8Array(300_000);
    const before = await lookAt(new File([body], "a.bin", { lastModified: 1 }));
    body[299_999] = 1;
    const after = await lookAt(new File([body], "a.bin", { lastModified: 1 }));
    assert.notEqual(before.sample, after.sample);
  });
});

describe("what a study allows", () => {
  const limits = { max_size_bytes: 100, not_allowed_extensions: ["exe", "SH"] };

  it("refuses an extension however it is written", () => {
    assert.equal(extensionOf("setup.EXE. "), "exe");
    assert.deepEqual(refusalOf("run.Sh", 1, limits), { why: "extension", extension: "sh" });
    assert.equal(refusalOf("exe", 1, limits), undefined);
  });

  it("refuses a file beyond the maximum; no maximum refuses nothing", () => {
    assert.deepEqual(refusalOf("a.csv", 101, limits), { why: "size" });
    assert.equal(refusalOf("a.csv", 101, { ...limits, max_size_bytes: 0 }), undefined);
  });

  it("tries again after silence, trouble and locks, never after a decision", () => {
    for (const status of [0, 409, 423, 429, 500, 503]) assert.equal(mayPass(status), true, String(status));
    for (const status of [400, 403, 404, 410, 413]) assert.equal(mayPass(status), false, String(status));
  });

  it("waits longer each time, and half a minute at most", () => {
    assert.equal(backoffMs(0, 0.5), 1000);
    assert.equal(backoffMs(3, 0.5), 8000);
    assert.equal(backoffMs(500, 1), 36_000);
  });

  it("reads the code from the link's fragment", () => {
    assert.equal(codeFrom("#code=ABC-123"), "ABC-123");
    assert.equal(codeFrom("#section"), "");
  });

  it("a silent connection is given up after 45 s, after the last byte of a large file later, and never after more than five minutes", () => {
    assert.equal(silenceMs(5_000_000, 10_000_000), 45_000);
    assert.equal(Math.round(silenceMs(4321, 4321) / 1000), 45);
    assert.equal(silenceMs(200_000_000, 200_000_000), 145_000);
    assert.equal(silenceMs(1e12, 1e12), 300_000);
  });
});
