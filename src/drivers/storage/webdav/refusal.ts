import type { IncomingHttpHeaders } from "node:http";
import { type ErrorKind, HavreError, type Retry } from "../../../kernel/errors.ts";
import { retryAfterSeconds } from "../../http/guarded.ts";

type Meaning = readonly [kind: ErrorKind, reason: string, retry?: Retry];

const MEANINGS: Record<number, Meaning> = {
  400: ["protocol", "the server does not understand the request", "never"],
  401: ["unauthenticated", "wrong user name or password"],
  403: ["forbidden", "the user may not do that there"],
  404: ["not-found", "there is no such file or folder"],
  405: ["protocol", "the server does not allow that at this address; is it a WebDAV folder?", "never"],
  408: ["timeout", "the server waited too long for the data"],
  409: ["not-found", "the folder for it is missing"],
  412: ["conflict", "the name is taken"],
  413: ["too-large", "the server takes no file of this size"],
  423: ["locked", "it is locked by someone else"],
  429: ["throttled", "the server asks for fewer requests"],
  501: ["protocol", "the server cannot do that; is it a WebDAV folder?", "never"],
  502: ["unavailable", "the server behind the proxy does not answer"],
  503: ["unavailable", "the server is busy or under maintenance"],
  504: ["timeout", "the server behind the proxy took too long"],
  507: ["quota-exceeded", "the storage is full"],
};

/** What a WebDAV server's refusal means. `body` is read for the words of SabreDAV; never shown, it may hold anything. */
export function refusal(where: string, status: number, headers: IncomingHttpHeaders, body: string): HavreError {
  const [kind, reason, retry] = meaningOf(status, body);
  const wait = retryAfterSeconds(headers);
  return new HavreError(kind, `${where}: ${reason} (${status}).`, {
    detail: { status },
    ...(retry === undefined ? {} : { retry }),
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  });
}

function meaningOf(status: number, body: string): Meaning {
  // Newer Nextcloud says 413 for a full quota too; only its message tells the two apart.
  if (status === 413 && /insufficient ?(space|storage)|quota/i.test(sabreMessage(body))) return MEANINGS[507]!;
  const known = MEANINGS[status];
  if (known !== undefined) return known;
  if (status >= 500) return ["protocol", "the server failed"];
  if (status >= 300 && status < 400) return ["protocol", "the server sends its visitors to another address", "never"];
  return ["protocol", "the answer is not WebDAV's", "never"];
}

const sabreMessage = (body: string): string =>
  [...body.matchAll(/<(?:\w+:)?(?:message|exception)>([^<]*)</g)].map(found => found[1]).join(" ");
