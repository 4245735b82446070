import type { IncomingMessage, ServerResponse } from "node:http";
import type { FileLock, FilePlace } from "../../core/files/index.ts";
import { locksAround, showFile } from "../../core/files/index.ts";
import type { PersonActor } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import { asHavreError, HavreError } from "../../kernel/errors.ts";
import { parseXml, type XmlElement } from "../../kernel/xml.ts";
import { etagOf } from "../download.ts";
import type { Reply } from "../route.ts";
import { addressOf, PREFIX } from "./address.ts";
import { type IfList, parseIf, tokenOf } from "./if-header.ts";

/** One request for a file or folder, whoever sent it known. */
export interface Exchange {
  readonly world: World;
  readonly actor: PersonActor;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly study: number;
  /** The study's folder, by its name. */
  readonly name: string;
  readonly place: FilePlace;
  /** From the top of the place. */
  readonly path: string;
  /** Locks that the client says it holds. */
  readonly tokens: readonly string[];
}

export type Act = (exchange: Exchange) => Promise<Reply>;

const MOST_XML_BYTES = 256 * 1024;
export const XML_TYPE = "application/xml; charset=utf-8";
export const ALLOWED = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK";

export const status = (code: number, message: string, more: Record<string, unknown> = {}): HavreError =>
  new HavreError("invalid", message, { detail: { status: code, ...more } });

/** @throws HavreError "too-large" */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MOST_XML_BYTES) throw new HavreError("too-large", "The request body is too large.");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** @returns undefined for an empty body. @throws HavreError "invalid" for another one, or a root of another name */
export async function xmlOf(request: IncomingMessage, root: string): Promise<XmlElement | undefined> {
  const text = await bodyOf(request);
  if (text.trim() === "") return undefined;
  const element = parseXml(text);
  if (element.namespace !== "DAV:" || element.name !== root) throw status(400, `A "${root}" of "DAV:" was expected.`);
  return element;
}

export type Depth = "0" | "1" | "infinity";

/** @throws HavreError "invalid" */
export function depthOf({ headers }: IncomingMessage, fallback: Depth): Depth {
  const given = String(headers.depth ?? fallback).toLowerCase();
  if (given !== "0" && given !== "1" && given !== "infinity") throw status(400, "Depth is 0, 1 or infinity.");
  return given;
}

export const secondsOf = ({ headers }: IncomingMessage): number => {
  const given = /Second-(\d{1,9})/i.exec(String(headers.timeout ?? ""))?.[1];
  return given === undefined ? (/Infinite/i.test(String(headers.timeout ?? "")) ? 86_400 : 600) : Number(given);
};

export const ifListsOf = ({ headers }: IncomingMessage): IfList[] =>
  headers.if === undefined ? [] : parseIf(String(headers.if));

/** The If header as a whole. @throws HavreError "invalid" with status 412 when none of its lists holds */
export async function mustHold(lists: readonly IfList[], exchange: Exchange): Promise<void> {
  if (lists.length === 0) return;
  for (const list of lists) if (await holds(list, exchange)) return;
  throw status(412, "None of what the request expects is so.");
}

async function holds({ resource, conditions }: IfList, exchange: Exchange): Promise<boolean> {
  const path = resource === undefined ? exchange.path : pathIn(resource, exchange);
  if (path === undefined) return false;
  const at = exchange.place.root === "" ? path : path === "" ? exchange.place.root : `${exchange.place.root}/${path}`;
  const covering = (await locksAround(exchange.world, exchange.place, path)).filter(lock => coversPath(lock, at));
  const entry = conditions.some(({ etag }) => etag !== undefined) ? await found(exchange, path) : undefined;
  return conditions.every(({ isNot, token, etag }) => {
    const is =
      etag === undefined
        ? covering.some(lock => lock.token === tokenOf(token ?? ""))
        : entry !== undefined && etagOf(entry) === etag;
    return is !== isNot;
  });
}

const coversPath = (lock: FileLock, path: string): boolean =>
  lock.path === path || (lock.isDeep && (lock.path === "" || path.startsWith(`${lock.path}/`)));

export const found = (exchange: Pick<Exchange, "world" | "place">, path: string) =>
  showFile(exchange.world, exchange.place, { path }).catch(error => {
    if (asHavreError(error).kind === "not-found") return undefined;
    throw error;
  });

/** A path of the same folder of the same study; undefined elsewhere. */
export function pathIn(resource: string, { study, name, request }: Exchange): string | undefined {
  const url = URL.parse(resource, `http://${request.headers.host ?? "localhost"}`);
  if (!url?.pathname.startsWith(`${PREFIX}/`)) return undefined;
  try {
    const address = addressOf(url.pathname);
    return address.study === study && address.place === name ? address.path : undefined;
  } catch {
    return undefined;
  }
}
