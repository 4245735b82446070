import type { StorageEntry } from "../../ports/storage.ts";

export type Listed = Pick<StorageEntry, "path" | "kind">;

/** For `sort`: the port's order, by code points, a folder as if its name ended in "/". Meant for the children of one folder. */
export const inListOrder = (one: Listed, other: Listed): number => byCodePoints(keyOf(one), keyOf(other));

/** The children of a folder that a server tells all at once, as the port wants them. */
export async function* listed(entries: StorageEntry[], skip = 0): AsyncGenerator<StorageEntry> {
  entries.sort(inListOrder);
  for (let at = skip; at < entries.length; at++) yield entries[at] as StorageEntry;
}

const keyOf = ({ path, kind }: Listed): string => (kind === "folder" ? `${path}/` : path);

/** Strings compare by UTF-16 units, in which what lies beyond U+FFFF comes before U+E000. */
function byCodePoints(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at++) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a !== b) return weight(a) - weight(b);
  }
  return one.length - other.length;
}

const weight = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
