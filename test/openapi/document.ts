import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Schema } from "../../src/http/route.ts";
import type { Answer } from "../permissions/ask.ts";

/** An OpenAPI document, as far as the tests read it. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
}
export interface Documented {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: "path" | "query"; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>>;
}
export interface Operation extends Documented {
  readonly method: string;
  /** Parameters in braces: "/api/v1/studies/{id}/". */
  readonly path: string;
}

export const operationsOf = ({ paths }: Document): Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]) => ({ ...documented, method: method.toUpperCase(), path })),
  );

/** strictTypes off: a schema may say `default` beside a union. */
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
addFormats.default(ajv);
ajv.addVocabulary(["example", "x-response-description"]);
const compiled = new Map<Schema, ValidateFunction>();

/** Objects have no fields but those that are written down: an undocumented one would be found by nobody. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return "properties" in copy && !("additionalProperties" in copy) ? { ...copy, additionalProperties: false } : copy;
}

function validatorOf(schema: Schema): ValidateFunction {
  const known = compiled.get(schema) ?? ajv.compile(closed(schema) as Schema);
  compiled.set(schema, known);
  return known;
}

/** @returns what is wrong with a reply, compared with what the document says of it; undefined when nothing is */
export function undocumented({ responses }: Documented, { status, headers, text }: Answer): string | undefined {
  const said = responses[status] ?? responses.default;
  if (!said) return `status ${status} is not documented`;
  const type = String(headers["content-type"] ?? "").split(";")[0] ?? "";
  if (text === "" && type !== "text/event-stream") {
    // One refusal of the contract has no body: an activation mail that cannot be sent again.
    return said.content && !(status === 400 && text === "") ? "the reply is empty" : undefined;
  }
  const content = said.content?.[type];
  if (!content) return `a body of type "${type}" is not documented for ${status}`;
  if (type !== "application/json") return undefined;
  const validate = validatorOf(content.schema);
  return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors, { dataVar: "reply" });
}
