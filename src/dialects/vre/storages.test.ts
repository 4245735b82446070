import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startS3 } from "../../../emulators/s3.ts";
import { apacheMissing, startApache } from "../../../test/engines/apache.ts";
import { sshdMissing, startSshd } from "../../../test/engines/sshd.ts";
import type { Person } from "../../core/people/model.ts";
import { newIdentity } from "../../kernel/age/index.ts";
import { type StudiesServer, studiesServer } from "./studies.fixture.ts";

const NOT_FOUND = { status: 404, body: { detail: "Not found." } };
const FORBIDDEN = { status: 403, body: { detail: "You do not have permission to perform this action." } };
const STORAGES = "/api/v1/storages/";
const BLANK = ["This field may not be blank."];

describe("storages on the wire", () => {
  let server: StudiesServer;
  let folder: string;
  let owner: Person;
  let administrator: Person;
  let researcher: Person;
  let stranger: Person;
  let staff: Person;
  let superuser: Person;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "havre-storages-"));
    await chmod(folder, 0o755);
    server = await studiesServer(folder);
    [owner, administrator, researcher, stranger, staff, superuser] = [
      await server.person(),
      await server.person(),
      await server.person(),
      await server.person(),
      await server.person({ isStaff: true }),
      await server.person({ isSuperuser: true }),
    ];
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const get = (as: Person | undefined, url: string) => server.call(as, "GET", url);
  const write = (more: object = {}) => ({
    name: "Disk",
    engine: "WEBDAV",
    location: "https://dav.example.org/",
    username: "u",
    password: "top secret",
    ...more,
  });
  const post = (as: Person | undefined, more: object = {}) => server.call(as, "POST", STORAGES, write(more));
  const aStudy = (wanted: Record<string, unknown> = {}) => server.study(owner, wanted, { administrator, researcher });
  const at = (study: { id: number }, location: { id: number } | undefined = undefined) =>
    `/api/v1/studies/${study.id}/storages/${location ? `${location.id}/` : ""}`;

  describe("a storage", () => {
    it("is answered with 201 and never shows its password, which is kept sealed", async () => {
      const { status, body } = await post(owner);
      assert.equal(status, 201);
      const { id, created_at, updated_at, ...rest } = body;
      assert.ok(created_at && updated_at);
      assert.deepEqual(rest, {
        name: "Disk",
        engine: "WEBDAV",
        location: "https://dav.example.org/",
        username: "u",
        has_private_key: false,
        host_key: null,
        last_trial: null,
      });
      const row = await server.world.store.db.selectFrom("storage").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
      assert.ok(!row.password_sealed.includes("top secret"));
      assert.equal(server.world.secrets.openText(row.password_sealed, "storage.password"), "top secret");
      const events = await server.world.store.db
        .selectFrom("event")
        .select("data")
        .where("object_kind", "=", "storage")
        .execute();
      assert.ok(!JSON.stringify(events).includes("top secret"));
    });

    it("names every wrong field", async () => {
      const required = ["This field is required."];
      const all = { name: required, engine: required, location: required, username: required, password: required };
      assert.deepEqual(await server.call(owner, "POST", STORAGES, {}), { status: 400, body: all });
      const cases: [object, object][] = [
        [{ engine: "FTP" }, { engine: ['"FTP" is not a valid choice.'] }],
        [{ engine: "FOLDER", location: folder }, { engine: ['"FOLDER" is not a valid choice.'] }],
        [{ location: "dav.example.org" }, { location: ["Enter a valid URL."] }],
        [
          { username: "", password: "" },
          { username: BLANK, password: BLANK },
        ],
        [{ location: "x".repeat(1025) }, { location: ["Ensure this field has no more than 1024 characters."] }],
        [{ name: "a\nb" }, { name: ["This field may not contain line breaks or other control characters."] }],
      ];
      for (const [wrong, body] of cases) assert.deepEqual(await post(owner, wrong), { status: 400, body }, JSON.stringify(wrong));
      assert.match(
        (await post(owner, { location: "https://u:p@host/" })).body.location[0],
        /^Leave the user name and the password out/,
      );
    });

    it("PUT keeps the password unless a new one is given", async () => {
      const { id } = await server.storage(owner);
      const put = (as: Person, body: object) => server.call(as, "PUT", `${STORAGES}${id}/`, body);
      const password = async () => {
        const row = await server.world.store.db
          .selectFrom("storage")
          .select("password_sealed")
          .where("id", "=", id)
          .executeTakeFirstOrThrow();
        return server.world.secrets.openText(row.password_sealed, "storage.password");
      };
      const { password: _, ...without } = write({ name: "Other" });
      for (const body of [without, write({ password: "" })]) {
        assert.equal((await put(owner, body)).status, 200);
        assert.equal(await password(), "top secret");
      }
      await put(owner, write({ password: " new " }));
      assert.equal(await password(), " new ");
      assert.deepEqual(await put(stranger, write()), NOT_FOUND);
    });

    it("is seen by its owner and by administrators of studies that use it, and changed by its owner only", async () => {
      const study = await aStudy();
      const storage = await server.storage(owner);
      const url = `${STORAGES}${storage.id}/`;
      const sees = async (as: Person) => [
        (await get(as, url)).status,
        (await get(as, `${STORAGES}?page_size=1000`)).body.results.some((one: { id: number }) => one.id === storage.id),
      ];
      assert.deepEqual(await sees(administrator), [404, false]);
      await server.call(owner, "POST", at(study), { storage: storage.id });
      for (const person of [owner, administrator, superuser]) assert.deepEqual(await sees(person), [200, true]);
      for (const person of [researcher, stranger, staff]) assert.deepEqual(await sees(person), [404, false]);
      assert.equal((await get(undefined, url)).status, 401);
      assert.deepEqual(await server.call(administrator, "PUT", url, write()), FORBIDDEN);
      assert.deepEqual(await server.call(administrator, "DELETE", url), FORBIDDEN);
      assert.deepEqual(await server.call(stranger, "DELETE", url), NOT_FOUND);
    });

    it("in use it is not deleted, and the answer says what to do", async () => {
      const study = await aStudy();
      const storage = await server.storage(owner);
      const { body: location } = await server.call(owner, "POST", at(study), { storage: storage.id });
      const refused = await server.call(owner, "DELETE", `${STORAGES}${storage.id}/`);
      assert.deepEqual(refused, {
        status: 409,
        body: { detail: "A study still delivers to this storage. Take it out of the study's storages first." },
      });
      assert.equal((await server.call(owner, "DELETE", at(study, location))).status, 204);
      assert.deepEqual(await server.call(owner, "DELETE", `${STORAGES}${storage.id}/`), { status: 204, body: undefined });
      assert.deepEqual(await server.events("storage", storage.id), ["storage.created", "storage.removed"]);
    });
  });

  describe("trying a storage", () => {
    const test = async (as: Person, wanted: object) => {
      const { id } = (await post(as, wanted)).body;
      const { status, body } = await server.call(as, "POST", `${STORAGES}${id}/test/`);
      assert.equal(status, 200);
      assert.ok(!JSON.stringify(body).includes("top secret"));
      return body;
    };

    it("a folder of the server works for who runs it, and the trial leaves nothing behind", async () => {
      assert.deepEqual(await test(staff, { engine: "FOLDER", location: folder, username: "", password: "" }), {
        ok: true,
        code: "OK",
        message: "It works: Havre signed in, wrote a small file, renamed it, read it back, compared it and removed it.",
      });
      assert.deepEqual(await readdir(folder), []);
    });

    it("a folder that is not there, or outside the allowed ones, is said in words", async () => {
      const missing = await test(staff, { engine: "FOLDER", location: join(folder, "missing"), username: "", password: "" });
      assert.deepEqual([missing.ok, missing.code], [false, "NOT_FOUND"]);
      assert.match(missing.message, /check the location, to the last part of its path/);
      const outside = await test(staff, { engine: "FOLDER", location: "/etc", username: "", password: "" });
      assert.equal(outside.ok, false);
    });

    it("a WebDAV server works, and a wrong password is told from a wrong place", { skip: apacheMissing() }, async () => {
      const apache = await startApache({ user: "u", password: "top secret" });
      try {
        assert.deepEqual((await test(owner, { location: apache.url })).code, "OK");
        assert.deepEqual(await readdir(apache.root), []);
        const wrong = await test(owner, { location: apache.url, password: "another" });
        assert.deepEqual([wrong.ok, wrong.code], [false, "AUTH"]);
        assert.match(wrong.message, /Check the user name and the password/);
        assert.deepEqual((await test(owner, { location: `${apache.url}missing/` })).code, "NOT_FOUND");
      } finally {
        await apache.stop();
      }
    });

    it("a bucket works, and a wrong key is told from a wrong bucket", async () => {
      const s3 = await startS3();
      try {
        const bucket = { engine: "S3", location: s3.url, username: s3.accessKey };
        assert.deepEqual((await test(owner, bucket)).code, "OK");
        assert.deepEqual([...s3.objects.keys()], []);
        const wrong = await test(owner, { ...bucket, username: "SOMEBODYELSE" });
        assert.deepEqual([wrong.ok, wrong.code], [false, "AUTH"]);
        assert.match(wrong.message, /wrong access key or secret key.* Check the access key and the secret key/);
        const missing = await test(owner, { ...bucket, location: s3.url.replace("/bucket", "/other") });
        assert.deepEqual(missing.code, "NOT_FOUND");
        assert.match(missing.message, /no such bucket.* Check the name of the bucket/);
      } finally {
        await s3.stop();
      }
    });

    it("an SFTP server works and is known from then on, and a wrong key has its words", { skip: sshdMissing() }, async () => {
      const sshd = await startSshd();
      const access = { engine: "SFTP", location: sshd.url, username: sshd.user, password: "", private_key: sshd.privateKey };
      try {
        const made = (await post(owner, access)).body;
        assert.deepEqual([made.has_private_key, made.host_key], [true, null]);
        const worked = await server.call(owner, "POST", `${STORAGES}${made.id}/test/`);
        assert.equal(worked.body.code, "OK");
        const known = (await get(owner, `${STORAGES}${made.id}/`)).body;
        assert.match(known.host_key, /^ssh-ed25519 SHA256:/);
        assert.ok(!JSON.stringify(known).includes("PRIVATE"));
        const row = await server.world.store.db
          .selectFrom("storage")
          .selectAll()
          .where("id", "=", made.id)
          .executeTakeFirstOrThrow();
        assert.ok(!row.private_key_sealed?.includes("PRIVATE"));
        const stranger = await test(owner, { ...access, username: "nobody-we-know" });
        assert.equal(stranger.code, "AUTH");
        assert.match(stranger.message, /wrong user name or key.* authorised keys/);
        assert.deepEqual(await server.events("storage", made.id), ["storage.created", "storage.host-key-seen", "storage.tested"]);
        // Another folder of the server is known, another server is not.
        const move = (location: string) =>
          server.call(owner, "PUT", `${STORAGES}${made.id}/`, { ...write(), ...access, location });
        assert.equal((await move(`${sshd.url}/sub`)).status, 200);
        assert.equal((await get(owner, `${STORAGES}${made.id}/`)).body.host_key, known.host_key);
        assert.equal((await move("sftp://other.example/x")).status, 200);
        assert.equal((await get(owner, `${STORAGES}${made.id}/`)).body.host_key, null);
      } finally {
        await sshd.stop();
      }
    });

    it("a server that is down, and one that speaks no WebDAV, each get advice", async () => {
      const web = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
      await new Promise(resolve => web.once("listening", resolve));
      const location = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
      const page = await test(owner, { location });
      assert.deepEqual([page.ok, page.code], [false, "PROTOCOL"]);
      assert.match(page.message, /not of its web page/);
      await new Promise(resolve => web.close(resolve));
      const down = await test(owner, { location });
      assert.deepEqual([down.ok, down.code], [false, "NETWORK"]);
      assert.match(down.message, /cannot be reached\. Check the host name/);
    });

    it("is for whoever sees the storage, and is noted", async () => {
      const storage = await server.storage(owner, { location: "http://127.0.0.1:1/" });
      const url = `${STORAGES}${storage.id}/test/`;
      assert.deepEqual(await server.call(stranger, "POST", url), NOT_FOUND);
      assert.equal((await server.call(undefined, "POST", url)).status, 401);
      await server.call(superuser, "POST", url);
      assert.deepEqual(await server.events("storage", storage.id), ["storage.created", "storage.tested"]);
    });
  });

  describe("the locations of a study", () => {
    it("are written by administrators, a plain list in the order of deliveries", async () => {
      const study = await aStudy();
      const storage = await server.storage(owner);
      const add = (as: Person | undefined, more: object = {}) =>
        server.call(as, "POST", at(study), { storage: storage.id, ...more });
      const { status, body } = await add(owner, { path: "/raw//data/", uploadpath: "in", encryption_password: "passphrase!" });
      assert.equal(status, 201);
      const { id, created_at, updated_at, ...rest } = body;
      assert.ok(created_at && updated_at);
      assert.deepEqual(rest, { storage, direction: "DESTINATION", path: "raw/data", uploadpath: "in", encrypted: true });
      const row = await server.world.store.db
        .selectFrom("location")
        .select("passphrase_sealed")
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
      assert.equal(server.world.secrets.openText(row.passphrase_sealed ?? Buffer.of(), "location.passphrase"), "passphrase!");
      await add(owner, { path: "second" });
      const list = await get(administrator, at(study));
      assert.deepEqual(
        list.body.map((one: { path: string; encrypted: boolean }) => [one.path, one.encrypted]),
        [
          ["raw/data", true],
          ["second", false],
        ],
      );
      assert.equal((await get(researcher, `/api/v1/studies/${study.id}/`)).body.has_storage, true);
      for (const as of [researcher, stranger]) {
        const no = as === researcher ? FORBIDDEN : NOT_FOUND;
        assert.deepEqual(await get(as, at(study)), no);
        assert.deepEqual(await add(as), no);
        assert.deepEqual(await get(as, at(study, body)), no);
        assert.deepEqual(await server.call(as, "PUT", at(study, body), { storage: storage.id }), no);
        assert.deepEqual(await server.call(as, "DELETE", at(study, body)), no);
      }
      assert.equal((await add(undefined)).status, 401);
      assert.deepEqual(await server.events("location", id), ["location.added"]);
    });

    it("refuse SOURCE, other people's storages, ways out and the same folder twice", async () => {
      const study = await aStudy();
      const storage = await server.storage(owner);
      const theirs = await server.storage(stranger);
      const add = async (as: Person, body: object) => server.call(as, "POST", at(study), body);
      assert.deepEqual((await add(owner, {})).body, { storage: ["This field is required."] });
      assert.match(
        (await add(owner, { storage: storage.id, direction: "SOURCE" })).body.direction[0],
        /SOURCE.* is not supported/,
      );
      assert.deepEqual((await add(owner, { storage: storage.id, direction: "UP" })).body, {
        direction: ['"UP" is not a valid choice.'],
      });
      assert.deepEqual(await add(owner, { storage: theirs.id }), {
        status: 400,
        body: { storage: [`Invalid pk "${theirs.id}" - object does not exist.`] },
      });
      for (const path of ["../x", "a/../../b", "a\u0007"]) {
        assert.equal((await add(owner, { storage: storage.id, path })).body.path.length, 1, path);
        assert.equal((await add(owner, { storage: storage.id, uploadpath: path })).body.uploadpath.length, 1, path);
      }
      assert.equal((await add(owner, { storage: storage.id, path: "a/b" })).status, 201);
      assert.deepEqual(await add(owner, { storage: storage.id, path: "a", uploadpath: "/b/" }), {
        status: 400,
        body: { non_field_errors: ["This study already delivers to that folder of that storage."] },
      });
      // The administrator sees the storage by this study, but lending it to a study is its owner's.
      assert.deepEqual(await add(administrator, { storage: storage.id, path: "c" }), {
        status: 403,
        body: { detail: "Only the owner of a storage can let a study deliver to it." },
      });
    });

    it("PUT keeps the passphrase when it is absent and takes it away when it is empty", async () => {
      const study = await aStudy();
      const storage = await server.storage(owner);
      const { body } = await server.call(owner, "POST", at(study), { storage: storage.id, encryption_password: "passphrase!" });
      const put = (as: Person, more: object) => server.call(as, "PUT", at(study, body), { storage: storage.id, ...more });
      assert.deepEqual(
        [(await put(administrator, { path: "x" })).body.encrypted, (await get(owner, at(study, body))).body.path],
        [true, "x"],
      );
      assert.equal((await put(owner, { encryption_password: "" })).body.encrypted, false);
      const other = await aStudy();
      assert.deepEqual(await get(owner, at(other, body)), NOT_FOUND);
      assert.deepEqual(await server.call(owner, "DELETE", at(other, body)), NOT_FOUND);
      assert.deepEqual(await server.call(owner, "DELETE", at(study, body)), { status: 204, body: undefined });
      assert.deepEqual(await server.events("location", body.id), [
        "location.added",
        "location.changed",
        "location.changed",
        "location.removed",
      ]);
    });

    it("of a study about people are never unencrypted, whichever way one turns", async () => {
      const study = await aStudy({ human_subject: true });
      const storage = await server.storage(owner);
      const { recipient } = newIdentity();
      const change = (more: object) =>
        server.call(owner, "PUT", `/api/v1/studies/${study.id}/`, {
          code: "S",
          name: "A study",
          human_subject: true,
          field: server.field,
          ...more,
        });
      const add = (more: object = {}) => server.call(owner, "POST", at(study), { storage: storage.id, ...more });

      assert.match((await add()).body.encryption_password[0], /may not lie anywhere unencrypted/);
      const { body: sealed } = await add({ path: "sealed", encryption_password: "passphrase!" });
      const clear = await server.call(owner, "PUT", at(study, sealed), { storage: storage.id, encryption_password: "" });
      assert.equal(clear.status, 400);
      assert.equal((await change({ recipients: [recipient] })).status, 200);
      assert.equal((await add()).status, 201);
      assert.match((await change({ recipients: [] })).body.recipients[0], /without recipients its copies would be unencrypted/);
      assert.equal((await change({})).status, 200);
      assert.equal((await change({ human_subject: false, recipients: [] })).status, 200);
      assert.match((await change({ human_subject: true })).body.human_subject[0], /would get data about people unencrypted/);
    });

    it("of a study about people stay encrypted when two administrators act at once", async () => {
      const storage = await server.storage(owner);
      const { recipient } = newIdentity();
      for (let round = 0; round < 5; round++) {
        const study = await aStudy({ human_subject: true, recipients: [recipient] });
        const body = { code: "S", name: "A study", human_subject: true, field: server.field, recipients: [] };
        const both = await Promise.all([
          server.call(owner, "POST", at(study), { storage: storage.id }),
          server.call(administrator, "PUT", `/api/v1/studies/${study.id}/`, body),
        ]);
        assert.equal(both.filter(answer => answer.status === 400).length, 1);
      }
    });
  });
});
