import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import * as tus from "tus-js-client";
import type { TestStudy } from "../harness/study.ts";

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export interface SendOptions {
  readonly endpoint?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly chunkBytes?: number;
  /** Uploads under way together, joined at the end. */
  readonly parallel?: number;
}

/** Hands a file in as a provider's browser does. Rejects with the server's status and words. */
export function send(study: TestStudy, filename: string, bytes: Buffer, options: SendOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    new tus.Upload(bytes, {
      endpoint: options.endpoint ?? study.api_upload_url,
      chunkSize: options.chunkBytes ?? Number.POSITIVE_INFINITY,
      ...(options.parallel === undefined
        ? {}
        : { parallelUploads: options.parallel, metadataForPartialUploads: { upload_code: study.upload_code } }),
      retryDelays: [0, 200, 500],
      metadata: { filename, upload_code: study.upload_code, ...options.metadata },
      onError: reject,
      onSuccess: () => resolve(),
    }).start();
  });
}

const TUS = { "tus-resumable": "1.0.0" };

/** A bare tus client, for tests that want to see each answer. */
export async function create(
  study: TestStudy,
  filename: string,
  sizeBytes: number,
  endpoint = study.api_upload_url,
): Promise<Response> {
  const metadata = Object.entries({ filename, upload_code: study.upload_code }).map(
    ([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`,
  );
  const headers = { ...TUS, "upload-length": String(sizeBytes), "upload-metadata": metadata.join(",") };
  return fetch(endpoint, { method: "POST", headers });
}

export const patch = (url: string, offsetBytes: number, bytes: Buffer): Promise<Response> =>
  fetch(url, {
    method: "PATCH",
    headers: { ...TUS, "upload-offset": String(offsetBytes), "content-type": "application/offset+octet-stream" },
    body: new Uint8Array(bytes),
  });

export const offsetOf = async (url: string): Promise<number> =>
  Number((await fetch(url, { method: "HEAD", headers: TUS })).headers.get("upload-offset"));

/** Every file below a folder, by its path in it; hidden ones too. None when there is no such folder. */
export const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter(path => statSync(join(folder, path)).isFile())
        .sort()
    : [];
