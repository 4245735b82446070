import type { SystemPath } from "../../core/systems/index.ts";
import type { Wire } from "../../http/route.ts";
import { HavreError, notFound } from "../../kernel/errors.ts";

/** Paths of files as they stand in addresses (contract §2.1, §8.2). Two slashes before a path make it begin at the top. */

const SERVICE = /^\/*files\/+v2\/+(?:listings|media|history|index|pems)(\/.*)?$/;

/** Of the request line as it came: routers tidy up what means something here. @throws HavreError "invalid" */
export function pathIn({ url }: Pick<Wire, "url">): SystemPath {
  const [, rest = ""] = SERVICE.exec(url.split("?")[0] ?? "") ?? [];
  return systemPath(rest);
}

/** "/system/ID/path", "/system//ID", or "/path" on one's default system. */
function systemPath(rest: string): SystemPath {
  const [, system, path = ""] = /^\/system\/+([^/]+)(\/.*)?$/.exec(rest) ?? [];
  const inSystem = system === undefined ? rest : path;
  return { system: system === undefined ? undefined : idOf(system), path: decoded(inSystem.slice(1)) };
}

/** @throws HavreError "not-found" for what is the id of nothing */
function idOf(text: string): string {
  const id = decoded(text);
  if (id.includes("\0")) throw notFound();
  return id;
}

function decoded(text: string): string {
  try {
    return text.split("/").map(decodeURIComponent).join("/");
  } catch (cause) {
    throw new HavreError("invalid", "The path has a '%' that is not followed by two hexadecimal digits.", { cause });
  }
}

/** "agave://ID/path", or a media address of this server. @returns undefined for any other address */
export function addressedPath(url: string, origins: readonly string[]): SystemPath | undefined {
  const [, id, path = ""] = /^agave:\/\/([^/]*)(\/.*)?$/i.exec(url) ?? [];
  if (id !== undefined) return { system: id === "" ? undefined : idOf(id), path: decoded(path.slice(1)) };
  const origin = origins.find(one => url.startsWith(`${one}/`));
  if (origin === undefined) return undefined;
  const [, rest] = /^\/+files\/+v2\/+media(\/[^?#]*)/.exec(url.slice(origin.length)) ?? [];
  return rest === undefined ? undefined : systemPath(rest);
}
