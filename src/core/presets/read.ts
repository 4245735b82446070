import { HavreError } from "../../kernel/errors.ts";

/** A preset as it was written: known keys with known fields, uuids in one spelling. Pure. */

export type Row = Readonly<Record<string, unknown>>;
export interface Preset {
  readonly rows: Readonly<Record<PresetKey, readonly Row[]>>;
  /** What was skipped, in words. */
  readonly warnings: readonly string[];
}

/** Fields of each key: those that must be there, and those that may. */
const KEYS = {
  users: [
    "uuid username",
    "email first_name last_name is_staff is_support is_active password organization job_title phone_number native_name description",
  ],
  auth_tokens: ["key user_uuid", "user_username"],
  customers: [
    "uuid name",
    "abbreviation contact_details native_name email country description phone_number homepage address postal registration_code agreement_number vat_code bank_name bank_account domain access_subnets backend_id",
  ],
  projects: ["uuid name customer_uuid", "description backend_id oecd_fos_2007_code start_date end_date is_industry"],
  category_groups: ["uuid title", "description"],
  categories: ["uuid title", "description group_uuid"],
  service_providers: ["uuid customer_uuid", "description"],
  offerings: [
    "uuid name type customer_uuid category_uuid",
    "state shared billable description full_description terms_of_service plugin_options options resource_options attributes backend_id",
  ],
  offering_components: [
    "uuid offering_uuid type name billing_type",
    "description measured_unit limit_period limit_amount min_value max_value max_available_limit default_limit is_boolean factor article_code",
  ],
  plans: ["uuid name offering_uuid", "unit description archived max_amount article_code backend_id"],
  plan_components: ["plan_uuid", "component_uuid component_type price amount"],
  user_roles: ["user_uuid role_name scope_type scope_uuid", "uuid is_active expiration_time user_username"],
  offering_users: ["uuid offering_uuid user_uuid", "username"],
  resources: [
    "uuid name offering_uuid project_uuid",
    "plan_uuid state limits attributes options backend_id description end_date",
  ],
  orders: [
    "uuid marketplace_resource_uuid",
    "type state limits attributes cost created_by_uuid completed_at error_message backend_id",
  ],
} as const satisfies Record<string, readonly [string, string]>;
export type PresetKey = keyof typeof KEYS;
export const PRESET_KEYS = Object.keys(KEYS) as PresetKey[];

const words = (text: string): string[] => text.split(" ").filter(word => word !== "");
const wrong = (message: string): HavreError => new HavreError("invalid", message);

function uuidIn(given: unknown, where: string): string {
  const digits = typeof given === "string" ? given.replaceAll("-", "").toLowerCase() : "";
  if (!/^[0-9a-f]{32}$/.test(digits)) throw wrong(`${where}: "${String(given).slice(0, 60)}" is no uuid.`);
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");
}

/** @throws HavreError "invalid" for what is missing, is no uuid, or is there twice */
export function readPreset(given: unknown): Preset {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrong("A preset is one JSON object.");
  const warnings: string[] = [];
  const known = ["_metadata", ...PRESET_KEYS] as readonly string[];
  for (const key of Object.keys(given)) if (!known.includes(key)) warnings.push(`${key}: skipped, it is not known`);
  const uuids = new Set<string>();
  const rows = Object.fromEntries(
    PRESET_KEYS.map(key => {
      const list = (given as Row)[key] ?? [];
      if (!Array.isArray(list)) throw wrong(`${key}: a list is needed.`);
      return [key, list.map((row, at) => rowIn(key, row, `${key}[${at}]`, warnings, uuids))];
    }),
  ) as unknown as Record<PresetKey, Row[]>;
  return { rows, warnings };
}

function rowIn(key: PresetKey, given: unknown, where: string, warnings: string[], uuids: Set<string>): Row {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrong(`${where}: an object is needed.`);
  const [needed, others] = KEYS[key].map(words) as [string[], string[]];
  for (const name of needed) if ((given as Row)[name] === undefined) throw wrong(`${where}: ${name} is missing.`);
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!needed.includes(name) && !others.includes(name)) warnings.push(`${where}: ${name} skipped, it is not known`);
    else if (/(^|_)uuid$/.test(name))
      kept[name] = value === null || value === undefined ? undefined : uuidIn(value, `${where}.${name}`);
    else kept[name] = value ?? undefined;
  }
  const { uuid } = kept;
  if (typeof uuid === "string") {
    if (uuids.has(uuid)) throw wrong(`${where}: the uuid ${uuid} is there twice.`);
    uuids.add(uuid);
  }
  return kept;
}
