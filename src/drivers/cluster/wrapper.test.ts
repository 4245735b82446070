import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CARRIAGE_RETURN, NEEDLESS, quoted, wrapperScript } from "./wrapper.ts";

describe("the wrapper", () => {
  it("quotes any word for sh, without a carriage return in it", () => {
    for (const word of ["", "a b", "it's", "''", '$x `y` \\ "', "-n", "\n", "a\r\nb", "\r", "é😀", "*?[a]~"]) {
      assert.ok(!quoted(word).includes("\r"));
      assert.equal(
        execFileSync("sh", ["-c", `${CARRIAGE_RETURN}; printf %s ${quoted(word)}`]).toString(),
        word,
        JSON.stringify(word),
      );
    }
  });

  it("lets a command begin once, and again only where that is allowed and it is the same job", async () => {
    const home = await mkdtemp(join(tmpdir(), "havre-wrapper-"));
    try {
      const script = (requeue: boolean, key: string) =>
        wrapperScript({
          before: [`BOX=${home}`, `DIR=${home}`],
          ...{ stdout: "out", stderr: "out", key, requeue, diskBytes: 1_000_000, processes: 0, launch: "", counts: false },
          command: ["set -- sh -c 'echo begun; exit 3'"],
        });
      const run = (requeue: boolean, key: string) => spawnSync("sh", ["-c", script(requeue, key)]).status;
      assert.deepEqual([run(false, "1"), run(false, "1"), run(true, "2"), run(true, "1")], [3, NEEDLESS, NEEDLESS, 3]);
      assert.equal(await readFile(join(home, "out"), "utf8"), "begun\nbegun\n");
      assert.equal(await readFile(join(home, "code"), "utf8"), "3\n");
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
