import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Actor } from "../core/people/model.ts";
import type { Settings, World } from "../core/world.ts";

/** A request as a route sees it: already signed in, body parsed, nothing checked. */
export interface Wire {
  readonly method: string;
  /** Path and query, exactly as on the request line. */
  readonly url: string;
  /** Scheme and host the client used, believed proxies considered: "https://havre.example.org". */
  readonly origin: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  readonly rawBody: Buffer;
  /** Of a row that takes a stream: the body as it comes, to be read or destroyed. */
  readonly bytes?: Readable | undefined;
  /** The client's address, believed proxies considered. */
  readonly ip: string;
  readonly settings: Settings;
  readonly actor: Actor;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** For the few routes whose answer is not "200 and this object as JSON". A Readable body is streamed, a string sent as it is. */
export class SpecialReply implements Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  constructor(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}
export const noContent = (headers: Readonly<Record<string, string>> = {}): Reply => new SpecialReply(204, undefined, headers);
export const stream = (body: Readable, headers: Readonly<Record<string, string>>): Reply => new SpecialReply(200, body, headers);

/** JSON Schema, as it stands in the OpenAPI document. */
export type Schema = Readonly<Record<string, unknown>>;

/**
 * One operation of one dialect: a row. `in` and `out` are pure and synchronous, `do` is one verb of the core.
 * `auth` is a word of the dialect's own table (see its sign-in file); it is checked before `in` reads anything.
 * `none` is every dialect's word for a route at which credentials count for nothing.
 */
export interface Route<In = unknown, Out = unknown> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With the trailing slash where the dialect has one; both spellings are answered. Parameters as `:name`. */
  readonly path: string;
  readonly auth: string;
  /** The body is not read beforehand and may be of any size and type: `in` finds it in `wire.bytes`. */
  readonly takes?: "stream";
  readonly summary: string;
  readonly tag: string;
  readonly body?: Schema | undefined;
  readonly query?: Readonly<Record<string, Schema>> | undefined;
  readonly reply?: Schema | undefined;
  /** Status of the plain reply; 200 when absent. */
  readonly status?: number;
  /** Further good replies, by their status. */
  readonly also?: Readonly<Record<number, Schema>>;
  readonly in: (wire: Wire) => In;
  readonly do: (world: World, actor: Actor, input: In) => Promise<Out>;
  readonly out: (result: Out, wire: Wire) => unknown;
}

/** Gives a row its types; rows of different types then stand in one list. */
export const route = <In, Out>(row: Route<In, Out>): Route => row as unknown as Route;
export const nothing = (): undefined => undefined;
