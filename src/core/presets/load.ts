import { decimal, inDigits } from "../../kernel/decimal.ts";
import { HavreError } from "../../kernel/errors.ts";
import { newCode, newUuid } from "../../kernel/ids.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { directory } from "../../store/directory.ts";
import { grants } from "../../store/grants.ts";
import { organisations } from "../../store/organisations.ts";
import { people } from "../../store/people.ts";
import { type PresetTable, presets } from "../../store/presets.ts";
import { studyRecords } from "../../store/records.ts";
import { isRefusedRow, isTaken, type Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { tokens } from "../../store/tokens.ts";
import { record } from "../events/index.ts";
import { OFFERING_STATES } from "../market/model.ts";
import { createPerson, hashPassword, normalUsername, putKey, verifyPassword } from "../people/index.ts";
import { type PersonId, SUPPORT_GROUP, SYSTEM } from "../people/model.ts";
import { roleNamed } from "../permissions/index.ts";
import type { Kind } from "../permissions/model.ts";
import { OECD_FIELDS } from "../studies/index.ts";
import type { Needs } from "../world.ts";
import { putOrder, putResource } from "./orders.ts";
import { PRESET_KEYS, type Preset, type PresetKey, type Row, readPreset } from "./read.ts";

type World = Needs<"store" | "secrets" | "clock">;

export interface Loaded {
  /** How many rows of each key. */
  readonly counts: Readonly<Partial<Record<PresetKey, number>>>;
  readonly warnings: readonly string[];
}

/**
 * Brings what a preset names to what it says, all of it or nothing. Again, it changes nothing; what it does not name stays. Only for an
 * operator: nobody is asked for a right.
 * @throws HavreError "invalid" with the row
 */
export async function loadPreset(world: World, given: unknown): Promise<Loaded> {
  const preset = readPreset(given);
  try {
    await world.store.transaction(tx => apply(tx, world, preset));
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new HavreError(
      "invalid",
      `Something else has this name already: ${String((error as { detail?: unknown }).detail ?? "")}`,
      {
        cause: error,
      },
    );
  }
  const counted = PRESET_KEYS.map(key => [key, preset.rows[key].length] as const).filter(([, count]) => count > 0);
  return { counts: Object.fromEntries(counted), warnings: preset.warnings };
}

async function apply(tx: Tx, world: World, { rows }: Preset): Promise<void> {
  for (const key of PRESET_KEYS)
    for (const [at, row] of rows[key].entries())
      try {
        await APPLY[key](tx, world, row);
      } catch (error) {
        if (isRefusedRow(error))
          throw new HavreError("invalid", `${key}[${at}]: the store refuses a value of it.`, { cause: error });
        if (!(error instanceof HavreError)) throw error;
        throw new HavreError("invalid", `${key}[${at}]: ${error.message}`, { cause: error });
      }
  await record(tx, SYSTEM, { verb: "preset.loaded", kind: "preset", id: "file" });
}

const text = (row: Row, name: string): string | undefined => (typeof row[name] === "string" ? (row[name] as string) : undefined);
const flag = (row: Row, name: string): boolean | undefined =>
  typeof row[name] === "boolean" ? (row[name] as boolean) : undefined;
const facts = (row: Row, name: string): object | undefined =>
  typeof row[name] === "object" && row[name] !== null ? (row[name] as object) : undefined;
const whole = (row: Row, name: string): number | undefined =>
  typeof row[name] === "number" && Number.isSafeInteger(row[name]) ? (row[name] as number) : undefined;
const picked = (row: Row, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.filter(name => typeof row[name] === "string").map(name => [name, row[name]]));

/** @throws HavreError "invalid" for what is neither in the file nor in the store */
async function idOf(tx: Tx, table: PresetTable | "person" | "study", row: Row, name: string): Promise<number> {
  const uuid = text(row, name) ?? "";
  const id = await presets(tx).idOf(table, uuid);
  if (id === undefined) throw new HavreError("invalid", `${name}: nothing has the uuid ${uuid}.`);
  return id;
}

type Applier = (tx: Tx, world: World, row: Row) => Promise<void>;

const DETAILS = ["organization", "job_title", "phone_number", "native_name", "description"] as const;
const CUSTOMER_DETAILS =
  "contact_details description phone_number homepage address postal registration_code agreement_number vat_code bank_name bank_account domain access_subnets".split(
    " ",
  );
const SCOPES: Readonly<Record<string, Kind>> = {
  "structure.customer": "organisation",
  "structure.project": "study",
  "marketplace.offering": "offering",
  customer: "organisation",
  project: "study",
  offering: "offering",
};

async function putUser(tx: Tx, world: World, row: Row): Promise<void> {
  const uuid = text(row, "uuid") ?? "";
  const known = await people(tx).byUuid(uuid);
  const person = {
    username: normalUsername(text(row, "username") ?? ""),
    email: text(row, "email") ?? "",
    firstName: text(row, "first_name") ?? "",
    lastName: text(row, "last_name") ?? "",
    isActive: flag(row, "is_active") ?? true,
    isSuperuser: flag(row, "is_staff") ?? false,
    groups: flag(row, "is_support") ? [SUPPORT_GROUP] : [],
  };
  const id = known?.id ?? (await createPerson(tx, world, SYSTEM, person, undefined)).id;
  if (known) await people(tx).update(id, person);
  else await presets(tx).setUuid("person", id, uuid);
  await directory(tx).update(id, { details: JSON.stringify(picked(row, DETAILS)) });
  const password = text(row, "password");
  const held = await people(tx).accountById(id);
  if (password !== undefined && !(await verifyPassword(held?.passwordHash, password)))
    await people(tx).setPassword(id, await hashPassword(password), world.clock.now());
}

async function putToken(tx: Tx, world: World, row: Row): Promise<void> {
  const key = text(row, "key") ?? "";
  if (!/^\S{1,128}$/.test(key)) throw new HavreError("invalid", "key: up to 128 characters without blanks are needed.");
  const person = (await idOf(tx, "person", row, "user_uuid")) as PersonId;
  const held = await tokens(tx).bySecretHash(sha256Hex(key));
  if (held?.person.id !== person) await putKey(tx, world, person, key);
}

async function putProject(tx: Tx, _world: World, row: Row): Promise<void> {
  const home = await idOf(tx, "organisation", row, "customer_uuid");
  const uuid = text(row, "uuid") ?? "";
  const code = text(row, "oecd_fos_2007_code");
  const known = await presets(tx).idOf("study", uuid);
  const id = known ?? (await openStudy(tx, home, text(row, "name") ?? "", code));
  if (known === undefined) await presets(tx).setUuid("study", id, uuid);
  await studyRecords(tx).update(id, {
    name: text(row, "name") ?? "",
    description: text(row, "description") ?? "",
    backend_id: text(row, "backend_id") ?? "",
    oecd_code: code ?? null,
    start_date: text(row, "start_date") ?? null,
    end_date: text(row, "end_date") ?? null,
    is_industry: flag(row, "is_industry") ?? false,
    organisation_id: home,
  });
}

async function openStudy(tx: Tx, home: number, name: string, code: string | undefined): Promise<number> {
  const ownerId = await presets(tx).firstSuperuser();
  if (ownerId === undefined)
    throw new HavreError("invalid", "A project needs a superuser, in the file or in the store, who owns it.");
  const faculty = await organisations(tx).ensureFaculty(home, "General");
  const made = await studies(tx).insert({
    ownerId: ownerId as PersonId,
    code: "",
    name,
    description: "",
    humanSubject: false,
    fieldId: await organisations(tx).ensureField(faculty, OECD_FIELDS[code ?? ""] ?? "General"),
    uploadUuid: newUuid(),
    uploadCode: newCode(),
    isOpen: true,
    recipients: [],
  });
  return made.id;
}

/** Numbers of states in files that were written elsewhere. */
const stateOf = (given: unknown): string =>
  typeof given === "number"
    ? (OFFERING_STATES[given - 1] ?? "draft")
    : (OFFERING_STATES.find(state => state === String(given ?? "").toLowerCase()) ?? "draft");

async function putPlanPart(tx: Tx, _world: World, row: Row): Promise<void> {
  const plan = await idOf(tx, "plan", row, "plan_uuid");
  const type = text(row, "component_type") ?? "";
  const component =
    row.component_uuid === undefined
      ? await presets(tx).componentOfPlan(plan, type)
      : await idOf(tx, "offering_component", row, "component_uuid");
  if (component === undefined) throw new HavreError("invalid", `component_type: the offering has no "${type}".`);
  try {
    const price = inDigits(decimal(String(row.price ?? 0)));
    await presets(tx).putPlanPart(plan, component, price, whole(row, "amount") ?? 0);
  } catch (error) {
    throw error instanceof RangeError ? new HavreError("invalid", `price: ${error.message}`) : error;
  }
}

async function putRole(tx: Tx, _world: World, row: Row): Promise<void> {
  const kind = SCOPES[text(row, "scope_type") ?? ""];
  const role = roleNamed(text(row, "role_name") ?? "");
  if (!kind || role?.kind !== kind)
    throw new HavreError("invalid", `role_name: "${String(row.role_name)}" is no role of such a scope.`);
  const personId = await idOf(tx, "person", row, "user_uuid");
  const subject = { object: { kind, id: await idOf(tx, kind, row, "scope_uuid") }, personId, role: role.role };
  const until = text(row, "expiration_time");
  if (flag(row, "is_active") === false) await grants(tx).take(subject);
  else await grants(tx).give(subject, until === undefined ? undefined : new Date(until), undefined);
}

const APPLY: Readonly<Record<PresetKey, Applier>> = {
  users: putUser,
  auth_tokens: putToken,
  async customers(tx, _world, row) {
    await presets(tx).put("organisation", text(row, "uuid") ?? "", {
      name: text(row, "name"),
      ...picked(row, ["abbreviation", "native_name", "email", "country", "backend_id"]),
      details: picked(row, CUSTOMER_DETAILS),
    });
  },
  projects: putProject,
  async category_groups(tx, _world, row) {
    await presets(tx).put("market_category_group", text(row, "uuid") ?? "", picked(row, ["title", "description"]));
  },
  async categories(tx, _world, row) {
    await presets(tx).put("market_category", text(row, "uuid") ?? "", {
      ...picked(row, ["title", "description"]),
      group_id: row.group_uuid === undefined ? null : await idOf(tx, "market_category_group", row, "group_uuid"),
    });
  },
  async service_providers(tx, world, row) {
    const home = await idOf(tx, "organisation", row, "customer_uuid");
    await presets(tx).sells(home, text(row, "uuid") ?? "", text(row, "description") ?? "", world.clock.now());
  },
  async offerings(tx, _world, row) {
    await presets(tx).put("offering", text(row, "uuid") ?? "", {
      organisation_id: await idOf(tx, "organisation", row, "customer_uuid"),
      category_id: await idOf(tx, "market_category", row, "category_uuid"),
      ...picked(row, ["name", "type", "description", "terms_of_service", "backend_id"]),
      state: stateOf(row.state),
      shared: flag(row, "shared") ?? true,
      billable: flag(row, "billable") ?? true,
      texts: picked(row, ["full_description"]),
      attributes: facts(row, "attributes") ?? {},
      options: facts(row, "options") ?? {},
      resource_options: facts(row, "resource_options") ?? {},
      plugin_options: facts(row, "plugin_options") ?? {},
    });
  },
  async offering_components(tx, _world, row) {
    const numbers = ["limit_amount", "min_value", "max_value", "max_available_limit", "default_limit", "factor"];
    await presets(tx).put("offering_component", text(row, "uuid") ?? "", {
      offering_id: await idOf(tx, "offering", row, "offering_uuid"),
      ...picked(row, ["type", "name", "billing_type", "description", "measured_unit", "article_code", "limit_period"]),
      ...Object.fromEntries(numbers.map(name => [name, whole(row, name) ?? null])),
      is_boolean: flag(row, "is_boolean") ?? false,
    });
  },
  async plans(tx, _world, row) {
    await presets(tx).put("plan", text(row, "uuid") ?? "", {
      offering_id: await idOf(tx, "offering", row, "offering_uuid"),
      ...picked(row, ["name", "description", "unit", "article_code", "backend_id"]),
      archived: flag(row, "archived") ?? false,
      max_amount: whole(row, "max_amount") ?? null,
    });
  },
  plan_components: putPlanPart,
  user_roles: putRole,
  async offering_users(tx, _world, row) {
    const username = text(row, "username") ?? "";
    await presets(tx).put("offering_user", text(row, "uuid") ?? "", {
      offering_id: await idOf(tx, "offering", row, "offering_uuid"),
      person_id: await idOf(tx, "person", row, "user_uuid"),
      username,
      state: username === "" ? "requested" : "ok",
    });
  },
  resources: putResource,
  orders: putOrder,
};
