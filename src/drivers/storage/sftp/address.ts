import { HavreError } from "../../../kernel/errors.ts";
import { isName } from "../paths.ts";

export interface SftpAddress {
  /** As error messages begin. */
  readonly where: string;
  readonly host: string;
  readonly port: number;
  /** From here the folder is counted: "/" or the user's home. */
  readonly start: "/" | "home";
  readonly segments: readonly string[];
}

const DEFAULT_PORT = 22;

/**
 * `sftp://host/folder` counts from the server's root, `sftp://host/~/folder` from the user's home folder.
 * @throws HavreError "invalid"
 */
export function addressOf(location: string): SftpAddress {
  const url = URL.parse(location.trim());
  if (url?.protocol !== "sftp:" || url.hostname === "")
    throw new HavreError(
      "invalid",
      "The location should look like sftp://host/folder, or sftp://host/~/folder below the home folder.",
    );
  if (url.username !== "" || url.password !== "")
    throw new HavreError("invalid", "The location may not contain a user name or password; they have fields of their own.");
  // The parser would take them out.
  if (/\/\.{1,2}(\/|$)/.test(location.trim())) throw new HavreError("invalid", "The location may not contain '.' or '..'.");
  const segments = url.pathname
    .split("/")
    .filter(part => part !== "")
    .map(decoded);
  const start = segments[0] === "~" ? "home" : "/";
  if (start === "home") segments.shift();
  if (!segments.every(isName)) throw new HavreError("invalid", "The location has a part that is no name of a folder.");
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  return { where: `SFTP ${url.host}`, host: url.hostname, port, start, segments };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new HavreError("invalid", "The location has a '%' that is not followed by two hexadecimal digits.", { cause });
  }
}
