import { ListObjectsV2Command, type ListObjectsV2CommandInput, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { S3 } from "./client.ts";
import { notS3 } from "./refusal.ts";

/** What a listing, or a question about one object, tells. */
export interface ListedObject {
  readonly Size?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly ETag?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
}

export interface ListPage {
  readonly keys: readonly (ListedObject & { readonly Key: string })[];
  /** With a delimiter: what keys go on behind, each ending in it. */
  readonly folders: readonly string[];
  readonly isLast: boolean;
}

export async function listObjects(
  s3: S3,
  query: Omit<ListObjectsV2CommandInput, "Bucket">,
  signal: AbortSignal,
): Promise<ListObjectsV2CommandOutput> {
  const input = { Bucket: s3.bucket, ...query };
  const found = await s3.ask(signal, (client, options) => client.send(new ListObjectsV2Command(input), options));
  // In a web page the SDK finds nothing, and says nothing.
  if (found.IsTruncated === undefined && found.Name === undefined) throw notS3(s3.where);
  return found;
}

/** Everything whose key begins so, page by page, in the order of keys. */
export async function* pagesOf(
  s3: S3,
  query: { readonly Prefix: string; readonly Delimiter?: string; readonly StartAfter?: string },
  signal: AbortSignal,
): AsyncGenerator<ListPage> {
  for (let ContinuationToken: string | undefined; ; ) {
    // Encoded, for a key may have characters in it that XML cannot hold.
    const found = await listObjects(s3, { ...query, ContinuationToken, EncodingType: "url" }, signal);
    const plain = (key = ""): string => (found.EncodingType === "url" ? decodeURIComponent(key.replaceAll("+", " ")) : key);
    const isLast = !found.IsTruncated || found.NextContinuationToken === undefined;
    yield {
      isLast,
      keys: (found.Contents ?? []).map(object => ({ ...object, Key: plain(object.Key) })),
      folders: (found.CommonPrefixes ?? []).map(one => plain(one.Prefix)),
    };
    ContinuationToken = found.NextContinuationToken;
    if (isLast) return;
  }
}
