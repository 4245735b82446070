import { type ErrorKind, HavreError, type Retry } from "../../kernel/errors.ts";
import { retryAfterSeconds } from "../http/guarded.ts";

/** An error as the SDK throws it. */
export interface SdkError extends Error {
  /** Of some refusals: where the bucket really is. */
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

type Meaning = readonly [kind: ErrorKind, reason: string, retry?: Retry];

const KEYS: Meaning = ["unauthenticated", "wrong access key or secret key"];
const EXPIRED: Meaning = ["unauthenticated", "the access key has expired"];
const NO_BUCKET: Meaning = ["not-found", "there is no such bucket"];
const NO_FILE: Meaning = ["not-found", "there is no such file"];
const FULL: Meaning = ["quota-exceeded", "the storage is full, or the bucket's quota is used up"];
const TOO_LARGE: Meaning = ["too-large", "the server takes no file of this size"];
const SLOWER: Meaning = ["throttled", "the server asks for fewer requests"];
const BUSY: Meaning = ["unavailable", "the server is busy or under maintenance"];
const OTHER_BYTES: Meaning = ["checksum", "the bytes that arrived are not those that were sent", "temporary"];
const TAKEN: Meaning = ["conflict", "the name is taken"];
const NOT_S3: Meaning = ["protocol", "the answer is not that of an S3 server; is this its address?", "never"];

/** By the code in a refusal. Beside those of AWS there are those of MinIO (XMinio…), Ceph and Swift. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  AccessDenied: ["forbidden", "the access key may not do that there"],
  AccountProblem: ["forbidden", "the account is closed or not paid for"],
  AllAccessDisabled: ["forbidden", "the bucket is closed"],
  AuthFailure: KEYS,
  AuthorizationHeaderMalformed: ["protocol", "the bucket is in another region", "never"],
  BadDigest: OTHER_BYTES,
  BucketAlreadyExists: TAKEN,
  EntityTooLarge: TOO_LARGE,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  IncompleteBody: ["network", "the connection was cut"],
  InternalError: ["unavailable", "the server failed"],
  InvalidAccessKeyId: KEYS,
  InvalidBucketName: ["not-found", "this is no name of a bucket"],
  InvalidObjectState: ["unavailable", "the file is in an archive and must be brought back from there first", "never"],
  InvalidToken: KEYS,
  KeyTooLongError: ["invalid", "the name is too long for this server"],
  MethodNotAllowed: ["forbidden", "the bucket is read-only, or keeps its files from being changed"],
  NoSuchBucket: NO_BUCKET,
  NoSuchKey: NO_FILE,
  NoSuchUpload: ["conflict", "the interrupted upload is no longer there", "temporary"],
  NotFound: NO_FILE,
  NotImplemented: ["protocol", "the server cannot do that", "never"],
  NotSignedUp: KEYS,
  ObjectLocked: ["forbidden", "the bucket keeps its files from being changed"],
  OperationAborted: ["locked", "the server works on the same file already"],
  PermanentRedirect: ["protocol", "the bucket has another address", "never"],
  PreconditionFailed: TAKEN,
  ConditionalRequestConflict: TAKEN,
  QuotaExceeded: FULL,
  RequestTimeTooSkewed: ["protocol", "its clock and ours differ by more than 15 minutes: one of them is wrong", "never"],
  RequestTimeout: ["timeout", "the server waited too long for the data"],
  ServiceUnavailable: BUSY,
  SignatureDoesNotMatch: KEYS,
  SlowDown: SLOWER,
  TooManyRequests: SLOWER,
  TokenRefreshRequired: EXPIRED,
  XAmzContentSHA256Mismatch: OTHER_BYTES,
  XMinioAdminBucketQuotaExceeded: FULL,
  XMinioObjectExistsAsDirectory: TAKEN,
  XMinioStorageFull: FULL,
  XMinioParentIsObject: TAKEN,
};

const BY_STATUS: Readonly<Record<number, Meaning>> = {
  401: KEYS,
  // Also for an answer without a body, which has no code: then only a listing tells more.
  403: ["forbidden", "the access key may not do that there"],
  404: NO_FILE,
  405: ["forbidden", "the bucket is read-only, or keeps its files from being changed"],
  408: ["timeout", "the server waited too long for the data"],
  409: ["locked", "the server works on the same file already"],
  412: TAKEN,
  413: TOO_LARGE,
  416: ["invalid", "the file ends before that"],
  429: SLOWER,
  500: ["unavailable", "the server failed"],
  501: ["protocol", "the server cannot do that", "never"],
  502: ["unavailable", "the server behind the proxy does not answer"],
  503: BUSY,
  504: ["timeout", "the server behind the proxy took too long"],
  507: FULL,
};

/** What an S3 server's refusal means. Its own message is not shown: it may hold anything. */
export function asRefusal(where: string, thrown: unknown): unknown {
  if (thrown instanceof HavreError || !(thrown instanceof Error)) return thrown;
  const error = thrown as SdkError;
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined && error.$response === undefined) return thrown;
  const known = Object.hasOwn(BY_CODE, error.name) ? BY_CODE[error.name] : BY_STATUS[status ?? 0];
  const [kind, reason, retry] =
    known ?? (status !== undefined && status >= 500 ? (["protocol", "the server failed"] as const) : NOT_S3);
  const wait = retryAfterSeconds(error.$response?.headers ?? {});
  return new HavreError(kind, `${where}: ${reason}${status === undefined ? "" : ` (${status})`}.`, {
    detail: { status, code: error.name },
    cause: thrown,
    ...(retry === undefined ? {} : { retry }),
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  });
}

export const notS3 = (where: string): HavreError => new HavreError("protocol", `${where}: ${NOT_S3[1]}.`, { retry: "never" });

/** The status behind a server's refusal; undefined for all other errors. */
export const statusOf = (error: unknown): unknown => (error instanceof HavreError ? error.detail.status : undefined);
export const codeOf = (error: unknown): unknown => (error instanceof HavreError ? error.detail.code : undefined);
