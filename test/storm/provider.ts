import { createHash } from "node:crypto";
import * as tus from "tus-js-client";

const MIB = 1024 * 1024;
/** Longer than any restart takes. */
const RETRY_DELAYS_MS = Array.from({ length: 400 }, () => 200);

export type Manner = "one request" | "chunks" | "parallel";

export interface HandIn {
  readonly name: string;
  readonly endpoint: string;
  readonly code: string;
  readonly bytes: Buffer;
  readonly manner: Manner;
  /** Every byte was handed to the network; the answer is still to come. */
  readonly onSent: () => void;
}

export interface HandedIn {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Requests that asked for a new upload: more than one when an answer was lost. */
  readonly creations: number;
  /** Times it went on from an offset above zero. */
  readonly resumes: number;
}

/** A provider's browser that does not give up. Resolves when the server has said that the file is there. */
export function handIn({ name, endpoint, code, bytes, manner, onSent }: HandIn): Promise<HandedIn> {
  const metadata = { filename: name, upload_code: code };
  let creations = 0;
  let resumes = 0;
  let startsAgain = 0;
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(bytes, {
      endpoint,
      metadata,
      chunkSize: manner === "chunks" ? 4 * MIB : Number.POSITIVE_INFINITY,
      ...(manner === "parallel" ? { parallelUploads: 3, metadataForPartialUploads: metadata } : {}),
      retryDelays: RETRY_DELAYS_MS,
      onAfterResponse: (request, response) => {
        if (request.getMethod() === "HEAD" && Number(response.getHeader("Upload-Offset")) > 0) resumes++;
      },
      onBeforeRequest: request => {
        if (request.getMethod() === "POST") creations++;
      },
      onProgress: (sent, total) => {
        if (sent === total) onSent();
      },
      // The library does not repeat the request that joins parallel parts: its user does.
      onError: error => {
        if (manner === "parallel" && isPassing(error) && startsAgain++ < 10) setTimeout(() => upload.start(), 500);
        else reject(new Error(`${name}: ${error.message}`, { cause: error }));
      },
      onSuccess: () =>
        resolve({
          name,
          sizeBytes: bytes.length,
          sha256: createHash("sha256").update(bytes).digest("hex"),
          creations,
          resumes,
        }),
    });
    upload.start();
  });
}

const isPassing = (error: Error | tus.DetailedError): boolean =>
  !("originalResponse" in error) || !error.originalResponse || error.originalResponse.getStatus() >= 500;
