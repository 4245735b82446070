import type { ErrorKind } from "../kernel/errors.ts";

/** What HTTP says of each kind of failure (RFC 9110, 4918, 6585). A dialect that says it otherwise writes down only where. */
export const STATUS_OF = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  gone: 410,
  "too-large": 413,
  throttled: 429,
  "quota-exceeded": 507,
  checksum: 400,
  locked: 423,
  timeout: 504,
  network: 502,
  protocol: 502,
  unavailable: 503,
  bug: 500,
} satisfies Record<ErrorKind, number>;
