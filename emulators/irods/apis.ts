import { createHash } from "node:crypto";
import type { Zone } from "../irods.ts";
import { CODES, type DataObject, query, Refusal } from "./catalogue.ts";
import { all, number, type Tree, tag, text, words } from "./codec.ts";

export interface Reply {
  readonly info?: number;
  readonly text?: string;
  readonly bytes?: Buffer;
}

export interface OpenObject {
  readonly object: DataObject;
  readonly isWritten: boolean;
  position: number;
}

interface Call extends Zone {
  readonly opened: Map<number, OpenObject>;
  readonly message: Tree | undefined;
  readonly bytes: Buffer;
}

const CHANGES = new Set([601, 602, 615, 627, 652, 676, 679, 681, 696]);
const NO_SUCH_API = -12000;
const NO_SUCH_OPEN = -317000;
const NO_ROOM = -513028;
const MOST_ROWS = 256;

export function callApi(
  zone: Zone,
  opened: Map<number, OpenObject>,
  api: number,
  message: Tree | undefined,
  bytes: Buffer,
): Reply {
  const act = APIS[api];
  if (act === undefined) throw new Refusal(NO_SUCH_API);
  const isReading = api === 602 && (number(message, "openFlags") & 3) === 0;
  if (zone.faults.isReadOnly && CHANGES.has(api) && !isReading) throw new Refusal(CODES.noAccess);
  return act({ ...zone, opened, message, bytes });
}

const APIS: Readonly<Record<number, (call: Call) => Reply>> = {
  602: open,
  615: call => {
    const path = text(call.message, "objPath");
    mustBeFree(call.catalogue.object(path));
    call.catalogue.entries.delete(path);
    return {};
  },
  627: ({ catalogue, message }) => {
    const [from, to] = all(message, "DataObjInp_PI");
    const entry = catalogue.entries.get(text(from, "objPath"));
    if (number(from, "oprType") !== (entry?.kind === "collection" ? 12 : 11) && entry !== undefined)
      throw new Refusal(CODES.badInput);
    catalogue.rename(text(from, "objPath"), text(to, "objPath"));
    return {};
  },
  629: ({ catalogue, message, faults }) => {
    const object = catalogue.object(text(message, "objPath"));
    if (object.checksum === "" || words(message).has("forceChksum")) object.checksum = checksumOf(object.bytes, faults.hashesBy);
    return { text: tag("STR_PI", [["myStr", object.checksum]]) };
  },
  633: ({ catalogue, message, user, zone }) => {
    const entry = catalogue.entries.get(text(message, "objPath"));
    if (entry === undefined) throw new Refusal(CODES.noFile);
    const time = String(Math.floor(entry.modifiedAt / 1000)).padStart(11, "0");
    const isObject = entry.kind === "object";
    const told: [string, string | number][] = [
      ["objSize", isObject ? entry.bytes.length : 0],
      ["objType", isObject ? 1 : 2],
      ["dataMode", 0],
      ["dataId", entry.id],
      ["chksum", isObject ? entry.checksum : ""],
      ["ownerName", user],
      ["ownerZone", zone],
      ["createTime", time],
      ["modifyTime", time],
    ];
    return { text: tag("RodsObjStat_PI", told) };
  },
  673: call => {
    const { object, isWritten } = openedIn(call);
    call.opened.delete(number(call.message, "l1descInx"));
    if (isWritten) object.status = "1";
    return {};
  },
  674: call => {
    const at = openedIn(call);
    const base = [0, at.position, at.object.bytes.length][number(call.message, "whence")] ?? 0;
    at.position = base + number(call.message, "offset");
    return { text: tag("fileLseekOut_PI", [["offset", at.position]]) };
  },
  675: call => {
    const at = openedIn(call);
    const bytes = at.object.bytes.subarray(at.position, at.position + number(call.message, "len"));
    at.position += bytes.length;
    return { info: bytes.length, bytes };
  },
  676: write,
  679: ({ catalogue, message }) => {
    catalogue.removeCollection(text(message, "collName"), words(message).has("recursiveOpr"));
    return {};
  },
  681: ({ catalogue, message }) => {
    catalogue.makeCollection(text(message, "collName"), words(message).has("recursiveOpr"));
    return {};
  },
  696: ({ catalogue, message }) => {
    const [from, to] = all(message, "DataObjInp_PI");
    const source = catalogue.object(text(from, "objPath"));
    const path = text(to, "objPath");
    if (catalogue.entries.has(path) && !words(to).has("forceFlag")) throw new Refusal(CODES.withoutForce);
    const target = catalogue.entries.has(path) ? catalogue.object(path) : catalogue.newObject(path);
    const bytes = Buffer.alloc(source.bytes.length);
    source.bytes.copy(bytes);
    Object.assign(target, { bytes, checksum: "", status: "1", modifiedAt: Date.now() });
    return {};
  },
  702: generalQuery,
};

function open({ catalogue, message, opened }: Call): Reply {
  const path = text(message, "objPath");
  const flags = number(message, "openFlags");
  const isWritten = (flags & 3) !== 0;
  const there = catalogue.entries.get(path);
  if (there?.kind === "collection") throw new Refusal(CODES.badPath);
  if (there === undefined && !(flags & 64)) throw new Refusal(CODES.noFile);
  const object = there ?? catalogue.newObject(path);
  if (isWritten) {
    if (there !== undefined) mustBeFree(there);
    if (flags & 512) object.bytes = Buffer.alloc(0);
    object.status = "2";
    object.checksum = "";
  } else if (object.status === "2") throw new Refusal(CODES.locked);
  // The first three are the system's own.
  let descriptor = 3;
  while (opened.has(descriptor)) descriptor++;
  opened.set(descriptor, { object, isWritten, position: 0 });
  return { info: descriptor };
}

const mustBeFree = (object: DataObject): void => {
  if (object.status === "2") throw new Refusal(CODES.locked);
};

function openedIn({ opened, message }: Call): OpenObject {
  const found = opened.get(number(message, "l1descInx"));
  if (found === undefined) throw new Refusal(NO_SUCH_OPEN);
  return found;
}

function write(call: Call): Reply {
  const at = openedIn(call);
  const { faults, bytes, message } = call;
  if (!at.isWritten || number(message, "len") !== bytes.length) throw new Refusal(CODES.badInput);
  if (faults.roomBytes !== undefined) {
    if (bytes.length > faults.roomBytes) throw new Refusal(NO_ROOM);
    faults.roomBytes -= bytes.length;
  }
  const end = at.position + bytes.length;
  const { object } = at;
  if (end > object.bytes.length) {
    // Room that doubles: else each piece would copy all before it.
    const whole = Buffer.from(object.bytes.buffer, object.bytes.byteOffset);
    const room = whole.length >= end ? whole : Buffer.alloc(Math.max(end, 2 * object.bytes.length));
    if (room !== whole) object.bytes.copy(room);
    object.bytes = room.subarray(0, end);
  }
  bytes.copy(object.bytes, at.position);
  at.position = end;
  object.modifiedAt = Date.now();
  return { info: bytes.length };
}

const checksumOf = (bytes: Buffer, by: "sha2" | "md5" = "sha2"): string =>
  by === "md5" ? createHash("md5").update(bytes).digest("hex") : `sha2:${createHash("sha256").update(bytes).digest("base64")}`;

/** `continueInx` is how many rows were told. */
function generalQuery({ catalogue, message, user, zone }: Call): Reply {
  const asked = Math.min(MOST_ROWS, number(message, "maxRows"));
  const told = number(message, "continueInx");
  if (asked <= 0)
    return {
      text: tag("GenQueryOut_PI", [
        ["rowCnt", 0],
        ["attriCnt", 0],
        ["continueInx", 0],
        ["totalRowCount", 0],
      ]),
    };
  const numbers = (of: string, name: string): string[] => all(all(message, of)[0], name).map(one => one.text);
  const select = numbers("InxIvalPair_PI", "inx").map(Number);
  const values = numbers("InxValPair_PI", "svalue");
  const where = numbers("InxValPair_PI", "inx").map((column, index) => [Number(column), values[index] ?? ""] as const);
  const found = query(catalogue, { owner: user, zone }, select, where).slice(told + number(message, "partialStartIndex"));
  if (found.length === 0) throw new Refusal(CODES.noRows);
  const rows = found.slice(0, asked);
  const columns = select.map((column, index) => {
    const cells = rows.map(row => ["value", row[index] ?? ""] as const);
    return ["SqlResult_PI", [["attriInx", column], ["reslen", 1024], ...cells]] as const;
  });
  const counts = [
    ["rowCnt", rows.length],
    ["attriCnt", select.length],
    ["continueInx", rows.length < found.length ? told + rows.length : 0],
    ["totalRowCount", 0],
  ] as const;
  return { text: tag("GenQueryOut_PI", [...counts, ...columns]) };
}
