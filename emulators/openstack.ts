import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { openCompute } from "./openstack/compute.ts";
import { openThings } from "./openstack/things.ts";
import { type Answer, Refusal, type Request } from "./openstack/wire.ts";

/**
 * OpenStack as far as virtual machines go: Keystone, Nova, Neutron, Cinder and Glance at one address, as a real one answers
 * (test/openstack/answers.json is what a real one said). Nothing runs in it. What takes time elsewhere takes `stepMs` here.
 */
export interface OpenstackOptions {
  readonly user?: string;
  readonly password?: string;
  readonly project?: string;
  readonly credential?: { readonly id: string; readonly secret: string };
  /** How long a server takes to be built, stopped, resized, removed; a volume to be made. */
  readonly stepMs?: number;
  /** Servers that the project may have. */
  readonly quota?: number;
  /** A cloud without Cinder. */
  readonly hasVolumes?: boolean;
}

/** What goes wrong with a request, before or after it was done. */
export type OpenstackFault =
  | { readonly kind: "refuse"; readonly status: number; readonly message?: string; readonly retryAfterSeconds?: number }
  /** The connection is cut and nothing was done. */
  | { readonly kind: "cut" }
  /** It was done, and the answer is lost. */
  | { readonly kind: "lose-answer" }
  /** The connection is cut, and it is done all the same, later. */
  | { readonly kind: "late"; readonly afterMs: number }
  /** An answer that is no JSON, as a proxy in front gives one. */
  | { readonly kind: "garbage" }
  /** No answer for so long. */
  | { readonly kind: "slow"; readonly ms: number };

export interface Asked {
  readonly method: string;
  readonly service: string;
  readonly path: string;
}

export interface OpenstackEmulator {
  /** For OPENSTACK_AUTH_URL. */
  readonly authUrl: string;
  readonly compute: ReturnType<typeof openCompute>;
  readonly things: ReturnType<typeof openThings>;
  /** Asked for every request; undefined lets it pass. Replaces the one before. */
  fault(choose: (asked: Asked) => OpenstackFault | undefined): void;
  /** Requests so far. */
  readonly asked: readonly Asked[];
  /** Requests that were cut and are still to be done. */
  readonly late: number;
  /** Every token ends now. */
  revokeTokens(): void;
  stop(): Promise<void>;
}

const SERVICES = [
  ["compute", "compute", "/v2.1"],
  ["network", "network", ""],
  ["volume", "volumev3", "/v3/project"],
  ["image", "image", ""],
] as const;

export async function startOpenstack(options: OpenstackOptions = {}): Promise<OpenstackEmulator> {
  const { stepMs = 20, quota = 1000, hasVolumes = true } = options;
  let tokens = new Set<string>();
  let chooseFault: (asked: Asked) => OpenstackFault | undefined = () => undefined;
  const asked: Asked[] = [];
  let late = 0;
  const things = openThings({ stepMs });
  const compute = openCompute({ stepMs, quota, things });
  const handlers: Readonly<Record<string, (request: Request) => Answer>> = {
    compute: compute.handle,
    network: things.network,
    volume: things.volume,
    image: things.image,
  };

  function identity({ method, path, body }: Request, origin: string): Answer & { token?: string } {
    if (method !== "POST" || path !== "/v3/auth/tokens") throw new Refusal(404, "The resource could not be found.");
    if (!maySignIn(options, body?.auth)) throw new Refusal(401, UNAUTHORIZED);
    const token = randomBytes(16).toString("hex");
    tokens.add(token);
    const catalog = SERVICES.filter(([name]) => hasVolumes || name !== "volume").map(([name, type, path]) => ({
      type,
      id: randomUUID(),
      name,
      endpoints: ["public", "internal"].map(at => ({
        id: randomUUID(),
        interface: at,
        region_id: "RegionOne",
        region: "RegionOne",
        url: `${origin}/${name}${path}`,
      })),
    }));
    const expires_at = new Date(Date.now() + 3_600_000).toISOString().replace("Z", "000Z");
    return { status: 201, json: { token: { expires_at, catalog } }, token };
  }

  async function answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const origin = `http://${request.headers.host}`;
    const url = new URL(request.url ?? "/", origin);
    const [, service = "", rest = ""] = /^\/([^/]+)(.*)$/.exec(url.pathname) ?? [];
    const root = SERVICES.find(([name]) => name === service)?.[2] ?? "";
    const body = await jsonOf(request);
    const parsed: Request = {
      method: request.method ?? "",
      path: rest.slice(root.length).replace(/^\/v2(\.0)?(?=\/)/, ""),
      query: url.searchParams,
      body,
      root: `${origin}/${service}${root}`,
      version: /[\d.]+$/.exec(String(request.headers["openstack-api-version"] ?? ""))?.[0] ?? "",
    };
    const question = { method: parsed.method, service, path: parsed.path };
    asked.push(question);
    const act = (): Answer & { token?: string } => {
      try {
        if (service === "identity") return identity({ ...parsed, path: rest }, origin);
        if (!tokens.has(String(request.headers["x-auth-token"]))) throw new Refusal(401, UNAUTHORIZED);
        const handle = handlers[service];
        if (!handle) throw new Refusal(404, "The resource could not be found.");
        return handle(parsed);
      } catch (error) {
        if (error instanceof Refusal) return refused(service, error.status, error.message);
        throw error;
      }
    };
    const fault = chooseFault(question);
    if (fault?.kind === "slow") await sleep(fault.ms);
    if (fault?.kind === "late") {
      late++;
      void sleep(fault.afterMs).then(() => {
        act();
        late--;
      });
    }
    if (fault?.kind === "cut" || fault?.kind === "late") return void request.socket.resetAndDestroy();
    if (fault?.kind === "refuse") {
      const { status, message = "Something went wrong." } = fault;
      if (fault.retryAfterSeconds !== undefined) reply.setHeader("retry-after", String(fault.retryAfterSeconds));
      return write(reply, refused(service, status, message));
    }
    const done = act();
    if (fault?.kind === "lose-answer") return void request.socket.resetAndDestroy();
    if (fault?.kind === "garbage") return write(reply, { status: 200, text: "<html>It works!</html>" });
    if (done.token !== undefined) reply.setHeader("x-subject-token", done.token);
    write(reply, done);
  }

  const server = createServer((request, reply) => {
    answer(request, reply).catch(error => {
      reply.writeHead(500).end(String(error));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    authUrl: `http://127.0.0.1:${port}/identity/v3`,
    compute,
    things,
    asked,
    get late() {
      return late;
    },
    fault: choose => {
      chooseFault = choose;
    },
    revokeTokens: () => {
      tokens = new Set();
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const UNAUTHORIZED = "The request you have made requires authentication.";

// biome-ignore lint/suspicious/noExplicitAny: what a client sends is read field by field
function maySignIn({ user = "havre", password = "secret", project = "havre", credential }: OpenstackOptions, auth: any): boolean {
  const [method] = auth?.identity?.methods ?? [];
  if (method === "application_credential") {
    const { id, secret } = auth.identity.application_credential;
    return credential !== undefined && id === credential.id && secret === credential.secret;
  }
  const given = auth?.identity?.password?.user;
  return given?.name === user && given.password === password && auth.scope?.project?.name === project;
}

/** Each service wraps its words in a way of its own. */
function refused(service: string, status: number, message: string): Answer {
  const code = { code: status, message };
  if (service === "identity" || (status === 401 && service !== "compute"))
    return { status, json: { error: { ...code, title: "Unauthorized" } } };
  if (service === "network") return { status, json: { NeutronError: { type: "Refused", message, detail: "" } } };
  if (service === "image") return { status, text: `<html><body>${status}</body></html>` };
  const names: Readonly<Record<number, string>> = {
    400: "badRequest",
    403: "forbidden",
    404: "itemNotFound",
    409: "conflictingRequest",
    413: "overLimit",
  };
  return { status, json: { [names[status] ?? "computeFault"]: code } };
}

function write(reply: ServerResponse, { status, json, text }: Answer): void {
  const body = text ?? (json === undefined ? "" : JSON.stringify(json));
  reply.writeHead(status, { "content-type": json === undefined ? "text/html" : "application/json" }).end(body);
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return text === "" ? undefined : JSON.parse(text);
}
