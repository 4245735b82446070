import { createCipheriv, createHash } from "node:crypto";

/** Chance that can be repeated: the same seed, the same storm, as far as the machine's own timing allows. */
export interface Chance {
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
  pick<T>(from: readonly T[]): T;
  is(probability: number): boolean;
  /** Bytes that cannot be compressed or guessed. */
  bytes(length: number): Buffer;
}

export function chanceOf(seed: string): Chance {
  let drawn = 0;
  const key = (what: string) => createHash("sha256").update(`${seed} ${what}`).digest();
  const fraction = () => key(`number ${drawn++}`).readUInt32BE() / 2 ** 32;
  const below = (end: number) => Math.floor(fraction() * end);
  return {
    below,
    pick: from => from[below(from.length)] as (typeof from)[number],
    is: probability => fraction() < probability,
    bytes: length => createCipheriv("aes-256-ctr", key(`bytes ${drawn++}`), Buffer.alloc(16)).update(Buffer.alloc(length)),
  };
}
