import { HavreError } from "../../../kernel/errors.ts";
import type { StorageAccess, StoragePath } from "../../../ports/storage.ts";
import { parseHttpUrl } from "../../http/guarded.ts";
import { segmentsOf } from "../paths.ts";

/**
 * The URL of a storage's root, ending in "/". Nextcloud's and ownCloud's ".../dav/files/" is short for the user's own folder
 * below it; the old ".../remote.php/webdav/" is that folder already.
 * @throws HavreError "invalid" for what is no http(s) address, or has a user name, a query or a fragment in it
 */
export function rootUrl({ location, username }: StorageAccess): URL {
  const url = parseHttpUrl(location);
  if (url.search !== "" || url.hash !== "") throw new HavreError("invalid", "The address of a WebDAV folder has no ? and no #.");
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  if (url.pathname.endsWith("/dav/files/") && username !== "") url.pathname += `${encodeURIComponent(username)}/`;
  return url;
}

/** `relative` paths below a root, each part encoded, so that "#", "%" and "?" are names and nothing else. */
export const urlBelow = (root: URL, path: StoragePath): URL =>
  new URL(root.href + segmentsOf(path).map(encodeURIComponent).join("/"));

/** A folder's URL with the final "/" that some servers insist on. */
export const folderUrlBelow = (root: URL, path: StoragePath): URL => {
  const url = urlBelow(root, path);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
};

/** Where Nextcloud takes a large file in parts: next to "files", for the same user. Undefined for other servers. */
export function uploadsUrl(root: URL, username: string): URL | undefined {
  const found = /^(.*\/remote\.php\/dav\/)(?:files\/([^/]+)\/)?/.exec(root.pathname);
  if (found === null) return undefined;
  return new URL(`${found[1]}uploads/${found[2] ?? encodeURIComponent(username)}/`, root);
}

/** Nextcloud and ownCloud, old address or new. */
export const isOwnCloudLike = (root: URL): boolean => root.pathname.includes("/remote.php/");
