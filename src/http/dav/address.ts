import { notFound } from "../../kernel/errors.ts";

export const PREFIX = "/dav";

/** What an address below /dav names: all studies, one study, or a path in one of its folders. */
export interface DavAddress {
  readonly study: number | undefined;
  /** Name of the study's folder; undefined: the study itself. */
  readonly place: string | undefined;
  /** In that folder, decoded; "" is its top. */
  readonly path: string;
}

/** @param url path on the request line, or of a Destination. @throws HavreError "not-found" for what cannot name anything */
export function addressOf(url: string): DavAddress {
  if (url.includes("#")) throw notFound();
  const parts = (url.split("?")[0] ?? "")
    .slice(PREFIX.length)
    .split("/")
    .filter(part => part !== "")
    .map(decoded);
  // A slash inside of a part would name something else than was meant.
  if (parts.some(part => part.includes("/"))) throw notFound();
  const [study, place, ...path] = parts;
  if (study !== undefined && !/^[1-9]\d{0,14}$/.test(study)) throw notFound();
  return { study: study === undefined ? undefined : Number(study), place, path: path.join("/") };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw notFound();
  }
}

/** The way back: an address as it is written. */
export function hrefOf(study: number, place: string, path: string, isFolder: boolean): string {
  const parts = [String(study), place, ...path.split("/")].filter(part => part !== "").map(encodeURIComponent);
  return `${PREFIX}/${parts.join("/")}${isFolder ? "/" : ""}`;
}
