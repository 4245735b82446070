import { HavreError } from "../../../kernel/errors.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import { type GuardedHttp, type HttpReply, textOf } from "../../http/guarded.ts";
import { refusal } from "./refusal.ts";

/** How Keystone lets us in: an application credential, or a user with a password in a project. */
export interface OpenstackAccess {
  /** Keystone, with or without /v3. */
  readonly authUrl: string;
  readonly login:
    | { readonly credentialId: string; readonly credentialSecret: string }
    | {
        readonly user: string;
        readonly password: string;
        readonly userDomain: string;
        readonly project: string;
        readonly projectDomain: string;
      };
  /** Of the service catalogue; "" for the first. */
  readonly region: string;
  readonly interface: "public" | "internal" | "admin";
}

export type Service = "compute" | "network" | "volume" | "image";

/** Names in the catalogue, the usual first; the path that the API itself begins with; the version whose shapes we read. */
const SERVICES: Readonly<Record<Service, { types: readonly string[]; path: RegExp; suffix: string; version?: string }>> = {
  // 2.61: tags when a server is made (2.52), flavours inside servers (2.47) with what is special about them.
  compute: { types: ["compute"], path: /\/v2(\.\d+)?(\/[^/]+)?$/, suffix: "/v2.1", version: "compute 2.61" },
  network: { types: ["network"], path: /\/v2\.0$/, suffix: "/v2.0" },
  // 3.42: a volume may grow while it is in use.
  volume: { types: ["volumev3", "block-storage", "volume"], path: /\/v3(\/[^/]+)?$/, suffix: "/v3", version: "volume 3.42" },
  image: { types: ["image"], path: /\/v2$/, suffix: "/v2" },
};

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** From the API's root on, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** For error messages: what was tried. */
  readonly what: string;
}

/** OpenStack's services, signed in. */
export interface OpenstackClient {
  /** The answer's JSON, undefined for an empty one. @throws HavreError for every answer that is no success */
  // biome-ignore lint/suspicious/noExplicitAny: what a service answers is read field by field
  call(service: Service, call: Call, signal: AbortSignal): Promise<any>;
  /** The same; undefined when there is no such thing. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  maybe(service: Service, call: Call, signal: AbortSignal): Promise<any>;
  /** Does the catalogue have it? */
  has(service: Service, signal: AbortSignal): Promise<boolean>;
}

interface Session {
  readonly token: string;
  readonly expiresAt: number;
  readonly catalogue: readonly CatalogueEntry[];
}
interface CatalogueEntry {
  readonly type: string;
  readonly endpoints?: readonly {
    readonly interface: string;
    readonly url: string;
    readonly region?: string;
    readonly region_id?: string;
  }[];
}

const MAX_ANSWER_BYTES = 16 * MIB;
const MAX_REFUSAL_BYTES = 64 * KIB;
/** A token is not used in its last minute. */
const MARGIN_MS = 60_000;

export function openstackClient(access: OpenstackAccess, http: GuardedHttp, answerWithinMs: number): OpenstackClient {
  let session: Promise<Session> | undefined;
  const secrets = "credentialSecret" in access.login ? [access.login.credentialSecret] : [access.login.password];

  /** One at a time for all who wait, so it does not end with any one of them. */
  const signedIn = async (signal: AbortSignal): Promise<Session> => {
    signal.throwIfAborted();
    const known = await session?.catch(() => undefined);
    if (known && known.expiresAt - MARGIN_MS > Date.now()) return known;
    const fresh = signIn(access, http, secrets, AbortSignal.timeout(answerWithinMs));
    session = fresh;
    return fresh;
  };

  const send = async (
    service: Service,
    { method, path, body, what }: Call,
    signal: AbortSignal,
    isSecond: boolean,
  ): Promise<HttpReply> => {
    const current = await signedIn(signal);
    const { version } = SERVICES[service];
    const reply = await http.request({
      method,
      url: new URL(`${endpoint(access, current.catalogue, service)}${path}`),
      headers: {
        accept: "application/json",
        "x-auth-token": current.token,
        ...(version === undefined ? {} : { "openstack-api-version": version }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
      calledAs: "OpenStack",
    });
    if (reply.status >= 200 && reply.status < 300) return reply;
    const text = await textOf(reply, MAX_REFUSAL_BYTES);
    if (reply.status === 401 && !isSecond) {
      // Keystone may end a token before its time.
      session = undefined;
      return send(service, { method, path, body, what }, signal, true);
    }
    throw refusal(what, reply.status, reply.headers, text, [...secrets, current.token]);
  };

  const call: OpenstackClient["call"] = async (service, asked, signal) => {
    const reply = await send(service, asked, signal, false);
    const text = await textOf(reply, MAX_ANSWER_BYTES);
    if (text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new HavreError("protocol", `OpenStack: ${asked.what}: the answer makes no sense.`, { cause });
    }
  };

  return {
    call,
    async maybe(service, asked, signal) {
      try {
        return await call(service, asked, signal);
      } catch (error) {
        if (error instanceof HavreError && error.kind === "not-found") return undefined;
        throw error;
      }
    },
    async has(service, signal) {
      return find(access, (await signedIn(signal)).catalogue, service) !== undefined;
    },
  };
}

async function signIn(
  access: OpenstackAccess,
  http: GuardedHttp,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<Session> {
  const root = access.authUrl.replace(/\/+$/, "");
  const reply = await http.request({
    method: "POST",
    url: new URL(`${/\/v3$/.test(root) ? root : `${root}/v3`}/auth/tokens`),
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ auth: authOf(access.login) }),
    signal,
    calledAs: "OpenStack",
  });
  const text = await textOf(reply, reply.status === 201 ? MAX_ANSWER_BYTES : MAX_REFUSAL_BYTES);
  if (reply.status !== 201) throw refusal("sign in", reply.status, reply.headers, text, secrets);
  const token = reply.headers["x-subject-token"];
  try {
    const { expires_at, catalog } = JSON.parse(text).token as { expires_at: string; catalog?: CatalogueEntry[] };
    if (typeof token !== "string" || Number.isNaN(Date.parse(expires_at))) throw new Error("no token");
    return { token, expiresAt: Date.parse(expires_at), catalogue: catalog ?? [] };
  } catch (cause) {
    throw new HavreError("protocol", "OpenStack: sign in: what answers there is no Keystone v3.", { cause });
  }
}

function authOf(login: OpenstackAccess["login"]): unknown {
  if ("credentialId" in login)
    return {
      identity: {
        methods: ["application_credential"],
        application_credential: { id: login.credentialId, secret: login.credentialSecret },
      },
    };
  const { user, password, userDomain, project, projectDomain } = login;
  return {
    identity: { methods: ["password"], password: { user: { name: user, domain: { name: userDomain }, password } } },
    scope: { project: { name: project, domain: { name: projectDomain } } },
  };
}

function find(access: OpenstackAccess, catalogue: readonly CatalogueEntry[], service: Service): string | undefined {
  const { types } = SERVICES[service];
  for (const type of types)
    for (const { endpoints = [] } of catalogue.filter(entry => entry.type === type))
      for (const { interface: at, url, region, region_id } of endpoints)
        if (at === access.interface && (access.region === "" || region_id === access.region || region === access.region))
          return url;
  return undefined;
}

function endpoint(access: OpenstackAccess, catalogue: readonly CatalogueEntry[], service: Service): string {
  const url = find(access, catalogue, service)?.replace(/\/+$/, "");
  if (url === undefined)
    throw new HavreError(
      "invalid",
      `OpenStack: this cloud has no ${service} service${access.region === "" ? "" : ` in the region ${access.region}`}.`,
    );
  const { path, suffix } = SERVICES[service];
  return path.test(url) ? url : `${url}${suffix}`;
}
