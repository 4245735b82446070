import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { checkTree, problemsOf, refusal } from "./check-arrows.ts";

describe("the arrows", () => {
  it("a planted violation is found, with file, line, import and reason", async () => {
    const root = await mkdtemp(join(tmpdir(), "havre-arrows-"));
    const file = join(root, "src/kernel/ids.ts");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'import {\n  a,\n  b,\n} from "../store/store.ts";\n');
    const [problem, ...others] = checkTree(root);
    assert.match(problem ?? "", /^src\/kernel\/ids\.ts:4: imports \.\.\/store\/store\.ts: the kernel .* rests on nothing$/);
    assert.deepEqual(others, []);
    await rm(root, { recursive: true });
  });

  const allowed = [
    ["src/main.ts", "src/drivers/storage/all.ts"],
    ["src/core/uploads/actions.ts", "src/ports/blobs.ts"],
    ["src/core/drops/actions.ts", "src/core/studies/index.ts"],
    ["src/store/drops.ts", "src/core/drops/model.ts"],
    ["src/drivers/storage/webdav/webdav.ts", "src/drivers/http/client.ts"],
    ["src/drivers/storage/webdav/webdav.ts", "src/drivers/storage/paths.ts"],
    ["src/drivers/storage/all.ts", "src/drivers/storage/webdav/webdav.ts"],
    ["src/drivers/storage/webdav/webdav.test.ts", "test/engines/apache.ts"],
    ["src/drivers/storage/layers/layers.test.ts", "src/drivers/storage/folder/folder.ts"],
    ["src/dialects/vre/routes.ts", "src/core/studies/index.ts"],
    ["src/dialects/vre/users.test.ts", "src/core/people/people.fixture.ts"],
    ["src/config.test.ts", "src/config.ts"],
  ] as const;
  for (const [from, to] of allowed) it(`${from} may import ${to}`, () => assert.equal(refusal(from, to), undefined));

  const refused = [
    ["src/core/studies/actions.ts", "src/ports/storage.ts"],
    ["src/core/drops/actions.ts", "src/core/studies/actions.ts"],
    ["src/dialects/vre/routes.ts", "src/core/studies/rules.ts"],
    ["src/dialects/vre/routes.ts", "src/dialects/agave/wire.ts"],
    ["src/dialects/vre/routes.ts", "src/store/studies.ts"],
    ["src/dialects/vre/routes.ts", "src/core/people/people.fixture.ts"],
    ["src/store/drops.ts", "src/core/drops/index.ts"],
    ["src/drivers/storage/webdav/webdav.ts", "src/drivers/storage/folder/folder.ts"],
    ["src/drivers/storage/webdav/webdav.ts", "src/drivers/storage/all.ts"],
    ["src/drivers/mail/smtp/smtp.ts", "src/core/mail/index.ts"],
    ["src/errands/deliver.ts", "src/drivers/storage/all.ts"],
    ["src/http/route.ts", "src/dialects/vre/routes.ts"],
    ["src/main.ts", "test/harness/database.ts"],
    ["portal/src/app.tsx", "src/kernel/ids.ts"],
    ["src/elsewhere/x.ts", "src/kernel/ids.ts"],
  ] as const;
  for (const [from, to] of refused) it(`${from} may not import ${to}`, () => assert.notEqual(refusal(from, to), undefined));

  it("every way to import is seen", () => {
    const from = `from "../store/a.ts"`;
    for (const line of [
      `import "../store/a.ts";`,
      `export * ${from};`,
      `import type { A } ${from};`,
      `await ${"import"}("../store/a.ts");`,
    ])
      assert.equal(problemsOf("src/kernel/x.ts", line).length, 1, line);
    assert.equal(problemsOf("src/kernel/x.ts", '// import from "../store/a.ts"').length, 0);
  });

  it("the environment is read in config.ts alone, SQL is spoken in the store alone, and nothing stays unfinished", () => {
    assert.match(problemsOf("src/http/x.ts", "const a = process.env.A;")[0] ?? "", /settings come from/);
    assert.deepEqual(problemsOf("src/config.ts", "const a = process.env.A;"), []);
    assert.match(problemsOf("src/core/mail/x.ts", 'import { sql } from "kysely";')[0] ?? "", /speaks SQL/);
    assert.match(problemsOf("src/http/x.ts", `// ${"TO"}DO`)[0] ?? "", /unfinished/);
    assert.match(problemsOf("src/http/x.ts", "\n".repeat(401))[0] ?? "", /longer than 400 lines/);
    assert.deepEqual(problemsOf("src/http/x.ts", "\n".repeat(400)), []);
  });
});
