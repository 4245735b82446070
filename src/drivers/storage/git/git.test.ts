import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { giteaApi } from "gitea-js";
import { startFaultyProxy } from "../../../../emulators/faulty-proxy.ts";
import type { GitHostEmulator } from "../../../../emulators/git/host.ts";
import { gitMissing } from "../../../../emulators/git/repository.ts";
import { startGitea } from "../../../../emulators/gitea.ts";
import { startGithub } from "../../../../emulators/github.ts";
import { aCertificate, opensslMissing } from "../../../../test/engines/certificate.ts";
import type { HavreError } from "../../../kernel/errors.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import { behavesLikeStorage, sourceOf } from "../../../ports/storage.suite.ts";
import type { Storage, StorageAccess, StoragePath } from "../../../ports/storage.ts";
import { makeGuardedHttp } from "../../http/guarded.ts";
import { addressOf } from "./address.ts";
import { encoded, lengthOf, withContent } from "./body.ts";
import { openGitea, openGithub } from "./git.ts";
import { refusal } from "./refusal.ts";

const LOOPBACK = { egressAllow: ["127.0.0.0/8"] };
const never = new AbortController().signal;
const path = (given: string): StoragePath => given as StoragePath;

const HOSTS = [
  ["Gitea", "GITEA", startGitea, openGitea],
  ["GitHub", "GITHUB", startGithub, openGithub],
] as const;

const opened = async ([, engine, start, open]: (typeof HOSTS)[number]) => {
  const host = await start();
  const access = { engine, location: host.location, username: host.owner, password: host.token };
  return { storage: open(access, { http: makeGuardedHttp(LOOPBACK) }), close: () => host.stop() };
};
const SUITE = { skip: gitMissing(), limitMs: 180_000 };

behavesLikeStorage("a repository of Gitea (emulated)", () => opened(HOSTS[0]), SUITE);
behavesLikeStorage("a repository of GitHub (emulated)", () => opened(HOSTS[1]), SUITE);

it("the location names the host's API, a repository and perhaps its owner", () => {
  const read = (location: string, username = "mira") => {
    const { where, api, owner, repository } = addressOf({ engine: "GITEA", location, username });
    return [where, api, owner, repository];
  };
  assert.deepEqual(read("https://git.example.org/api/v1#data"), [
    "GITEA git.example.org mira/data",
    "https://git.example.org/api/v1",
    "mira",
    "data",
  ]);
  assert.deepEqual(read("https://api.github.com/#lab/data.set-1"), [
    "GITEA api.github.com lab/data.set-1",
    "https://api.github.com",
    "lab",
    "data.set-1",
  ]);
  assert.equal(read("https://h/api/v1/#lab/data", "mira@uni.example")[2], "lab");
  for (const bad of [
    "https://h/api/v1",
    "https://h#",
    "https://h#a/b/c",
    "https://h#..",
    "https://h#a%2Fb",
    "https://h?x#a",
    "h#a",
  ])
    assert.throws(() => read(bad), { kind: "invalid" }, bad);
  assert.throws(() => read("https://h#data", "mira@uni.example"), { kind: "invalid", message: /Name the owner/ });
  assert.throws(() => read("https://u:p@h#data"), { kind: "invalid" });
});

it("bytes go out as base64 in small pieces, whatever pieces they come in", async () => {
  const bytes = randomBytes(2 * MIB + 1);
  for (const pieceBytes of [1, 2, 5, 100_003, MIB + 1]) {
    const part = bytes.subarray(0, pieceBytes < 10 ? 1001 : bytes.length);
    const content = {
      sizeBytes: part.length,
      async *bytes() {
        for (let at = 0; at < part.length; at += pieceBytes) yield part.subarray(at, at + pieceBytes);
      },
    };
    const parts = withContent({ message: "é" }, content);
    const chunks = await Array.fromAsync(encoded(parts, never));
    assert.ok(chunks.every(chunk => chunk.length <= 256 * KIB));
    const whole = Buffer.concat(chunks);
    assert.equal(whole.length, lengthOf(parts));
    assert.deepEqual(JSON.parse(whole.toString()), { message: "é", content: part.toString("base64") });
  }
});

it("limits are told with the time until which to wait, by the host's clock", () => {
  const asked = (status: number, headers: Record<string, string>, message = "") => {
    const { kind, retry, retryAfterSeconds } = refusal("GITHUB h", status, headers, message);
    return [kind, retry, retryAfterSeconds];
  };
  const now = Date.now() + 7_200_000;
  const reset = {
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": String(Math.ceil(now / 1000) + 90),
    date: new Date(now).toUTCString(),
  };
  const [kind, retry, wait] = asked(403, reset);
  assert.deepEqual([kind, retry], ["throttled", "temporary"]);
  assert.ok(Number(wait) >= 90 && Number(wait) <= 92, `${wait}`);
  assert.deepEqual(asked(403, { "retry-after": "17" }), ["throttled", "temporary", 17]);
  assert.deepEqual(asked(429, {}), ["throttled", "temporary", 60]);
  assert.deepEqual(asked(403, {}, "You have exceeded a secondary rate limit."), ["throttled", "temporary", 60]);
  assert.deepEqual(asked(403, { "x-ratelimit-remaining": "4999" }), ["forbidden", "never", undefined]);
});

it("what a host refuses is told by its kind", () => {
  const told = (status: number, message = "") => {
    const { kind, retry } = refusal("GITEA h", status, {}, message);
    return `${kind} ${retry}`;
  };
  assert.equal(told(401), "unauthenticated never");
  assert.equal(told(413), "too-large never");
  assert.equal(told(413, "quota exceeded"), "quota-exceeded never");
  assert.equal(told(507), "quota-exceeded never");
  assert.equal(told(423), "forbidden never");
  assert.equal(told(422, "Protected branch update failed"), "forbidden never");
  assert.equal(told(422, "Sorry, your input was too large to process."), "too-large never");
  assert.equal(told(502), "unavailable temporary");
  assert.equal(told(599), "protocol temporary");
  assert.equal(told(302), "protocol never");
});

for (const [name, engine, start, open] of HOSTS)
  describe(`a repository of ${name}`, { skip: gitMissing() }, () => {
    let host: GitHostEmulator;
    const opened: Storage[] = [];
    const openAt = (more: Partial<StorageAccess> = {}, settings: { answerMs?: number } = {}): Storage => {
      const access = { engine, location: host.location, username: host.owner, password: host.token, ...more };
      const storage = open(access, { http: makeGuardedHttp(LOOPBACK), ...settings });
      opened.push(storage);
      return storage;
    };
    const put = (storage: Storage, at: string, bytes: Buffer | string): Promise<void> =>
      storage.write(path(at), sourceOf(bytes), { signal: never });
    const get = async (storage: Storage, at: string): Promise<Buffer> => buffer(await storage.read(path(at), {}, never));
    const commits = (): number => Number(host.repository.git("rev-list", "--count", "main"));
    const idOf = (bytes: Buffer): string => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    const isUpload = (method: string, at: string): boolean => method === "PATCH" || (/^\/contents/.test(at) && method !== "GET");
    before(async () => {
      host = await start();
    });
    after(async () => {
      for (const storage of opened) await storage.close();
      await host?.stop();
    });

    it("is whole for git itself, and a clone has the bytes", async () => {
      const storage = openAt();
      const bytes = randomBytes(3 * MIB + 1);
      await storage.makeFolder(path("in/2026"), never);
      await put(storage, "in/2026/.part", bytes);
      await storage.move(path("in/2026/.part"), path("in/2026/scan é.bin"), never);
      host.repository.git("fsck", "--full", "--strict");
      assert.equal(host.repository.git("rev-parse", "main:in/2026/scan é.bin"), idOf(bytes));
      assert.equal(host.repository.git("log", "-1", "--format=%s", "main"), "Move in/2026/.part to in/2026/scan é.bin");
      const clone = mkdtempSync(join(tmpdir(), "havre-clone-"));
      execFileSync("git", ["clone", "--quiet", host.repository.path, clone]);
      assert.ok(readFileSync(join(clone, "in/2026/scan é.bin")).equals(bytes));
      rmSync(clone, { recursive: true });
    });

    it("gets one commit for one file, also when it is written again or the answer was lost", async () => {
      const storage = openAt();
      const bytes = randomBytes(10_000);
      const first = commits();
      host.faults.losesAnswer = isUpload;
      await assert.rejects(put(storage, "once.bin", bytes), { kind: "network", retry: "temporary" });
      delete host.faults.losesAnswer;
      await put(storage, "once.bin", bytes);
      await put(openAt(), "once.bin", bytes);
      assert.equal(commits(), first + 1);
      host.requests.length = 0;
      await put(storage, "once.bin", bytes);
      assert.ok(
        host.requests.every(request => request.startsWith("GET ")),
        "nothing is sent again",
      );
      await put(storage, "once.bin", randomBytes(10_000));
      assert.equal(commits(), first + 2);
    });

    it("takes a commit between ours and its branch into account, and loses neither", async () => {
      const storage = openAt();
      const first = commits();
      let left = 2;
      host.faults.beforeMove = async () => {
        if (left-- <= 0) return;
        const sha = await host.repository.write("blob", Buffer.from(`theirs ${left}`));
        const head = host.repository.git("rev-parse", "main");
        const tree = await host.repository.treeWith(head, [{ path: `theirs-${left}`, sha }]);
        await host.repository.move("main", await host.repository.commit(String(tree), [head], "Theirs"), head);
      };
      await put(storage, "ours", "ours");
      delete host.faults.beforeMove;
      assert.equal(commits(), first + 3);
      assert.equal(host.repository.git("rev-list", "--merges", "--count", "main"), "0");
      for (const [at, content] of Object.entries({ ours: "ours", "theirs-0": "theirs 0", "theirs-1": "theirs 1" }))
        assert.equal((await get(storage, at)).toString(), content);
    });

    it("lets one of two processes have a name", async () => {
      const [one, other] = [openAt(), openAt()];
      await put(one, "from-one", "1");
      await put(other, "from-other", "2");
      let isBetween = true;
      host.faults.beforeMove = async () => {
        if (!isBetween) return;
        isBetween = false;
        const sha = host.repository.git("rev-parse", "main:from-other");
        const head = host.repository.git("rev-parse", "main");
        const tree = await host.repository.treeWith(head, [
          { path: "both", sha },
          { path: "from-other", sha: null },
        ]);
        await host.repository.move("main", await host.repository.commit(String(tree), [head], "Theirs"), head);
      };
      await assert.rejects(one.move(path("from-one"), path("both"), never), { kind: "conflict" });
      delete host.faults.beforeMove;
      assert.equal((await get(one, "both")).toString(), "2");
      assert.equal((await get(one, "from-one")).toString(), "1");
    });

    it("refuses a file above its limit before a byte is sent", async () => {
      const storage = openAt();
      await storage.check(never);
      host.requests.length = 0;
      const { maxFileBytes } = storage.can;
      assert.equal(maxFileBytes, engine === "GITHUB" ? 39 * MIB : 100 * MIB);
      const source = { sizeBytes: maxFileBytes + 1, open: () => Promise.reject(new Error("opened")) };
      await assert.rejects(storage.write(path("giant"), source, { signal: never }), { kind: "too-large", retry: "never" });
      assert.deepEqual(host.requests, []);
    });

    it("keeps a folder whose last file goes, with a file that it does not show", async () => {
      const storage = openAt();
      const sha = await host.repository.write("blob", Buffer.from("x"));
      const head = host.repository.git("rev-parse", "main");
      const tree = await host.repository.treeWith(head, [
        { path: "of others/only", sha },
        { path: "of others too/only", sha },
      ]);
      await host.repository.move("main", await host.repository.commit(String(tree), [head], "Theirs"), head);
      await storage.remove(path("of others/only"), never);
      await storage.move(path("of others too/only"), path("only"), never);
      for (const folder of ["of others", "of others too"]) {
        assert.equal((await storage.stat(path(folder), never))?.kind, "folder");
        assert.deepEqual(await Array.fromAsync(storage.list(path(folder), {}, never)), []);
        assert.equal(await storage.stat(path(`${folder}/.gitkeep`), never), undefined);
        assert.equal(host.repository.git("ls-tree", "--name-only", `main:${folder}`), ".gitkeep");
      }
      for (const name of [".gitkeep", ".git", "of others/.GIT"])
        await assert.rejects(put(storage, name, "x"), { kind: "invalid", message: /git has the name/ }, name);
    });

    it("keeps names as git has them, and shows them as everybody else does", async () => {
      const storage = openAt();
      const [composed, decomposed] = ["é".normalize("NFC"), "é".normalize("NFD")];
      const sha = await host.repository.write("blob", Buffer.from("theirs"));
      const head = host.repository.git("rev-parse", "main");
      const tree = await host.repository.treeWith(head, [{ path: `apart ${decomposed}/${decomposed}`, sha }]);
      await host.repository.move("main", await host.repository.commit(String(tree), [head], "Theirs"), head);
      const at = `apart ${composed}/${composed}`;
      await put(storage, at, "ours, and longer");
      assert.equal((await get(storage, at)).toString(), "ours, and longer");
      assert.deepEqual(await Array.fromAsync(storage.list(path(`apart ${composed}`), {}, never), entry => entry.path), [at]);
      await storage.remove(path(at), never);
      assert.equal((await storage.stat(path(`apart ${composed}`), never))?.kind, "folder");
      assert.equal(host.repository.git("ls-tree", "--name-only", `main:apart ${decomposed}`), ".gitkeep");
    });

    it("shows no symbolic link and no submodule, and writes nothing in their place", async () => {
      const storage = openAt();
      const sha = await host.repository.write("blob", Buffer.from("/etc/passwd"));
      const head = host.repository.git("rev-parse", "main");
      const tree = await host.repository.treeWith(head, [
        { path: "odd/link", sha, mode: "120000" },
        { path: "odd/module", sha: head, mode: "160000" },
      ]);
      await host.repository.move("main", await host.repository.commit(String(tree), [head], "Theirs"), head);
      assert.deepEqual(await Array.fromAsync(storage.list(path("odd"), {}, never)), []);
      for (const name of ["odd/link", "odd/module"]) {
        assert.equal(await storage.stat(path(name), never), undefined);
        await assert.rejects(storage.read(path(name), {}, never), { kind: "not-found" });
        await assert.rejects(put(storage, name, "x"), { kind: "conflict" });
      }
      await assert.rejects(storage.remove(path("odd"), never), { kind: "conflict", message: /symbolic link/ });
    });

    it("says who may not come in, and never the token", async () => {
      for (const password of ["not it", "expired", "tökén", "a\nb"]) {
        const check = async () => openAt({ password }).check(never);
        await assert.rejects(check(), (error: HavreError) => {
          assert.deepEqual([error.kind, error.retry], ["unauthenticated", "never"]);
          return !error.message.includes(password);
        });
      }
      const storage = openAt();
      await storage.check(never);
      host.faults.answer = () => ({ status: 401, json: { message: "token expired" } });
      await assert.rejects(put(storage, "late", "x"), { kind: "unauthenticated", message: /no longer valid/ });
      delete host.faults.answer;
    });

    it("says what is wrong with the repository: not there, archived, only to be read, full, protected", async () => {
      await assert.rejects(openAt({ location: host.location.replace(/#.*/, "#other") }).check(never), {
        kind: "not-found",
        message: /no such repository, or the token may not see it/,
      });
      const storage = openAt();
      await storage.check(never);
      for (const [fault, words] of [
        ["isArchived", /archived/],
        ["isReadOnly", /may only read|may not do that/],
      ] as const) {
        host.faults[fault] = true;
        await assert.rejects(openAt().check(never), { kind: "forbidden", message: words }, fault);
        await assert.rejects(put(storage, fault, "x"), { kind: "forbidden", retry: "never" }, fault);
        delete host.faults[fault];
      }
      for (const [status, message, kind] of [
        [413, "quota exceeded", "quota-exceeded"],
        [422, "Protected branch update failed for refs/heads/main.", "forbidden"],
        [403, "user should have a permission to write to the target branch", "forbidden"],
      ] as const) {
        host.faults.answer = (method, at) => (isUpload(method, at) ? { status, json: { message } } : undefined);
        await assert.rejects(put(storage, `refused-${status}`, "x"), { kind, retry: "never" }, message);
      }
      delete host.faults.answer;
    });

    it("may be empty: the first write begins it", async () => {
      const empty = await start({ isEmpty: true });
      const storage = open(
        { engine, location: empty.location, username: empty.owner, password: empty.token },
        { http: makeGuardedHttp(LOOPBACK) },
      );
      try {
        await storage.check(never);
        assert.deepEqual(await Array.fromAsync(storage.list(path(""), {}, never)), []);
        await storage.remove(path("nothing"), never);
        await put(storage, "first", "x");
        await storage.makeFolder(path("folder"), never);
        assert.equal((await get(storage, "first")).toString(), "x");
        empty.repository.git("fsck", "--full", "--strict");
      } finally {
        await storage.close();
        await empty.stop();
      }
    });

    it("is waited for when it asks for fewer requests", async () => {
      const storage = openAt();
      await storage.check(never);
      host.faults.clockSkewMs = -3_600_000;
      const reset = String(Math.ceil((Date.now() - 3_600_000) / 1000) + 30);
      host.faults.answer = () => ({
        status: 403,
        json: { message: "API rate limit exceeded" },
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset },
      });
      await assert.rejects(storage.stat(path("x"), never), (error: HavreError) => {
        assert.deepEqual([error.kind, error.retry], ["throttled", "temporary"]);
        return Number(error.retryAfterSeconds) > 25 && Number(error.retryAfterSeconds) <= 32;
      });
      delete host.faults.answer;
      delete host.faults.clockSkewMs;
      await storage.check(never);
    });

    it("connections that are cut, answers that are cut, slow or senseless: all are told, and it goes on working", async () => {
      const bytes = randomBytes(4 * MIB);
      await put(openAt(), "there", bytes);
      const proxy = await startFaultyProxy({ port: Number(new URL(host.url).port) });
      try {
        const first = commits();
        const through = openAt({ location: proxy.through(host.location) });
        proxy.set({ kind: "cut", afterBytes: MIB, direction: "up" });
        await assert.rejects(put(through, "cut", bytes), { kind: "network", retry: "temporary" });
        proxy.set({ kind: "cut", afterBytes: MIB, direction: "down" });
        await assert.rejects(get(through, "there"), { kind: "network" });
        proxy.set({ kind: "down" });
        await assert.rejects(through.stat(path("there"), never), { kind: "network", retry: "temporary" });
        proxy.set({ kind: "none" });
        assert.equal(commits(), first);
        await put(through, "cut", bytes);
        assert.equal(commits(), first + 1);
      } finally {
        await proxy.stop();
      }
      const slow = openAt({}, { answerMs: 300 });
      await slow.check(never);
      host.faults.liesAboutBytes = 10;
      await assert.rejects(slow.stat(path("there"), never), { kind: "network", retry: "temporary" });
      delete host.faults.liesAboutBytes;
      host.faults.trickles = true;
      await assert.rejects(slow.stat(path("there"), never), { kind: "timeout", retry: "temporary" });
      delete host.faults.trickles;
      for (const senseless of [
        { status: 200, bytes: Buffer.from("<html>") },
        { status: 200, json: { hello: 1 } },
      ]) {
        host.faults.answer = () => senseless;
        await assert.rejects(slow.stat(path("there"), never), {
          kind: "protocol",
          retry: "never",
          message: /is this its address/,
        });
      }
      delete host.faults.answer;
      assert.ok((await get(slow, "there")).equals(bytes));
    });

    it("is not spoken to when its certificate is another host's, nor at a private address", {
      skip: opensslMissing(),
    }, async () => {
      const tls = aCertificate("git.example.org");
      const secure = await start({ tls });
      const access = { engine, location: secure.location, username: secure.owner, password: secure.token };
      const http = () => makeGuardedHttp({ ...LOOPBACK, certificateAuthorities: [tls.cert] });
      const wrong = open(access, { http: http() });
      await assert.rejects(wrong.check(never), { kind: "network", retry: "never", message: /certificate is not trusted/ });
      await wrong.close();
      assert.deepEqual(secure.requests, []);
      await secure.stop();
      const closed = open(access, { http: makeGuardedHttp({ egressAllow: [] }) });
      await assert.rejects(closed.check(never), { kind: "forbidden", message: /private/ });
      await closed.close();
    });

    it("is not followed to another host", async () => {
      let wasAsked = false;
      const other = createServer((_request, reply) => {
        wasAsked = true;
        reply.end("{}");
      }).listen(0, "127.0.0.1");
      await new Promise(resolve => other.once("listening", resolve));
      const { port } = other.address() as { port: number };
      host.faults.answer = () => ({ status: 301, headers: { location: `http://127.0.0.1:${port}/` } });
      await assert.rejects(openAt().check(never), { kind: "protocol", message: /another address/ });
      delete host.faults.answer;
      assert.equal(wasAsked, false);
      other.close();
    });
  });

const pygithubMissing = (): string | false =>
  spawnSync("/usr/bin/python3", ["-c", "import github"]).status === 0
    ? gitMissing()
    : "PyGithub (python3-github) is not installed";

it("the emulated GitHub serves PyGithub", { skip: pygithubMissing() }, async () => {
  const host = await startGithub();
  const script = join(import.meta.dirname, "../../../../test/engines/pygithub.py");
  const client = spawn("/usr/bin/python3", [script, host.url, host.token], { stdio: ["ignore", "pipe", "inherit"] });
  const seen = JSON.parse(await text(client.stdout));
  const sha = host.repository.git("rev-parse", "main~3:by path/größe #1.txt");
  assert.deepEqual(seen, {
    branch: "main",
    push: true,
    made: sha,
    read: "first",
    stale: 409,
    listed: ["by path/größe #1.txt"],
    tree: ["README.md", "by object", "by object/bytes", "by path", "by path/größe #1.txt"],
    backwards: 422,
    gone: 404,
    raw: "AAEC",
  });
  host.repository.git("fsck", "--full", "--strict");
  await host.stop();
});

it("the emulated Gitea serves gitea-js", { skip: gitMissing() }, async () => {
  const host = await startGitea();
  const { repos } = giteaApi(host.url.replace("/api/v1", ""), { token: host.token, customFetch: fetch });
  const base64 = (given: string): string => Buffer.from(given).toString("base64");
  const about = { branch: "main", message: "By gitea-js" };
  assert.equal((await repos.repoGet("mira", "data")).data.default_branch, "main");
  const made = await repos.repoCreateFile("mira", "data", "a/one.txt", { ...about, content: base64("first") });
  const sha = made.data.content?.sha ?? "";
  assert.equal(sha, host.repository.git("rev-parse", "main:a/one.txt"));
  const again = repos.repoCreateFile("mira", "data", "a/one.txt", { ...about, content: base64("other") });
  await assert.rejects(again, (answer: Response) => answer.status === 422);
  const stale = repos.repoUpdateFile("mira", "data", "a/one.txt", { ...about, content: base64("x"), sha: "0".repeat(40) });
  await assert.rejects(stale, (answer: Response) => answer.status === 422);
  await repos.repoUpdateFile("mira", "data", "a/two.txt", { ...about, content: base64("first"), sha, from_path: "a/one.txt" });
  assert.equal((await repos.repoGetContents("mira", "data", "a/two.txt")).data.sha, sha);
  const files = [
    { operation: "create" as const, path: "b/three", content: base64("3") },
    { operation: "delete" as const, path: "a/two.txt", sha },
  ];
  await repos.repoChangeFiles("mira", "data", { ...about, files });
  const tree = await repos.getTree("mira", "data", "main", { recursive: true });
  assert.deepEqual(tree.data.tree?.map(entry => entry.path).toSorted(), ["README.md", "b", "b/three"]);
  const paged = await repos.getTree("mira", "data", "main", { page: 2, per_page: 1 });
  assert.deepEqual([paged.data.tree?.length, paged.data.total_count, paged.data.truncated], [1, 2, false]);
  host.repository.git("fsck", "--full", "--strict");
  await host.stop();
});
