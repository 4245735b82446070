import { HavreError } from "../../../kernel/errors.ts";
import type { StorageAccess } from "../../../ports/storage.ts";
import { parseHttpUrl } from "../../http/guarded.ts";
import type { S3Access } from "../../s3/client.ts";

/** Where in which bucket a storage lies; `prefix` is "" or ends in "/". */
export type S3Root = S3Access & { readonly prefix: string };

/**
 * `https://server/bucket/folder`, with `?region=NAME` where the server's name does not say it. The user name is the access key, the
 * password the secret key.
 * @throws HavreError "invalid"
 */
export function rootOf({ location, username, password }: StorageAccess): S3Root {
  const url = parseHttpUrl(location);
  const segments = url.pathname.split("/").filter(part => part !== "");
  const [bucket, ...folders] = segments.map(decoded);
  if (bucket === undefined)
    throw new HavreError("invalid", "The location must name a bucket behind the server: https://server/bucket/folder.");
  const region = url.searchParams.get("region") ?? undefined;
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/i.test(region))
    throw new HavreError("invalid", `"${region.slice(0, 64)}" is no name of a region.`);
  return {
    endpoint: new URL(url.origin),
    bucket,
    prefix: folders.map(name => `${name}/`).join(""),
    region,
    accessKey: username,
    secretKey: password,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part).normalize("NFC");
  } catch (cause) {
    throw new HavreError("invalid", "The location has a '%' that is not followed by two hexadecimal digits.", { cause });
  }
}
