import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

/** One HTTP exchange, sent as it stands: `fetch` would tidy up paths and methods that must arrive as they are. */
export interface Asked {
  readonly method: string;
  /** As on the request line. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** An object is sent as JSON; text and bytes as they are. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** No request here is work: an answer that takes longer means that something stands still. */
const PATIENCE_MS = 30_000;
const agent = new Agent({ keepAlive: true });

/** @returns the whole answer; of a stream of events only its beginning, and the stream is closed */
export function ask(url: string, { method, path, headers = {}, body }: Asked): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const bytes = bytesOf(body);
  const isJson = bytes !== undefined && typeof body !== "string" && !Buffer.isBuffer(body);
  const sent = {
    ...(isJson ? { "content-type": "application/json" } : {}),
    ...(bytes === undefined ? {} : { "content-length": String(bytes.length) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers: sent, agent, setHost: headers.host === undefined });
    asked.on("response", response => read(response).then(resolve, reject));
    asked.on("error", cause => reject(new Error(`${method} ${path.slice(0, 200)}: ${cause.message}`, { cause })));
    asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asked.end(bytes);
  });
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

async function read(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  if (headers["content-type"]?.startsWith("text/event-stream")) {
    response.destroy();
    return { status, headers, text: "" };
  }
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return { status, headers, text: Buffer.concat(pieces).toString() };
}
