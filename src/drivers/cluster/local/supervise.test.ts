import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Supervisors } from "./supervise.ts";

describe("supervisors", () => {
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "havre-supervise-"));
  });
  after(() => rm(home, { recursive: true, force: true }));

  it("answer everybody who asks for the same run at once, and begin it once", { timeout: 20_000 }, async () => {
    const folder = join(home, "run");
    await mkdir(folder);
    const [output, supervisors] = [await open(join(folder, "out"), "a"), new Supervisors()];
    try {
      const start = {
        folder,
        end: join(home, "end"),
        argv: ["/bin/sh", "-c", "echo begun"],
        environment: { PATH: "/usr/bin:/bin", FILE_BLOCKS: "1000", SECCOMP: "/dev/null", DATA_KIB: "", PROCESSES: "" },
        stdout: output.fd,
        stderr: output.fd,
      };
      // bubblewrap would read them.
      await (await open(join(folder, "args"), "w")).close();
      await Promise.all(Array.from({ length: 8 }, () => supervisors.start(start)));
      await supervisors.start(start);
      while (!(await readFile(start.end, "utf8").catch(() => "")).endsWith("whole=1\n")) await pause(20);
      assert.equal(await readFile(join(folder, "out"), "utf8"), "begun\n");
    } finally {
      supervisors.close();
      await output.close();
    }
  });
});
