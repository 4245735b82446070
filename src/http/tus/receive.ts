import { createHash } from "node:crypto";
import { Intake, type Standing, tooLong } from "../../core/uploads/index.ts";
import { SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { readBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { parseBytesHeader, parseChecksum } from "./headers.ts";

export const BYTES = "application/offset+octet-stream";
/** A connection that brings nothing for so long is given up; what arrived is kept. */
const IDLE_MS = 60 * SECOND;

/**
 * Takes the request's body to the upload, from the offset on.
 * @returns undefined when the request was cut short: nobody is there to be answered
 * @throws what Intake throws; "checksum" when the body is not what `Upload-Checksum` says: then nothing of it is kept
 */
export async function receiveBytes(
  exchange: Exchange,
  id: string,
  offsetBytes: number,
  lengthBytes?: number,
): Promise<Standing | undefined> {
  const { request, world, holds, closing } = exchange;
  const checksum = parseChecksum(request.headers["upload-checksum"]);
  const bodyBytes = parseBytesHeader("Content-Length", request.headers["content-length"]);
  const yielding = new AbortController();
  const intake = await Intake.open(world, holds, id, { offsetBytes, lengthBytes, bodyBytes }, () => yielding.abort());

  const digest = checksum && createHash(checksum.algorithm);
  const take = (chunk: Uint8Array): Promise<void> => {
    digest?.update(chunk);
    return intake.write(chunk);
  };
  const signal = AbortSignal.any([closing, yielding.signal]);
  const { end, failure, response } = await readBody(request, exchange.response, {
    take,
    mostBytes: intake.roomBytes,
    idleMs: IDLE_MS,
    signal,
  });
  exchange.response = response;
  if (failure !== undefined) {
    await intake.keep().catch(() => undefined);
    throw failure;
  }

  const arrivedWrong = end === "whole" && checksum !== undefined && !digest?.digest().equals(checksum.digest);
  // A body that was cut short cannot be checked, so a client that wants checks gets none of it.
  if (arrivedWrong || end === "excess" || (end === "cut" && checksum)) await intake.undo();
  else if (end === "cut") await intake.keep();
  if (arrivedWrong)
    throw new HavreError("checksum", "The bytes that arrived are not those of Upload-Checksum. Please send them again.");
  if (end === "excess") throw tooLong({ lengthBytes: intake.start + intake.roomBytes });
  return end === "whole" ? intake.finish() : undefined;
}
