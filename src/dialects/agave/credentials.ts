import {
  type CredentialChoice,
  listCredentials,
  type Parent,
  putCredential,
  removeCredentials,
} from "../../core/systems/index.ts";
import type { Route, Schema, Wire } from "../../http/route.ts";
import { HavreError, notFound } from "../../kernel/errors.ts";
import { bodyOf, read } from "./body.ts";
import { credentialIn } from "./system-in.ts";
import { credentialShape } from "./system-out.ts";
import { object, PAGED, paging, param, row } from "./wire.ts";

/** What opens a system: all of it, that of one internal user, or of one type. Nobody is shown one (contract §7.1). */

const tag = "science: credentials";
const auth = "user";
const ROOT = "/systems/v2/:system/credentials";
const STORED = object("The default credential, else the first, without its secrets; all of them in `credentials`.");
const BODY: Schema = {
  type: "object",
  required: ["type"],
  properties: Object.fromEntries(
    ["type", "username", "password", "publicKey", "privateKey"].map(name => [name, { type: "string" }]),
  ),
};

/** `login` and `execution` are the same. */
const PARENTS: Readonly<Record<string, Parent>> = { storage: "storage", login: "execution", execution: "execution" };

function choiceIn(wire: Wire): CredentialChoice {
  const { internal, type } = wire.params;
  const parent = type === undefined ? undefined : PARENTS[type.toLowerCase()];
  if (type !== undefined && parent === undefined) throw notFound("The type of a credential is storage or login.");
  const named = internal === undefined ? undefined : param(wire, "internal");
  return { name: param(wire, "system"), internal: named === "default" ? "" : named, parent };
}

/** A body may name an internal user where the path does not. */
function putIn(wire: Wire): Parameters<typeof putCredential>[2] {
  const body = bodyOf(wire);
  const choice = choiceIn(wire);
  const said = read.text(body.internalUsername, "internalUsername");
  if (said !== undefined && said.length > 150) throw new HavreError("invalid", "internalUsername has at most 150 characters.");
  return { ...choice, internal: choice.internal ?? (said === "default" ? "" : said), credential: credentialIn(body) };
}

function shown(found: Awaited<ReturnType<typeof listCredentials>>, wire: Wire) {
  const { offset, limit } = paging(wire);
  const all = found.map(one => credentialShape(wire.params.system ?? "", one, wire));
  const first = all.find(one => one.default) ?? all[0];
  return wire.params.type === undefined ? { ...first, credentials: all.slice(offset, offset + limit) } : first;
}

const rows = (path: string, of: string): readonly Route[] => [
  row({
    method: "GET",
    path,
    auth,
    tag,
    summary: `Credentials ${of}, without their secrets`,
    query: PAGED,
    reply: STORED,
    in: choiceIn,
    do: listCredentials,
    out: shown,
  }),
  row({
    method: "POST",
    path,
    auth,
    tag,
    status: 201,
    summary: `A new credential ${of}`,
    body: BODY,
    reply: object("Nothing."),
    in: putIn,
    do: putCredential,
    out: () => null,
  }),
  row({
    method: "DELETE",
    path,
    auth,
    tag,
    summary: `Remove the credentials ${of}`,
    reply: object("Nothing."),
    in: choiceIn,
    do: removeCredentials,
    out: () => null,
  }),
];

export const credentialRoutes: readonly Route[] = [
  ...rows(ROOT, "of a system"),
  ...rows(`${ROOT}/:internal`, "of an internal user of a system"),
  ...rows(`${ROOT}/:internal/:type`, "of an internal user, for files or for work"),
];
