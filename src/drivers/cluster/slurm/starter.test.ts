import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { Starter } from "./starter.ts";

/** With a program in the place of sbatch that says what it was given; sbatch itself is tried in test/clusters/slurm.test.ts. */
describe("the shell that starts sbatch", () => {
  const SBATCH = `#!/bin/sh
case $1 in
  --tell) shift; echo "sbatch: warning: told" >&2; cat; printf '<%s>' "$@" ;;
  --refuse) printf 'sbatch: error: Batch job submission failed: Invalid partition name specified\\nsbatch: error: more\\n' >&2; exit 1 ;;
  --end) kill -9 $PPID ;;
  --wait) while [ ! -e "$2" ] && [ -d "\${2%/*}" ]; do sleep 0.01; done; echo 7 ;;
esac
`;
  let home: string;
  let starter: Starter;
  const { signal } = new AbortController();

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "havre-starter-"));
    await mkdir(join(home, "bin"));
    await writeFile(join(home, "bin", "sbatch"), SBATCH, { mode: 0o755 });
    starter = new Starter({ PATH: `${home}/bin:/usr/bin:/bin` });
  });
  after(async () => {
    starter.close();
    await rm(home, { recursive: true });
  });

  it("gives it the script and its words as they are, and tells what it printed without its warnings", async () => {
    const words = ["sbatch", "--tell", "it's", 'a "b"', "$(id)", "a\rb", "", "*"];
    const told = words
      .slice(2)
      .map(word => `<${word}>`)
      .join("");
    const hard = `#!/bin/sh\n$(id) \`id\` $HOME \\ ' " )\nEOF\nend-\n${"é\t".repeat(100)}\n`;
    // The last is more than a pipe takes at once.
    for (const script of ["#!/bin/sh\n", "\n", hard, hard.repeat(2000)])
      assert.equal(await starter.submit(words, script, signal), script + told);
  });

  it("says why it refuses, in all of its lines", () =>
    assert.rejects(starter.submit(["sbatch", "--refuse"], "", signal), {
      kind: "invalid",
      message: "Slurm: Batch job submission failed: Invalid partition name specified",
    }));

  it("has several under way, and answers each with its own", async () => {
    const gate = join(home, "gate");
    const slow = starter.submit(["sbatch", "--wait", gate], "", signal);
    assert.equal(await starter.submit(["sbatch", "--tell", "quick"], "", signal), "<quick>");
    await writeFile(gate, "");
    assert.equal((await slow).trim(), "7");
    await rm(gate);
  });

  it("waits no longer than it is let", async () => {
    const stop = new AbortController();
    const gate = join(home, "never");
    const slow = starter.submit(["sbatch", "--wait", gate], "", stop.signal);
    setImmediate(() => stop.abort());
    await assert.rejects(slow, { kind: "timeout" });
    // Another takes its place meanwhile.
    assert.equal(await starter.submit(["sbatch", "--tell", "next"], "", signal), "<next>");
    await writeFile(gate, "");
  });

  it("goes on with another shell where one has gone", async () => {
    const gate = join(home, "late");
    const lost = starter.submit(["sbatch", "--end", gate], "", signal);
    await assert.rejects(lost, { kind: "unavailable", retry: "temporary" });
    assert.equal(await starter.submit(["sbatch", "--tell", "again"], "", signal), "<again>");
  });

  it("lets Havre end while one is under way that nobody waits for any more", async () => {
    const gate = join(home, "end");
    const program = `
      import { Starter } from ${JSON.stringify(import.meta.resolve("./starter.ts"))};
      const starter = new Starter({ PATH: ${JSON.stringify(`${home}/bin:/usr/bin:/bin`)} });
      const stop = AbortSignal.timeout(50);
      await starter.submit(["sbatch", "--wait", ${JSON.stringify(gate)}], "", stop).catch(error => console.log(error.kind));
      starter.close();`;
    const havre = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
    const [said, [code]] = await Promise.all([text(havre.stdout), once(havre, "exit", { signal: AbortSignal.timeout(20_000) })]);
    assert.deepEqual([said.trim(), code], ["timeout", 0]);
    await writeFile(gate, "");
  });

  it("says that it cannot be run where it is not there", async () => {
    const other = new Starter({ PATH: "/nowhere" });
    await assert.rejects(other.submit(["sbatch"], "", signal), { kind: "unavailable" });
    other.close();
  });
});
