import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

const PLANTED = {
  "mixed.test.mjs": `
    import { before, describe, it } from "node:test";
    describe("suite", () => {
      it("stands", () => {});
      it("falls", () => { console.log("a word before the fall"); throw new Error("broken here"); });
      it("waits", { skip: "needs a harbour" }, () => {});
      it("holds", t => t.test("part", () => {}));
    });
    describe("no ground", () => { before(() => { throw new Error("no anchor"); }); });`,
  "unloadable.test.mjs": `throw new Error("never loads");`,
  "empty.test.mjs": "",
};

describe("the test runner", () => {
  it("counts tests and not files or suites, shows why what failed did, and why what was skipped was", async () => {
    const root = await mkdtemp(join(tmpdir(), "havre-runner-"));
    for (const [name, text] of Object.entries(PLANTED)) await writeFile(join(root, name), text);
    const files = Object.keys(PLANTED).map(name => join(root, name));
    const code = `
      import { runTests } from ${JSON.stringify(join(import.meta.dirname, "run-tests.ts"))};
      const { reasons, ...counts } = await runTests({ root: ${JSON.stringify(root)}, files: ${JSON.stringify(files)},
        concurrency: 1, fileTimeoutMs: 10000, named: undefined, print: text => console.error(text) });
      console.log(JSON.stringify({ ...counts, reasons: [...reasons] }));`;
    // node:test refuses to run within itself, and knows by this variable.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const script = join(root, "run.mjs");
    await writeFile(script, code);
    const { stdout, stderr } = await run(process.execPath, [script], { env });
    assert.deepEqual(JSON.parse(stdout), { passed: 3, failed: 3, skipped: 1, reasons: [["needs a harbour", 1]] });
    for (const words of ["suite › falls", "broken here", "a word before the fall", "no anchor", "never loads"])
      assert.ok(stderr.includes(words), words);
    await rm(root, { recursive: true });
  });
});
