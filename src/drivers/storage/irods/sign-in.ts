import { createHash, randomBytes } from "node:crypto";
import type { IrodsAddress } from "./address.ts";
import { numberIn, pack, senseless, textIn, unpack } from "./pack.ts";
import { refusal } from "./refusal.ts";
import { header, type Outgoing, type Wire } from "./wire.ts";

const AUTH_REQUEST = 703;
const AUTH_RESPONSE = 704;
const PAM_AUTH_REQUEST = 725;
const AUTHENTICATE = 110_000;

const CHALLENGE_BYTES = 64;
const PASSWORD_BYTES = 50;
/** For how long a password that PAM gives should be good; when it no longer is, PAM is asked again. */
const PAM_HOURS = 1;
const ENCRYPTION = { algorithm: "AES-256-CBC", keyBytes: 32, saltBytes: 8, rounds: 16 } as const;

export interface Greeting {
  readonly host: string;
  readonly certificateAuthorities: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * Says who wants what, and goes on encrypted where the server can: it is left to the server's policy, as by other clients.
 * @returns the server's version, such as [4, 3, 1]
 */
export async function greet(
  wire: Wire,
  address: IrodsAddress,
  { host, certificateAuthorities, signal }: Greeting,
): Promise<number[]> {
  const { user, userZone } = address;
  const startup = {
    irodsProt: 1,
    reconnFlag: 0,
    connectCnt: 0,
    proxyUser: user,
    proxyRcatZone: userZone,
    clientUser: user,
    clientRcatZone: userZone,
    relVersion: "rods4.3.0",
    apiVersion: "d",
    option: "request_server_negotiation",
  };
  await wire.send({ type: "RODS_CONNECT", text: pack("StartupPack_PI", startup) }, signal);
  let answer = await wire.receive(signal);
  let isEncrypted = false;
  if (answer.type === "RODS_CS_NEG_T") {
    // The other two are "must" and "do not care": then both sides take encryption.
    isEncrypted = textIn(unpack(answer.text), "result") !== "CS_NEG_REFUSE";
    const result = `cs_neg_result_kw=${isEncrypted ? "CS_NEG_USE_SSL" : "CS_NEG_USE_TCP"};`;
    await wire.send({ type: "RODS_CS_NEG_T", text: pack("CS_NEG_PI", { status: 1, result }) }, signal);
    answer = await wire.receive(signal);
  }
  if (answer.type !== "RODS_VERSION") throw senseless();
  if (answer.info < 0) throw refusal(address.where, answer.info);
  const version = unpack(answer.text);
  const status = numberIn(version, "status");
  if (status < 0) throw refusal(address.where, status);
  if (isEncrypted) {
    await wire.encrypt(host, certificateAuthorities, signal);
    const { algorithm, keyBytes, saltBytes, rounds } = ENCRYPTION;
    // For transfers on further ports, which we do not ask for; but a server waits for it.
    await wire.sendParts(header(algorithm, keyBytes, saltBytes, rounds, 0), Buffer.alloc(0), undefined, signal);
    await wire.sendParts(header("SHARED_SECRET", keyBytes, 0, 0, 0), randomBytes(keyBytes), undefined, signal);
  }
  return (/(\d+)\.(\d+)\.(\d+)/.exec(textIn(version, "relVersion")) ?? []).slice(1).map(Number);
}

/** Signs in by a password of the zone itself, which is proved and not told. @throws HavreError "unauthenticated" */
export const signIn = (
  wire: Wire,
  address: IrodsAddress,
  version: readonly number[],
  password: string,
  signal: AbortSignal,
): Promise<void> =>
  isNew(version) ? nativeByPlugin(wire, address, password, signal) : nativeByChallenge(wire, address, password, signal);

/** Tells PAM a password: so only over an encrypted connection. @returns one of the zone, for a while */
export const askPam = (
  wire: Wire,
  address: IrodsAddress,
  version: readonly number[],
  password: string,
  signal: AbortSignal,
): Promise<string> =>
  isNew(version) ? pamByPlugin(wire, address, password, signal) : pamByRequest(wire, address, password, signal);

/** Since 4.3 one API does all ways to sign in. */
const isNew = ([major = 0, minor = 0]: readonly number[]): boolean => major > 4 || (major === 4 && minor >= 3);

async function asked(wire: Wire, address: IrodsAddress, request: Omit<Outgoing, "type">, signal: AbortSignal): Promise<string> {
  await wire.send({ type: "RODS_API_REQ", ...request }, signal);
  const { type, info, text } = await wire.receive(signal);
  if (type !== "RODS_API_REPLY") throw senseless();
  if (info < 0) throw refusal(address.where, info);
  return text;
}

async function nativeByChallenge(wire: Wire, address: IrodsAddress, password: string, signal: AbortSignal): Promise<void> {
  const challenge = textIn(unpack(await asked(wire, address, { info: AUTH_REQUEST }, signal)), "challenge");
  const response = answerTo(Buffer.from(challenge, "base64"), password).toString("base64");
  const text = pack("authResponseInp_PI", { response, username: `${address.user}#${address.userZone}` });
  await asked(wire, address, { info: AUTH_RESPONSE, text }, signal);
}

async function nativeByPlugin(wire: Wire, address: IrodsAddress, password: string, signal: AbortSignal): Promise<void> {
  const said = await byPlugin(wire, address, { scheme: "native", next_operation: "auth_agent_auth_request" }, signal);
  const digest = answerTo(Buffer.from(String(said.request_result ?? "")), password).toString("base64");
  await byPlugin(wire, address, { ...said, digest, next_operation: "auth_agent_auth_response" }, signal);
}

async function pamByRequest(wire: Wire, address: IrodsAddress, password: string, signal: AbortSignal): Promise<string> {
  const text = pack("pamAuthRequestInp_PI", { pamUser: address.user, pamPassword: password, timeToLive: PAM_HOURS });
  return textIn(unpack(await asked(wire, address, { info: PAM_AUTH_REQUEST, text }, signal)), "irodsPamPassword");
}

async function pamByPlugin(wire: Wire, address: IrodsAddress, password: string, signal: AbortSignal): Promise<string> {
  const said = { scheme: "pam_password", next_operation: "auth_agent_auth_request", a_pw: password, a_ttl: String(PAM_HOURS) };
  return String((await byPlugin(wire, address, said, signal)).request_result ?? "");
}

async function byPlugin(wire: Wire, address: IrodsAddress, said: object, signal: AbortSignal): Promise<Record<string, unknown>> {
  const json = Buffer.from(JSON.stringify({ user_name: address.user, zone_name: address.userZone, ...said }));
  const text = pack("BinBytesBuf_PI", { buflen: json.length, buf: json.toString("base64") });
  const answer = unpack(await asked(wire, address, { info: AUTHENTICATE, text }, signal));
  try {
    return JSON.parse(Buffer.from(textIn(answer, "buf"), "base64").toString("utf8").replace(/\0+$/, ""));
  } catch {
    throw senseless();
  }
}

/** What shows that one knows the password without telling it. A zero byte would end it too early for the server. */
export function answerTo(challenge: Buffer, password: string): Buffer {
  const padded = Buffer.alloc(CHALLENGE_BYTES + PASSWORD_BYTES);
  challenge.copy(padded, 0, 0, CHALLENGE_BYTES);
  Buffer.from(password).copy(padded, CHALLENGE_BYTES, 0, PASSWORD_BYTES);
  return createHash("md5")
    .update(padded)
    .digest()
    .map(byte => (byte === 0 ? 1 : byte)) as Buffer;
}
