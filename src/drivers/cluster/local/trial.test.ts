import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { opensTunnels } from "./trial.ts";

it("a network to other machines is offered only where the accounts of runs may open the device for it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "havre-trial-"));
  try {
    const device = join(folder, "tun");
    assert.equal(await opensTunnels(device), false, "it is not there");
    await writeFile(device, "");
    for (const [mode, opens] of [
      [0o666, true],
      [0o400, false],
    ] as const) {
      await chmod(device, mode);
      assert.equal(await opensTunnels(device), opens, mode.toString(8));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
