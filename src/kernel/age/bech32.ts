import { HavreError } from "../errors.ts";

/** Text with a prefix and a checksum, as age writes its keys. Source: BIP 173, without its limit of 90 characters. */
const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;
const CHECKSUM_LENGTH = 6;

function polymod(values: Iterable<number>): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, term] of GENERATOR.entries()) if ((top >>> bit) & 1) sum ^= term;
  }
  return sum >>> 0;
}

const prefixValues = (prefix: string): number[] => {
  const codes = [...Buffer.from(prefix, "ascii")];
  return [...codes.map(code => code >> 5), 0, ...codes.map(code => code & 31)];
};

/** Regroups bits; when narrowing back to bytes, leftover bits must be zero and fewer than a whole group. */
function regroup(values: Iterable<number>, fromBits: number, toBits: number, pad: boolean): number[] | undefined {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of values) {
    held = (held << fromBits) | value;
    for (bits += fromBits; bits >= toBits; ) {
      bits -= toBits;
      out.push((held >>> bits) & ((1 << toBits) - 1));
    }
    held &= (1 << bits) - 1;
  }
  if (pad && bits > 0) out.push(held << (toBits - bits));
  return !pad && (bits >= fromBits || held !== 0) ? undefined : out;
}

/** Lower case; `prefix` is given in lower case. */
export function bech32Encode(prefix: string, bytes: Uint8Array): string {
  const data = regroup(bytes, 8, 5, true) ?? [];
  const sum = polymod([...prefixValues(prefix), ...data, ...new Array<number>(CHECKSUM_LENGTH).fill(0)]) ^ 1;
  const checksum = Array.from({ length: CHECKSUM_LENGTH }, (_, at) => (sum >>> (5 * (CHECKSUM_LENGTH - 1 - at))) & 31);
  return `${prefix}1${[...data, ...checksum].map(value => ALPHABET[value]).join("")}`;
}

/** @throws HavreError "invalid" for mixed case, a wrong character or a wrong checksum */
export function bech32Decode(text: string): { prefix: string; bytes: Buffer } {
  const wrong = (why: string): HavreError => new HavreError("invalid", `This key ${why}. Was it copied whole?`);
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) throw wrong("mixes upper and lower case");
  const split = lower.lastIndexOf("1");
  if (split < 1 || lower.length - split - 1 < CHECKSUM_LENGTH) throw wrong("is too short");
  const prefix = lower.slice(0, split);
  const values = [...lower.slice(split + 1)].map(letter => ALPHABET.indexOf(letter));
  if (values.includes(-1)) throw wrong("has a character that no key has");
  if (polymod([...prefixValues(prefix), ...values]) !== 1) throw wrong("has a wrong checksum");
  const bytes = regroup(values.slice(0, -CHECKSUM_LENGTH), 5, 8, false);
  if (bytes === undefined) throw wrong("has stray bits at its end");
  return { prefix, bytes: Buffer.from(bytes) };
}
