import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { Folders } from "../../ports/folders.ts";
import { openFolders } from "./index.ts";

const run = promisify(execFile);

describe("folders of tasks", () => {
  let home: string;
  let folders: Folders;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "havre-folders-"));
    await writeFile(join(home, "secret"), "secret");
    folders = await openFolders(join(home, "shared"));
    await folders.make("a/task", undefined);
    await folders.make("b/task", undefined);
    await writeFile(join(folders.root, "b/task/theirs"), "theirs");
    await writeFile(join(folders.root, "a/task/out.txt"), "hello");
    await mkdir(join(folders.root, "a/task/sub"));
    await writeFile(join(folders.root, "a/task/sub/deep.txt"), "deep");
  });
  after(() => rm(home, { recursive: true, force: true }));

  const names = async (path: string): Promise<string[]> =>
    (await folders.list("a/task", path)).map(entry => `${entry.kind} ${entry.name}`);
  const textOf = async (path: string, from?: number): Promise<string> => {
    const found = await folders.find("a/task", path);
    return Buffer.concat(await (await found.open(from)).toArray()).toString();
  };

  it("lists by name and reads from any place", async () => {
    assert.deepEqual(await names(""), ["file out.txt", "dir sub"]);
    assert.deepEqual(await names("sub/"), ["file deep.txt"]);
    assert.equal(await textOf("out.txt"), "hello");
    assert.equal(await textOf("out.txt", 3), "lo");
    assert.equal(await textOf("out.txt", 9), "");
    assert.equal((await folders.find("a/task", "sub")).kind, "dir");
  });

  it("nothing leads out: no path, no link to a file, no link to a folder, no link above", async () => {
    const at = join(folders.root, "a/task");
    await symlink(join(home, "secret"), join(at, "link"));
    await symlink("../../b/task", join(at, "other"));
    await symlink("/", join(at, "root"));
    await symlink("sub/deep.txt", join(at, "fine"));
    assert.deepEqual(await names(""), ["file fine", "file out.txt", "dir sub"]);
    assert.equal(await textOf("fine"), "deep");
    for (const path of [
      "link",
      "other",
      "other/theirs",
      "root/etc/passwd",
      "../../b/task/theirs",
      "/etc/passwd",
      "sub/../../../b",
      "a\0b",
      "..",
      "nothing",
    ])
      await assert.rejects(folders.find("a/task", path), { kind: "not-found" }, path);
  });

  it("a pipe or a device is no file, and nobody waits for it", async () => {
    await run("mkfifo", [join(folders.root, "a/task/pipe")]);
    await assert.rejects(folders.find("a/task", "pipe"), { kind: "not-found" });
    assert.ok(!(await names("")).some(name => name.endsWith("pipe")));
  });

  it("writes a file in place of whatever has its name, and never through a link", async () => {
    await symlink(join(home, "secret"), join(folders.root, "a/task/god.info"));
    await folders.write("a/task", "god.info", "1\n2\n", undefined);
    assert.equal(await textOf("god.info"), "1\n2\n");
    assert.equal(await readFile(join(home, "secret"), "utf8"), "secret");
  });

  const notRoot = process.getuid?.() === 0 ? false : "only root gives folders away";
  it("a folder that was made and not given away yet, when the plug was pulled, is given away", { skip: notRoot }, async () => {
    const path = join(folders.root, "c/task");
    await mkdir(path, { recursive: true, mode: 0o711 });
    await chmod(path, 0o750);
    await folders.make("c/task", { uid: 20_001, gid: 20_001 });
    const { uid, gid, mode } = await stat(path);
    assert.deepEqual([uid, gid, mode & 0o777], [20_001, 20_001, 0o750]);
    await chmod(path, 0o700);
    await folders.make("c/task", { uid: 20_001, gid: 20_001 });
    assert.equal((await stat(path)).mode & 0o777, 0o700, "theirs stays as it is");
  });

  it("measures and removes what is in a folder, and no link's goal", async () => {
    await symlink(join(home, "secret"), join(folders.root, "b/task/link"));
    assert.equal(await folders.sizeOf("b"), 6);
    await folders.remove("b");
    await folders.remove("b");
    assert.equal(await folders.sizeOf("b"), 0);
    assert.equal(await readFile(join(home, "secret"), "utf8"), "secret");
    for (const bad of ["", "..", "a/../.."]) await assert.rejects(folders.remove(bad), bad);
  });
});
