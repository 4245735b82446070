import { errors as undiciErrors } from "undici";
import { asHavreError, type ErrorKind, HavreError } from "../../kernel/errors.ts";

/** `advice`: what a person can do, where that is not plain from the kind. */
const CODES: Record<string, readonly [kind: ErrorKind, reason: string, advice?: string]> = {
  PRIVATE_ADDRESS: [
    "forbidden",
    "this server may not connect to private or reserved addresses",
    "Ask whoever runs this Havre to allow the address of the storage (EGRESS_ALLOW).",
  ],
  ENOTFOUND: ["network", "no such host"],
  EAI_AGAIN: ["network", "the name of the host cannot be looked up now"],
  ECONNREFUSED: ["network", "the connection was refused"],
  ECONNRESET: ["network", "the connection was cut"],
  EPIPE: ["network", "the connection was cut"],
  UND_ERR_SOCKET: ["network", "the connection was cut"],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["network", "the connection was cut"],
  UND_ERR_INFO: ["network", "the connection was cut"],
  UND_ERR_ABORTED: ["network", "the connection was cut"],
  EHOSTUNREACH: ["network", "the host cannot be reached"],
  ENETUNREACH: ["network", "the host cannot be reached"],
  ETIMEDOUT: ["timeout", "the host does not answer"],
  UND_ERR_CONNECT_TIMEOUT: ["timeout", "the host does not answer"],
  UND_ERR_HEADERS_TIMEOUT: ["timeout", "the host took too long to answer"],
  UND_ERR_BODY_TIMEOUT: ["timeout", "the host fell silent in the middle"],
  UND_ERR_HEADERS_OVERFLOW: ["protocol", "the host's answer makes no sense"],
};

const BAD_CERTIFICATE =
  "Check the host name in the location; if it is right, whoever manages the storage must give it a certificate for this name from a known authority.";

/** What a failed connection means. @returns a HavreError; a signal's own reason when it was given */
export function networkError(error: unknown, calledAs: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof HavreError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [kind, reason, advice] = CODES[code] ?? [];
  if (kind !== undefined)
    return new HavreError(kind, `${calledAs}: ${reason}.`, {
      cause: error,
      ...(advice === undefined ? {} : { detail: { advice } }),
    });
  if (error instanceof undiciErrors.HTTPParserError || code.startsWith("HPE_"))
    return new HavreError("protocol", `${calledAs}: the host's answer makes no sense.`, { cause: error });
  if (/CERT|SIGNED|SIGNATURE|ISSUER|ALTNAME/.test(code))
    return new HavreError("network", `${calledAs}: its certificate is not trusted (${code}).`, {
      retry: "never",
      detail: { advice: BAD_CERTIFICATE },
      cause: error,
    });
  if (code.startsWith("ERR_SSL") || code === "EPROTO")
    return new HavreError("network", `${calledAs}: no encrypted connection could be made.`, { cause: error });
  return asHavreError(error);
}
