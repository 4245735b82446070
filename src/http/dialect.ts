import type { Readable } from "node:stream";
import type {} from "@fastify/cookie";
import type {} from "@fastify/swagger";
import type { FastifyRequest } from "fastify";
import type { Actor } from "../core/people/model.ts";
import type { World } from "../core/world.ts";
import type { HavreError } from "../kernel/errors.ts";
import type { Reply, Route, Schema, Wire } from "./route.ts";

/** A wire dialect: how it signs in, what its routes are, how it says no. */
export interface Dialect {
  readonly name: string;
  readonly routes: readonly Route[];
  /** Who sends this? `nobody` without credentials. @throws HavreError "unauthenticated" | "forbidden" for bad ones */
  signIn(world: World, request: SignInRequest): Promise<SignedIn>;
  /** May this actor use a route with this word, from this address? Throws what the caller should see. */
  admit(auth: string, actor: Actor, world: World, from: Pick<SignInRequest, "ip">): void;
  /** The dialect's own error shape. */
  refuse(error: HavreError, wire: Pick<Wire, "method" | "url">): Reply;
  /** Headers of every answer, refusals included; called once per request, before anything else. @param methods what the path takes */
  dress?(asked: SignInRequest, methods: readonly string[]): Readonly<Record<string, string>>;
  /** Bodies in its own ways; JSON and forms when absent. Not called for an empty one. @throws HavreError "invalid" */
  readBody?(raw: Buffer, contentType: string): unknown;
  /** Paths such as "/systems/v2/*" below which it refuses by itself what no row serves. */
  readonly elsewhere?: readonly string[] | undefined;
  /** Of an answer to OPTIONS; 204 when absent. */
  readonly optionsStatus?: 200 | undefined;
  /** What the OpenAPI document says of a row's refusals, by status or "default". */
  refusals?(row: Route): Readonly<Record<string, Schema>>;
}

export interface SignInRequest extends Omit<Wire, "actor" | "body" | "params" | "query"> {
  readonly cookies: Readonly<Record<string, string | undefined>>;
}

export interface SignedIn {
  readonly actor: Actor;
  /** Signs the finished reply, for schemes that do; returns headers to add. */
  readonly signReply?: (body: Buffer, contentType: string) => Readonly<Record<string, string>>;
}

declare module "fastify" {
  interface FastifyRequest {
    rawBody: Buffer | undefined;
    /** Of a route that takes a stream. */
    bytes: Readable | undefined;
    signReply: SignedIn["signReply"];
  }
}

export type { FastifyRequest };
