import {
  closedBecause,
  type DropFilter,
  largestFor,
  listDrops,
  proveDropAgain,
  readDrop,
  readTarget,
  retryDrop,
  type SeenDrop,
  tryCode,
} from "../../core/drops/index.ts";
import type { Delivery, DeliveryState, DropStatus, Provider, Target } from "../../core/drops/model.ts";
import { watchStudy } from "../../core/events/index.ts";
import { type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { sse } from "../../http/sse.ts";
import { notFound } from "../../kernel/errors.ts";
import { readBody, schemaOf, text } from "./fields.ts";
import { BOOLEAN, INTEGER, list, media, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, stampOrNull, windowOf } from "./wire.ts";

const STATUSES: readonly DropStatus[] = ["NEW", "UPLOADING", "UPLOADED", "MOVING", "DONE", "ERROR"];
const DELIVERY_STATE = {
  queued: "PENDING",
  sending: "RUNNING",
  verifying: "RUNNING",
  done: "DONE",
  parked: "FAILED",
} satisfies Record<DeliveryState, string>;

export const deliveryShape = (delivery: Delivery, timeZone: string) => ({
  id: delivery.id,
  location: delivery.locationId ?? null,
  storage: delivery.storageName,
  engine: delivery.engine,
  state: DELIVERY_STATE[delivery.state],
  phase: delivery.state,
  encrypted: delivery.encrypted,
  attempts: delivery.attempts,
  message: delivery.reason,
  bytes_done: delivery.sentBytes,
  bytes_total: delivery.totalBytes,
  next_try_at: stampOrNull(delivery.nextTryAt, timeZone),
  proof: delivery.proof ?? null,
  proved_at: stampOrNull(delivery.provedAt, timeZone),
  proof_message: delivery.proofReason,
  started_at: stampOrNull(delivery.startedAt, timeZone),
  updated_at: stamp(delivery.updatedAt, timeZone),
});

const uploaderShape = (provider: Provider | undefined) =>
  provider ? { id: provider.invitationId, name: provider.name, email: provider.email } : null;

const dropShape = ({ drop, provider, deliveries, receiptPath }: SeenDrop, { settings }: Wire) => ({
  id: drop.id,
  study: drop.studyId,
  original_filename: drop.filename,
  folder: drop.folder,
  filesize: drop.sizeBytes,
  sha256: drop.sha256 ?? null,
  status: drop.status,
  status_message: drop.statusMessage,
  ip: drop.ip,
  encrypted: drop.encrypted,
  uploader: uploaderShape(provider),
  receipt_url: `${settings.publicUrl}${receiptPath}`,
  created_at: stamp(drop.createdAt, settings.timeZone),
  updated_at: stamp(drop.updatedAt, settings.timeZone),
  deliveries: deliveries.map(delivery => deliveryShape(delivery, settings.timeZone)),
});

const SHOWN_DELIVERY = {
  id: INTEGER,
  storage: STRING,
  engine: STRING,
  state: words([...new Set(Object.values(DELIVERY_STATE))]),
  phase: words(Object.keys(DELIVERY_STATE)),
  encrypted: BOOLEAN,
  attempts: INTEGER,
  message: STRING,
  bytes_done: INTEGER,
  bytes_total: INTEGER,
  started_at: orNull(STAMP),
  updated_at: STAMP,
};
const PROOF = { proof: orNull(words(["asked", "same", "differs", "unknown"])), proved_at: orNull(STAMP), proof_message: STRING };
/** As the provider sees it. */
export const providerDeliverySchema: Schema = object(SHOWN_DELIVERY);
const deliverySchema: Schema = object({ ...SHOWN_DELIVERY, location: orNull(INTEGER), next_try_at: orNull(STAMP), ...PROOF });
export const STATUS: Schema = words(STATUSES);
const dropSchema: Schema = object({
  id: INTEGER,
  study: INTEGER,
  original_filename: STRING,
  folder: STRING,
  filesize: INTEGER,
  sha256: orNull(STRING),
  status: STATUS,
  status_message: STRING,
  ip: STRING,
  encrypted: BOOLEAN,
  uploader: orNull(object({ id: INTEGER, name: STRING, email: STRING })),
  receipt_url: STRING,
  created_at: STAMP,
  updated_at: STAMP,
  deliveries: list(deliverySchema),
});
const PERSON_NAME = object({ first_name: STRING, last_name: STRING });
const targetSchema: Schema = object({
  id: INTEGER,
  name: STRING,
  description: STRING,
  owner: PERSON_NAME,
  upload_uuid: STRING,
  api_upload_url: STRING,
  web_upload_url: STRING,
  has_storage: BOOLEAN,
  not_allowed_extensions: list(STRING),
});
const dropPageSchema: Schema = object({
  name: STRING,
  description: STRING,
  owner: PERSON_NAME,
  not_allowed_extensions: list(STRING),
  upload_url: STRING,
  max_size_bytes: INTEGER,
  accepts: BOOLEAN,
  reason: STRING,
  encrypted: BOOLEAN,
  human_subject: BOOLEAN,
});
const validSchema: Schema = object({ valid: BOOLEAN, uploader: orNull(object({ name: STRING })) });

/** @throws "not-found" for a word that is no status (contract §4.7) */
function filterOf(wire: Wire): DropFilter {
  const { study, status } = wire.query;
  const known = STATUSES.find(word => word === status);
  if (status !== undefined && !known) throw notFound();
  if (study !== undefined && !/^\d{1,15}$/.test(study)) throw notFound();
  return { study: study === undefined ? undefined : Number(study), status: known, window: windowOf(pageAsked(wire)) };
}

/** What the portal needs to draw a drop-off page; never the upload code. */
const targetShape = (target: Target, { settings }: Wire) => ({
  id: target.studyId,
  name: target.name,
  description: target.description,
  owner: { first_name: target.owner.firstName, last_name: target.owner.lastName },
  upload_uuid: target.uploadUuid,
  api_upload_url: `${settings.uploadHost}/files/${target.uploadUuid}/`,
  web_upload_url: `${settings.dropoffBaseUrl}${target.uploadUuid}/`,
  has_storage: target.locations > 0,
  not_allowed_extensions: settings.notAllowedExtensions,
});

/** The same for a page that anyone with the link may open: no numbers of rows. */
const pageShape = (target: Target, wire: Wire) => {
  const { id: _, has_storage: __, upload_uuid: ___, web_upload_url: ____, api_upload_url, ...shown } = targetShape(target, wire);
  return {
    ...shown,
    upload_url: api_upload_url,
    max_size_bytes: largestFor(target, wire.settings.maxUploadBytes),
    accepts: closedBecause(target) === "",
    reason: closedBecause(target),
    encrypted: target.recipients.length > 0 || (target.locations > 0 && target.encryptedLocations === target.locations),
    human_subject: target.humanSubject,
  };
};

const CODE = { code: text({ max: 64, blank: true }) };
const codeAsked = (wire: Wire) => ({ uploadUuid: wire.params.uuid ?? "", ip: wire.ip, code: readBody(CODE, wire.body).code });
const validShape = (provider: Provider | undefined) => ({ valid: true, uploader: provider ? { name: provider.name } : null });

export const dropRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/dropoffs/",
    auth: "user",
    tag: "dropoffs",
    summary: "Drops of your studies, newest first",
    query: { ...PAGE_QUERY, study: { type: "integer" }, status: { type: "string", enum: STATUSES } },
    reply: pageSchema(dropSchema),
    in: filterOf,
    do: listDrops,
    out: (page, wire) => pageOut(page, wire, view => dropShape(view, wire)),
  }),
  route({
    method: "GET",
    path: "/api/v1/dropoffs/:id/",
    auth: "user",
    tag: "dropoffs",
    summary: "One drop with its deliveries",
    reply: dropSchema,
    in: idParam,
    do: readDrop,
    out: dropShape,
  }),
  route({
    method: "POST",
    path: "/api/v1/dropoffs/:id/retry/",
    auth: "user",
    tag: "dropoffs",
    summary: "Queue the failed deliveries again",
    status: 202,
    reply: dropSchema,
    in: idParam,
    do: retryDrop,
    out: dropShape,
  }),
  route({
    method: "POST",
    path: "/api/v1/dropoffs/:id/prove/",
    auth: "user",
    tag: "dropoffs",
    summary: "Read every delivered copy again and compare it",
    status: 202,
    reply: dropSchema,
    in: idParam,
    do: proveDropAgain,
    out: dropShape,
  }),
  route({
    method: "GET",
    path: "/api/v1/dropoffs/studies/:uuid/",
    auth: "super",
    tag: "dropoffs",
    summary: "A study as an upload page needs it",
    reply: targetSchema,
    in: wire => wire.params.uuid ?? "",
    do: readTarget,
    out: targetShape,
  }),
  route({
    method: "POST",
    path: "/api/v1/dropoffs/studies/:uuid/check/",
    auth: "super",
    tag: "dropoffs",
    summary: "Is this upload code right?",
    body: schemaOf(CODE),
    reply: validSchema,
    in: codeAsked,
    do: tryCode,
    out: validShape,
  }),
  route({
    method: "GET",
    path: "/api/v1/dropoffs/pages/:uuid/",
    auth: "none",
    tag: "dropoffs",
    summary: "A drop-off page",
    reply: dropPageSchema,
    in: wire => wire.params.uuid ?? "",
    do: readTarget,
    out: pageShape,
  }),
  route({
    method: "POST",
    path: "/api/v1/dropoffs/pages/:uuid/check/",
    auth: "none",
    tag: "dropoffs",
    summary: "Is this upload code right?",
    body: schemaOf(CODE),
    reply: validSchema,
    in: codeAsked,
    do: tryCode,
    out: validShape,
  }),
  route({
    method: "GET",
    path: "/api/v1/events/",
    auth: "user",
    tag: "events",
    summary: "What changes in a study, live (server-sent events)",
    query: { study: INTEGER },
    reply: media("text/event-stream", "One event per change, until the client hangs up."),
    in: studyAsked,
    do: watchStudy,
    out: sse,
  }),
];

function studyAsked(wire: Wire): number {
  const { study = "" } = wire.query;
  if (!/^[1-9]\d{0,14}$/.test(study)) throw notFound();
  return Number(study);
}
