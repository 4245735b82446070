import { MINUTE } from "../../../kernel/clock.ts";
import { HavreError } from "../../../kernel/errors.ts";
import { allIn, type Element, keywords, numberIn, pack, type Structure, textIn, unpack } from "./pack.ts";
import { codeOf, NO_ROWS } from "./refusal.ts";
import type { Connection } from "./session.ts";

/** iRODS' APIs by their numbers, as far as a storage needs them. A path is the whole one: "/zone/home/…". */
const API = {
  open: 602,
  unlink: 615,
  rename: 627,
  checksum: 629,
  stat: 633,
  close: 673,
  seek: 674,
  read: 675,
  write: 676,
  removeCollection: 679,
  makeCollection: 681,
  copy: 696,
  query: 702,
} as const;

const WRITE = 1;
const CREATE = 64;
const TRUNCATE = 512;
const COLLECTION = 2;
const PUT = 1;
const COPY_TO = 9;
const COPY_FROM = 10;
const RENAME_OBJECT = 11;
const RENAME_COLLECTION = 12;
/** How far a long removal has come, and the word that it was heard. */
const PROGRESS = 99_999_996;
const PROGRESS_HEARD = 99_999_997;
const MOST_ROWS = 256;
/** For what takes longer the more there is: hashing, copying, removing, and what the zone's own rules do with a new file. */
const SLOW = { withinMs: 60 * MINUTE };

export interface ObjectStat {
  readonly kind: "file" | "folder";
  readonly id: string;
  readonly sizeBytes: number;
  readonly checksum: string;
  readonly modifiedAt: Date | undefined;
}

/** @throws "not-found" */
export async function statAt(connection: Connection, path: string, signal: AbortSignal): Promise<ObjectStat> {
  const { text } = await connection.ask({ info: API.stat, text: dataObject(path) }, signal);
  const found = unpack(text);
  const kind = numberIn(found, "objType") === COLLECTION ? "folder" : "file";
  return {
    kind,
    id: textIn(found, "dataId"),
    sizeBytes: kind === "file" ? numberIn(found, "objSize") : 0,
    checksum: textIn(found, "chksum"),
    modifiedAt: dateOf(textIn(found, "modifyTime")),
  };
}

/** Seconds since 1970, with zeros in front. */
export const dateOf = (text: string): Date | undefined => (/^\d+$/.test(text) ? new Date(Number(text) * 1000) : undefined);

/** An open data object, by the number that the server gives it. */
export async function openAt(
  connection: Connection,
  path: string,
  mode: "read" | "new" | "on",
  signal: AbortSignal,
): Promise<number> {
  const openFlags = { read: 0, new: WRITE | CREATE | TRUNCATE, on: WRITE }[mode];
  const text = dataObject(path, { openFlags, dataSize: -1, oprType: mode === "read" ? 0 : PUT });
  return (await connection.ask({ info: API.open, text }, signal)).info;
}

export async function seek(connection: Connection, opened: number, offset: number, signal: AbortSignal): Promise<void> {
  const { text } = await connection.ask({ info: API.seek, text: openedObject(opened, { offset }) }, signal);
  if (numberIn(unpack(text), "offset") !== offset)
    throw new HavreError("protocol", `${connection.where}: the server did not go to the place that it was asked to go to.`);
}

export async function write(connection: Connection, opened: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const { info } = await connection.ask({ info: API.write, text: openedObject(opened, { len: bytes.length }), bytes }, signal);
  if (info !== bytes.length)
    throw new HavreError("quota-exceeded", `${connection.where}: the server took no more bytes; the storage may be full.`);
}

/** As many bytes as fit, or as the file still has. */
export async function read(connection: Connection, opened: number, into: Buffer, signal: AbortSignal): Promise<Buffer> {
  const { bytes } = await connection.ask({ info: API.read, text: openedObject(opened, { len: into.length }) }, signal, { into });
  return bytes;
}

export async function close(connection: Connection, opened: number, signal: AbortSignal): Promise<void> {
  await connection.ask({ info: API.close, text: openedObject(opened, {}) }, signal, SLOW);
}

/** The server reads the whole object and keeps what it found. @returns such as "sha2:…", by the server's own choice */
export async function checksum(connection: Connection, path: string, signal: AbortSignal): Promise<string> {
  const { text } = await connection.ask({ info: API.checksum, text: dataObject(path, {}, { forceChksum: "" }) }, signal, SLOW);
  return textIn(unpack(text), "myStr");
}

/** @throws "conflict" when the name is taken, whoever else renames */
export async function rename(
  connection: Connection,
  from: string,
  to: string,
  kind: "file" | "folder",
  signal: AbortSignal,
): Promise<void> {
  const oprType = kind === "file" ? RENAME_OBJECT : RENAME_COLLECTION;
  const text = pack("DataObjCopyInp_PI", { DataObjInp_PI: [inputOf(from, { oprType }), inputOf(to, { oprType })] });
  await connection.ask({ info: API.rename, text }, signal, SLOW);
}

/** By the server itself; it replaces. */
export async function copy(connection: Connection, from: string, to: string, signal: AbortSignal): Promise<void> {
  const target = inputOf(to, { oprType: COPY_TO }, { forceFlag: "" });
  const text = pack("DataObjCopyInp_PI", { DataObjInp_PI: [inputOf(from, { oprType: COPY_FROM }), target] });
  await connection.ask({ info: API.copy, text }, signal, SLOW);
}

/** Not into the trash: there it would still count. */
export async function unlink(connection: Connection, path: string, signal: AbortSignal): Promise<void> {
  await connection.ask({ info: API.unlink, text: dataObject(path, {}, { forceFlag: "" }) }, signal);
}

export async function removeCollection(connection: Connection, path: string, signal: AbortSignal): Promise<void> {
  const text = collection(path, { recursiveOpr: "", forceFlag: "" });
  let { info } = await connection.ask({ info: API.removeCollection, text }, signal, SLOW);
  while (info === PROGRESS) {
    connection.acknowledge(PROGRESS_HEARD);
    info = (await connection.next(signal, SLOW)).info;
  }
}

/** With its missing parents. */
export async function makeCollection(connection: Connection, path: string, signal: AbortSignal): Promise<void> {
  await connection.ask({ info: API.makeCollection, text: collection(path, { recursiveOpr: "" }) }, signal);
}

/** Columns of the catalogue, by their numbers. */
export const COLUMN = {
  dataId: 401,
  dataName: 403,
  dataSize: 407,
  replicaStatus: 413,
  checksum: 415,
  dataModified: 420,
  collectionName: 501,
  parentName: 502,
  collectionModified: 509,
} as const;
type Column = (typeof COLUMN)[keyof typeof COLUMN];

/** Of a replica: whole, and the same as its others. Any other word is none of a file that can be trusted. */
export const GOOD = "1";
/** An intermediate one, and those that a write or a read holds. */
export const HELD: ReadonlySet<string> = new Set(["2", "3", "4"]);

/** Rows of the catalogue: of each the columns asked for, in their order. */
export async function* rows(
  connection: Connection,
  select: readonly Column[],
  where: Readonly<Partial<Record<Column, string>>>,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  const ask = async (maxRows: number, continueInx: number): Promise<Element> => {
    const text = pack("GenQueryInp_PI", {
      maxRows,
      continueInx,
      partialStartIndex: 0,
      options: 0,
      ...keywords({}),
      InxIvalPair_PI: { iiLen: select.length, inx: [...select], ivalue: select.map(() => 1) },
      InxValPair_PI: { isLen: Object.keys(where).length, inx: Object.keys(where), svalue: Object.values(where) },
    });
    return unpack((await connection.ask({ info: API.query, text }, signal)).text);
  };
  let next = 0;
  do {
    const found = await ask(MOST_ROWS, next).catch(error => {
      if (codeOf(error) === NO_ROWS) return undefined;
      throw error;
    });
    if (found === undefined) return;
    const columns = allIn(found, "SqlResult_PI").map(column => allIn(column, "value").map(({ text }) => text));
    for (let row = 0; row < numberIn(found, "rowCnt"); row++)
      yield columns.slice(0, select.length).map(values => values[row] ?? "");
    next = numberIn(found, "continueInx");
  } while (next > 0);
}

/** The catalogue has no way to write a quote in a value: such a value is looked for by a pattern, and whoever asks compares what came. */
export const equalTo = (value: string): string =>
  /['\\]/.test(value) ? `like '${value.replaceAll(/['\\]/g, "_")}'` : `= '${value}'`;

const inputOf = (objPath: string, more: Structure = {}, words: Readonly<Record<string, string>> = {}): Structure => ({
  objPath,
  createMode: 0,
  openFlags: 0,
  offset: 0,
  dataSize: 0,
  numThreads: 0,
  oprType: 0,
  ...more,
  ...keywords(words),
});

const dataObject = (path: string, more: Structure = {}, words: Readonly<Record<string, string>> = {}): string =>
  pack("DataObjInp_PI", inputOf(path, more, words));

const collection = (collName: string, words: Readonly<Record<string, string>>): string =>
  pack("CollInpNew_PI", { collName, flags: 0, oprType: 0, ...keywords(words) });

const openedObject = (l1descInx: number, more: Structure): string =>
  pack("OpenedDataObjInp_PI", { l1descInx, len: 0, whence: 0, oprType: 0, offset: 0, bytesWritten: 0, ...more, ...keywords({}) });
