import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { HavreError } from "../errors.ts";
import { bech32Decode, bech32Encode } from "./bech32.ts";

const RECIPIENT_PREFIX = "age";
const IDENTITY_PREFIX = "age-secret-key-";
const KEY_BYTES = 32;
/** DER in front of a raw X25519 private key: Node takes no raw one. */
const PKCS8_X25519 = Buffer.from("302e020100300506032b656e04220420", "hex");

/** A public key: files are encrypted to it. `text` is its one spelling, `age1…` in lower case. */
export interface AgeRecipient {
  readonly text: string;
  readonly raw: Buffer;
  readonly key: KeyObject;
}

export interface AgeIdentity {
  readonly recipient: AgeRecipient;
  readonly key: KeyObject;
}

const publicKeyOf = (raw: Buffer): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: "X25519", x: raw.toString("base64url") }, format: "jwk" });
const rawOf = (key: KeyObject): Buffer => Buffer.from(String(key.export({ format: "jwk" }).x), "base64url");

/** A new X25519 pair: what the recipient of a study's data keeps (`identity`) and what they give away (`recipient`). */
export function newIdentity(): { identity: string; recipient: string } {
  const pair = generateKeyPairSync("x25519");
  const secret = Buffer.from(String(pair.privateKey.export({ format: "jwk" }).d), "base64url");
  return {
    identity: bech32Encode(IDENTITY_PREFIX, secret).toUpperCase(),
    recipient: bech32Encode(RECIPIENT_PREFIX, rawOf(pair.publicKey)),
  };
}

/**
 * Reads a recipient as somebody pasted it.
 * @throws HavreError "invalid", saying what was pasted instead: a secret key, an SSH key, a plugin's key, a torn copy
 */
export function parseRecipient(text: string): AgeRecipient {
  const given = text.trim();
  if (/^age-secret-key-/i.test(given))
    throw new HavreError(
      "invalid",
      "This is a secret key. Give the public one, which begins with age1, and keep the secret to yourself.",
    );
  if (/^(ssh-|ecdsa-|sk-)/i.test(given))
    throw new HavreError(
      "invalid",
      "SSH keys cannot be used here. Make an age key with age-keygen and give its public part, which begins with age1.",
    );
  if (!/^age1/i.test(given)) throw new HavreError("invalid", "A recipient's public key begins with age1.");
  const { prefix, bytes } = bech32Decode(given);
  if (prefix !== RECIPIENT_PREFIX || bytes.length !== KEY_BYTES)
    throw new HavreError("invalid", "Only X25519 keys as age-keygen makes them can be used here, not those of age plugins.");
  const recipient = { text: bech32Encode(RECIPIENT_PREFIX, bytes), raw: bytes, key: publicKeyOf(bytes) };
  agree(generateKeyPairSync("x25519").privateKey, recipient.key);
  return recipient;
}

/** @throws HavreError "invalid" */
export function parseIdentity(text: string): AgeIdentity {
  const { prefix, bytes } = bech32Decode(text.trim());
  if (prefix !== IDENTITY_PREFIX || bytes.length !== KEY_BYTES)
    throw new HavreError("invalid", "A secret key begins with AGE-SECRET-KEY-1.");
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_X25519, bytes]), format: "der", type: "pkcs8" });
  const raw = rawOf(createPublicKey(key));
  return { key, recipient: { text: bech32Encode(RECIPIENT_PREFIX, raw), raw, key: publicKeyOf(raw) } };
}

/** The secret two keys share. @throws HavreError "invalid" for a public key of low order, which would share nothing with anybody */
export function agree(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch (cause) {
    throw new HavreError("invalid", "This public key is not a usable X25519 key.", { cause });
  }
}

/** A pair for one stanza of one file, with its public part as it is written there. */
export function ephemeralPair(): { privateKey: KeyObject; share: Buffer } {
  const pair = generateKeyPairSync("x25519");
  return { privateKey: pair.privateKey, share: rawOf(pair.publicKey) };
}

export const recipientOfShare = (share: Buffer): KeyObject => publicKeyOf(share);
