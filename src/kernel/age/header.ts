import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { HavreError } from "../errors.ts";
import { KIB, MIB } from "../units.ts";
import {
  type AgeIdentity,
  type AgeRecipient,
  agree,
  ephemeralPair,
  parseIdentity,
  parseRecipient,
  recipientOfShare,
} from "./keys.ts";

/** Whom a file is for: one passphrase, or any number of public keys (`age1…`). Never both: the format forbids it. */
export type AgeTo = { readonly passphrase: string } | { readonly recipients: readonly string[] };
/** What opens a file: the passphrase, or secret keys (`AGE-SECRET-KEY-1…`) of which one must fit. */
export type AgeSecret = { readonly passphrase: string } | { readonly identities: readonly string[] };

export const FILE_KEY_BYTES = 16;
/** Far above any header with sensible recipients; a stream without a header must not be read to its end. */
export const MAX_HEADER_BYTES = 64 * KIB;
const VERSION_LINE = "age-encryption.org/v1";
const COLUMNS = 64;
const TAG_BYTES = 16;
const SALT_BYTES = 16;
const MAC_BYTES = 32;
const SCRYPT_LOG_N = 18;
/** 1 GiB of memory. A foreign file may ask for more; it is not worth the server's life. */
const MAX_SCRYPT_LOG_N = 20;
const SCRYPT_LABEL = "age-encryption.org/v1/scrypt";
const X25519_LABEL = "age-encryption.org/v1/X25519";

interface Stanza {
  readonly args: readonly string[];
  readonly body: Buffer;
}

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

/** Strict, as the format demands: no padding, and only the one spelling of the bytes. */
function fromUnpadded(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (unpadded(bytes) !== text) throw damaged("its base64 is not canonical");
  return bytes;
}

const damaged = (why: string): HavreError => new HavreError("invalid", `This is not a whole age file: ${why}.`);

/** The header for a file key: stanzas in the given order, then the MAC. */
export async function makeHeader(to: AgeTo, fileKey: Buffer): Promise<Buffer> {
  const stanzas =
    "passphrase" in to
      ? [await scryptStanza(to.passphrase, fileKey)]
      : recipientsOf(to.recipients).map(one => x25519Stanza(one, fileKey));
  const body = headerText(stanzas);
  return Buffer.from(`${body} ${unpadded(headerMac(fileKey, body))}\n`, "ascii");
}

/** The length of a header to them, without the second that a passphrase would take. @throws HavreError "invalid" for a bad recipient */
export function headerLengthTo(to: AgeTo): number {
  const body = Buffer.alloc(FILE_KEY_BYTES + TAG_BYTES);
  const scryptArgs = ["scrypt", unpadded(Buffer.alloc(SALT_BYTES)), String(SCRYPT_LOG_N)];
  const argsOf = (recipient: AgeRecipient): string[] => ["X25519", unpadded(recipient.raw)];
  const stanzas = "passphrase" in to ? [scryptArgs] : recipientsOf(to.recipients).map(argsOf);
  return headerText(stanzas.map(args => ({ args, body }))).length + unpadded(Buffer.alloc(MAC_BYTES)).length + 2;
}

const headerText = (stanzas: readonly Stanza[]): string => `${VERSION_LINE}\n${stanzas.map(stanzaText).join("")}---`;

function recipientsOf(texts: readonly string[]): AgeRecipient[] {
  const recipients = texts.map(parseRecipient);
  if (recipients.length === 0) throw new HavreError("invalid", "At least one recipient is needed.");
  return recipients;
}

function stanzaText({ args, body }: Stanza): string {
  const text = unpadded(body);
  const lines = text.match(/.{64}/g) ?? [];
  // The last line is always short, and empty when the body fills whole lines.
  return [`-> ${args.join(" ")}`, ...lines, text.slice(lines.length * COLUMNS), ""].join("\n");
}

const headerMac = (fileKey: Buffer, body: string): Buffer =>
  createHmac("sha256", Buffer.from(hkdfSync("sha256", fileKey, "", "header", 32)))
    .update(body, "latin1")
    .digest();

/**
 * The file key out of a header, which must be exact: from its first byte to the newline after the MAC.
 * @throws HavreError "unauthenticated" when the secret does not fit, "invalid" when this is no age header, "checksum" when it was changed
 */
export async function openHeader(header: Buffer, secret: AgeSecret): Promise<Buffer> {
  const text = header.toString("latin1");
  const stanzas = parseStanzas(text);
  const fileKey = "passphrase" in secret ? await openScrypt(stanzas, secret.passphrase) : openX25519(stanzas, secret.identities);
  const cut = text.lastIndexOf("--- ");
  if (!timingSafeEqual(headerMac(fileKey, text.slice(0, cut + 3)), exactly(MAC_BYTES, fromUnpadded(text.slice(cut + 4, -1)))))
    throw new HavreError("checksum", "The header of this file was changed.");
  return fileKey;
}

/** Bytes of the header at the start of `start`, or undefined when it is not all there. @throws HavreError "invalid" when there is none */
export function headerBytes(start: Buffer): number | undefined {
  const expected = Buffer.from(`${VERSION_LINE}\n`);
  const common = Math.min(start.length, expected.length);
  if (!start.subarray(0, common).equals(expected.subarray(0, common))) throw damaged("it does not begin like one");
  const mac = start.indexOf("\n--- ");
  const end = mac < 0 ? -1 : start.indexOf("\n", mac + 1);
  if (end < 0 && start.length >= MAX_HEADER_BYTES) throw damaged("its header does not end");
  return end < 0 ? undefined : end + 1;
}

function parseStanzas(header: string): Stanza[] {
  const lines = header.split("\n").slice(1, -2);
  const stanzas: Stanza[] = [];
  for (let at = 0; at < lines.length; ) {
    const args = /^-> ([!-~]+(?: [!-~]+)*)$/.exec(lines[at++] ?? "")?.[1]?.split(" ");
    if (args === undefined) throw damaged("a line of its header makes no sense");
    let body = "";
    for (let line = COLUMNS; line === COLUMNS; at++) {
      const text = lines[at];
      if (text === undefined || text.length > COLUMNS) throw damaged("a key in its header is cut");
      body += text;
      line = text.length;
    }
    stanzas.push({ args, body: fromUnpadded(body) });
  }
  return stanzas;
}

async function scryptStanza(passphrase: string, fileKey: Buffer): Promise<Stanza> {
  if (passphrase === "") throw new HavreError("invalid", "The passphrase is empty.");
  const salt = randomBytes(SALT_BYTES);
  const wrapKey = await scryptKey(passphrase, salt, SCRYPT_LOG_N);
  return { args: ["scrypt", unpadded(salt), String(SCRYPT_LOG_N)], body: wrap(wrapKey, fileKey) };
}

async function openScrypt(stanzas: readonly Stanza[], passphrase: string): Promise<Buffer> {
  const stanza = stanzas.find(one => one.args[0] === "scrypt");
  if (stanza === undefined)
    throw new HavreError("unauthenticated", "This file is not locked with a passphrase but to somebody's key.");
  // With a second stanza whoever holds the other key could pose as one who knows the passphrase.
  if (stanzas.length !== 1) throw damaged("a passphrase must be its only key");
  const [, salt = "", logN = ""] = stanza.args;
  if (stanza.args.length !== 3 || !/^[1-9][0-9]?$/.test(logN)) throw damaged("its passphrase line makes no sense");
  if (Number(logN) > MAX_SCRYPT_LOG_N)
    throw new HavreError("invalid", "The passphrase of this file asks for more memory than is allowed.");
  const wrapKey = await scryptKey(passphrase, exactly(SALT_BYTES, fromUnpadded(salt)), Number(logN));
  const fileKey = unwrap(wrapKey, stanza.body);
  if (fileKey === undefined) throw new HavreError("unauthenticated", "The passphrase does not open this file.");
  return fileKey;
}

function x25519Stanza(recipient: AgeRecipient, fileKey: Buffer): Stanza {
  const { privateKey, share } = ephemeralPair();
  return {
    args: ["X25519", unpadded(share)],
    body: wrap(x25519Key(agree(privateKey, recipient.key), share, recipient), fileKey),
  };
}

function openX25519(stanzas: readonly Stanza[], texts: readonly string[]): Buffer {
  const identities = texts.map(parseIdentity);
  for (const stanza of stanzas.filter(one => one.args[0] === "X25519")) {
    if (stanza.args.length !== 2) throw damaged("a key in its header makes no sense");
    const share = exactly(32, fromUnpadded(stanza.args[1] ?? ""));
    for (const identity of identities) {
      const fileKey = openWith(identity, share, stanza.body);
      if (fileKey !== undefined) return fileKey;
    }
  }
  throw new HavreError("unauthenticated", "None of the given keys opens this file.");
}

const openWith = (identity: AgeIdentity, share: Buffer, body: Buffer): Buffer | undefined =>
  unwrap(x25519Key(agree(identity.key, recipientOfShare(share)), share, identity.recipient), body);

const x25519Key = (shared: Buffer, share: Buffer, recipient: AgeRecipient): Buffer =>
  Buffer.from(hkdfSync("sha256", shared, Buffer.concat([share, recipient.raw]), X25519_LABEL, 32));

/** A zero nonce is right here: each wrap key is used once. */
const ZERO_NONCE = Buffer.alloc(12);

function wrap(key: Buffer, fileKey: Buffer): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, ZERO_NONCE, { authTagLength: TAG_BYTES });
  return Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(key: Buffer, body: Buffer): Buffer | undefined {
  exactly(FILE_KEY_BYTES + TAG_BYTES, body);
  const decipher = createDecipheriv("chacha20-poly1305", key, ZERO_NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(FILE_KEY_BYTES));
  const fileKey = decipher.update(body.subarray(0, FILE_KEY_BYTES));
  try {
    decipher.final();
    return fileKey;
  } catch {
    return undefined;
  }
}

function exactly(length: number, bytes: Buffer): Buffer {
  if (bytes.length !== length) throw damaged("a key in its header has a wrong length");
  return bytes;
}

let gate: Promise<unknown> = Promise.resolve();

/** One at a time in this process: each takes 256 MiB for about a second. */
function scryptKey(passphrase: string, salt: Buffer, logN: number): Promise<Buffer> {
  const fullSalt = Buffer.concat([Buffer.from(SCRYPT_LABEL), salt]);
  const options = { N: 2 ** logN, r: 8, p: 1, maxmem: 128 * 8 * 2 ** logN + 8 * MIB };
  const turn = gate.then(
    () =>
      new Promise<Buffer>((resolve, reject) =>
        scrypt(passphrase, fullSalt, 32, options, (error, key) => (error === null ? resolve(key) : reject(error))),
      ),
  );
  gate = turn.catch(() => {});
  return turn;
}
