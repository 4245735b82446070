import { type ErrorKind, HavreError } from "../../kernel/errors.ts";
import type { OpenUrl, WebFile } from "../../ports/web.ts";
import { type GuardSettings, type HttpReply, makeGuardedHttp } from "./guarded.ts";

const MOST_REDIRECTS = 5;

const REFUSALS: Readonly<Record<number, readonly [ErrorKind, string]>> = {
  401: ["unauthenticated", "does not take this user name and password"],
  403: ["forbidden", "does not give out this file"],
  404: ["not-found", "has no such file"],
  410: ["not-found", "no longer has this file"],
  429: ["throttled", "wants to be asked less often"],
};

/** Files from addresses that people give, by the one guarded client. */
export const makeOpenUrl = (settings: GuardSettings): OpenUrl => {
  const http = makeGuardedHttp(settings);

  const ask = async (url: URL, credentials: string | undefined, left: number, signal: AbortSignal): Promise<WebFile> => {
    const headers = { accept: "*/*", ...(credentials === undefined ? {} : { authorization: credentials }) };
    const reply = await http.request({ method: "GET", url, headers, signal });
    const to = redirectOf(reply, url);
    if (to === undefined) return fileOf(reply, url);
    reply.body.destroy();
    if (left === 0) throw new HavreError("protocol", `${url.host} redirects in circles.`, { retry: "never" });
    if (url.protocol === "https:" && to.protocol !== "https:")
      throw new HavreError("protocol", `${url.host} redirects to an unencrypted address.`, { retry: "never" });
    // What is known to one server is not told to another.
    return ask(to, to.origin === url.origin ? credentials : undefined, left - 1, signal);
  };

  return (given, signal) => {
    const url = new URL(given);
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    [url.username, url.password, url.hash] = ["", "", ""];
    const known = user === "" ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return ask(url, known, MOST_REDIRECTS, signal);
  };
};

function redirectOf({ status, headers }: HttpReply, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const to = headers.location === undefined ? null : URL.parse(headers.location, from.href);
  if (to === null) throw new HavreError("protocol", `${from.host} redirects to nowhere.`, { retry: "never" });
  [to.username, to.password, to.hash] = ["", "", ""];
  return to;
}

function fileOf({ status, headers, body }: HttpReply, { host }: URL): WebFile {
  if (status !== 200) {
    body.destroy();
    const [kind, words] = REFUSALS[status] ?? [status >= 500 ? "unavailable" : "protocol", `answered ${status}`];
    const seconds = Number(headers["retry-after"]);
    throw new HavreError(kind, `${host} ${words}.`, {
      ...(status >= 400 && status < 500 && status !== 429 ? { retry: "never" } : {}),
      ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
    });
  }
  const length = headers["content-length"];
  const isPlain = (headers["content-encoding"] ?? "identity") === "identity";
  if (!isPlain) {
    body.destroy();
    throw new HavreError("protocol", `${host} sends the file packed, though it was not asked to.`, { retry: "never" });
  }
  return { sizeBytes: length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined, body };
}
