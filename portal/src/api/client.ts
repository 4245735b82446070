import type { Page } from "./types.ts";

/** A refusal of the server, or its silence (`status` 0). `fields` has the words per form field. */
export class ApiError extends Error {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  /** Seconds to wait before another try, when the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, fields: Record<string, string> = {}, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The words of a refusal, by field; none of what is no refusal. */
export const fieldsOf = (error: Error | null): Readonly<Record<string, string>> =>
  error instanceof ApiError ? error.fields : {};

let csrfToken = "";

/** Every unsafe request carries this token, so that no other site can act with the session's cookie. */
export function rememberCsrfToken(token: string): void {
  csrfToken = token;
}

/**
 * One request to the server.
 * @param path below `/api`, with its trailing slash: `/v1/studies/`
 * @throws ApiError with the server's own words
 */
export async function api<T>(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  const answer = await send(method, path, body);
  const text = await answer.text();
  const json = parse(text);
  if (!answer.ok) throw refusal(answer, json);
  return json as T;
}

function send(method: string, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken) headers["X-CSRFToken"] = csrfToken;
  return fetch(`/api${path}`, {
    method,
    headers,
    credentials: "same-origin",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError(0, "");
  });
}

/** Asks for a file, and gives it to the browser's downloads when it is there whole. @throws ApiError */
export async function download(path: string, body: unknown, name: string): Promise<void> {
  const answer = await send("POST", path, body);
  if (!answer.ok) throw refusal(answer, parse(await answer.text()));
  const file = await answer.blob().catch(() => {
    throw new ApiError(0, "");
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Sends a file as it is, and tells how much of it has gone. @throws ApiError; the signal's reason */
export function sendFile(
  method: "PUT" | "POST",
  path: string,
  file: File,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Only this old interface tells how far a request is.
    const asked = new XMLHttpRequest();
    const stop = (): void => asked.abort();
    const end = (act: () => void): void => {
      signal.removeEventListener("abort", stop);
      act();
    };
    asked.open(method, `/api${path}`);
    asked.setRequestHeader("Accept", "application/json");
    asked.setRequestHeader("Content-Type", "application/octet-stream");
    if (csrfToken) asked.setRequestHeader("X-CSRFToken", csrfToken);
    asked.upload.onprogress = ({ loaded }) => onSent(loaded);
    asked.onerror = () => end(() => reject(new ApiError(0, "")));
    asked.onabort = () => end(() => reject(signal.reason));
    asked.onload = () =>
      end(() => {
        const headers = { get: (name: string) => asked.getResponseHeader(name) };
        if (asked.status < 300) resolve();
        else reject(refusal({ status: asked.status, headers }, parse(asked.responseText)));
      });
    signal.addEventListener("abort", stop, { once: true });
    asked.send(file);
  });
}

export const get = <T>(path: string): Promise<T> => api("GET", path);

/** Every row of a list that is served in pages, for choices that must be complete. */
export async function getAll<T>(path: string): Promise<T[]> {
  const rows: T[] = [];
  for (let page = 1; ; page++) {
    const answer = await get<Page<T>>(`${path}${path.includes("?") ? "&" : "?"}page=${page}`);
    rows.push(...answer.results);
    if (!answer.next) return rows;
  }
}

/** A page of a bare list, whose count stands in a header: so the marketplace's API has its lists. */
export async function getCounted<T>(path: string): Promise<{ count: number; rows: T[] }> {
  const answer = await send("GET", path, undefined);
  const rows = parse(await answer.text());
  if (!answer.ok) throw refusal(answer, rows);
  return { count: Number(answer.headers.get("X-Result-Count")), rows: rows as T[] };
}

const MOST_ROWS = 300;

/** Every row of such a list. */
export async function getEvery<T>(path: string): Promise<T[]> {
  const rows: T[] = [];
  for (let page = 1; ; page++) {
    const answer = await getCounted<T>(`${path}${path.includes("?") ? "&" : "?"}page=${page}&page_size=${MOST_ROWS}`);
    rows.push(...answer.rows);
    if (rows.length >= answer.count || answer.rows.length === 0) return rows;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads `{"detail": "…"}` and `{"field": ["…"]}`, the two shapes of an error. */
function refusal(answer: { status: number; headers: Pick<Headers, "get"> }, json: unknown): ApiError {
  const fields: Record<string, string> = {};
  let message = "";
  for (const [key, value] of Object.entries(json && typeof json === "object" ? json : {})) {
    const words = Array.isArray(value) ? value.map(String).join(" ") : String(value);
    if (key === "detail" || key === "non_field_errors") message = words;
    else fields[key] = words;
  }
  const wait = Number(answer.headers.get("Retry-After"));
  return new ApiError(answer.status, message, fields, wait > 0 ? wait : undefined);
}
