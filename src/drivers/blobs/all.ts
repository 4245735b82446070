import { fileURLToPath } from "node:url";
import type { Blobs } from "../../ports/blobs.ts";
import { openFolderBlobs } from "./folder/index.ts";

export interface BlobSettings {
  readonly blobUrl: string;
  readonly blobAccessKey: string;
  readonly blobSecretKey: string;
}

/** The store of upload bytes that the settings name: a folder, or a bucket. */
export async function openBlobs({ blobUrl, blobAccessKey, blobSecretKey }: BlobSettings): Promise<Blobs> {
  if (blobUrl.startsWith("file:")) return openFolderBlobs(fileURLToPath(blobUrl));
  const [{ openS3Blobs }, { makeGuardedHttp }] = await Promise.all([import("./s3/index.ts"), import("../http/guarded.ts")]);
  const url = new URL(blobUrl.replace(/^s3\+http:/, "http:").replace(/^s3:/, "https:"));
  const [bucket = "", ...folders] = url.pathname
    .split("/")
    .filter(part => part !== "")
    .map(decodeURIComponent);
  return openS3Blobs({
    access: {
      endpoint: new URL(url.origin),
      bucket,
      region: url.searchParams.get("region") ?? undefined,
      accessKey: blobAccessKey,
      secretKey: blobSecretKey,
    },
    prefix: folders.map(folder => `${folder}/`).join(""),
    // Whoever runs the server chose this address: it may lie anywhere.
    http: makeGuardedHttp({ egressAllow: ["0.0.0.0/0", "::/0"] }),
  });
}
