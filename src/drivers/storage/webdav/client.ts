import type { Readable } from "node:stream";
import { HavreError } from "../../../kernel/errors.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import type { StorageAccess } from "../../../ports/storage.ts";
import { drain, type GuardedHttp, type HttpReply, type HttpRequest, redirectOf, textOf } from "../../http/guarded.ts";
import { type DavResource, firstFailure, PROPFIND_BODY, parseMultistatus } from "./multistatus.ts";
import { refusal } from "./refusal.ts";

/** About 100,000 entries. */
const MAX_LISTING_BYTES = 64 * MIB;
const MAX_REFUSAL_BYTES = 16 * KIB;
const MAX_REDIRECTS = 3;

export type DavRequest = Omit<HttpRequest, "headers"> & { readonly headers?: Readonly<Record<string, string>> };

/** WebDAV's verbs over the guarded client: signed in, and every refusal a HavreError that names engine, host and reason. */
export interface DavClient {
  /** Engine and host, as error messages begin. */
  readonly where: string;
  /** The reply, whatever its status. */
  send(request: DavRequest): Promise<HttpReply>;
  /** Sends, and accepts only these statuses; the body is read away. @returns the status */
  expect(request: DavRequest, good: readonly number[]): Promise<number>;
  /** Undefined when nothing is there. `depth` 1 adds the children. */
  propfind(url: URL, depth: 0 | 1, signal: AbortSignal): Promise<DavResource[] | undefined>;
  /** The body of a good answer and the byte of the file it starts with; undefined when the file ends before the range. */
  get(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<{ body: Readable; startsAt: number } | undefined>;
  /** The error for a reply; reads its body. */
  refused(reply: HttpReply): Promise<HavreError>;
}

export function davClient(access: StorageAccess, engine: string, host: string, http: GuardedHttp): DavClient {
  const where = `${engine} ${host}`;
  const authorization = `Basic ${Buffer.from(`${access.username}:${access.password}`).toString("base64")}`;

  const sendOnce = (request: DavRequest): Promise<HttpReply> =>
    http.request({ ...request, headers: { authorization, ...request.headers }, calledAs: where });

  const understood = async <T>(parse: (xml: string) => T, reply: HttpReply): Promise<T> => {
    const xml = await textOf(reply, MAX_LISTING_BYTES);
    try {
      return parse(xml);
    } catch (error) {
      throw error instanceof HavreError
        ? new HavreError(error.kind, `${where}: ${error.message}`, { retry: error.retry, cause: error })
        : error;
    }
  };

  const client: DavClient = {
    where,
    async send(request) {
      let reply = await sendOnce(request);
      let url = request.url;
      // A stream is spent once it was sent; everything else can go where the same host points (a folder's missing "/").
      const repeatable = request.body === undefined || typeof request.body === "string";
      for (let hops = 0; repeatable && hops < MAX_REDIRECTS && reply.status >= 300 && reply.status < 400; hops++) {
        const next = redirectOf(reply, url);
        if (next === undefined) break;
        await drain(reply);
        url = next;
        reply = await sendOnce({ ...request, url });
      }
      return reply;
    },

    async expect(request, good) {
      const reply = await client.send(request);
      if (!good.includes(reply.status)) throw await client.refused(reply);
      if (reply.status !== 207) {
        await drain(reply);
        return reply.status;
      }
      const failure = await understood(firstFailure, reply);
      if (failure !== undefined) throw refusal(where, failure, {}, "");
      return reply.status;
    },

    async propfind(url, depth, signal) {
      const headers = { depth: String(depth), "content-type": "application/xml; charset=utf-8" };
      const reply = await client.send({ method: "PROPFIND", url, headers, body: PROPFIND_BODY, signal });
      // 409: some say so when already the parent is missing.
      if (reply.status === 404 || reply.status === 409) {
        await drain(reply);
        return undefined;
      }
      if (reply.status !== 207) throw await client.refused(reply);
      return understood(parseMultistatus, reply);
    },

    async get(url, headers, signal) {
      const reply = await client.send({ method: "GET", url, headers: { "accept-encoding": "identity", ...headers }, signal });
      if (reply.status === 416) {
        await drain(reply);
        return undefined;
      }
      if (reply.status !== 200 && reply.status !== 206) throw await client.refused(reply);
      const first = /^bytes (\d+)-/.exec(reply.headers["content-range"] ?? "")?.[1];
      return { body: reply.body, startsAt: reply.status === 206 ? Number(first ?? 0) : 0 };
    },

    async refused(reply) {
      return refusal(where, reply.status, reply.headers, await textOf(reply, MAX_REFUSAL_BYTES));
    },
  };
  return client;
}
