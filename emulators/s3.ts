import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/**
 * A small S3 server in memory, for what OpenStack Swift does not do (hashes that are kept, writes on a condition, other regions) and
 * for faults on command. Bodies are compared with the hashes sent along; signatures are not checked, only whose key it is.
 */
export interface S3Emulator {
  readonly url: string;
  readonly accessKey: string;
  /** By bucket and name, "bucket/a/b". */
  readonly objects: Map<string, StoredObject>;
  readonly faults: S3Faults;
  /** "PUT bucket/a/b", in the order in which they came. */
  readonly requests: string[];
  /** Of interrupted uploads. */
  uploads(): number;
  stop(): Promise<void>;
}

export interface S3Faults {
  /** An answer instead of the right one. */
  answer?: (method: string, target: string) => S3Answer | undefined;
  /** Does what was asked, and cuts the connection instead of answering. */
  losesAnswer?: (method: string, target: string) => boolean;
  /** The server's clock, against ours. */
  clockSkewMs?: number;
  /** Says so many bytes more than it sends, and cuts. */
  liesAboutBytes?: number;
  /** Keeps no hashes and knows no conditions, like many servers. */
  isPlain?: boolean;
}

export interface S3Answer {
  readonly status: number;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly more?: string;
  /** Instead of XML. */
  readonly page?: string;
}

export interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modifiedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly sha256: string | undefined;
}

interface Upload {
  readonly target: string;
  readonly begunAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

const SKEW_MS = 15 * 60_000;
const MIN_PART_BYTES = 5 * 1024 * 1024;
const KEPT = /^(content-type|content-encoding|content-disposition|content-language|cache-control|x-amz-meta-.*)$/;

class Refused extends Error {
  readonly answer: S3Answer;
  constructor(status: number, code: string, more = "", headers: Record<string, string> = {}) {
    super(code);
    this.answer = { status, code, more, headers };
  }
}

export async function startS3({ accessKey = "AKIAEMULATOR", region = "us-east-1", bucket = "bucket" } = {}): Promise<S3Emulator> {
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, Upload>();
  const faults: S3Faults = {};
  const requests: string[] = [];
  const now = (): Date => new Date(Date.now() + (faults.clockSkewMs ?? 0));

  const server = createServer((request, response) => {
    serve(request, response).catch(error => {
      if (response.headersSent) return void response.destroy();
      if (error instanceof Refused) return refuse(request, response, error.answer);
      refuse(request, response, { status: 500, code: "InternalError", more: "" });
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? "/", "http://s3");
    const target = decodeURIComponent(url.pathname.slice(1));
    const method = request.method ?? "GET";
    requests.push(`${method} ${target}${url.search.length > 1 ? `?${[...url.searchParams.keys()].join("&")}` : ""}`);
    const instead = faults.answer?.(method, target);
    if (instead) return refuse(request, response, instead);
    checkCaller(request);
    const body = await bodyOf(request);
    if (faults.losesAnswer?.(method, target)) response.write = response.end = (() => response.destroy()) as never;
    if (target.split("/")[0] !== bucket) throw new Refused(404, "NoSuchBucket");
    response.setHeader("date", now().toUTCString());
    if (!target.includes("/") || target.endsWith(`${bucket}/`)) return inBucket(method, url.searchParams, response);
    if (url.searchParams.has("uploads") || url.searchParams.has("uploadId"))
      return inUpload(method, target, url.searchParams, request, body, response);
    return inObject(method, target, request, body, response);
  }

  function checkCaller({ headers }: IncomingMessage): void {
    const [, key, scope] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(headers.authorization ?? "") ?? [];
    if (key === undefined) throw new Refused(403, "AccessDenied");
    if (key !== accessKey) throw new Refused(403, "InvalidAccessKeyId");
    const sent = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers["x-amz-date"]))?.slice(1).map(Number) ?? [];
    const sentAt = Date.UTC(sent[0] ?? 0, (sent[1] ?? 1) - 1, sent[2], sent[3], sent[4], sent[5]);
    if (Math.abs(sentAt - now().getTime()) > SKEW_MS)
      throw new Refused(403, "RequestTimeTooSkewed", `<ServerTime>${now().toISOString()}</ServerTime>`, {
        date: now().toUTCString(),
      });
    if (scope !== region) throw new Refused(400, "AuthorizationHeaderMalformed", `<Region>${region}</Region>`);
  }

  async function bodyOf(request: IncomingMessage): Promise<Buffer> {
    const body = await buffer(request);
    const hash = createHash("sha256").update(body).digest();
    const signed = request.headers["x-amz-content-sha256"];
    if (/^[0-9a-f]{64}$/.test(String(signed)) && signed !== hash.toString("hex"))
      throw new Refused(400, "XAmzContentSHA256Mismatch");
    const told = request.headers["x-amz-checksum-sha256"];
    if (!faults.isPlain && told !== undefined && told !== hash.toString("base64")) throw new Refused(400, "BadDigest");
    const md5 = request.headers["content-md5"];
    if (md5 !== undefined && md5 !== createHash("md5").update(body).digest("base64")) throw new Refused(400, "BadDigest");
    return body;
  }

  function inBucket(method: string, query: URLSearchParams, response: ServerResponse): unknown {
    if (method === "PUT" || method === "HEAD") return response.writeHead(200).end();
    if (method !== "GET") throw new Refused(405, "MethodNotAllowed");
    const prefix = query.get("prefix") ?? "";
    if (query.has("uploads")) return answer(response, "ListMultipartUploadsResult", uploadsXml(prefix));
    const most = Math.min(1000, Number(query.get("max-keys") ?? 1000));
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const items = grouped(prefix, query.get("delimiter") ?? "").filter(({ key }) => byBytes(key, after) > 0);
    const page = items.slice(0, most);
    const isTruncated = items.length > page.length;
    const name = (text: string): string => (query.get("encoding-type") === "url" ? encodeURIComponent(text) : escaped(text));
    return answer(
      response,
      "ListBucketResult",
      `<IsTruncated>${isTruncated}</IsTruncated><KeyCount>${page.length}</KeyCount>` +
        (query.has("encoding-type") ? "<EncodingType>url</EncodingType>" : "") +
        (isTruncated ? `<NextContinuationToken>${escaped(page.at(-1)?.key ?? "")}</NextContinuationToken>` : "") +
        page
          .map(({ key, object }) =>
            object === undefined
              ? `<CommonPrefixes><Prefix>${name(key)}</Prefix></CommonPrefixes>`
              : `<Contents><Key>${name(key)}</Key><LastModified>${object.modifiedAt.toISOString()}</LastModified>` +
                `<ETag>${escaped(object.etag)}</ETag><Size>${object.bytes.length}</Size></Contents>`,
          )
          .join(""),
    );
  }

  /** Names below a prefix, in the order of their bytes; what goes on behind the delimiter is one. */
  function grouped(prefix: string, delimiter: string): { key: string; object: StoredObject | undefined }[] {
    const found = new Map<string, StoredObject | undefined>();
    for (const [target, object] of objects) {
      const key = target.slice(bucket.length + 1);
      if (!key.startsWith(prefix)) continue;
      const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      if (at === -1) found.set(key, object);
      else found.set(key.slice(0, at + delimiter.length), undefined);
    }
    return [...found].map(([key, object]) => ({ key, object })).sort((one, other) => byBytes(one.key, other.key));
  }

  function inObject(method: string, target: string, request: IncomingMessage, body: Buffer, response: ServerResponse): unknown {
    const { headers } = request;
    if (method === "DELETE") {
      objects.delete(target);
      return response.writeHead(204).end();
    }
    if (method === "PUT") {
      mayWrite(target, headers);
      const source = headers["x-amz-copy-source"];
      if (source !== undefined) return copy(decodeURIComponent(String(source)).replace(/^\//, ""), target, headers, response);
      const object = store(target, body, keptOf(headers), createHash("sha256").update(body).digest("base64"));
      return response.writeHead(200, { etag: object.etag }).end();
    }
    const object = objects.get(target);
    if (object === undefined) throw new Refused(404, "NoSuchKey");
    const [from, to] = rangeOf(String(headers.range ?? ""), object.bytes.length);
    const part = object.bytes.subarray(from, to);
    const shown = {
      ...object.headers,
      etag: object.etag,
      "last-modified": object.modifiedAt.toUTCString(),
      "content-length": part.length + (method === "GET" ? (faults.liesAboutBytes ?? 0) : 0),
      ...(headers.range === undefined ? {} : { "content-range": `bytes ${from}-${to - 1}/${object.bytes.length}` }),
      ...(headers["x-amz-checksum-mode"] === "ENABLED" && object.sha256 !== undefined && !faults.isPlain
        ? { "x-amz-checksum-sha256": object.sha256 }
        : {}),
    };
    response.writeHead(headers.range === undefined ? 200 : 206, shown);
    if (method === "HEAD") return response.end();
    if (faults.liesAboutBytes) return response.write(part, () => response.destroy());
    return response.end(part);
  }

  function mayWrite(target: string, headers: IncomingMessage["headers"]): void {
    if (headers["if-none-match"] === undefined) return;
    if (faults.isPlain) throw new Refused(501, "NotImplemented");
    if (objects.has(target)) throw new Refused(412, "PreconditionFailed");
  }

  function copy(source: string, target: string, headers: IncomingMessage["headers"], response: ServerResponse): unknown {
    const object = objects.get(source);
    if (object === undefined) throw new Refused(404, "NoSuchKey");
    const kept = headers["x-amz-metadata-directive"] === "REPLACE" ? keptOf(headers) : object.headers;
    const { etag, modifiedAt } = store(target, object.bytes, kept, object.sha256);
    return answer(
      response,
      "CopyObjectResult",
      `<ETag>${escaped(etag)}</ETag><LastModified>${modifiedAt.toISOString()}</LastModified>`,
    );
  }

  function store(target: string, bytes: Buffer, headers: Record<string, string>, sha256: string | undefined): StoredObject {
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const object = { bytes, etag, modifiedAt: now(), headers, sha256 };
    objects.set(target, object);
    return object;
  }

  function inUpload(
    method: string,
    target: string,
    query: URLSearchParams,
    { headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): unknown {
    const id = query.get("uploadId") ?? randomUUID();
    if (method === "POST" && query.has("uploads")) {
      uploads.set(id, { target, begunAt: now(), headers: keptOf(headers), parts: new Map() });
      return answer(response, "InitiateMultipartUploadResult", `<UploadId>${id}</UploadId>`);
    }
    const upload = uploads.get(id);
    if (upload === undefined) throw new Refused(404, "NoSuchUpload");
    if (method === "DELETE") {
      uploads.delete(id);
      return response.writeHead(204).end();
    }
    if (method === "GET") return answer(response, "ListPartsResult", partsXml(upload));
    if (method === "PUT") {
      const bytes = partFor(headers, body);
      upload.parts.set(Number(query.get("partNumber")), bytes);
      const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
      if (headers["x-amz-copy-source"] !== undefined) return answer(response, "CopyPartResult", `<ETag>${escaped(etag)}</ETag>`);
      return response.writeHead(200, { etag }).end();
    }
    mayWrite(target, headers);
    const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(found => Number(found[1]));
    const parts = numbers.map(number => upload.parts.get(number));
    if (parts.length === 0 || parts.includes(undefined)) throw new Refused(400, "InvalidPart");
    if (parts.slice(0, -1).some(part => (part?.length ?? 0) < MIN_PART_BYTES)) throw new Refused(400, "EntityTooSmall");
    const hashes = parts.map(part => createHash("sha256").update(part!).digest());
    const composite = `${createHash("sha256").update(Buffer.concat(hashes)).digest("base64")}-${parts.length}`;
    const { etag } = store(target, Buffer.concat(parts as Buffer[]), upload.headers, composite);
    uploads.delete(id);
    return answer(response, "CompleteMultipartUploadResult", `<ETag>${escaped(etag)}</ETag>`);
  }

  function partFor(headers: IncomingMessage["headers"], body: Buffer): Buffer {
    const source = headers["x-amz-copy-source"];
    if (source === undefined) return body;
    const object = objects.get(decodeURIComponent(String(source)).replace(/^\//, ""));
    if (object === undefined) throw new Refused(404, "NoSuchKey");
    const [from, to] = rangeOf(String(headers["x-amz-copy-source-range"] ?? ""), object.bytes.length);
    return object.bytes.subarray(from, to);
  }

  const uploadsXml = (prefix: string): string =>
    [...uploads]
      .filter(([, { target }]) => target.slice(bucket.length + 1).startsWith(prefix))
      .map(
        ([id, { target, begunAt }]) =>
          `<Upload><Key>${escaped(target.slice(bucket.length + 1))}</Key><UploadId>${id}</UploadId>` +
          `<Initiated>${begunAt.toISOString()}</Initiated></Upload>`,
      )
      .join("");

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${bucket}`,
    accessKey,
    objects,
    faults,
    requests,
    uploads: () => uploads.size,
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const partsXml = ({ parts }: Upload): string =>
  [...parts]
    .sort(([one], [other]) => one - other)
    .map(
      ([number, bytes]) =>
        `<Part><PartNumber>${number}</PartNumber><Size>${bytes.length}</Size>` +
        `<ETag>&quot;${createHash("md5").update(bytes).digest("hex")}&quot;</ETag></Part>`,
    )
    .join("");

const keptOf = (headers: IncomingMessage["headers"]): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (KEPT.test(name) ? [[name, String(value)]] : [])));

/** @throws 416 for a range that begins behind the end */
function rangeOf(range: string, sizeBytes: number): [from: number, to: number] {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  if (from === undefined) return [0, sizeBytes];
  if (Number(from) >= sizeBytes) throw new Refused(416, "InvalidRange");
  return [Number(from), Math.min(sizeBytes, to ? Number(to) + 1 : sizeBytes)];
}

function answer(response: ServerResponse, name: string, xml: string): ServerResponse {
  response.writeHead(200, { "content-type": "application/xml" });
  return response.end(
    `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${xml}</${name}>`,
  );
}

function refuse(request: IncomingMessage, response: ServerResponse, given: S3Answer): void {
  const { status, code = "", more = "", headers = {} } = given;
  const { page = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message>${more}</Error>` } = given;
  response.writeHead(status, { "content-type": "application/xml", ...headers });
  response.end(request.method === "HEAD" ? "" : page);
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
