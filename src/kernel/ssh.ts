import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { HavreError } from "./errors.ts";

/** SSH keys in the forms that OpenSSH reads and writes (its PROTOCOL.key; RFC 4253 §6.6, RFC 5656, RFC 8709). */

export interface SshKeyPair {
  /** One line, as in authorized_keys. */
  readonly publicKey: string;
  /** The file that `ssh -i` takes; ends in a line break. */
  readonly privateKey: string;
}

/** A new Ed25519 pair without a passphrase. @param comment one line, shown beside the key */
export function newSshKeyPair(comment: string): SshKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const bare = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  const blob = Buffer.concat([field("ssh-ed25519"), field(bare)]);
  // The same number twice: a reader sees by it that the passphrase was right.
  const check = randomBytes(4);
  const inner = Buffer.concat([check, check, blob, field(Buffer.concat([seed, bare])), field(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    one,
    field(blob),
    field(Buffer.concat([inner, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    publicKey: `ssh-ed25519 ${blob.toString("base64")} ${comment}`,
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
  };
}

const field = (content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** What a key of each type consists of besides its name. Keys on a security device (sk-…) name their application at the end. */
const FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "ssh-rsa": 2,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "sk-ssh-ed25519@openssh.com": 2,
  "sk-ecdsa-sha2-nistp256@openssh.com": 3,
};
const LEAST_RSA_BITS = 2048;

/**
 * A public key as somebody pasted it, in its one spelling: type, key, and a comment of visible ASCII.
 * @throws HavreError "invalid", with words for whoever pasted it; a private key is refused and appears in no message
 */
export function parsePublicKey(text: string): string {
  const refuse = (message: string): never => {
    throw new HavreError("invalid", message);
  };
  if (/PRIVATE KEY/.test(text))
    refuse(
      "STOP: this is a PRIVATE key. It was not stored. Give the public key: the file whose name ends in .pub, one line that begins with ssh-ed25519 or the like.",
    );
  const [, type = "", base64 = "", comment = ""] =
    /^([a-z0-9@.-]+) +([A-Za-z0-9+/]+={0,2})(?: +([^\r\n]*))?$/.exec(text.trim()) ?? [];
  const expected = Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  if (type === "ssh-dss") refuse("DSA keys are too weak. Make a new one: ssh-keygen -t ed25519.");
  if (expected === undefined)
    return refuse(
      "This is no SSH public key. It is one line that begins with ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa or the like.",
    );
  const [name, ...parts] = fieldsOf(Buffer.from(base64, "base64")) ?? [];
  if (name?.toString() !== type || parts.length !== expected)
    return refuse("This SSH public key is damaged: copy it again, whole.");
  if (type === "ssh-rsa") mustBeRsa(parts as [Buffer, Buffer], refuse);
  if (type === "ssh-ed25519" && parts[0]?.length !== 32) refuse("This SSH public key is damaged: copy it again, whole.");
  const words = comment.replace(/[^\x21-\x7e ]+/g, "").trim();
  return `${type} ${base64}${words === "" ? "" : ` ${words.slice(0, 200)}`}`;
}

function mustBeRsa([e, n]: readonly [Buffer, Buffer], refuse: (message: string) => never): void {
  try {
    const jwk = { kty: "RSA", e: bare(e).toString("base64url"), n: bare(n).toString("base64url") };
    const bits = createPublicKey({ key: jwk, format: "jwk" }).asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits >= LEAST_RSA_BITS) return;
  } catch {
    refuse("This SSH public key is damaged: copy it again, whole.");
  }
  refuse(`RSA keys of less than ${LEAST_RSA_BITS} bits are too weak. Make a new one: ssh-keygen -t ed25519.`);
}

/** Positive numbers begin with a zero byte when their first bit is set. */
const bare = (number: Buffer): Buffer => (number[0] === 0 ? number.subarray(1) : number);

/** Length and content, to the last byte; undefined when they do not add up. */
function fieldsOf(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
