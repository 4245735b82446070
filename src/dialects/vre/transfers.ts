import {
  copyBetweenStorages,
  IF_EXISTS,
  importFile,
  inStorage,
  listTransfers,
  showTransfer,
  stopTransfer,
} from "../../core/files/index.ts";
import { bool, choice, optional, pk, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route } from "../../http/route.ts";
import { transferSchema, transferShape } from "./file-shapes.ts";
import { INTEGER } from "./schemas.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, windowOf } from "./wire.ts";

/** Bytes on their way into storages, from others and from the web. */

const shared = { auth: "user", tag: "files" } as const;
const path = () => text({ max: 4096, keepBlanks: true });
const ifExists = () => optional(choice(IF_EXISTS), "refuse");
const IMPORT = { url: text({ max: 4096 }), path: path(), if_exists: ifExists() };
const TRANSFER = {
  from: text({ max: 4096, keepBlanks: true, blank: true }),
  from_storage: pk(),
  to: path(),
  to_storage: pk(),
  if_exists: ifExists(),
  move: optional(bool(), false),
};

const fetchInto = inStorage(importFile);

export const transferRoutes: readonly Route[] = [
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/storages/:id/files/import/",
    summary: "Fetch a file from an address (http, https, sftp), in the background",
    body: schemaOf(IMPORT),
    status: 202,
    reply: transferSchema,
    in: wire => {
      const { if_exists, ...rest } = readBody(IMPORT, wire.body);
      return { storage: idParam(wire), ...rest, ifExists: if_exists };
    },
    do: fetchInto,
    out: transferShape,
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/transfers/",
    summary: "Copy or move a file or folder from one storage to another, in the background",
    body: schemaOf(TRANSFER),
    status: 202,
    reply: transferSchema,
    in: wire => {
      const { from, from_storage, to, to_storage, if_exists, move } = readBody(TRANSFER, wire.body);
      const ends = { from: { storage: from_storage, path: from }, to: { storage: to_storage, path: to } };
      return { ...ends, ifExists: if_exists, isMove: move };
    },
    do: copyBetweenStorages,
    out: transferShape,
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/transfers/",
    summary: "The caller's transfers, newest first",
    query: { storage: { ...INTEGER, description: "Only those from or to it." }, ...PAGE_QUERY },
    reply: pageSchema(transferSchema),
    in: wire => ({
      ...windowOf(pageAsked(wire)),
      storage: /^\d{1,15}$/.test(wire.query.storage ?? "") ? Number(wire.query.storage) : undefined,
    }),
    do: listTransfers,
    out: (page, wire) => pageOut(page, wire, transfer => transferShape(transfer, wire)),
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/transfers/:id/",
    summary: "One transfer, with how far it is",
    reply: transferSchema,
    in: wire => idParam(wire),
    do: showTransfer,
    out: transferShape,
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/transfers/:id/stop/",
    summary: "End a transfer; what was copied whole stays",
    reply: transferSchema,
    in: wire => idParam(wire),
    do: stopTransfer,
    out: transferShape,
  }),
];
