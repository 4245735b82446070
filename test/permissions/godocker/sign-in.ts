import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Answer } from "../ask.ts";
import { GODOCKER_SECRET } from "../bench.ts";
import type { Somebody } from "../scene.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token as the server gives it, made here. */
export function godockerCredentials({ person }: Somebody): Record<string, string> {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const signed = `${part({ alg: "HS256" })}.${part({ user: { id: person.username }, aud: "urn:godocker/api", exp })}`;
  return { authorization: `Bearer ${signed}.${createHmac("sha256", GODOCKER_SECRET).update(signed).digest("base64url")}` };
}

/** Contract godocker §1.10. */
export function assertGodockerRefusal({ status, headers, text }: Answer, what: string): void {
  const told = `${what}: ${status} ${text.slice(0, 300)}`;
  assert.ok(status < 500 || status === 503, told);
  assert.doesNotMatch(text, /\n\s+at |\.[jt]s:\d+|node_modules|\bError:|select .* from |violates|syntax error/i, told);
  assert.equal(headers["content-type"], "application/json; charset=UTF-8", told);
  const body = JSON.parse(text);
  assert.deepEqual(Object.keys(body), ["code", "title", "message", "msg"], told);
  assert.equal(body.code, status, told);
  assert.equal(body.msg, body.message, told);
  if (status === 401) assert.match(String(headers["www-authenticate"]), /^Bearer\b/, told);
}
