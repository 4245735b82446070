import type { S3 } from "../../s3/client.ts";
import { pagesOf } from "../../s3/list.ts";

/** How long what was not there is taken to be absent still: shorter than anybody takes to look and to make it. */
const ABSENT_MS = 5_000;

const covers = (to: Buffer | undefined, key: Buffer): boolean => to === undefined || Buffer.compare(key, to) <= 0;

/** Keys of a folder from one on, as they were listed: what is not among them was not there. */
interface Gap {
  readonly from: Buffer;
  /** undefined: to the end of the folder. */
  readonly to: Buffer | undefined;
  readonly folders: ReadonlySet<string>;
  readonly until: number;
}

/**
 * Whether a name in a folder is a folder's, for whoever writes many files, mostly in the order of their names: one listing answers for all
 * that come behind the first. Names that come in another order are asked for one by one.
 */
export class Gaps {
  readonly #gaps = new Map<string, Gap>();
  readonly #asked = new Map<string, Buffer>();

  /** @param prefix of the folder's keys; `name` in it. @returns undefined when nobody asked for one before this of late: ask for it alone */
  async isFolder(s3: S3, prefix: string, name: string, signal: AbortSignal): Promise<boolean | undefined> {
    const key = Buffer.from(prefix + name);
    const known = this.#gaps.get(prefix);
    const folder = Buffer.from(`${prefix}${name}/`);
    const isKnown = known !== undefined && known.until > Date.now() && Buffer.compare(known.from, key) <= 0;
    if (isKnown && covers(known.to, folder)) return known.folders.has(name);
    const before = this.#asked.get(prefix);
    this.#asked.set(prefix, key);
    if (before === undefined || Buffer.compare(before, key) > 0) return undefined;
    const until = Date.now() + ABSENT_MS;
    for await (const { keys, isLast } of pagesOf(s3, { Prefix: prefix, StartAfter: prefix + name }, signal)) {
      const last = keys.at(-1)?.Key;
      const to = isLast || last === undefined ? undefined : Buffer.from(last);
      const below = keys.map(({ Key }) => Key.slice(prefix.length)).filter(one => one.includes("/"));
      const folders = new Set(below.map(one => one.slice(0, one.indexOf("/"))));
      this.#gaps.set(prefix, { from: key, to, folders, until });
      return covers(to, folder) ? folders.has(name) : undefined;
    }
    return undefined;
  }

  forget(): void {
    this.#gaps.clear();
    this.#asked.clear();
  }
}
