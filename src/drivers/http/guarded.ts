import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { Agent, buildConnector } from "undici";
import { SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { owns } from "../../kernel/memory.ts";
import { chunksOf, readableFrom } from "../../kernel/streams.ts";
import { KIB } from "../../kernel/units.ts";
import { networkError } from "./failures.ts";
import { type GuardedLookup, makeGuard, PrivateAddress } from "./lookup.ts";

export interface GuardSettings extends GuardedLookup {
  readonly connectTimeoutMs?: number;
  /** Longest silence while bytes should flow, in either direction. */
  readonly idleTimeoutMs?: number;
  /** Further certificate authorities (PEM), besides those Node trusts. */
  readonly certificateAuthorities?: readonly string[];
}

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream needs a `content-length` header, or goes out in chunks. */
  readonly body?: string | Buffer | AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
  /** What errors call the other side, e.g. "WEBDAV dav.example.org"; its host when absent. */
  readonly calledAs?: string;
  /** How long the answer may take once the request is sent, when longer than the idle time-out. */
  readonly answerWithinMs?: number;
}

/** `body` must be read or destroyed: else its connection is never free again. Its errors are HavreErrors too. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/**
 * The one client for addresses that users choose (storages, webhooks). Only http and https; each connection's address is
 * resolved once, checked and used, so that a name cannot point elsewhere between check and use; redirects are answers like
 * any other. @throws HavreError "forbidden" (a private address), "network", "timeout", "protocol"; a signal's own reason
 */
export interface GuardedHttp {
  request(request: HttpRequest): Promise<HttpReply>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;
/** A host that sends less than this, after the first idle time-out, holds us up: a byte a minute is not silence, and no answer either. */
const SLOWEST_BYTES_PER_SECOND = KIB;

export function makeGuardedHttp(settings: GuardSettings): GuardedHttp {
  const idleTimeoutMs = settings.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const agent = new Agent({
    connect: guardedConnector(settings),
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
    // HTTP/2 multiplexes what is one upload per connection here, at a higher price per byte.
    allowH2: false,
  });
  return {
    async request({ method, url, headers, body, signal, answerWithinMs, calledAs = url.host }) {
      checkUrl(url);
      signal.throwIfAborted();
      const stalled = new AbortController();
      const stall = (): void => stalled.abort(new HavreError("timeout", `${calledAs}: the host stopped taking data.`));
      try {
        const sent = agent.request({
          method: method as "GET",
          origin: url.origin,
          path: url.pathname + url.search,
          headers: headers ?? {},
          // undici takes any iterable of buffers; its types say only streams.
          body: (isStream(body) ? watched(body, idleTimeoutMs, stall) : (body ?? null)) as Readable | Buffer | string | null,
          signal: isStream(body) ? AbortSignal.any([signal, stalled.signal]) : signal,
          ...(answerWithinMs === undefined ? {} : { headersTimeout: Math.max(answerWithinMs, idleTimeoutMs) }),
        });
        const reply = await orAborted(sent, signal);
        return { status: reply.statusCode, headers: reply.headers, body: mapped(reply.body, calledAs, signal, idleTimeoutMs) };
      } catch (error) {
        throw networkError(error, calledAs, signal);
      }
    },
    // Not `close`, which would wait for answers that nobody reads any more.
    close: () => agent.destroy(),
  };
}

/**
 * An address as a user typed it.
 * @throws HavreError "invalid" for anything but http and https, or with a user name and password in it
 */
export function parseHttpUrl(text: string): URL {
  const url = URL.parse(text.trim());
  if (url === null) throw new HavreError("invalid", "This is no web address. It should look like https://host/path.");
  checkUrl(url);
  return url;
}

function checkUrl(url: URL): void {
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new HavreError("invalid", "A web address must begin with https:// or http://.");
  if (url.username !== "" || url.password !== "")
    throw new HavreError("invalid", "A web address may not contain a user name or password.");
}

/** Where a redirect leads if it stays on the same host and does not give up encryption; undefined otherwise. */
export function redirectOf(reply: HttpReply, from: URL): URL | undefined {
  const to = [301, 302, 303, 307, 308].includes(reply.status) ? URL.parse(reply.headers.location ?? "", from.href) : null;
  if (to === null || reply.headers.location === undefined || to.username !== "" || to.password !== "") return undefined;
  const encrypts =
    from.protocol === "http:" && to.protocol === "https:" && to.hostname === from.hostname && from.port === "" && to.port === "";
  return to.origin === from.origin || encrypts ? to : undefined;
}

/** At most `maxBytes` of a reply's body as text; the rest is not read. */
export async function textOf(reply: HttpReply, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of reply.body as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(parts).subarray(0, maxBytes).toString("utf8");
}

/** Reads a short body to its end, which frees the connection for the next request; gives up on a long one. */
export const drain = async (reply: HttpReply): Promise<void> => void (await textOf(reply, 64 * KIB));

/** Seconds until the server wants to be asked again, from `Retry-After` in either of its two forms. */
export function retryAfterSeconds(headers: IncomingHttpHeaders, now = Date.now()): number | undefined {
  const text = headers["retry-after"]?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

function guardedConnector(settings: GuardSettings): buildConnector.connector {
  const guard = makeGuard(settings);
  const connect = buildConnector({
    timeout: settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    allowH2: false,
    lookup: guard.lookup,
    ...(settings.certificateAuthorities === undefined ? {} : { ca: [...settings.certificateAuthorities] }),
  } as buildConnector.BuildOptions);
  return (options, done) => {
    if (guard.refuses(options.hostname)) done(new PrivateAddress(), null);
    else connect(options, done);
  };
}

const isStream = (body: HttpRequest["body"]): body is AsyncIterable<Buffer> =>
  body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body);

/** The time-out for the answer may be long; a host that takes no more bytes is found out sooner, chunk by chunk. */
async function* watched(body: AsyncIterable<Buffer>, idleTimeoutMs: number, stall: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    const timer = setTimeout(stall, idleTimeoutMs);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** While a connection is still being made, undici does not hear the signal. */
function orAborted<T>(sent: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    sent.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function mapped(body: Readable, calledAs: string, signal: AbortSignal, patienceMs: number): Readable {
  // Destroying an unread body makes undici emit an error that tells nobody anything.
  body.on("error", () => {});
  const chunks = async function* (): AsyncGenerator<Buffer> {
    let bytes = 0;
    // Only the time that we wait for the host counts: a reader of ours may be as slow as it likes.
    let waitedMs = 0;
    let since = performance.now();
    try {
      for await (const chunk of chunksOf(body)) {
        bytes += chunk.length;
        waitedMs += performance.now() - since;
        if (waitedMs > patienceMs + (bytes / SLOWEST_BYTES_PER_SECOND) * SECOND)
          throw new HavreError("timeout", `${calledAs}: the host sends next to nothing.`);
        yield owns(chunk);
        since = performance.now();
      }
    } catch (error) {
      throw networkError(error, calledAs, signal);
    }
  };
  return readableFrom(chunks(), () => body.destroy());
}
