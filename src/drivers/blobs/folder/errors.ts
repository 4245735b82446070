import { HavreError } from "../../../kernel/errors.ts";

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;
export const isMissing = (error: unknown): boolean => codeOf(error) === "ENOENT";

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What the disk said, as one of ours. A full disk passes: somebody makes room and the upload goes on. */
export function diskError(cause: unknown): HavreError {
  if (FULL.has(codeOf(cause)))
    return new HavreError("quota-exceeded", "There is no room left for uploads.", { retry: "temporary", cause });
  if (isMissing(cause)) return new HavreError("not-found", "The uploaded bytes are no longer here.", { cause });
  return new HavreError("unavailable", "The upload folder cannot be used.", { cause });
}
