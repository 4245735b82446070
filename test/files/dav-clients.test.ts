import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { constants, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { makeAppPassword } from "../../src/core/people/index.ts";
import { type Actor, actorOf } from "../../src/core/people/model.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { people } from "../../src/store/people.ts";
import { ADMIN, until } from "../harness/havre.ts";
import { aStudy } from "../harness/study.ts";
import { type FilesSite, filesSite } from "./site.ts";

const run = promisify(execFile);
const missing = (program: string, ask = "--version"): string | false =>
  spawnSync(program, [ask]).error ? `${program} is not installed` : false;
const noMounts = async (): Promise<string | false> => {
  if (process.getuid?.() !== 0) return "only root mounts drives";
  return (
    missing("mount.davfs") ||
    access("/dev/fuse", constants.R_OK | constants.W_OK).then(
      () => false,
      () => "this machine has no /dev/fuse",
    )
  );
};
const mountsMissing = await noMounts();

describe("a study with two storages, as drives", () => {
  let site: FilesSite;
  let folders: string[];
  let bases: string[];
  let self: Actor;
  let secret: string;
  let scratch: string;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "havre-dav-clients-"));
    site = await filesSite();
    folders = ["one", "two"].map(name => join(site.havre.dataDir, "storages", name));
    for (const folder of folders) mkdirSync(join(folder, "kept"), { recursive: true });
    const study = await aStudy(
      site.admin,
      folders.map(location => ({ engine: "FOLDER" as const, location, path: "kept" })),
    );
    const account = await people(site.store.db).accountByName(ADMIN.username);
    assert.ok(account);
    self = actorOf(account.person);
    const wish = { name: "a test", currentPassword: ADMIN.password };
    secret = (await makeAppPassword({ store: site.store, clock: systemClock }, self, wish)).secret;
    const listed = await (await dav("PROPFIND", `${site.havre.url}/dav/${study.id}/`)).text();
    const hrefs = [...listed.matchAll(/<D:href>([^<]+)<\/D:href>/g)].map(([, href]) => href ?? "").slice(1);
    bases = hrefs.map(href => `${site.havre.url}${href.replace(/\/$/, "")}`);
    assert.equal(bases.length, 2);
  });
  after(async () => {
    await site?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const dav = (method: string, url: string, headers: Record<string, string> = {}, body?: string): Promise<Response> =>
    fetch(url, {
      method,
      headers: { authorization: `Basic ${Buffer.from(`${ADMIN.username}:${secret}`).toString("base64")}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
  const inFirst = (path: string): string => join(folders[0] ?? "", "kept", path);
  const inSecond = (path: string): string => join(folders[1] ?? "", "kept", path);
  const idOf = async (folder: number): Promise<number> => {
    const all = (await site.admin.get("/api/v1/storages/")) as { results?: unknown[] } | unknown[];
    const storages = (Array.isArray(all) ? all : (all.results ?? [])) as { id: number; location: string }[];
    return storages.find(({ location }) => location === folders[folder])?.id ?? 0;
  };

  it("copies and moves between them, whole and compared, with the properties of clients", async () => {
    const [first, second] = bases as [string, string];
    await dav("PUT", `${first}/a.txt`, {}, "of the first");
    await dav("MKCOL", `${first}/tree`);
    await dav("PUT", `${first}/tree/b.txt`, {}, "below");
    const mark = '<propertyupdate xmlns="DAV:"><set><prop><mine xmlns="urn:x">kept</mine></prop></set></propertyupdate>';
    assert.equal((await dav("PROPPATCH", `${first}/a.txt`, {}, mark)).status, 207);
    const to = (path: string, more: Record<string, string> = {}) => ({ destination: `${second}/${path}`, ...more });
    assert.equal((await dav("COPY", `${first}/a.txt`, to("a.txt"))).status, 201);
    assert.equal(readFileSync(inSecond("a.txt"), "utf8"), "of the first");
    assert.match(await (await dav("PROPFIND", `${second}/a.txt`, { depth: "0" })).text(), /kept/);
    assert.equal((await dav("COPY", `${first}/a.txt`, to("a.txt", { overwrite: "F" }))).status, 412);
    await dav("PUT", `${first}/a.txt`, {}, "changed");
    assert.equal((await dav("COPY", `${first}/a.txt`, to("a.txt"))).status, 204);
    assert.equal(readFileSync(inSecond("a.txt"), "utf8"), "changed");
    assert.equal((await dav("MOVE", `${first}/tree`, to("tree"))).status, 201);
    assert.deepEqual([readFileSync(inSecond("tree/b.txt"), "utf8"), existsSync(inFirst("tree"))], ["below", false]);
    assert.equal((await dav("COPY", `${first}/a.txt`, to("tree"))).status, 409);
    assert.equal((await dav("COPY", `${first}/a.txt`, to("nowhere/a.txt"))).status, 409);
    assert.equal((await dav("COPY", `${second}/tree`, { destination: `${first}/alone`, depth: "0" })).status, 201);
    assert.deepEqual(readdirSync(inFirst("alone")), []);
    assert.equal((await dav("MOVE", `${first}/missing`, to("missing"))).status, 404);
    assert.deepEqual(
      [...readdirSync(inFirst("")), ...readdirSync(inSecond(""))].filter(name => name.startsWith(".")),
      [],
    );
  });

  it("what one client locks is locked at every door, until it lets go", async () => {
    const [first, second] = bases as [string, string];
    const [storage, other] = [await idOf(0), await idOf(1)];
    await dav("PUT", `${first}/report.txt`, {}, "draft");
    const wish = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>';
    const locked = await dav("LOCK", `${first}/report.txt`, {}, wish);
    const token = locked.headers.get("lock-token") ?? "";
    const held = { if: `(${token})` };
    const at = `/api/v1/storages/${storage}/files`;
    const put = () =>
      fetch(`${site.havre.url}${at}/content/?path=kept/report.txt&if_exists=replace`, {
        method: "PUT",
        headers: { ...site.admin.headers, "content-type": "application/octet-stream" },
        body: "other",
      });
    const refused = await put();
    assert.equal(refused.status, 423);
    assert.match(await refused.text(), new RegExp(`${ADMIN.username} has locked it, at most until`));
    for (const [method, path, body] of [
      ["DELETE", `${at}/?path=kept/report.txt`, undefined],
      ["DELETE", `${at}/?path=kept`, undefined],
      ["POST", `${at}/rename/`, { path: "kept/report.txt", name: "else.txt" }],
      ["POST", `${at}/move/`, { from: "kept/report.txt", to: "kept/else.txt" }],
    ] as const)
      assert.equal((await site.admin.ask(method, path, body)).status, 423, `${method} ${path}`);
    await dav("PUT", `${second}/report.txt`, {}, "of the second");
    const over = {
      from_storage: other,
      from: "kept/report.txt",
      to_storage: storage,
      to: "kept/report.txt",
      if_exists: "replace",
    };
    assert.equal((await site.admin.ask("POST", "/api/v1/transfers/", over)).status, 423);
    assert.equal((await dav("MOVE", `${second}/report.txt`, { destination: `${first}/report.txt` })).status, 423);
    assert.equal((await dav("PUT", `${first}/report.txt`, {}, "without its token")).status, 423);
    assert.equal(readFileSync(inFirst("report.txt"), "utf8"), "draft");
    assert.equal((await dav("PUT", `${first}/report.txt`, held, "by who holds it")).status, 204);
    const moved = await dav("MOVE", `${second}/report.txt`, {
      destination: `${first}/report.txt`,
      if: `<${first}/report.txt> (${token})`,
    });
    assert.equal(moved.status, 204);
    assert.equal(readFileSync(inFirst("report.txt"), "utf8"), "of the second");
    const again = await dav("LOCK", `${first}/report.txt`, {}, wish);
    const next = again.headers.get("lock-token") ?? token;
    assert.equal((await dav("UNLOCK", `${first}/report.txt`, { "lock-token": next })).status, 204);
    assert.equal((await put()).status, 200);
    assert.equal(readFileSync(inFirst("report.txt"), "utf8"), "other");
  });

  it("cadaver does what its user types", { skip: missing("cadaver"), timeout: 60_000 }, async () => {
    const [first] = bases as [string];
    const local = join(scratch, "typed.bin");
    writeFileSync(local, randomBytes(300_000));
    writeFileSync(join(scratch, ".netrc"), `machine 127.0.0.1 login ${ADMIN.username} password ${secret}\n`, { mode: 0o600 });
    writeFileSync(join(scratch, ".cadaverrc"), "");
    const child = spawn("cadaver", [`${first}/`], { env: { ...process.env, HOME: scratch }, stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", part => (said += part));
    child.stderr.on("data", part => (said += part));
    const back = join(scratch, "back.bin");
    child.stdin.end(
      [
        "mkcol typed",
        "cd typed",
        `put ${local} typed.bin`,
        "lock typed.bin",
        "discover typed.bin",
        `put ${local} typed.bin`,
        "unlock typed.bin",
        "propset typed.bin colour blue",
        "propget typed.bin colour",
        "copy typed.bin second.bin",
        "move second.bin third.bin",
        "delete typed.bin",
        `get third.bin ${back}`,
        "ls",
        "quit",
        "",
      ].join("\n"),
    );
    await once(child, "close");
    assert.deepEqual(readdirSync(inFirst("typed")), ["third.bin"], said);
    assert.deepEqual(readFileSync(back), readFileSync(local));
    assert.doesNotMatch(said, /fail|error/i);
    assert.match(said, /blue/);
  });

  it("davfs2 mounts one, and files are made, changed, renamed and removed in it", {
    skip: mountsMissing,
    timeout: 120_000,
  }, async () => {
    const [first] = bases as [string];
    const [mount, conf, secrets] = [join(scratch, "mount"), join(scratch, "davfs2.conf"), join(scratch, "secrets")];
    mkdirSync(mount);
    writeFileSync(secrets, `"${first}/" ${ADMIN.username} ${secret}\n`, { mode: 0o600 });
    writeFileSync(conf, `secrets ${secrets}\nask_auth 0\nuse_locks 1\ndelay_upload 0\n`, { mode: 0o600 });
    const tried = await run("mount.davfs", ["-o", `conf=${conf}`, `${first}/`, mount]).then(
      () => undefined,
      (error: { stderr?: string }) => error.stderr ?? String(error),
    );
    assert.equal(tried, undefined);
    try {
      const bytes = randomBytes(2_000_000);
      mkdirSync(join(mount, "mounted"));
      writeFileSync(join(mount, "mounted", "data é.bin"), bytes);
      assert.deepEqual(readFileSync(join(mount, "mounted", "data é.bin")), bytes);
      await run("mv", [join(mount, "mounted", "data é.bin"), join(mount, "mounted", "data.bin")]);
      writeFileSync(join(mount, "mounted", "note.txt"), "one\n");
      writeFileSync(join(mount, "mounted", "note.txt"), "two\n", { flag: "a" });
      writeFileSync(join(mount, "mounted", "gone.txt"), "gone\n");
      rmSync(join(mount, "mounted", "gone.txt"));
      await until(async () => {
        const [data, note] = await Promise.all(
          ["data.bin", "note.txt"].map(name => readFile(inFirst(`mounted/${name}`)).catch(() => Buffer.alloc(0))),
        );
        return data?.equals(bytes) === true && note?.toString() === "one\ntwo\n";
      }, "the drive has sent what was written");
      assert.deepEqual(readdirSync(inFirst("mounted")).sort(), ["data.bin", "note.txt"]);
    } finally {
      await run("umount", [mount]);
    }
  });
});
