import { selfTestStorage, storagesToTest } from "../core/storages/index.ts";
import type { World } from "../core/world.ts";

/** Storages that are tried together. */
const AT_ONCE = 4;

/**
 * `havre self-test`: sends a small object through every storage now, and says what came of each.
 * @returns 0 when all work, else 1
 */
export async function runSelfTest(world: World, out: (line: string) => void): Promise<number> {
  const left = [...(await storagesToTest(world))];
  const total = left.length;
  let failures = 0;
  const testNext = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const tested = await selfTestStorage(world, id);
      if (!tested) continue;
      const { name, engine, address, result } = tested;
      if (result.failure !== undefined) failures++;
      out(`${result.failure === undefined ? "ok  " : "FAIL"}  ${name} (${engine} ${address}): ${result.message}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, testNext));
  out(failures === 0 ? `All ${total} storages work.` : `${failures} of ${total} storages failed.`);
  return failures === 0 ? 0 : 1;
}
