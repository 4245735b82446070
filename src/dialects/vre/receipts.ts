import { crateOf, type ReceiptView, readReceipt, receiptDocument, receiptPath } from "../../core/drops/index.ts";
import { watchReceipt } from "../../core/events/index.ts";
import { type Reply, type Route, route, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { sse } from "../../http/sse.ts";
import { deliveryShape, providerDeliverySchema, STATUS } from "./drops.ts";
import { BOOLEAN, INTEGER, list, media, object, orNull, STAMP, STRING } from "./schemas.ts";
import { stamp, stampOrNull } from "./wire.ts";

/** A receipt is shown to whoever has its secret link: the provider has no account. */
const secretOf = (wire: Wire): string => wire.params.secret ?? "";

function receiptShape(view: ReceiptView, { settings }: Wire) {
  const { drop, target, upload, deliveries, hops, secret } = view;
  const api = `${settings.publicUrl}/api/v1/receipts/${secret}`;
  return {
    drop: {
      id: drop.publicId,
      original_filename: drop.filename,
      folder: drop.folder,
      filesize: drop.sizeBytes,
      sha256: drop.sha256 ?? null,
      status: drop.status,
      status_message: drop.statusMessage,
      encrypted: drop.encrypted,
      created_at: stamp(drop.createdAt, settings.timeZone),
      received_at: stampOrNull(drop.receivedAt, settings.timeZone),
    },
    study: { name: target.name },
    upload: upload
      ? { offset: upload.offsetBytes, length: upload.lengthBytes ?? null, expires_at: stamp(upload.expiresAt, settings.timeZone) }
      : null,
    deliveries: deliveries.map(delivery => providerShape(deliveryShape(delivery, settings.timeZone))),
    custody: hops,
    page_url: `${settings.publicUrl}${receiptPath(secret)}`,
    receipt_url: `${api}/receipt.json`,
    crate_url: `${api}/ro-crate.zip`,
  };
}

const receiptSchema: Schema = object({
  drop: object({
    id: { type: "string", format: "uuid" },
    original_filename: STRING,
    folder: STRING,
    filesize: INTEGER,
    sha256: orNull(STRING),
    status: STATUS,
    status_message: STRING,
    encrypted: BOOLEAN,
    created_at: STAMP,
    received_at: orNull(STAMP),
  }),
  study: object({ name: STRING }),
  upload: orNull(object({ offset: INTEGER, length: orNull(INTEGER), expires_at: STAMP })),
  deliveries: list(providerDeliverySchema),
  custody: { ...list({ type: "object" }), description: "The signed steps; see docs/receipts.md." },
  page_url: STRING,
  receipt_url: STRING,
  crate_url: STRING,
});

/** The provider learns where copies are and how they fare, not the numbers of our rows. */
const providerShape = ({
  location: _,
  next_try_at: __,
  proof: ___,
  proved_at: ____,
  proof_message: _____,
  ...shown
}: ReturnType<typeof deliveryShape>) => shown;

const download = (name: string, type: string, body: string | Buffer): Reply =>
  new SpecialReply(200, body, {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "cache-control": "no-store",
  });

export const receiptRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/receipts/:secret/",
    auth: "none",
    tag: "receipts",
    summary: "What became of a drop",
    reply: receiptSchema,
    in: secretOf,
    do: readReceipt,
    out: receiptShape,
  }),
  route({
    method: "GET",
    path: "/api/v1/receipts/:secret/receipt.json",
    auth: "none",
    tag: "receipts",
    summary: "The signed receipt",
    reply: { type: "object", description: "Described in docs/receipts.md." },
    in: secretOf,
    do: readReceipt,
    out: (view, wire) =>
      download(
        "receipt.json",
        "application/json",
        `${JSON.stringify(receiptDocument(view, wire.settings.publicUrl), undefined, 2)}\n`,
      ),
  }),
  route({
    method: "GET",
    path: "/api/v1/receipts/:secret/ro-crate.zip",
    auth: "none",
    tag: "receipts",
    summary: "The receipt as an RO-Crate",
    reply: media("application/zip", "The crate."),
    in: secretOf,
    do: readReceipt,
    out: (view, wire) =>
      download("ro-crate.zip", "application/zip", Buffer.from(crateOf(view, receiptDocument(view, wire.settings.publicUrl)))),
  }),
  route({
    method: "GET",
    path: "/api/v1/receipts/:secret/events/",
    auth: "none",
    tag: "receipts",
    summary: "Changes of a drop, live (server-sent events)",
    reply: media("text/event-stream", "One event per change, until the client hangs up."),
    in: secretOf,
    do: watchReceipt,
    out: sse,
  }),
];
