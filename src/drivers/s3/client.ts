import { createHash } from "node:crypto";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { KIB } from "../../kernel/units.ts";
import type { GuardedHttp, HttpRequest } from "../http/guarded.ts";
import { asRefusal, type SdkError } from "./refusal.ts";

/** A bucket, and who asks. */
export interface S3Access {
  /** Of the server; buckets are the first part of a path. */
  readonly endpoint: URL;
  readonly bucket: string;
  /** Undefined: `us-east-1`, or what the server says when that is wrong. */
  readonly region: string | undefined;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What every command is sent with; as the SDK calls it. */
interface HandlerOptions {
  readonly abortSignal: AbortSignal;
  readonly requestTimeout?: number;
}

type Act<T> = (client: S3Client, options: HandlerOptions) => Promise<T>;

/** The SDK over the guarded client, for one bucket: every refusal a HavreError that names host, bucket and reason. */
export interface S3 {
  /** Engine, host and bucket, as error messages begin. */
  readonly where: string;
  readonly bucket: string;
  /**
   * Runs one command. It is run a second time, made anew by `act`, when the server told what was wrong with the first one: the time
   * of day or the region. @throws HavreError; a signal's own reason
   */
  ask<T>(signal: AbortSignal, act: Act<T>, answerWithinMs?: number): Promise<T>;
  close(): Promise<void>;
}

const DEFAULT_REGION = "us-east-1";

/** @param http closed together with the client */
export function openS3Client(access: S3Access, http: GuardedHttp): S3 {
  const where = `S3 ${access.endpoint.host}/${access.bucket}`;
  let region = access.region ?? regionIn(access.endpoint.hostname) ?? DEFAULT_REGION;
  const client = new S3Client({
    endpoint: access.endpoint.href,
    region: async () => region,
    credentials: { accessKeyId: access.accessKey, secretAccessKey: access.secretKey },
    forcePathStyle: true,
    requestHandler: guardedHandler(http, where) as NonNullable<S3ClientConfig["requestHandler"]>,
    // It has words for whoever runs it, to the console.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    // Without these the SDK reads the files and the environment of whoever runs Havre.
    ...{ maxAttempts: 1, retryMode: "standard", defaultsMode: "standard", userAgentAppId: "havre", useArnRegion: false },
    ...{ useDualstackEndpoint: false, useFipsEndpoint: false, disableS3ExpressSessionAuth: true, sigv4aSigningRegionSet: [] },
    ...{ disableMultiregionAccessPoints: true, authSchemePreference: [] },
    // What the SDK adds by itself only AWS understands; we say our own hashes.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // Havre may send much at once, and a server that wants to refuse can do so with its answer.
    expectContinueHeader: false,
  } as S3ClientConfig);

  const beforeSigning = { step: "build", name: "signByHash" } as const;
  client.middlewareStack.add(
    next => args => {
      signByHash((args.request as SdkRequest).headers);
      return next(args);
    },
    beforeSigning,
  );

  const ask = async <T>(signal: AbortSignal, act: Act<T>, answerWithinMs?: number): Promise<T> => {
    signal.throwIfAborted();
    const options: HandlerOptions = {
      abortSignal: signal,
      ...(answerWithinMs === undefined ? {} : { requestTimeout: answerWithinMs }),
    };
    for (let tries = 1; ; tries++)
      try {
        return await act(client, options);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const told = regionToldIn(error as SdkError);
        if (tries > 1 || !((told !== undefined && told !== region) || (error as SdkError).$metadata?.clockSkewCorrected))
          throw asRefusal(where, error);
        region = told ?? region;
      }
  };
  return { where, bucket: access.bucket, ask, close: () => http.close() };
}

/** `s3.eu-west-1.amazonaws.com` and its like. */
const regionIn = (host: string): string | undefined => /^s3[.-]([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/.exec(host)?.[1];

const regionToldIn = (error: SdkError): string | undefined =>
  error.Region ?? error.$response?.headers?.["x-amz-bucket-region"] ?? undefined;

/** What the SDK gives a handler, as far as it is looked at here. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** The SDK's own way out would reach any address. */
function guardedHandler(http: GuardedHttp, where: string) {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    async handle(request: SdkRequest, { abortSignal, requestTimeout }: HandlerOptions) {
      const { host: _, ...headers } = request.headers;
      const reply = await http.request({
        method: request.method,
        url: urlOf(request),
        headers,
        ...bodyOf(request.body),
        signal: abortSignal,
        calledAs: where,
        ...(requestTimeout === undefined ? {} : { answerWithinMs: requestTimeout }),
      });
      return { response: { statusCode: reply.status, reason: "", headers: flat(reply.headers), body: reply.body } };
    },
  };
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): URL {
  const host = hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
  const url = new URL(`${protocol}//${host}${port === undefined ? "" : `:${port}`}`);
  // Not through the URL's own setters, which would write some characters otherwise than they were signed.
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(one =>
      one === null ? escaped(name) : `${escaped(name)}=${escaped(String(one))}`,
    ),
  );
  return new URL(path + (pairs.length === 0 ? "" : `?${pairs.join("&")}`), url);
}

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

function bodyOf(body: unknown): Pick<HttpRequest, "body"> {
  if (body === undefined || body === null) return {};
  if (body instanceof Uint8Array) return { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
  return { body: body as string | AsyncIterable<Buffer> };
}

const flat = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );

/** A body with its hash: the server refuses other bytes than these. */
export interface HashedBody {
  readonly Body: Buffer;
  readonly ContentLength: number;
  /** Servers that know it keep it and can tell it later; the others pass over it. */
  readonly ChecksumSHA256: string;
}

/** From here on the hash is worked out in another thread. */
const LARGE_BYTES = 256 * KIB;

export async function hashedBody(bytes: Buffer): Promise<HashedBody> {
  const hash =
    bytes.length < LARGE_BYTES
      ? createHash("sha256").update(bytes).digest()
      : Buffer.from(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return { Body: bytes, ContentLength: bytes.length, ChecksumSHA256: hash.toString("base64") };
}

/** The signature asks for the same hash, which the SDK would work out again. */
function signByHash(headers: Record<string, string>): void {
  const known = headers["x-amz-checksum-sha256"];
  if (known !== undefined) headers["x-amz-content-sha256"] = Buffer.from(known, "base64").toString("hex");
}
