import { hash, verify } from "@node-rs/argon2";
import { newKey } from "../../kernel/ids.ts";

/** argon2id with 19 MiB and two passes: about 15 ms here, and as dear for a guesser on a graphics card. */
const COST = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

export const hashPassword = (password: string): Promise<string> => hash(password, COST);

let dummy: Promise<string> | undefined;

/** Takes as long for an account without a password, or no account at all, as for a wrong password. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  dummy ??= hashPassword(newKey(32));
  const good = await verify(passwordHash ?? (await dummy), password);
  return good && passwordHash !== undefined;
}
