import { standingOf, terminateUpload } from "../../core/uploads/index.ts";
import { HavreError } from "../../kernel/errors.ts";
import { type Exchange, locationOf } from "./exchange.ts";
import { formatMetadata, parseBytesHeader } from "./headers.ts";
import { BYTES, receiveBytes } from "./receive.ts";
import { expires, type TusReply } from "./reply.ts";

/** HEAD: how far it is. Of the metadata only what the provider said to show. */
export async function head(exchange: Exchange, id: string): Promise<TusReply> {
  const { upload, offsetBytes } = await standingOf(exchange.world, exchange.holds, id);
  const parts = upload.parts.map(part => locationOf(exchange, part)).join(" ");
  return {
    status: 200,
    headers: {
      "Upload-Offset": String(offsetBytes),
      "Upload-Length": upload.lengthBytes?.toString(),
      "Upload-Defer-Length": upload.lengthBytes === undefined ? "1" : undefined,
      "Upload-Metadata": formatMetadata(upload.metadata) || undefined,
      "Upload-Expires": expires(upload),
      "Upload-Concat": upload.kind === "whole" ? undefined : upload.kind === "part" ? "partial" : `final;${parts}`,
    },
  };
}

/** PATCH: the next bytes. The offset in the reply is on disk. @returns undefined when the client went away */
export async function patch(exchange: Exchange, id: string): Promise<TusReply | undefined> {
  const { headers } = exchange.request;
  if (headers["content-type"]?.toLowerCase() !== BYTES)
    throw new HavreError("invalid", `Bytes come as ${BYTES}.`, { detail: { status: 415 } });
  const offset = parseBytesHeader("Upload-Offset", headers["upload-offset"]);
  if (offset === undefined) throw new HavreError("invalid", "Upload-Offset is missing.");
  const standing = await receiveBytes(exchange, id, offset, parseBytesHeader("Upload-Length", headers["upload-length"]));
  return (
    standing && {
      status: 204,
      headers: { "Upload-Offset": String(standing.offsetBytes), "Upload-Expires": expires(standing.upload) },
    }
  );
}

/** DELETE: cancels an unfinished upload. */
export async function remove(exchange: Exchange, id: string): Promise<TusReply> {
  await terminateUpload(exchange.world, exchange.holds, id);
  return { status: 204, headers: {} };
}
