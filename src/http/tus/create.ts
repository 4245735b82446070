import {
  type Created,
  createJoined,
  createPart,
  createUpload,
  type NewUpload,
  terminateUpload,
} from "../../core/uploads/index.ts";
import { asHavreError, HavreError, notFound } from "../../kernel/errors.ts";
import { type Exchange, ipOf, locationOf } from "./exchange.ts";
import { type Concat, languageOf, parseConcat, parseLength, parseMetadata } from "./headers.ts";
import { BYTES, receiveBytes } from "./receive.ts";
import { atCreation, expires, type TusReply } from "./reply.ts";

/** POST: begins an upload, or joins finished parts. @returns undefined when the client went away */
export async function create(exchange: Exchange, studyUuid: string | undefined): Promise<TusReply | undefined> {
  try {
    const concat = parseConcat(exchange.request.headers["upload-concat"]);
    const bringsBytes = bodyExpected(exchange);
    if (bringsBytes && concat.kind === "joined") throw new HavreError("invalid", "A joined upload takes no bytes of its own.");
    const created = await begin(exchange, askedBy(exchange, studyUuid, concat), concat);
    const standing = bringsBytes ? await firstBytes(exchange, created) : created;
    return standing && replyOf(exchange, created, standing, bringsBytes);
  } catch (error) {
    throw atCreation(asHavreError(error));
  }
}

/**
 * The study is in the path. Only a believed front may put it into the metadata instead. The client's own `study` and `ip` count
 * for nothing, nor does what the front says of the address when it also sends X-Forwarded-For: that one cannot be forged by
 * going around the front's rewriting.
 */
function askedBy(exchange: Exchange, studyUuid: string | undefined, concat: Concat): NewUpload {
  const { request, peer, believed } = exchange;
  const { metadata, study, ip } = parseMetadata(request.headers["upload-metadata"]);
  const fromFront = believed.has(peer);
  const uuid = studyUuid ?? (fromFront ? study : undefined);
  if (uuid === undefined) throw notFound("Unknown study");
  return {
    studyUuid: uuid,
    ip:
      fromFront && studyUuid === undefined && request.headers["x-forwarded-for"] === undefined && ip !== undefined
        ? ip
        : ipOf(exchange),
    language: languageOf(request.headers["accept-language"]),
    lengthBytes:
      concat.kind === "joined"
        ? undefined
        : parseLength(request.headers["upload-length"], request.headers["upload-defer-length"]),
    metadata,
  };
}

function begin({ world, holds }: Exchange, asked: NewUpload, concat: Concat): Promise<Created> {
  if (concat.kind === "joined") return createJoined(world, holds, asked, concat.parts);
  return concat.kind === "part" ? createPart(world, asked) : createUpload(world, asked);
}

function bodyExpected({ request }: Exchange): boolean {
  const { "content-length": length, "transfer-encoding": encoding, "content-type": type } = request.headers;
  if ((length === undefined || Number(length) === 0) && encoding === undefined) return false;
  if (type?.toLowerCase() !== BYTES) throw new HavreError("invalid", `Bytes come as ${BYTES}.`, { detail: { status: 415 } });
  return true;
}

/** When these are refused, so is the whole: the client never learns where it could go on. */
async function firstBytes(exchange: Exchange, { upload }: Created): ReturnType<typeof receiveBytes> {
  try {
    return await receiveBytes(exchange, upload.id, 0);
  } catch (error) {
    await terminateUpload(exchange.world, exchange.holds, upload.id).catch(() => undefined);
    throw error;
  }
}

function replyOf(
  exchange: Exchange,
  { receiptSecret }: Created,
  { upload, offsetBytes }: Pick<Created, "upload" | "offsetBytes">,
  bringsBytes: boolean,
): TusReply {
  return {
    status: 201,
    headers: {
      Location: locationOf(exchange, upload.id),
      "Upload-Expires": upload.kind === "joined" ? undefined : expires(upload),
      "Upload-Offset": bringsBytes ? String(offsetBytes) : undefined,
      "Havre-Receipt": receiptSecret === undefined ? undefined : `/receipts/${receiptSecret}`,
    },
  };
}
