import { HavreError } from "../../kernel/errors.ts";
import { type CatalogueData, type PartData, type PartKind, PROVIDERS, type ProfileData } from "./model.ts";

/** Reads the catalogue that an operator wrote. Pure: text in, parts and profiles or a refusal that names the place out. */

const KINDS: readonly PartKind[] = ["memory", "storage", "network", "gpu", "os"];
const PART_FIELDS = ["kind", "provider", "name", "isAvailable", "vmCode", "unitValue", "networkType"];
const PROFILE_FIELDS = ["provider", "name", "isAvailable", "cloudId", "os", "memory", "storage", "gpu", "networks"];
const MOST_NAME = 200;

type Row = Readonly<Record<string, unknown>>;

/** @throws HavreError "invalid", which says where and what */
export function readCatalogue(text: string): CatalogueData {
  const whole = rowOf("the file", parsed(text), ["parts", "profiles"]);
  return {
    parts: listOf("parts", whole.parts).map((row, index) => partOf(`parts[${index}]`, row)),
    profiles: listOf("profiles", whole.profiles).map((row, index) => profileOf(`profiles[${index}]`, row)),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HavreError("invalid", `The catalogue is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function partOf(at: string, given: unknown): PartData {
  const row = rowOf(at, given, PART_FIELDS);
  const kind = oneOf(`${at}.kind`, row.kind, KINDS);
  const hasUnits = kind === "memory" || kind === "storage" || kind === "network";
  return {
    kind,
    provider: providerOf(at, row),
    name: nameOf(`${at}.name`, row.name),
    ...availability(at, row),
    ...(row.vmCode === undefined ? {} : { vmCode: wordOf(`${at}.vmCode`, row.vmCode) }),
    ...(hasUnits ? { unitValue: unitOf(`${at}.unitValue`, row.unitValue, kind === "network") } : {}),
    ...(kind === "network" ? { networkType: oneOf(`${at}.networkType`, row.networkType, ["private", "public"] as const) } : {}),
  };
}

function profileOf(at: string, given: unknown): ProfileData {
  const row = rowOf(at, given, PROFILE_FIELDS);
  return {
    provider: providerOf(at, row),
    name: nameOf(`${at}.name`, row.name),
    ...availability(at, row),
    ...(row.cloudId === undefined ? {} : { cloudId: wordOf(`${at}.cloudId`, row.cloudId) }),
    os: nameOf(`${at}.os`, row.os),
    memory: amountOf(`${at}.memory`, row.memory, 1),
    storage: amountOf(`${at}.storage`, row.storage, 1),
    ...(row.gpu === undefined ? {} : { gpu: amountOf(`${at}.gpu`, row.gpu, 0) }),
    networks: listOf(`${at}.networks`, row.networks ?? []).map((name, index) => nameOf(`${at}.networks[${index}]`, name)),
  };
}

function wrong(at: string, must: string): never {
  throw new HavreError("invalid", `The catalogue: ${at} must be ${must}.`);
}

function rowOf(at: string, given: unknown, fields: readonly string[]): Row {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return wrong(at, "an object");
  const unknown = Object.keys(given).find(name => !fields.includes(name));
  if (unknown !== undefined) throw new HavreError("invalid", `The catalogue: ${at} has an unknown field "${unknown}".`);
  return given as Row;
}

const listOf = (at: string, given: unknown): readonly unknown[] => (Array.isArray(given) ? given : wrong(at, "a list"));

const wordOf = (at: string, given: unknown): string =>
  typeof given === "string" && given.length <= MOST_NAME && !/\p{Cc}/u.test(given)
    ? given.trim()
    : wrong(at, `text of at most ${MOST_NAME} characters`);
const nameOf = (at: string, given: unknown): string => wordOf(at, given) || wrong(at, "a name");

const oneOf = <T extends string>(at: string, given: unknown, values: readonly T[]): T =>
  values.find(value => value === given) ?? wrong(at, `one of ${values.join(", ")}`);
const providerOf = (at: string, row: Row) =>
  oneOf(
    `${at}.provider`,
    row.provider,
    PROVIDERS.map(({ id }) => id),
  );

function availability(at: string, { isAvailable }: Row): { isAvailable?: boolean } {
  if (isAvailable === undefined) return {};
  return { isAvailable: typeof isAvailable === "boolean" ? isAvailable : wrong(`${at}.isAvailable`, "true or false") };
}

const unitOf = (at: string, given: unknown, mayBeZero: boolean): number =>
  typeof given === "number" && Number.isFinite(given) && (given > 0 || (mayBeZero && given === 0))
    ? given
    : wrong(at, "a number above 0");

function amountOf(at: string, given: unknown, least: number): readonly [name: string, amount: number] {
  const [name, amount] = Array.isArray(given) && given.length === 2 ? given : wrong(at, "a name and a number, in a list");
  if (!Number.isSafeInteger(amount) || amount < least || amount > 10_000)
    return wrong(`${at}[1]`, `a whole number from ${least} on`);
  return [nameOf(`${at}[0]`, name), amount];
}
