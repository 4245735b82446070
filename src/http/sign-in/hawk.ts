import hawk, { type Artifacts, type Credentials } from "hawk";
import { findHawkHolder, noteTokenUse, spendNonce } from "../../core/people/index.ts";
import { actorOf } from "../../core/people/model.ts";
import type { Needs } from "../../core/world.ts";
import { later, SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { newKey } from "../../kernel/ids.ts";
import { sameSecret } from "../../kernel/secrets.ts";
import type { SignedIn, SignInRequest } from "../dialect.ts";

/**
 * Hawk, the server's side: who signed this request, and the signature of our reply.
 * Source: contract vre-broker §3.1, checked against npm `hawk` and Python's mohawk.
 */
const SKEW_SECONDS = 60;
const FAILED = "Hawk authentication failed";

type World = Needs<"store" | "clock" | "secrets">;
type Asked = Pick<SignInRequest, "method" | "url" | "origin" | "headers" | "rawBody">;

/** @throws HavreError "unauthenticated"; the words never say whether the key exists */
export async function signInByHawk(world: World, request: Asked): Promise<SignedIn> {
  const said = read(request.headers.authorization ?? "");
  const holder = await findHawkHolder(world, said.id);
  // An unknown key costs the same work: nobody can tell it from a wrong MAC.
  const credentials: Credentials = { key: holder?.secret ?? newKey(32), algorithm: "sha256" };
  const artifacts = artifactsOf(request, said);
  const signed = sameSecret(hawk.crypto.calculateMac("header", credentials, artifacts), said.mac);
  if (!signed || !holder) throw refusal();
  if (!payloadIsGood(request, said.hash)) throw refusal();
  await assertFresh(world, credentials, said);
  if (!holder.person.isActive) throw refusal();
  await noteTokenUse(world, holder.token);
  return {
    actor: actorOf(holder.person),
    signReply: (body, contentType) => signReply(credentials, artifacts, body, contentType),
  };
}

interface Said {
  readonly id: string;
  readonly ts: string;
  readonly nonce: string;
  readonly mac: string;
  readonly hash: string | undefined;
  readonly ext: string | undefined;
  readonly app: string | undefined;
  readonly dlg: string | undefined;
}

/** The attributes of the header. Duplicate or unknown ones, backslashes and more than 4096 characters are malformed. */
function read(header: string): Said {
  let found: Record<string, string>;
  try {
    found = hawk.utils.parseAuthorizationHeader(header);
  } catch {
    throw malformed();
  }
  const { id, ts, nonce, mac, hash, ext, app, dlg } = found;
  if (!id || !ts || !nonce || !mac || !/^\d{1,12}$/.test(ts)) throw malformed();
  return { id, ts, nonce, mac, hash, ext, app, dlg };
}

const refusal = (): HavreError => new HavreError("unauthenticated", FAILED);
const malformed = (): HavreError => new HavreError("unauthenticated", `${FAILED}: The request header was malformed`);

/** What the MAC is over: host and port are those that the client used. */
function artifactsOf({ method, url, origin }: Asked, { ts, nonce, hash, ext, app, dlg }: Said): Artifacts {
  // Taken apart by hand: a URL parser would rewrite what the client signed. IPv6 addresses are signed without brackets.
  const [, scheme, host = "", port] = /^(https?):\/\/\[?(.*?)\]?(?::(\d+))?$/.exec(origin) ?? [];
  return {
    method,
    resource: url,
    host,
    port: port ?? (scheme === "https" ? 443 : 80),
    ts,
    nonce,
    hash,
    ext,
    app,
    dlg,
  };
}

/** A body must be hashed. An empty one need not be; when it is, some clients hash it as `text/plain` or as no type at all. */
function payloadIsGood({ rawBody, headers }: Asked, hash: string | undefined): boolean {
  const sent = headers["content-type"] ?? "";
  if (hash === undefined) return rawBody.length === 0;
  const types = rawBody.length === 0 ? [sent, "", "text/plain"] : [sent];
  return types.some(type => sameSecret(hawk.crypto.calculatePayloadHash(rawBody, "sha256", type), hash));
}

async function assertFresh(world: World, credentials: Credentials, { id, ts, nonce }: Said): Promise<void> {
  const now = world.clock.now();
  // A request from a clock ahead of ours stays good for up to twice the skew.
  const forgetAt = later(now, (2 * SKEW_SECONDS + 5) * SECOND);
  if (!(await spendNonce(world, id, nonce, Number(ts), forgetAt))) throw refusal();
  if (Math.abs(now.getTime() / SECOND - Number(ts)) > SKEW_SECONDS) throw stale(credentials, Math.floor(now.getTime() / SECOND));
}

/** Tells our time, signed, so that a client can correct its own. */
function stale(credentials: Credentials, ts: number): HavreError {
  const tsm = hawk.crypto.calculateTsMac(ts, credentials);
  return new HavreError("unauthenticated", `${FAILED}: The token has expired. Is your system clock correct?`, {
    detail: { authenticate: `Hawk ts="${ts}", tsm="${tsm}", error="Stale timestamp"` },
  });
}

function signReply(credentials: Credentials, request: Artifacts, body: Buffer, contentType: string): Record<string, string> {
  // The reply to a HEAD arrives without the body it was made with.
  const sent = request.method === "HEAD" ? Buffer.alloc(0) : body;
  const hash = hawk.crypto.calculatePayloadHash(sent, "sha256", contentType);
  const mac = hawk.crypto.calculateMac("response", credentials, { ...request, hash, ext: undefined });
  return { "server-authorization": `Hawk mac="${mac}", hash="${hash}"` };
}
