import type { Route, Schema } from "../../http/route.ts";

/** The words of which the reply schemas of the VRE dialect are made, and the schemas of its refusals (contract §2). */

export const STRING: Schema = { type: "string" };
export const INTEGER: Schema = { type: "integer" };
export const BOOLEAN: Schema = { type: "boolean" };
export const STAMP: Schema = { type: "string", format: "date-time" };
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
export const list = (items: Schema): Schema => ({ type: "array", items });
export const words = (values: readonly string[]): Schema => ({ type: "string", enum: values });

/** An object of which every field is always there, but those in `sometimes`. */
export const object = (
  properties: Readonly<Record<string, Schema>>,
  sometimes: Readonly<Record<string, Schema>> = {},
): Schema => ({
  type: "object",
  required: Object.keys(properties),
  properties: { ...properties, ...sometimes },
});

/** A reply that is no JSON. */
export const media = (type: string, description: string): Schema => ({
  description,
  content: { [type]: { schema: { type: "string" } } },
});

const TOKEN_TROUBLE = object({ token_class: STRING, token_type: STRING, message: STRING });
const DETAIL = object({ detail: STRING }, { code: STRING, messages: list(TOKEN_TROUBLE) });
const BY_FIELD: Schema = { type: "object", additionalProperties: list(STRING) };
/** A field that is an object itself has messages by its own fields. */
const MESSAGES: Schema = { type: "object", additionalProperties: { anyOf: [list(STRING), BY_FIELD] } };

const because = (description: string, schema: Schema = DETAIL): Schema => ({ ...schema, description });

/** What a row may answer besides its good reply: `default` is every refusal that needs no row to explain it. */
export function refusals({ path, auth, body, query, tag }: Route): Readonly<Record<string, Schema>> {
  const signsIn = auth !== "none" || tag === "tokens" || tag === "session";
  return {
    ...(body
      ? {
          400: because("Messages by field; for a list, such an object for each item; or why the body cannot be read.", {
            anyOf: [DETAIL, MESSAGES, list(MESSAGES)],
          }),
          415: because("Neither JSON nor a form."),
        }
      : {}),
    ...(signsIn ? { 401: because("No credentials, or wrong ones.") } : {}),
    ...(auth === "none" ? {} : { 403: because("Seen, but not allowed.") }),
    ...(path.includes(":") || (query && "page" in query) ? { 404: because("Not there, or not for the caller's eyes.") } : {}),
    default: because("Any other refusal.", { anyOf: [DETAIL, MESSAGES] }),
  };
}
