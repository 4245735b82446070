/**
 * What went wrong × will it pass × who must act. The core and the drivers throw only this; a dialect turns the kind into a
 * status at the last step. `message` and `detail` may be shown to the caller; `cause` is for the log only.
 */
export type ErrorKind =
  | "invalid" //          the request itself is wrong; `detail.fields` names the fields
  | "unauthenticated" //  who are you?
  | "forbidden" //        known, seen, and still not allowed
  | "not-found" //        absent, or not for this caller to know of
  | "conflict" //         right request, wrong moment or state
  | "gone" //             was here, has expired
  | "too-large" //        above a declared limit
  | "throttled" //        too often; `retryAfterSeconds` says when
  | "quota-exceeded" //   the other side has no room left
  | "checksum" //         bytes arrived, but not the bytes that were promised
  | "locked" //           another writer holds it
  | "timeout" //          no answer in time
  | "network" //          the connection failed or was cut
  | "protocol" //         the other side answered something that makes no sense
  | "unavailable" //      it says itself that it cannot now
  | "bug"; //             ours

/** `temporary`: the same act may succeed later without anybody doing anything. `never`: somebody must act first. */
export type Retry = "temporary" | "never";

export interface ErrorDetail {
  readonly [key: string]: unknown;
}

export class HavreError extends Error {
  readonly kind: ErrorKind;
  readonly retry: Retry;
  readonly detail: ErrorDetail;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    kind: ErrorKind,
    message: string,
    options: { detail?: ErrorDetail; retry?: Retry; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "HavreError";
    this.kind = kind;
    this.retry = options.retry ?? (passes(kind) ? "temporary" : "never");
    this.detail = options.detail ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

const PASSING: ReadonlySet<ErrorKind> = new Set(["throttled", "locked", "timeout", "network", "protocol", "unavailable"]);

/** Whether errors of this kind may go away without anybody doing anything. */
export const passes = (kind: ErrorKind): boolean => PASSING.has(kind);

/** What is wrong with each field of what was given; undefined when the error is not about fields. */
export const fieldsIn = ({ detail }: HavreError): Readonly<Record<string, readonly string[]>> | undefined =>
  detail.fields as Readonly<Record<string, readonly string[]>> | undefined;

/** Whatever was thrown, as a HavreError; an unknown throw is a bug and keeps its cause. */
export const asHavreError = (thrown: unknown): HavreError =>
  thrown instanceof HavreError ? thrown : new HavreError("bug", "Something went wrong inside Havre.", { cause: thrown });

/** The whole chain of causes in one line, for the log. Never for a reply. */
export function chainOf(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 8; at = at instanceof Error ? at.cause : undefined)
    parts.push(at instanceof Error ? `${at.name}: ${at.message}` : String(at));
  return parts.join(" ← ");
}

export const notFound = (what = "Not found."): HavreError => new HavreError("not-found", what);
export const forbidden = (why = "You do not have permission to perform this action."): HavreError =>
  new HavreError("forbidden", why);

/** A refusal of named fields. `fields` maps a field to its messages; `non_field_errors` is about the whole object. */
export const invalid = (fields: Record<string, readonly string[]>): HavreError =>
  new HavreError(
    "invalid",
    Object.entries(fields)
      .map(([name, messages]) => `${name}: ${messages.join(" ")}`)
      .join("; "),
    { detail: { fields } },
  );
