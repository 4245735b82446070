import { asHavreError, type ErrorKind, HavreError, type Retry } from "../../../kernel/errors.ts";

/** What an SFTP server's refusal has: the numbers of its versions 3 to 6. */
export const EOF = 1;
export const NO_SUCH_FILE = 2;
export const FAILURE = 4;
export const UNSUPPORTED = 8;

type Meaning = readonly [kind: ErrorKind, reason: string, retry?: Retry];

const FULL: Meaning = ["quota-exceeded", "the storage is full, or the user's quota is used up"];
const TAKEN: Meaning = ["conflict", "the name is taken"];
const CUT: Meaning = ["network", "the connection was cut"];

const BY_CODE: Readonly<Record<number, Meaning>> = {
  [NO_SUCH_FILE]: ["not-found", "there is no such file or folder"],
  3: ["forbidden", "the user may not do that there"],
  [FAILURE]: ["protocol", "the server failed, and does not say why"],
  5: ["protocol", "the server does not understand the request", "never"],
  6: CUT,
  7: CUT,
  [UNSUPPORTED]: ["protocol", "the server cannot do that", "never"],
  10: ["not-found", "there is no such file or folder"],
  11: TAKEN,
  12: ["forbidden", "the storage is read-only"],
  14: FULL,
  15: FULL,
  17: ["locked", "it is locked by someone else"],
  18: ["conflict", "the folder is not empty"],
};

/** An error of the library as one of ours. Its text is read for a full disk; never shown, it may hold anything. */
export function asRefusal(where: string, thrown: unknown): HavreError {
  if (thrown instanceof HavreError) return thrown;
  const { code: given, message = "" } = thrown as { code?: unknown; message?: string };
  // The library looks for itself whether the server knows an extension.
  const code = /does not support/.test(message) ? UNSUPPORTED : given;
  const isFull = /no space|quota|disk full/i.test(message);
  const known = isFull ? FULL : typeof code === "number" ? BY_CODE[code] : undefined;
  // The library calls a channel that closed under a request by words only.
  const meaning = known ?? (/no response|not connected|channel|ended|closed/i.test(message) ? CUT : undefined);
  if (meaning === undefined)
    return typeof code === "number"
      ? new HavreError("protocol", `${where}: the server failed (${code}).`, { detail: { code }, cause: thrown })
      : asHavreError(thrown);
  const [kind, reason, retry] = meaning;
  return new HavreError(kind, `${where}: ${reason}.`, {
    detail: { code },
    cause: thrown,
    ...(retry === undefined ? {} : { retry }),
  });
}

export const codeOf = (error: unknown): unknown => (error instanceof HavreError ? error.detail.code : undefined);
