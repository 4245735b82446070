import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/**
 * The shapes of contract vre-broker §4, "Shared shapes". Written from the contract and not from our rows; what we add to a shape
 * passes, what the contract names may not be missing.
 */
type Schema = Readonly<Record<string, unknown>>;

const TEXT: Schema = { type: "string" };
const WHOLE: Schema = { type: "integer" };
const NUMBER: Schema = { type: "number" };
const YES_NO: Schema = { type: "boolean" };
/** With the offset of a zone, microseconds only when there are any (§2). */
const STAMP: Schema = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{6})?[+-]\\d\\d:\\d\\d$" };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
const listOf = (items: Schema): Schema => ({ type: "array", items });
const one = (...values: string[]): Schema => ({ enum: values });
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});
const SAVED = { created_at: STAMP, updated_at: STAMP };

const University = object({ id: WHOLE, name: TEXT });
const Faculty = object({ id: WHOLE, name: TEXT, university: University });
const StudyField = object({ id: WHOLE, name: TEXT, faculty: Faculty });
const Researcher = object({
  id: WHOLE,
  first_name: TEXT,
  last_name: TEXT,
  email_address: TEXT,
  university: orNull(University),
  faculty: orNull(Faculty),
  ...SAVED,
});
const ROLE = one("ADMINISTRATOR", "RESEARCHER", "MEMBER");
const Contributor = object({ id: WHOLE, role: ROLE, active: YES_NO, researcher: Researcher });
const Study = object({
  id: WHOLE,
  code: TEXT,
  name: TEXT,
  description: TEXT,
  human_subject: YES_NO,
  field: StudyField,
  owner: Researcher,
  contributors: listOf(Contributor),
  ...SAVED,
  upload_uuid: { type: "string", format: "uuid" },
  web_upload_url: { type: "string", format: "uri" },
  api_upload_url: { type: "string", format: "uri" },
  has_storage: YES_NO,
  total_files: WHOLE,
  total_file_size: WHOLE,
  total_invitations: WHOLE,
});
const Provider = object({ id: one("vrw", "openstack"), name: TEXT });
const PART = { id: WHOLE, name: TEXT, provider: Provider, ...SAVED };
const Part = object(PART);
const SizedPart = object({ ...PART, unit_value: NUMBER });
const Network = object({ ...PART, unit_value: NUMBER, network_type: one("private", "public") });
const Profile = object({
  id: WHOLE,
  name: TEXT,
  description: TEXT,
  cloud_id: TEXT,
  provider: Provider,
  os: Part,
  memory_type: SizedPart,
  memory_amount: WHOLE,
  storage_type: SizedPart,
  storage_amount: WHOLE,
  gpu_type: orNull(Part),
  gpu_amount: WHOLE,
  networks: listOf(Network),
  ...SAVED,
});
const Access = object({ id: WHOLE, username: TEXT, password: TEXT, login_key: TEXT, virtual_machine_ip: TEXT, ...SAVED });
const Machine = object({
  id: WHOLE,
  name: TEXT,
  remote_id: TEXT,
  provider: Provider,
  study: Study,
  researcher: Researcher,
  profile: Profile,
  operating_system: Part,
  networks: listOf(Network),
  base_memory_type: SizedPart,
  base_memory_amount: WHOLE,
  base_storage_type: SizedPart,
  base_storage_amount: WHOLE,
  additional_gpu_type: orNull(WHOLE),
  additional_gpu_amount: WHOLE,
  additional_memory_type: orNull(SizedPart),
  additional_memory_amount: WHOLE,
  additional_storage_type: orNull(SizedPart),
  additional_storage_amount: WHOLE,
  access: listOf(Access),
  total_memory: NUMBER,
  total_storage: NUMBER,
  ...SAVED,
});
/** No field beside these: the password is never shown. */
const User: Schema = { ...object({ email: TEXT, id: WHOLE, username: TEXT }), additionalProperties: false };

const SHAPES = {
  University,
  Faculty,
  StudyField,
  Researcher,
  Contributor,
  Study,
  Provider,
  Part,
  SizedPart,
  Network,
  Profile,
  Machine,
  User,
  Role: object({ id: ROLE, name: one("Administrator", "Researcher", "Member") }),
  HawkToken: object({
    key: { type: "string", pattern: "^[A-Za-z0-9]{8}$" },
    secret: { type: "string", pattern: "^[A-Za-z0-9]{32}$" },
  }),
  JwtPair: object({ refresh: TEXT, access: TEXT }),
  JwtAccess: object({ access: TEXT }),
  Nothing: { type: "object", maxProperties: 0 },
} as const satisfies Record<string, Schema>;
export type ShapeName = keyof typeof SHAPES;

const ajv = new Ajv2020({ allErrors: true });
addFormats.default(ajv);
const link = orNull({ type: "string", format: "uri" });

function schemaOf(reply: string): Schema {
  const [, wrap, name] = /^(?:(page|list) of )?(\w+)$/.exec(reply) ?? [];
  const shape = SHAPES[name as ShapeName];
  if (wrap === "list") return listOf(shape);
  return wrap === "page" ? object({ count: WHOLE, next: link, previous: link, results: listOf(shape) }) : shape;
}

/** @returns what a reply lacks or has wrong; undefined when it is as the contract says */
export function amiss(reply: string, body: unknown): string | undefined {
  const validate = ajv.compile(schemaOf(reply));
  return validate(body) ? undefined : ajv.errorsText(validate.errors, { dataVar: reply });
}
