import { asHavreError, invalid } from "../../kernel/errors.ts";
import { relativePath } from "../../kernel/paths.ts";
import { ENGINES, type Engine, type LocationInput, SERVER_ENGINES, type StorageInput } from "./model.ts";

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
  return engine === "FOLDER" ? folderProblem(address) : urlProblem(address);
}

function folderProblem(address: string): string | undefined {
  const parts = address.split("/");
  return address.startsWith("/") && !parts.includes("..") && !parts.includes(".")
    ? undefined
    : "Enter the absolute path of a folder on the server, without '.' or '..'.";
}

function urlProblem(address: string): string | undefined {
  const url = URL.parse(address);
  // The parser forgives blanks and back-slashes, and reads "https:host" as a host; people who type these mean something else.
  if (!url || !/^https?:\/\/[^/\\]/i.test(address) || /[\s\\]/.test(address)) return "Enter a valid URL.";
  if (url.username !== "" || url.password !== "" || /^https?:\/\/[^/?#]*@/i.test(address))
    return "Leave the user name and the password out of the URL; they have fields of their own.";
  if (url.search !== "" || url.hash !== "") return "Enter the URL of a folder, without '?' or '#'.";
  return undefined;
}

/** Checks what belongs together. `isNew`: there is no old password to keep. @throws HavreError "invalid" */
export function mustBeStorage(input: StorageInput, engine: Engine, isNew: boolean): void {
  const fields: Record<string, string[]> = {};
  const problem = addressProblem(engine, input.address);
  if (problem) fields.location = [problem];
  if (engine !== "FOLDER" && input.username === "") fields.username = [BLANK];
  if (engine !== "FOLDER" && isNew && !input.password) fields.password = [BLANK];
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
