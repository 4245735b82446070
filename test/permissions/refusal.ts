import assert from "node:assert/strict";
import type { Answer } from "./ask.ts";

const STACK = /\n\s+at |\.[jt]s:\d+|node_modules|\bError:|select .* from |violates|syntax error/i;

/** What every refusal of the dialect is like: JSON of its own shape, no stack, and a 401 says how to sign in. Contract §2. */
export function assertRefusal(answer: Answer, what: string): void {
  const { status, headers, text } = answer;
  const told = `${what}: ${status} ${text.slice(0, 300)}`;
  assert.ok(status < 500, told);
  assert.doesNotMatch(text, STACK, told);
  assert.match(String(headers["content-type"]), /^application\/json\b/, `${told} (${headers["content-type"]})`);
  assert.ok(isRefusal(parsed(text, told)), told);
  if (status === 401) assert.match(String(headers["www-authenticate"]), /^(Hawk|Bearer)\b/, told);
  if (status === 405) assert.ok(headers.allow, told);
  if (status === 429) assert.match(String(headers["retry-after"]), /^\d+$/, told);
}

function parsed(text: string, told: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return assert.fail(`${told} is no JSON`);
  }
}

/** `{"detail": "…"}`, or messages by field, or such an object for each item of a list. */
function isRefusal(body: unknown): boolean {
  if (Array.isArray(body)) return body.length > 0 && body.every(item => isMessages(item));
  if (typeof body !== "object" || body === null) return false;
  return "detail" in body
    ? typeof body.detail === "string" && body.detail !== ""
    : Object.keys(body).length > 0 && isMessages(body);
}

const isMessages = (body: unknown): boolean =>
  typeof body === "object" &&
  body !== null &&
  Object.values(body).every(messages => Array.isArray(messages) && messages.every(message => typeof message === "string"));
