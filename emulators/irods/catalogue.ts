/** What a zone keeps: collections, and data objects with a replica each. */

export interface Collection {
  readonly kind: "collection";
  readonly id: number;
  readonly modifiedAt: number;
}

export interface DataObject {
  readonly kind: "object";
  readonly id: number;
  bytes: Buffer;
  modifiedAt: number;
  /** As the catalogue writes it; "" when none is known. */
  checksum: string;
  /** "0" stale, "1" good, "2" intermediate, "3" and "4" locked. */
  status: string;
}

export class Refusal extends Error {
  readonly code: number;
  constructor(code: number) {
    super(String(code));
    this.code = code;
  }
}

export const CODES = {
  noAccess: -818000,
  noCollection: -814000,
  noFile: -310000,
  noRows: -808000,
  taken: -809000,
  notEmpty: -821000,
  badInput: -130000,
  withoutForce: -312000,
  locked: -406000,
  badPath: -358000,
} as const;

const LONGEST_PATH_BYTES = 1088;

export class Catalogue {
  readonly entries = new Map<string, Collection | DataObject>();
  #ids = 10_000;

  constructor(zone: string, user: string) {
    for (const path of ["/", `/${zone}`, `/${zone}/home`, `/${zone}/home/${user}`, `/${zone}/home/project`]) this.#add(path);
  }

  #add(path: string): void {
    this.entries.set(path, { kind: "collection", id: ++this.#ids, modifiedAt: Date.now() });
  }

  collection(path: string): Collection {
    const found = this.entries.get(path);
    if (found?.kind !== "collection") throw new Refusal(CODES.noCollection);
    return found;
  }

  object(path: string): DataObject {
    const found = this.entries.get(path);
    if (found?.kind !== "object") throw new Refusal(CODES.noFile);
    return found;
  }

  newObject(path: string): DataObject {
    mustBePath(path);
    this.collection(parentOf(path));
    if (this.entries.has(path)) throw new Refusal(CODES.taken);
    const made: DataObject = {
      kind: "object",
      id: ++this.#ids,
      bytes: Buffer.alloc(0),
      modifiedAt: Date.now(),
      checksum: "",
      status: "2",
    };
    this.entries.set(path, made);
    return made;
  }

  makeCollection(path: string, isRecursive: boolean): void {
    mustBePath(path);
    const there = this.entries.get(path);
    if (there?.kind === "collection" && isRecursive) return;
    if (there !== undefined) throw new Refusal(CODES.taken);
    const parent = this.entries.get(parentOf(path));
    if (parent?.kind === "object") throw new Refusal(CODES.badPath);
    if (parent === undefined) {
      if (!isRecursive) throw new Refusal(CODES.noCollection);
      this.makeCollection(parentOf(path), true);
    }
    this.#add(path);
  }

  removeCollection(path: string, isRecursive: boolean): void {
    this.collection(path);
    const below = [...this.entries.keys()].filter(one => one.startsWith(`${path}/`));
    if (below.length > 0 && !isRecursive) throw new Refusal(CODES.notEmpty);
    for (const one of [...below, path]) this.entries.delete(one);
  }

  rename(from: string, to: string): void {
    mustBePath(to);
    const moved = this.entries.get(from);
    if (moved === undefined) throw new Refusal(CODES.noFile);
    if (this.entries.has(to)) throw new Refusal(CODES.taken);
    this.collection(parentOf(to));
    for (const [path, entry] of [...this.entries]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.entries.delete(path);
      this.entries.set(to + path.slice(from.length), entry);
    }
  }
}

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function mustBePath(path: string): void {
  if (!path.startsWith("/") || /\/$|\/\/|\/\.{1,2}(\/|$)|[\x00-\x1f]/.test(path) || Buffer.byteLength(path) >= LONGEST_PATH_BYTES)
    throw new Refusal(CODES.badInput);
}

const timeOf = (milliseconds: number): string => String(Math.floor(milliseconds / 1000)).padStart(11, "0");

/** The columns that we tell, by their number. */
type Row = ReadonlyMap<number, string>;

function* rowsOf({ entries }: Catalogue, owner: string, zone: string): Generator<Row> {
  for (const [path, entry] of entries) {
    const collectionPath = entry.kind === "collection" ? path : parentOf(path);
    const collection = entries.get(collectionPath);
    if (collection === undefined) continue;
    const row = new Map<number, string>([
      [500, String(collection.id)],
      [501, collectionPath],
      [502, parentOf(collectionPath)],
      [503, owner],
      [504, zone],
      [505, "0"],
      [506, "0"],
      [507, ""],
      [508, timeOf(collection.modifiedAt)],
      [509, timeOf(collection.modifiedAt)],
    ]);
    if (entry.kind === "object")
      for (const [column, value] of [
        [401, String(entry.id)],
        [402, String(collection.id)],
        [403, nameOf(path)],
        [404, "0"],
        [405, ""],
        [406, "generic"],
        [407, String(entry.bytes.length)],
        [409, "demoResc"],
        [410, `/var/lib/irods/Vault${path}`],
        [411, owner],
        [412, zone],
        [413, entry.status],
        [414, ""],
        [415, entry.checksum],
        [416, ""],
        [417, "0"],
        [418, ""],
        [419, timeOf(entry.modifiedAt)],
        [420, timeOf(entry.modifiedAt)],
        [422, "demoResc"],
        [423, "10014"],
      ] as const)
        row.set(column, value);
    yield row;
  }
}

const isOfData = (column: number): boolean => column >= 400 && column < 500;

/**
 * A general query: distinct rows, in no order that means something. A value ends at its first quote, as it does for the real
 * catalogue. @throws for a condition that makes no sense, or a column that this zone does not keep
 */
export function query(
  catalogue: Catalogue,
  { owner, zone }: { readonly owner: string; readonly zone: string },
  select: readonly number[],
  where: readonly (readonly [number, string])[],
): string[][] {
  const tests = where.map(([column, condition]): ((row: Row) => boolean) => {
    const [, operator, value] = /^\s*(=|like)\s*'([^']*)'\s*$/i.exec(condition) ?? [];
    if (operator === undefined || value === undefined) throw new Refusal(CODES.badInput);
    if (operator === "=") return row => row.get(column) === value;
    const pattern = value
      .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
      .replaceAll("_", "[^]")
      .replaceAll("%", "[^]*");
    return row => new RegExp(`^${pattern}$`, "u").test(row.get(column) ?? "");
  });
  const isAboutData = [...select, ...where.map(([column]) => column)].some(isOfData);
  const found = new Map<string, string[]>();
  for (const row of rowsOf(catalogue, owner, zone)) {
    // Without a column of data the question is about collections.
    if (isAboutData !== row.has(401) || !tests.every(test => test(row))) continue;
    const values = select.map(column => {
      const value = row.get(column);
      if (value === undefined) throw new Refusal(CODES.badInput);
      return value;
    });
    found.set(values.join("\0"), values);
  }
  return [...found.values()].sort((one, other) => (one.join() < other.join() ? 1 : -1));
}
