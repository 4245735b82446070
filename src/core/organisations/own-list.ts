import { HavreError } from "../../kernel/errors.ts";
import type { OrganisationData } from "./model.ts";

/**
 * A site's own list, as JSON: `[{"name", "website"?, "ror"?, "faculties": {"Arts": ["History", …], …}}, …]`.
 * @throws HavreError "invalid" that says which entry is wrong
 */
export function readOrganisations(json: string): readonly OrganisationData[] {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (cause) {
    throw new HavreError("invalid", `This is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(given)) throw new HavreError("invalid", "The list must be a JSON array of universities.");
  return given.map((entry, at) => organisationOf(entry, `Entry ${at + 1}`));
}

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "" && value.length <= 200;

function organisationOf(entry: unknown, where: string): OrganisationData {
  const refuse = (what: string): never => {
    throw new HavreError("invalid", `${where} ${what}.`);
  };
  const { name, website, ror, faculties = {} } = Object(entry) as Record<string, unknown>;
  if (!isText(name)) return refuse("has no name of 1 to 200 characters");
  for (const [key, value] of Object.entries({ website, ror }))
    if (value !== undefined && !isText(value)) refuse(`has no good ${key}`);
  if (typeof faculties !== "object" || faculties === null || Array.isArray(faculties))
    return refuse("has faculties that are no object from name to fields of study");
  return {
    name: name.trim(),
    website: website as string | undefined,
    ror: ror as string | undefined,
    faculties: Object.entries(faculties).map(([faculty, fields]) => {
      if (!isText(faculty) || !Array.isArray(fields) || !fields.every(isText))
        return refuse(`has a faculty "${faculty}" that is no list of names`);
      return { name: faculty.trim(), fields: [...new Set(fields.map(field => field.trim()))] };
    }),
  };
}
