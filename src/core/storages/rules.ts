import { asHavreError, invalid } from "../../kernel/errors.ts";
import { relativePath } from "../../kernel/paths.ts";
import { ENGINES, type Engine, type LocationInput, SERVER_ENGINES, type StorageInput, type StorageRecord } from "./model.ts";

/**
 * The engine, when this person may choose it. A folder of the server belongs to who runs the server: for anybody else the
 * word means nothing. @throws HavreError "invalid"
 */
export function acceptEngine(given: string, isStaff: boolean): Engine {
  const engine = [...ENGINES, ...(isStaff ? SERVER_ENGINES : [])].find(name => name === given);
  if (!engine) throw invalid({ engine: [`"${given}" is not a valid choice.`] });
  return engine;
}

const BLANK = "This field may not be blank.";

/** What is wrong with an address for its engine; undefined when nothing is. */
export function addressProblem(engine: Engine, address: string): string | undefined {
  return PROBLEMS[engine](address);
}

const PROBLEMS: Readonly<Record<Engine, (address: string) => string | undefined>> = {
  FOLDER: folderProblem,
  WEBDAV: address =>
    urlProblem(address, "https?") ?? (/[?#]/.test(address) ? "Enter the URL of a folder, without '?' or '#'." : undefined),
  S3: address => urlProblem(address, "https?") ?? bucketProblem(address),
  SFTP: address =>
    urlProblem(address, "sftp", "sftp://server/folder, or sftp://server/~/folder below the home folder") ??
    serverProblem(address),
  GITEA: address => urlProblem(address, "https?") ?? repositoryProblem(address, "https://host/api/v1#Repository"),
  IRODS: address =>
    /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?\[[^[\]/\s]+\](\/.*)?$/i.test(address) && !/\/\.{1,2}(\/|$)/.test(address)
      ? undefined
      : "Enter the host and behind it the zone in brackets, such as irods.example.org[tempZone]; perhaps with a collection: irods.example.org[tempZone]/home/project.",
  GITHUB: address => urlProblem(address, "https?") ?? repositoryProblem(address, "https://api.github.com#Repository"),
};

function folderProblem(address: string): string | undefined {
  const parts = address.split("/");
  return address.startsWith("/") && !parts.includes("..") && !parts.includes(".")
    ? undefined
    : "Enter the absolute path of a folder on the server, without '.' or '..'.";
}

function urlProblem(address: string, scheme: string, example?: string): string | undefined {
  const url = URL.parse(address);
  // The parser forgives blanks and back-slashes, and reads "https:host" as a host; people who type these mean something else.
  if (!url || !new RegExp(`^${scheme}://[^/\\\\]`, "i").test(address) || /[\s\\]/.test(address))
    return example === undefined ? "Enter a valid URL." : `Enter an address such as ${example}.`;
  if (url.username !== "" || url.password !== "" || /^\w+:\/\/[^/?#]*@/.test(address))
    return "Leave the user name and the password out of the URL; they have fields of their own.";
  return undefined;
}

function bucketProblem(address: string): string | undefined {
  const url = new URL(address);
  const regions = url.searchParams.getAll("region");
  if (!/^\/+[^/]/.test(url.pathname))
    return "Name the bucket behind the server: https://server/bucket, perhaps with a folder in it.";
  if (/#/.test(address) || [...url.searchParams.keys()].some(name => name !== "region") || regions.length > 1)
    return "Enter the URL of a bucket, with nothing behind it but ?region=NAME where the server needs that.";
  return regions.every(region => /^[a-z0-9-]{1,64}$/i.test(region)) ? undefined : "This is no name of a region.";
}

function repositoryProblem(address: string, example: string): string | undefined {
  return /^[^?#]+#([\w.-]+\/)?[\w.-]+\/?$/.test(address)
    ? undefined
    : `Enter the address of the API and behind '#' the repository, such as ${example}; with its owner when that is somebody else: #owner/Repository.`;
}

function serverProblem(address: string): string | undefined {
  if (/[?#]/.test(address)) return "Enter the address of a folder, without '?' or '#'.";
  return /\/\.{1,2}(\/|$)/.test(address) ? "The address may not contain '.' or '..'." : undefined;
}

/** Whether a storage lies on another server after this change: then the host key that is known is not its own. */
export const isOtherServer = (before: Pick<StorageRecord, "engine" | "address">, input: StorageInput): boolean =>
  before.engine !== input.engine || URL.parse(before.address)?.host !== URL.parse(input.address)?.host;

/** Altered bytes alarm at once; anything else may be a restart or a broken line, and alarms when it is there the next time too. */
export const isAlarm = (kind: string | undefined, failuresInARow: number): boolean => kind === "checksum" || failuresInARow >= 2;

const NO_KEY = "Paste the whole private key, from its BEGIN line to its END line.";

/** Checks what belongs together. @param before what a change may keep. @throws HavreError "invalid" */
export function mustBeStorage(
  input: StorageInput,
  engine: Engine,
  before: Pick<StorageRecord, "privateKeySealed"> | undefined,
): void {
  const fields: Record<string, string[]> = {};
  const problem = addressProblem(engine, input.address);
  if (problem) fields.location = [problem];
  if (engine !== "FOLDER" && input.username === "") fields.username = [BLANK];
  const hadKey = before?.privateKeySealed !== undefined;
  const hasKey = engine === "SFTP" && (input.privateKey === undefined ? hadKey : input.privateKey !== "");
  // What was kept beside a key is no password.
  if (engine !== "FOLDER" && !hasKey && (before === undefined || hadKey) && !input.password) fields.password = [BLANK];
  if (input.privateKey && engine !== "SFTP") fields.private_key = ["Only SFTP signs in with a private key."];
  else if (input.privateKey && !/^-----BEGIN [A-Z ]*PRIVATE KEY-----|^PuTTY-User-Key-File-/.test(input.privateKey.trim()))
    fields.private_key = [NO_KEY];
  if (Object.keys(fields).length > 0) throw invalid(fields);
}

/** The folders of a location, normalised. @throws HavreError "invalid", naming the field */
export function acceptLocation(input: LocationInput): { path: string; uploadPath: string } {
  if (input.direction === "SOURCE")
    throw invalid({ direction: ["SOURCE is not supported: Havre delivers to a storage and does not fetch from it."] });
  if (input.direction !== "DESTINATION") throw invalid({ direction: [`"${input.direction}" is not a valid choice.`] });
  return { path: folder("path", input.path), uploadPath: folder("uploadpath", input.uploadPath) };
}

function folder(field: string, given: string): string {
  try {
    return relativePath(given);
  } catch (error) {
    throw invalid({ [field]: [asHavreError(error).message] });
  }
}
