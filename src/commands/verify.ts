import { readFileSync } from "node:fs";
import { verifyReceipt } from "../core/drops/index.ts";

/**
 * `havre verify receipt.json [--key PUBLIC_KEY]`: checks a receipt offline.
 * @returns exit status: 0 right, 1 wrong, 2 cannot be read
 */
export function runVerify(args: readonly string[], out: (line: string) => void): number {
  const keyAt = args.indexOf("--key");
  const key = keyAt < 0 ? undefined : args[keyAt + 1];
  const file = args.find((arg, index) => !arg.startsWith("--") && (keyAt < 0 || index !== keyAt + 1));
  if (file === undefined || (keyAt >= 0 && key === undefined)) {
    out("Usage: havre verify receipt.json [--key PUBLIC_KEY]");
    return 2;
  }
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    out(`${file} cannot be read: ${(error as Error).message}`);
    return 2;
  }
  const { ok, findings } = verifyReceipt(document, key);
  for (const finding of findings) out(finding);
  if (!ok) out("WRONG: this receipt was altered, or is not one.");
  else if (key === undefined)
    out("RIGHT in itself. To know who signed it, give the server's public key: --key (see /api/v1/keys/ of the server).");
  else out("RIGHT: complete, in order, and signed with the given key.");
  return ok ? 0 : 1;
}
