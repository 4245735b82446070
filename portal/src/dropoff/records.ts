/** What the browser remembers of one upload, so that it survives a reload, a crash and a night. */
export type UploadRecord = {
  readonly key: string;
  /** The study's upload id. */
  readonly study: string;
  readonly name: string;
  readonly folder: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** SHA-256 over the first and last part of the file; "" where the browser has no WebCrypto. */
  readonly sample: string;
  readonly uploadUrl: string;
  /** Path of the receipt page; "" as long as the server has not named it. */
  readonly receipt: string;
  readonly sentBytes: number;
  readonly startedAt: string;
  readonly done: boolean;
};

export type Memory = Pick<globalThis.Storage, "getItem" | "setItem">;
export type FileLook = Pick<UploadRecord, "name" | "sizeBytes" | "modifiedMs" | "sample">;

const PLACE = "havre.uploads";
const KEEP_DONE = 200;
const SAMPLE_BYTES = 64 * 1024;

export function readRecords(memory: Memory): UploadRecord[] {
  try {
    const rows: unknown = JSON.parse(memory.getItem(PLACE) ?? "[]");
    return Array.isArray(rows) ? rows.filter(row => row && typeof row.key === "string" && typeof row.uploadUrl === "string") : [];
  } catch {
    return [];
  }
}

/** Adds the record or replaces the one with its key. The oldest finished ones make place. */
export function keepRecord(memory: Memory, record: UploadRecord): void {
  const others = readRecords(memory).filter(row => row.key !== record.key);
  const done = others.filter(row => row.done);
  const tooMany = new Set(done.slice(0, Math.max(0, done.length - KEEP_DONE)).map(row => row.key));
  write(memory, [...others.filter(row => !tooMany.has(row.key)), record]);
}

export function dropRecord(memory: Memory, key: string): void {
  write(
    memory,
    readRecords(memory).filter(row => row.key !== key),
  );
}

/**
 * The unfinished upload that this file belongs to. Same name and size, and the same content as far as the samples tell;
 * without samples the same time of change. A copy of a file has another time, so the samples come first.
 */
export function recordFor(
  records: readonly UploadRecord[],
  study: string,
  folder: string,
  look: FileLook,
): UploadRecord | undefined {
  const same = records.filter(
    row =>
      !row.done &&
      row.study === study &&
      row.name === look.name &&
      row.sizeBytes === look.sizeBytes &&
      (row.sample && look.sample ? row.sample === look.sample : row.modifiedMs === look.modifiedMs),
  );
  return same.find(row => row.folder === folder) ?? (folder === "" && same.length === 1 ? same[0] : undefined);
}

/** How a file is recognised when it is chosen again. Reads at most 128 KiB. */
export async function lookAt(file: File): Promise<FileLook> {
  const look = { name: file.name, sizeBytes: file.size, modifiedMs: file.lastModified };
  if (!globalThis.crypto?.subtle) return { ...look, sample: "" };
  const ends = new Blob([file.slice(0, SAMPLE_BYTES), file.slice(Math.max(SAMPLE_BYTES, file.size - SAMPLE_BYTES))]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await ends.arrayBuffer()));
  return { ...look, sample: Array.from(digest, byte => byte.toString(16).padStart(2, "0")).join("") };
}

function write(memory: Memory, rows: UploadRecord[]): void {
  try {
    memory.setItem(PLACE, JSON.stringify(rows));
  } catch {
    // Full or forbidden storage: the upload goes on, only resuming after a reload is lost.
  }
}
