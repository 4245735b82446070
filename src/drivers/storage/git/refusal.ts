import type { IncomingHttpHeaders } from "node:http";
import { type ErrorKind, HavreError, type Retry } from "../../../kernel/errors.ts";
import { retryAfterSeconds } from "../../http/guarded.ts";

type Meaning = readonly [kind: ErrorKind, reason: string, retry?: Retry];

const FULL: Meaning = ["quota-exceeded", "the repository or its owner's quota is full"];
const SLOWER: Meaning = ["throttled", "the host asks for fewer requests"];

const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: ["protocol", "the host does not understand the request", "never"],
  401: ["unauthenticated", "the token is wrong or no longer valid"],
  403: ["forbidden", "the token may not do that there"],
  404: ["not-found", "there is no such repository, or the token may not see it"],
  405: ["protocol", "the host does not allow that; is this the address of its API?", "never"],
  408: ["timeout", "the host waited too long for the data"],
  409: ["locked", "somebody else changes the repository"],
  413: ["too-large", "the host takes no file of this size"],
  422: ["invalid", "the host refuses this name"],
  423: ["forbidden", "the repository is archived"],
  429: SLOWER,
  451: ["forbidden", "the repository is closed"],
  500: ["unavailable", "the host failed"],
  502: ["unavailable", "the server behind the proxy does not answer"],
  503: ["unavailable", "the host is busy or under maintenance"],
  504: ["timeout", "the server behind the proxy took too long"],
  507: FULL,
};

/** GitHub's own advice for a secondary limit that says no time. */
const SECONDARY_LIMIT_SECONDS = 60;

/** What a host's refusal means. Its message is read for what the status does not tell; never shown, it may hold anything. */
export function refusal(where: string, status: number, headers: IncomingHttpHeaders, message: string): HavreError {
  const waitSeconds = limitedForSeconds(status, headers, message);
  const [kind, reason, retry] = waitSeconds === undefined ? meaningOf(status, message) : SLOWER;
  const wait = waitSeconds ?? retryAfterSeconds(headers);
  return new HavreError(kind, `${where}: ${reason} (${status}).`, {
    detail: { status },
    ...(retry === undefined ? {} : { retry }),
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  });
}

function meaningOf(status: number, message: string): Meaning {
  if (/quota/i.test(message) && (status === 403 || status === 413 || status === 422)) return FULL;
  if (status === 403 && /archived/i.test(message)) return MEANINGS[423]!;
  if (status === 422 && /protected|rule violations/i.test(message)) return ["forbidden", "the branch is protected"];
  if (status === 422 && /too (large|big)|exceeds/i.test(message)) return MEANINGS[413]!;
  const known = MEANINGS[status];
  if (known !== undefined) return known;
  if (status >= 500) return ["protocol", "the host failed"];
  if (status >= 300 && status < 400) return ["protocol", "the host sends its visitors to another address", "never"];
  return NO_API;
}

const NO_API: Meaning = ["protocol", "the answer is not that of the host's API; is this its address?", "never"];

export const notTheApi = (where: string, cause?: unknown): HavreError =>
  new HavreError(NO_API[0], `${where}: ${NO_API[1]}.`, { retry: "never", cause });

/** Seconds until the host wants to be asked again; undefined for what is no limit. GitHub says 403 for it too. */
function limitedForSeconds(status: number, headers: IncomingHttpHeaders, message: string): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const asked = retryAfterSeconds(headers);
  if (asked !== undefined) return asked;
  const reset = Number(headers["x-ratelimit-reset"]);
  if (headers["x-ratelimit-remaining"] === "0" && Number.isFinite(reset)) {
    // By the host's own clock: ours may differ.
    const now = Date.parse(headers.date ?? "") || Date.now();
    return Math.max(1, Math.ceil(reset - now / 1000));
  }
  return status === 429 || /secondary rate limit|abuse detection/i.test(message) ? SECONDARY_LIMIT_SECONDS : undefined;
}

/** The status behind a host's refusal; undefined for all other errors. */
export const statusOf = (error: unknown): unknown => (error instanceof HavreError ? error.detail.status : undefined);
