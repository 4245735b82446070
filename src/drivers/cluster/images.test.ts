import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ClusterBench } from "../../ports/cluster.suite.ts";
import { HOST_IMAGE } from "../../ports/cluster.ts";
import { Images } from "./images.ts";
import { bwrapMissing, openSmallLocal, removeSmallLocal } from "./local/local.fixture.ts";

const missing = (program: string): string | false =>
  spawnSync("sh", ["-c", `command -v ${program}`]).status === 0 ? false : `${program} is not installed`;

/** One header and its body, as a tar has them; whoever made it may have lied. */
function entry(name: string, type: string, { link = "", body = "", mode = "0000644" } = {}): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(`${mode}\0`, 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write("ustar\0", 257);
  header.write("00", 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, Buffer.from(body), Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

const tar = (...entries: readonly Buffer[]): Buffer => Buffer.concat([...entries, Buffer.alloc(1024)]);

describe("images", () => {
  let home: string;
  let images: Images;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "havre-images-"));
    await chmod(home, 0o755);
    images = new Images(join(home, "images"));
  });
  after(() => rm(home, { recursive: true, force: true, maxRetries: 10 }));

  const importTar = async (name: string, bytes: Buffer) => {
    const file = join(home, `${name}.tar`);
    await writeFile(file, bytes);
    return images.import(name, file, { architecture: process.arch });
  };

  /** A root filesystem of busybox, as Debian's static one makes it. */
  async function busybox(): Promise<string> {
    const root = join(home, "busybox-root");
    await mkdir(join(root, "bin"), { recursive: true });
    await mkdir(join(root, "etc"), { recursive: true });
    const program = execFileSync("sh", ["-c", "command -v busybox"]).toString().trim();
    await writeFile(join(root, "bin", "busybox"), await readFile(program), { mode: 0o755 });
    for (const name of ["sh", "cat", "echo", "id", "ls", "pwd", "sleep"]) await symlink("busybox", join(root, "bin", name));
    await writeFile(join(root, "etc", "issue"), "a small system\n");
    return root;
  }

  it("takes a root filesystem, packed or not, and runs work in it", { skip: bwrapMissing() || missing("busybox") }, async () => {
    const root = await busybox();
    for (const [file, flag] of [
      ["plain.tar", "-cf"],
      ["packed.tar.gz", "-czf"],
    ] as const)
      execFileSync("tar", ["-C", root, flag, join(home, file), "."]);
    const place = join(home, "local");
    await mkdir(place);
    const local = await openSmallLocal(place);
    const bench = new ClusterBench({ ...local, image: "small:1" }, 20_000);
    const own = new Images(join(home, "local", "state", "images"));
    const { digest } = await own.import("small:1", join(home, "plain.tar"), { architecture: process.arch });
    await own.import("packed", join(home, "packed.tar.gz"), { architecture: process.arch });
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const known = (await local.cluster.images(bench.signal)).map(image => image.name);
    assert.deepEqual(known, [HOST_IMAGE, "packed:latest", "small:1"]);
    const script = "cat /etc/issue; ls /; pwd; echo x >/bin/x; id -u";
    for (const image of ["small:1", "packed", `small@${digest}`]) {
      const { out, seen } = await bench.run(script, { image });
      assert.match(out, /^a small system\nbin\ndev\netc\nmnt\nproc\nrun\ntask\ntmp\nvar\n\/task\n\d+\n$/);
      assert.equal(seen.end?.cause, "exit");
    }
    assert.deepEqual(
      (await readdir(join(home, "local", "state", "images", digest.replace(":", "-"), "rootfs", "bin"))).includes("x"),
      false,
    );
    await bench.cluster.forget([...bench.made], bench.signal);
    await own.remove("small:1");
    await assert.rejects(bench.submit(bench.workload("true")), { kind: "invalid", message: /no image "small:1"/ });
    await removeSmallLocal(place, local.cluster);
  });

  it("takes the OCI layout that podman writes, with what it says of itself", {
    skip: missing("podman") || missing("busybox"),
  }, async () => {
    const root = join(home, "podman");
    await mkdir(root);
    const rootfs = join(home, "busybox-root");
    if (!(await stat(rootfs).catch(() => undefined))) await busybox();
    execFileSync("tar", ["-C", rootfs, "-cf", join(root, "in.tar"), "."]);
    const run = (...words: string[]) =>
      execFileSync(
        "podman",
        ["--root", join(root, "store"), "--runroot", join(root, "run"), "--storage-driver", "vfs", ...words],
        { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TMPDIR: root } },
      );
    run(
      "import",
      "--change",
      "ENV GREETING=hello",
      "--change",
      'ENTRYPOINT ["/bin/sh","-c"]',
      "--change",
      'CMD ["echo $GREETING"]',
      join(root, "in.tar"),
      "localhost/small:1",
    );
    run("save", "--format", "oci-dir", "-o", join(root, "layout"), "localhost/small:1");
    const { digest } = await images.import("from-podman", join(root, "layout"), { architecture: process.arch });
    const found = await images.find("from-podman");
    assert.deepEqual(found.config.program, ["/bin/sh", "-c", "echo $GREETING"]);
    assert.equal(found.config.environment.GREETING, "hello");
    assert.equal(await readFile(join(found.rootfs, "etc", "issue"), "utf8"), "a small system\n");
    assert.equal(found.digest, digest);
    const [blob] = (await readdir(join(root, "layout", "blobs", "sha256"))).toSorted();
    await writeFile(join(root, "layout", "blobs", "sha256", blob ?? ""), "damaged");
    await assert.rejects(
      images.import("damaged", join(root, "layout"), { architecture: process.arch }),
      (error: { kind: string }) => ["checksum", "invalid"].includes(error.kind),
    );
  });

  it("lets nothing out of the root filesystem: names that climb, links that lead out, links over folders", async () => {
    const outside = join(home, "outside");
    await mkdir(outside);
    await assert.rejects(importTar("climbs", tar(entry("../x", "0", { body: "x" }))), { kind: "invalid", message: /leads out/ });
    await assert.rejects(importTar("climbs2", tar(entry("a/../../x", "0", { body: "x" }))), { kind: "invalid" });
    const links = tar(
      entry("abs", "2", { link: outside }),
      entry("abs/file", "0", { body: "through an absolute link" }),
      entry("up", "2", { link: "../../../../.." }),
      entry("up/file", "0", { body: "through a climbing link" }),
      entry("etc", "2", { link: "/" }),
      entry("hard", "1", { link: "abs/file" }),
    );
    await importTar("links", links);
    assert.deepEqual(await readdir(outside), []);
    const { rootfs } = await images.find("links");
    assert.equal(await readFile(join(rootfs, outside, "file"), "utf8"), "through an absolute link");
    assert.equal(await readFile(join(rootfs, "file"), "utf8"), "through a climbing link");
    assert.equal(await readFile(join(rootfs, "hard"), "utf8"), "through an absolute link");
    assert.equal(await lstat(join(home, "..", "file")).catch(() => undefined), undefined);
    await assert.rejects(
      importTar("circle", tar(entry("a", "2", { link: "b" }), entry("b", "2", { link: "a" }), entry("a/x", "0"))),
      { kind: "invalid" },
    );
    await assert.rejects(importTar("hard-out", tar(entry("h", "1", { link: "../../etc/passwd" }))), { kind: "invalid" });
  });

  it("takes away rights that programs in it would give, and leaves devices out", async () => {
    const bytes = tar(entry("su", "0", { mode: "0006777", body: "x" }), entry("d", "5", { mode: "0001777" }), entry("null", "3"));
    await importTar("rights", bytes);
    const { rootfs } = await images.find("rights");
    assert.deepEqual(
      [(await stat(join(rootfs, "su"))).mode & 0o7777, (await stat(join(rootfs, "d"))).mode & 0o7777],
      [0o755, 0o755],
    );
    assert.equal((await readdir(rootfs)).includes("null"), false);
  });

  it("says what is no image, and keeps nothing of it", async () => {
    const before = (await readdir(join(home, "images"))).length;
    const bad = {
      empty: Buffer.alloc(1024),
      noise: Buffer.alloc(2048, 7),
      cut: tar(entry("x", "0", { body: "xyz" })).subarray(0, 600),
      none: Buffer.alloc(0),
    };
    for (const [name, bytes] of Object.entries(bad)) await assert.rejects(importTar(name, bytes), { kind: "invalid" }, name);
    await assert.rejects(images.import("gone", join(home, "gone.tar"), { architecture: "x64" }), {
      kind: "invalid",
      message: /not there/,
    });
    await assert.rejects(images.import("folder", home, { architecture: "x64" }), {
      kind: "invalid",
      message: /OCI image layout/,
    });
    for (const name of ["host", "../x", "", "a b", "x".repeat(300)])
      await assert.rejects(
        importTar("x", tar()).then(() => images.import(name, join(home, "x.tar"), { architecture: "x64" })),
        { kind: "invalid" },
      );
    assert.equal((await readdir(join(home, "images"))).length, before);
  });
});
