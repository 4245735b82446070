import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { changePassword, listAppPasswords, makeAppPassword, removeAppPassword } from "../../src/core/people/index.ts";
import { type Actor, actorOf } from "../../src/core/people/model.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { people } from "../../src/store/people.ts";
import { permissions } from "../../src/store/permissions.ts";
import { ADMIN } from "../harness/havre.ts";
import { aStudy } from "../harness/study.ts";
import { PASSWORD } from "../permissions/scene.ts";
import { type FilesSite, filesSite } from "./site.ts";

const run = promisify(execFile);
const missing = (program: string): string | false =>
  (spawnSync(program, ["--version"]).error as { code?: string } | undefined)?.code === "ENOENT"
    ? `${program} is not installed`
    : false;

describe("studies as WebDAV drives", () => {
  let site: FilesSite;
  let study: { id: number };
  let folder: string;
  let base: string;
  let secret: string;
  let scratch: string;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "havre-dav-"));
    site = await filesSite();
    folder = join(site.havre.dataDir, "storages", "dav drive");
    mkdirSync(join(folder, "kept"), { recursive: true });
    writeFileSync(join(folder, "outside.txt"), "not of the study");
    study = await aStudy(site.admin, [{ engine: "FOLDER", location: folder, path: "kept" }]);
    const account = await people(site.store.db).accountByName(ADMIN.username);
    assert.ok(account);
    secret = await passwordOf(actorOf(account.person), ADMIN.password);
    const name = (await site.admin.get(`/api/v1/studies/${study.id}/storages/`))[0].storage.name as string;
    base = `${site.havre.url}/dav/${study.id}/${encodeURIComponent(name.replaceAll("/", ""))}`;
    const listed = await dav("PROPFIND", `${site.havre.url}/dav/${study.id}/`);
    const href = [...(await listed.text()).matchAll(/<D:href>([^<]+)<\/D:href>/g)].at(-1)?.[1] ?? "";
    base = `${site.havre.url}${href.replace(/\/$/, "")}`;
  });
  after(async () => {
    await site?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const passwordOf = async (actor: Actor, currentPassword: string): Promise<string> =>
    (await makeAppPassword({ store: site.store, clock: systemClock }, actor, { name: "a test", currentPassword })).secret;
  const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const dav = (
    method: string,
    url: string,
    headers: Record<string, string> = {},
    body?: string,
    as: string = basic(ADMIN.username, secret),
  ): Promise<Response> =>
    fetch(url, { method, headers: { authorization: as, ...headers }, ...(body === undefined ? {} : { body }) });

  it("litmus is content with everything", { skip: missing("litmus"), timeout: 180_000 }, async () => {
    const { stdout } = await run("litmus", ["-k", `${base}/`, ADMIN.username, secret], { cwd: scratch }).catch(error => error);
    const failed = String(stdout)
      .split("\n")
      .filter(line => /FAIL|WARNING/.test(line));
    assert.deepEqual(failed, [], String(stdout));
    const summaries = [...String(stdout).matchAll(/summary for `(\w+)': of (\d+) tests run: (\d+) passed/g)];
    assert.deepEqual(
      summaries.map(([, suite]) => suite),
      ["basic", "copymove", "props", "locks", "http"],
    );
    for (const [, , all, passed] of summaries) assert.equal(all, passed);
  });

  it("rclone walks, writes, moves and checks", { skip: missing("rclone"), timeout: 120_000 }, async () => {
    const config = join(scratch, "rclone.conf");
    const obscured = (await run("rclone", ["obscure", secret])).stdout.trim();
    writeFileSync(config, `[d]\ntype = webdav\nurl = ${base}\nvendor = other\nuser = ${ADMIN.username}\npass = ${obscured}\n`);
    const rclone = (...args: string[]) => run("rclone", ["--config", config, ...args]);
    const local = join(scratch, "local");
    mkdirSync(join(local, "sub é"), { recursive: true });
    for (let index = 0; index < 20; index++) writeFileSync(join(local, "sub é", `f #${index}%.txt`), "x".repeat(index * 1000));
    await rclone("copy", local, "d:up");
    await rclone("check", "--download", local, "d:up");
    await rclone("moveto", "d:up", "d:moved");
    assert.equal((await rclone("lsf", "-R", "--files-only", "d:moved")).stdout.trim().split("\n").length, 20);
    assert.equal(readdirSync(join(folder, "kept", "moved", "sub é")).length, 20);
    await rclone("purge", "d:moved");
    assert.ok(!existsSync(join(folder, "kept", "moved")));
  });

  it("asks for an app password, and takes no other", async () => {
    const without = await fetch(`${base}/`, { method: "PROPFIND" });
    assert.deepEqual([without.status, /Basic/.test(without.headers.get("www-authenticate") ?? "")], [401, true]);
    for (const [user, password] of [
      [ADMIN.username, ADMIN.password],
      [ADMIN.username, "wrong"],
      ["somebody", secret],
    ] as const)
      assert.equal((await dav("PROPFIND", `${base}/`, {}, undefined, basic(user, password))).status, 401);
  });

  it("shows each person their studies, and what they may see in them", async () => {
    const { person, client } = await site.aPerson();
    const theirs = basic(person.username, await passwordOf(actorOf(person), PASSWORD));
    writeFileSync(join(folder, "kept", "seen.txt"), "seen");
    const ask = async (method: string, url: string): Promise<number> => (await dav(method, url, {}, undefined, theirs)).status;
    assert.equal(await ask("GET", `${base}/seen.txt`), 404);
    assert.equal(
      (await (await dav("PROPFIND", `${site.havre.url}/dav/`, {}, undefined, theirs)).text()).includes(`/dav/${study.id}/`),
      false,
    );
    const give = (role: "member" | "researcher" | "administrator") =>
      permissions(site.store.db).put([{ studyId: study.id, personId: person.id, role, active: true }]);
    await give("member");
    assert.deepEqual(
      [await ask("GET", `${base}/seen.txt`), await ask("PROPFIND", `${site.havre.url}/dav/${study.id}/`)],
      [404, 207],
    );
    await give("researcher");
    assert.deepEqual([await ask("GET", `${base}/seen.txt`), await ask("DELETE", `${base}/seen.txt`)], [200, 403]);
    assert.equal((await dav("PUT", `${base}/new`, {}, "x", theirs)).status, 403);
    assert.equal((await client.get("/api/v1/files/")).results.length, 1);
    await give("administrator");
    assert.equal((await dav("PUT", `${base}/new`, {}, "x", theirs)).status, 201);
  });

  it("nothing above the study's folder can be named", async () => {
    for (const path of [
      "..%2f..%2foutside.txt",
      "%2e%2e/outside.txt",
      "..%5coutside.txt",
      "a/..%2f..%2foutside.txt",
      "%00",
      "x%0d%0a",
    ]) {
      const answer = await dav("GET", `${base}/${path}`);
      assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.ok(!(await answer.text()).includes("not of the study"));
    }
    const away = { destination: `${site.havre.url}/dav/${study.id}/elsewhere/x` };
    assert.equal((await dav("MOVE", `${base}/seen.txt`, away)).status, 409);
    assert.equal((await dav("COPY", `${base}/seen.txt`, { destination: "https://example.org/x" })).status, 502);
  });

  it("a stored page is harmless here too, and a broken request is told so", async () => {
    assert.equal((await dav("PUT", `${base}/page.html`, {}, "<script>1</script>")).status, 201);
    const { headers } = await dav("GET", `${base}/page.html`);
    assert.match(headers.get("content-security-policy") ?? "", /sandbox/);
    assert.match(headers.get("content-disposition") ?? "", /^attachment/);
    const bad = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><propfind xmlns="DAV:"><prop>&e;</prop></propfind>';
    assert.equal((await dav("PROPFIND", `${base}/`, { depth: "0" }, bad)).status, 400);
    assert.equal((await dav("PROPFIND", `${base}/`, { depth: "7" })).status, 400);
    assert.equal((await dav("PROPFIND", `${base}/`, { depth: "infinity" })).status, 403);
    assert.equal((await dav("PUT", `${base}/page.html`, { if: "(<urn:uuid:x>" }, "x")).status, 400);
    assert.equal((await dav("PATCH", `${base}/page.html`, {}, "x")).status, 405);
    assert.equal(readFileSync(join(folder, "kept", "page.html"), "utf8"), "<script>1</script>");
  });

  it("a password that was taken back, or is older than the account's own, opens nothing any more", async () => {
    const { person } = await site.aPerson();
    const actor = actorOf(person);
    const world = { store: site.store, clock: systemClock };
    const password = await passwordOf(actor, PASSWORD);
    const ask = (word: string) => dav("PROPFIND", `${site.havre.url}/dav/`, {}, undefined, basic(person.username, word));
    assert.equal((await ask(password)).status, 207);
    const [made] = await listAppPasswords(world, actor);
    await removeAppPassword(world, actor, made?.id ?? 0);
    assert.equal((await ask(password)).status, 401);
    const another = await passwordOf(actor, PASSWORD);
    assert.equal((await ask(another)).status, 207);
    const newPassword = "another-Lantern-44";
    await changePassword(world, actor, { currentPassword: PASSWORD, newPassword, keepSession: undefined });
    assert.equal((await ask(another)).status, 401);
    assert.equal((await ask(await passwordOf(actor, newPassword))).status, 207);
  });
});
