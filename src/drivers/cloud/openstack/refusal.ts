import type { IncomingHttpHeaders } from "node:http";
import { type ErrorKind, HavreError } from "../../../kernel/errors.ts";
import { retryAfterSeconds } from "../../http/guarded.ts";

const KINDS: Readonly<Record<number, ErrorKind>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  // Mostly "not while it is doing something else", which passes.
  409: "locked",
  413: "quota-exceeded",
  429: "throttled",
};
const MOST_WORDS = 300;

/**
 * The error for an answer that was no success. OpenStack's services wrap their words in keys of their own ("badRequest",
 * "NeutronError", "error"): whatever has a "message" is it.
 * @param secrets what must not appear, whatever the cloud repeats
 */
export function refusal(
  what: string,
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
  secrets: readonly string[],
): HavreError {
  const words = scrub(messageIn(body), secrets);
  const isQuota = (status === 403 || status === 409 || status === 413) && /quota|exceed|limit/i.test(words);
  const kind = isQuota ? "quota-exceeded" : (KINDS[status] ?? (status >= 500 ? "unavailable" : "protocol"));
  const wait = retryAfterSeconds(headers);
  return new HavreError(kind, `OpenStack: ${what}: ${words || `the answer was ${status}`}`, {
    detail: { cloudStatus: status },
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  });
}

function messageIn(body: string): string {
  try {
    return deepMessage(JSON.parse(body), 0);
  } catch {
    return "";
  }
}

function deepMessage(value: unknown, depth: number): string {
  if (typeof value !== "object" || value === null || depth > 3) return "";
  const { message } = value as { message?: unknown };
  if (typeof message === "string") return message;
  for (const inner of Object.values(value)) {
    const found = deepMessage(inner, depth + 1);
    if (found !== "") return found;
  }
  return "";
}

/** One line, of bearable length, without secrets. */
export function scrub(words: string, secrets: readonly string[]): string {
  const line = words.replace(/[\s\p{Cc}]+/gu, " ").trim();
  const isClean = secrets.every(secret => secret === "" || !line.includes(secret));
  return isClean ? line.slice(0, MOST_WORDS) : "";
}
