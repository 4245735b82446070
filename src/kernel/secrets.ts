import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import { HavreError } from "./errors.ts";

/** A ciphertext: version byte, 12-byte nonce, 16-byte tag, body. Stored as bytea. */
export type Sealed = Buffer;

const VERSION = 1;
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Everything derived from the one secret that lives outside the database. A class because it holds keys for the life of the
 * process. `context` binds a ciphertext to its place: what was sealed as a storage password opens as nothing else.
 */
export class Secrets {
  readonly #sealKey: Buffer;
  readonly #signKey: KeyObject;
  readonly #master: Buffer;
  /** Raw Ed25519 public key, 32 bytes, base64url: what a receipt is checked with. */
  readonly publicKey: string;

  constructor(secretKey: string) {
    this.#master = Buffer.from(secretKey, "utf8");
    this.#sealKey = this.derive("seal");
    this.#signKey = createPrivateKey({
      key: Buffer.concat([PKCS8_ED25519, this.derive("receipts")]),
      format: "der",
      type: "pkcs8",
    });
    const jwk = createPublicKey(this.#signKey).export({ format: "jwk" });
    this.publicKey = String(jwk.x);
  }

  /** 32 bytes for one purpose; the same secret and purpose always give the same bytes. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync("sha256", this.#master, "havre", purpose, 32));
  }

  seal(plain: string | Buffer, context: string): Sealed {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("chacha20-poly1305", this.#sealKey, nonce, { authTagLength: 16 });
    cipher.setAAD(Buffer.from(context), { plaintextLength: Buffer.byteLength(plain) });
    const body = Buffer.concat([typeof plain === "string" ? cipher.update(plain, "utf8") : cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), body]);
  }

  /** @throws HavreError "bug" when the bytes were sealed elsewhere or with another SECRET_KEY. */
  open(sealed: Sealed, context: string): Buffer {
    try {
      const decipher = createDecipheriv("chacha20-poly1305", this.#sealKey, sealed.subarray(1, 13), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(context), { plaintextLength: sealed.length - 29 });
      decipher.setAuthTag(sealed.subarray(13, 29));
      return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()]);
    } catch (cause) {
      throw new HavreError("bug", "A sealed secret cannot be opened: SECRET_KEY differs from the one it was sealed with.", {
        cause,
      });
    }
  }

  openText(sealed: Sealed, context: string): string {
    return this.open(sealed, context).toString("utf8");
  }

  /** Ed25519 over the bytes, base64url. */
  sign(message: string | Buffer): string {
    return sign(null, Buffer.from(message), this.#signKey).toString("base64url");
  }
}

/** Checks what {@link Secrets.sign} made, with nothing but the public key. */
export function verifySignature(message: string | Buffer, signature: string, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicKey }, format: "jwk" });
    return verify(null, Buffer.from(message), key, Buffer.from(signature, "base64url"));
  } catch {
    return false;
  }
}

export const sha256Hex = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

/** Equality that takes the same time whatever differs, lengths included. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}
