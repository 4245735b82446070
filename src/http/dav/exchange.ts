import type { IncomingMessage, ServerResponse } from "node:http";
import type { FilePlace } from "../../core/files/index.ts";
import { covers, joined, locksAround, placesOfStudy, showFile } from "../../core/files/index.ts";
import type { PersonActor } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import { asHavreError, HavreError } from "../../kernel/errors.ts";
import { parseXml, type XmlElement } from "../../kernel/xml.ts";
import { etagOf } from "../download.ts";
import type { Reply } from "../route.ts";
import { addressOf, type DavAddress, PREFIX } from "./address.ts";
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
}

export type Act = (exchange: Exchange) => Promise<Reply>;

const MOST_XML_BYTES = 256 * 1024;
export const XML_TYPE = "application/xml; charset=utf-8";
export const ALLOWED = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK";

export const status = (code: number, message: string, more: Record<string, unknown> = {}): HavreError =>
  new HavreError("invalid", message, { detail: { status: code, ...more } });

/** Where the folder is missing, or the name taken, WebDAV speaks of a conflict. */
export const noFolder = (error: unknown): unknown => {
  const { kind, detail, message } = asHavreError(error);
  return detail.missing === "folder" || detail.taken !== undefined || kind === "conflict" ? status(409, message) : error;
};

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
  const named = resource === undefined ? exchange : await resourceAt(resource, exchange);
  if (!named) return false;
  const { place, path } = named;
  const covering = (await locksAround(exchange.world, place, path)).filter(lock => covers(lock, joined(place.root, path)));
  const entry = conditions.some(({ etag }) => etag !== undefined)
    ? await found({ world: exchange.world, place }, path)
    : undefined;
  return conditions.every(({ isNot, token, etag }) => {
    const is =
      etag === undefined
        ? covering.some(lock => lock.token === tokenOf(token ?? ""))
        : entry !== undefined && etagOf(entry) === etag;
    return is !== isNot;
  });
}

export const found = (exchange: Pick<Exchange, "world" | "place">, path: string) =>
  showFile(exchange.world, exchange.place, { path }).catch(error => {
    if (asHavreError(error).kind === "not-found") return undefined;
    throw error;
  });

export interface Resource {
  readonly place: FilePlace;
  readonly path: string;
  /** In the folder of the study that is asked about. */
  readonly isHere: boolean;
}

/** What an address of this face stands for; undefined where that is nothing in a folder of a study that the client may see. */
export async function resourceAt(resource: string, exchange: Exchange): Promise<Resource | undefined> {
  const { world, actor, place, request } = exchange;
  const address = addressIn(resource, request);
  if (address?.study === undefined || address.place === undefined) return undefined;
  const { study, path } = address;
  if (study === exchange.study && address.place === exchange.name) return { place, path, isHere: true };
  const places = await placesOfStudy(world, actor, study).catch(() => []);
  const other = places.find(({ name }) => name === address.place);
  return other && { place: { ...other.place, heldLocks: place.heldLocks }, path, isHere: false };
}

function addressIn(resource: string, { headers }: IncomingMessage): DavAddress | undefined {
  const url = URL.parse(resource, `http://${headers.host ?? "localhost"}`);
  if (!url?.pathname.startsWith(`${PREFIX}/`)) return undefined;
  try {
    return addressOf(url.pathname);
  } catch {
    return undefined;
  }
}
