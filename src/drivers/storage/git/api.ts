import { SECOND } from "../../../kernel/clock.ts";
import { HavreError } from "../../../kernel/errors.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import { drain, type GuardedHttp, type HttpReply, redirectOf, textOf } from "../../http/guarded.ts";
import { encoded, lengthOf, type Part } from "./body.ts";
import { notTheApi, refusal } from "./refusal.ts";

/** A tree of 100,000 entries has some 30 MiB. */
const MAX_ANSWER_BYTES = 64 * MIB;
const MAX_REFUSAL_BYTES = 16 * KIB;
const MAX_REDIRECTS = 3;
/** For a small question and its whole answer: a host that sends a byte a minute is no host. */
const ANSWER_MS = 60 * SECOND;
/** After the last byte a host still decodes, hashes and stores the file. */
const STORED_WITHIN_MS = 10 * 60 * SECOND;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the API's address, encoded. */
  readonly path: string;
  readonly json?: unknown;
  readonly parts?: readonly Part[];
  readonly accept?: string;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a host's answer; whoever reads it checks what it uses
  readonly value: any;
  /** What a refusal says, for telling one from another; not to be shown. */
  readonly message: string;
  /** The error for this answer. */
  refused(): HavreError;
}

/** A host's HTTP API over the guarded client: signed in, and every refusal a HavreError that names engine, host and reason. */
export interface GitApi {
  readonly where: string;
  /** An answer of whatever status. */
  ask(request: ApiRequest): Promise<Answer>;
  /** The value of a good answer. */
  expect(request: ApiRequest, good: readonly number[]): Promise<Answer["value"]>;
  /** The body of a good answer. */
  raw(request: ApiRequest): Promise<HttpReply["body"]>;
}

export interface ApiSettings {
  readonly http: GuardedHttp;
  readonly where: string;
  readonly api: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answerMs?: number;
}

export function gitApi({ http, where, api, headers, answerMs = ANSWER_MS }: ApiSettings): GitApi {
  const send = async (request: ApiRequest, signal: AbortSignal, body: AsyncIterable<Buffer> | undefined): Promise<HttpReply> => {
    const { method, path, json, parts, accept } = request;
    const content = parts === undefined ? {} : { "content-length": String(lengthOf(parts)) };
    const typed = json === undefined && parts === undefined ? {} : { "content-type": "application/json" };
    const text = json === undefined ? {} : { body: JSON.stringify(json) };
    const asked = {
      method,
      headers: {
        "accept-encoding": "identity",
        "user-agent": "Havre",
        ...headers,
        ...(accept === undefined ? {} : { accept }),
        ...typed,
        ...content,
      },
      signal,
      calledAs: where,
      ...text,
      ...(body === undefined ? {} : { body, answerWithinMs: STORED_WITHIN_MS }),
    };
    let url = new URL(api + path);
    let reply = await http.request({ ...asked, url });
    // A repository that was renamed is looked for where the same host points; what changes something is not sent on.
    for (let hops = 0; method === "GET" && hops < MAX_REDIRECTS; hops++) {
      const next = redirectOf(reply, url);
      if (next === undefined) break;
      await drain(reply);
      url = next;
      reply = await http.request({ ...asked, url });
    }
    return reply;
  };

  const understood = async (reply: HttpReply): Promise<Answer> => {
    const isGood = reply.status < 300;
    const text = await textOf(reply, isGood ? MAX_ANSWER_BYTES : MAX_REFUSAL_BYTES);
    const value = isGood ? parsed(where, text) : undefined;
    const message = isGood ? "" : messageOf(text);
    return { status: reply.status, value, message, refused: () => refusal(where, reply.status, reply.headers, message) };
  };

  /** @throws what went wrong in the parts themselves, of which the connection's error is only the echo */
  const upload = async (request: ApiRequest, parts: readonly Part[]): Promise<Answer> => {
    const ended = new AbortController();
    const signal = AbortSignal.any([request.signal, ended.signal]);
    let failure: { readonly thrown: unknown } | undefined;
    const body = async function* (): AsyncGenerator<Buffer> {
      try {
        yield* encoded(parts, signal);
      } catch (thrown) {
        failure = { thrown };
        throw thrown;
      }
    };
    try {
      return await understood(await send(request, request.signal, body()));
    } catch (error) {
      throw failure === undefined ? error : failure.thrown;
    } finally {
      // The host may have answered, or the connection broken, while the source still had to give.
      ended.abort();
    }
  };

  const answered = async (request: ApiRequest): Promise<Answer> => {
    if (request.parts !== undefined) return upload(request, request.parts);
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new HavreError("timeout", `${where}: the host took too long to answer.`)),
      answerMs,
    );
    try {
      return await understood(await send(request, AbortSignal.any([request.signal, late.signal]), undefined));
    } finally {
      clearTimeout(timer);
    }
  };

  const client: GitApi = {
    where,
    ask: answered,
    async expect(request, good) {
      const answer = await answered(request);
      if (!good.includes(answer.status)) throw answer.status < 300 ? notTheApi(where) : answer.refused();
      return answer.value;
    },
    async raw(request) {
      const reply = await send(request, request.signal, undefined);
      if (reply.status === 200) return reply.body;
      throw (await understood(reply)).refused();
    },
  };
  return client;
}

function parsed(where: string, text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (cause) {
    throw notTheApi(where, cause);
  }
}

function messageOf(text: string): string {
  try {
    const { message, errors } = JSON.parse(text) as { message?: unknown; errors?: unknown };
    return `${typeof message === "string" ? message : ""} ${errors === undefined ? "" : JSON.stringify(errors)}`;
  } catch {
    return "";
  }
}

/** Of a path or a branch, each part encoded: so that "#", "%" and "?" are names and nothing else. */
export const encodedPath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
