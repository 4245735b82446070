import type { Hop } from "../api/types.ts";

/** The document behind "receipt.json". Its drop's id is part of what every hop is hashed over. */
export type ReceiptDocument = {
  format: string;
  drop: { id: string | number } & Record<string, unknown>;
  hops: Hop[];
  publicKey: string;
};

/** What one hop's checks gave. A hop is sound when all three are true. */
export type HopCheck = { seq: number; hop: string; at: string; linked: boolean; hashed: boolean; signed: boolean };
export type Verdict = {
  sound: boolean;
  hops: HopCheck[];
  /** What the receipt tells about the file outside its steps is what they say. */
  agrees: boolean;
  publicKey: string;
  drop: ReceiptDocument["drop"];
};

export type ReceiptFault = "not-json" | "not-a-receipt" | "unknown-format" | "no-hops" | "bad-key" | "no-crypto";

export class BadReceipt extends Error {
  readonly fault: ReceiptFault;
  constructor(fault: ReceiptFault) {
    super(fault);
    this.fault = fault;
  }
}

const NOTHING_BEFORE = "0".repeat(64);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/**
 * Canonical JSON: keys sorted by code unit at every level, no blanks, leaves as JSON.stringify writes them.
 * Two programs that agree on a value agree on these bytes.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .filter(key => value[key] !== undefined)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}

/** @throws BadReceipt */
export function readReceipt(text: string): ReceiptDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadReceipt("not-json");
  }
  if (!isObject(json) || typeof json.format !== "string") throw new BadReceipt("not-a-receipt");
  if (json.format !== "havre-receipt/1") throw new BadReceipt("unknown-format");
  if (!isObject(json.drop) || !Array.isArray(json.hops) || !json.hops.every(isObject)) throw new BadReceipt("not-a-receipt");
  if (typeof json.publicKey !== "string") throw new BadReceipt("bad-key");
  if (json.hops.length === 0) throw new BadReceipt("no-hops");
  return json as ReceiptDocument;
}

/**
 * Checks every hop by itself and its place in the chain: the number follows, `previous` is the hash of the hop before,
 * the hash is that of the hop's facts, and the signature over the hash is that of the receipt's key.
 * @throws BadReceipt "bad-key" (not an Ed25519 key), "no-crypto" (this browser cannot check such signatures)
 */
export async function verifyReceipt(receipt: ReceiptDocument): Promise<Verdict> {
  if (!globalThis.crypto?.subtle) throw new BadReceipt("no-crypto");
  const key = await importKey(receipt.publicKey);
  const hops: HopCheck[] = [];
  let previous = NOTHING_BEFORE;
  for (const [index, hop] of receipt.hops.entries()) {
    const { seq, at, by, facts } = hop;
    const linked = hop.previous === previous && seq === index + 1;
    const hash = await sha256Hex(canonical({ drop: receipt.drop.id, seq, hop: hop.hop, at, by, facts, previous: hop.previous }));
    const signed = await signatureHolds(key, hop);
    hops.push({ seq, hop: hop.hop, at, linked, hashed: hash === hop.hash, signed });
    previous = hop.hash;
  }
  const agrees = summaryAgrees(receipt);
  const sound = agrees && hops.every(hop => hop.linked && hop.hashed && hop.signed);
  return { sound, hops, agrees, publicKey: receipt.publicKey, drop: receipt.drop };
}

/** The summary is not signed itself: whatever it repeats must stand in the signed steps. */
function summaryAgrees({ drop, hops }: ReceiptDocument): boolean {
  const received = hops.find(hop => hop.hop === "received")?.facts ?? {};
  return ["filename", "sizeBytes", "sha256"].every(fact => (drop[fact] ?? null) === null || drop[fact] === received[fact]);
}

async function importKey(publicKey: string): Promise<CryptoKey> {
  let raw: Uint8Array<ArrayBuffer>;
  try {
    raw = fromBase64Url(publicKey);
  } catch {
    throw new BadReceipt("bad-key");
  }
  if (raw.length !== 32) throw new BadReceipt("bad-key");
  try {
    return await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    throw new BadReceipt(error instanceof DOMException && error.name === "NotSupportedError" ? "no-crypto" : "bad-key");
  }
}

async function signatureHolds(key: CryptoKey, hop: Hop): Promise<boolean> {
  try {
    return await crypto.subtle.verify({ name: "Ed25519" }, key, fromBase64Url(hop.signature), utf8(hop.hash));
  } catch {
    return false; // not even base64url: no signature of ours
  }
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, character => character.charCodeAt(0));
}

async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));
  return Array.from(digest, byte => byte.toString(16).padStart(2, "0")).join("");
}
