import assert from "node:assert/strict";
import type { Answer } from "../ask.ts";

const STACK = /\n\s+at |\.[jt]s:\d+|node_modules|\bError:|select .* from |violates|syntax error/i;

/** JSON in one of the three shapes that clients know, no stack, and a 401 says how to sign in. */
export function assertWaldurRefusal(answer: Answer, what: string): void {
  const { status, headers, text } = answer;
  const told = `${what}: ${status} ${text.slice(0, 300)}`;
  assert.ok(status < 500, told);
  assert.doesNotMatch(text, STACK, told);
  assert.match(String(headers["content-type"]), /^application\/json\b/, told);
  assert.ok(isRefusal(JSON.parse(text)), told);
  if (status === 401) assert.equal(headers["www-authenticate"], "Token", told);
}

const words = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(one => typeof one === "string");
function isRefusal(body: unknown): boolean {
  if (Array.isArray(body)) return words(body);
  if (typeof body !== "object" || body === null) return false;
  return "detail" in body ? typeof body.detail === "string" && body.detail !== "" : Object.values(body).every(words);
}
