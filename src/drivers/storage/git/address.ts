import { HavreError } from "../../../kernel/errors.ts";
import type { StorageAccess } from "../../../ports/storage.ts";
import { parseHttpUrl } from "../../http/guarded.ts";

export interface GitAddress {
  /** As error messages begin. */
  readonly where: string;
  /** Without a final "/". */
  readonly api: string;
  readonly owner: string;
  readonly repository: string;
}

const NAME = /^(?!\.{1,2}$)[\w.-]{1,100}$/;

/**
 * `https://host/api#Repository` of the user who signs in, or `https://host/api#owner/Repository`. The first part is the address of the
 * host's API: `https://api.github.com`, or `https://gitea.example.org/api/v1`.
 * @throws HavreError "invalid"
 */
export function addressOf({ engine, location, username }: Pick<StorageAccess, "engine" | "location" | "username">): GitAddress {
  const url = parseHttpUrl(location);
  if (url.search !== "") throw new HavreError("invalid", "The address of a repository has no ?.");
  const names = url.hash.slice(1).replace(/\/$/, "").split("/");
  const [owner, repository] = names.length === 1 ? [username.trim(), names[0]] : names;
  if (names.length > 2 || owner === undefined || repository === undefined || !NAME.test(repository))
    throw new HavreError("invalid", "Name the repository behind the address: https://host/api#Repository, or #owner/Repository.");
  if (!NAME.test(owner))
    throw new HavreError(
      "invalid",
      "The user name is no owner of a repository. Name the owner in the location: #owner/Repository.",
    );
  return {
    where: `${engine} ${url.host} ${owner}/${repository}`,
    api: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    owner,
    repository,
  };
}
