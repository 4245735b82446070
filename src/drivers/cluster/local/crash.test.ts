import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ClusterBench } from "../../../ports/cluster.suite.ts";
import { bwrapMissing, openSmallLocal, removeSmallLocal } from "./local.fixture.ts";

const ROUNDS = 12;
const EACH = 4;

/** Submits the workloads it is given as the server would, and is killed meanwhile. */
if (process.argv[2] === "submit") {
  const [home = "", ids = ""] = process.argv.slice(3);
  const bench = new ClusterBench(await openSmallLocal(home), 60_000);
  console.log("open");
  await Promise.all(ids.split(",").map(id => bench.submit(bench.workload(script(), { id: id as never }))));
  console.log("submitted");
} else
  it("no run is lost and none begins twice when the server is killed at any moment", {
    skip: bwrapMissing(),
    timeout: 120_000,
  }, async () => {
    const home = await mkdtemp(join(tmpdir(), "havre-crash-"));
    const all: string[] = [];
    const bench = new ClusterBench(await openSmallLocal(home), 60_000);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const ids = Array.from({ length: EACH }, () => bench.newId());
        all.push(...ids);
        const child = spawn(process.execPath, [import.meta.filename, "submit", home, ids.join(",")], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const exited = once(child, "exit");
        await once(child.stdout, "data"); // it is open, and about to submit
        await pause(round * 5);
        child.kill("SIGKILL");
        await exited;
        const { cluster } = bench;
        for (const id of ids) {
          const seen = await bench.look(id as never);
          assert.ok(["absent", "waiting", "running", "ended", undefined].includes(seen?.state));
          await bench.submit(bench.workload(script(), { id: id as never }));
        }
        assert.ok((await cluster.list(bench.signal)).length >= ids.length);
      }
      for (const id of all) {
        const seen = await bench.ended(id as never);
        assert.deepEqual([seen.end?.cause, seen.end?.exitCode], ["exit", 5], JSON.stringify(seen));
        assert.equal(await readFile(join(home, "shared", id, "begun"), "utf8"), "begun\n", id);
      }
    } finally {
      await removeSmallLocal(home, bench.cluster);
    }
  });

function script(): string {
  return "echo begun >>begun; sleep 0.2; exit 5";
}
