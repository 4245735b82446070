import { act, add, browse, change, exportRows, inspect, KINDS, offeredKinds } from "../../../core/administration/index.ts";
import type { Action, Form, Kind, Who } from "../../../core/administration/model.ts";
import { nothing, type Route, route } from "../../../http/route.ts";
import { schemaOf } from "../fields.ts";
import { EXPORT_BODY, exportIn, formIn, formShape, keyParam, listIn, listQuery, onIn, onShape } from "./read.ts";
import {
  actedSchema,
  actedShape,
  begunSchema,
  exportReply,
  exportSchema,
  kindShape,
  kindsSchema,
  pageSchema,
  pageShape,
  rowSchema,
  rowShape,
} from "./write.ts";

/** The rows that follow from the kinds of the administration: find, one, a new one, change one, and one for each action. */

const PATH = "/api/v1/admin";
const AUTH = { staff: "staff", superuser: "superuser" } as const satisfies Record<Who, string>;
const words = (name: string): string => name.replaceAll("-", " ");
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function rowsOf(kind: Kind): readonly Route[] {
  const shared = { tag: `administration: ${words(kind.name)}`, auth: "staff" } as const;
  return [
    route({
      ...shared,
      method: "GET",
      path: `${PATH}/${kind.name}/`,
      summary: `Find ${words(kind.name)}.`,
      query: listQuery(kind),
      reply: pageSchema(kind),
      in: wire => listIn(kind, wire),
      do: browse,
      out: pageShape,
    }),
    ...(kind.add ? [addRow(kind, kind.add)] : []),
    route({
      ...shared,
      method: "GET",
      path: `${PATH}/${kind.name}/:id/`,
      summary: `One ${words(kind.object)} with all that is shown of it.`,
      reply: rowSchema(kind),
      in: wire => ({ kind, id: keyParam(kind, wire) }),
      do: inspect,
      out: rowShape,
    }),
    ...(kind.change ? [changeRow(kind, kind.change)] : []),
    ...Object.entries(kind.actions).map(([name, action]) => actionRow(kind, name, action)),
  ];
}

const addRow = (kind: Kind, { who, fields }: Form): Route =>
  route({
    method: "POST",
    path: `${PATH}/${kind.name}/`,
    auth: AUTH[who],
    tag: `administration: ${words(kind.name)}`,
    summary: `A new ${words(kind.object)}.`,
    status: 201,
    body: schemaOf(formShape(fields)),
    reply: rowSchema(kind),
    in: wire => ({ kind, input: formIn(fields, wire.body) }),
    do: add,
    out: rowShape,
  });

const changeRow = (kind: Kind, { who, fields }: Form): Route =>
  route({
    method: "PATCH",
    path: `${PATH}/${kind.name}/:id/`,
    auth: AUTH[who],
    tag: `administration: ${words(kind.name)}`,
    summary: `Change one ${words(kind.object)}; what is absent stays.`,
    body: schemaOf(formShape(fields)),
    reply: rowSchema(kind),
    in: wire => ({ kind, id: keyParam(kind, wire), input: formIn(fields, wire.body) }),
    do: change,
    out: rowShape,
  });

const actionRow = (kind: Kind, name: string, { who, asks, single }: Action): Route =>
  route({
    method: "POST",
    path: `${PATH}/${kind.name}/actions/${name}/`,
    auth: AUTH[who],
    tag: `administration: ${words(kind.name)}`,
    summary: `${capital(words(name))}: ${single ? `one ${words(kind.object)}` : words(kind.name)}.`,
    body: schemaOf({ ...onShape(kind), ...formShape(asks) }),
    reply: actedSchema,
    ...(single ? {} : { also: { 202: begunSchema } }),
    in: wire => ({ kind, name, on: onIn(kind, wire.body), input: formIn(asks, wire.body) }),
    do: act,
    out: actedShape,
  });

export const kindRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: `${PATH}/`,
    auth: "staff",
    tag: "administration",
    summary: "What there is to look after, with the columns, filters, forms and actions of each kind.",
    reply: kindsSchema,
    in: nothing,
    do: offeredKinds,
    out: kinds => kinds.map(kindShape),
  }),
  route({
    method: "POST",
    path: `${PATH}/exports/:kind/`,
    auth: "staff",
    tag: "administration",
    summary: "All rows of a list with all columns, as CSV or as lines of JSON; the log says who took them.",
    body: EXPORT_BODY,
    reply: exportSchema,
    in: exportIn,
    do: exportRows,
    out: exportReply,
  }),
  ...KINDS.flatMap(rowsOf),
];
