import { HavreError } from "../../../kernel/errors.ts";
import type { StorageAccess } from "../../../ports/storage.ts";
import { isName } from "../paths.ts";

export interface IrodsAddress {
  /** As error messages begin. */
  readonly where: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Where the user belongs; another zone than the storage's for one of a federation. */
  readonly userZone: string;
  readonly zone: string;
  /** The collection that is the storage's root: "/zone/home/user". */
  readonly root: string;
}

const DEFAULT_PORT = 1247;
const LOCATION = /^([A-Za-z0-9._-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?\[([^[\]/\s]+)\](\/.*)?$/i;

/**
 * `host[ZONE]` or `host:port[ZONE]`: the home collection of the user. `host[ZONE]/home/project` is another collection of the zone.
 * A user of another zone is `user#zone`.
 * @throws HavreError "invalid"
 */
export function addressOf({ location, username }: Pick<StorageAccess, "location" | "username">): IrodsAddress {
  const [, host, port = String(DEFAULT_PORT), zone, collection] = LOCATION.exec(location.trim()) ?? [];
  if (host === undefined || zone === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new HavreError("invalid", "The location should look like host[ZONE], or host[ZONE]/home/project for a collection.");
  const [user = "", userZone = zone, ...more] = username.trim().split("#");
  if (!isName(user) || more.length > 0) throw new HavreError("invalid", "This is no name of an iRODS user.");
  const home = `home/${userZone === zone ? user : `${user}#${userZone}`}`;
  const names = (collection ?? home).split("/").filter(part => part !== "");
  if (!names.every(isName)) throw new HavreError("invalid", "The location may not contain '.' or '..'.");
  const where = `IRODS ${host}${Number(port) === DEFAULT_PORT ? "" : `:${port}`}[${zone}]`;
  return { where, host, port: Number(port), user, userZone, zone, root: `/${[zone, ...names].join("/")}` };
}
