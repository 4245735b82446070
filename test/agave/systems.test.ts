import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Store } from "../../src/store/store.ts";
import { Client } from "../harness/client.ts";
import { type Asker, form, type Json } from "./client.ts";
import { aScene, PASSWORD, type Scene } from "./scene.ts";

/** Contract agave §7. */

const SECRET = "very-secret-7-word";
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----";
let count = 0;
const unique = (): string => `sys.${process.pid}-${++count}`;
const auth = { type: "PASSWORD", username: "remote", password: SECRET };

const storageSystem = (id: string, more: object = {}, storage: object = {}): Json => ({
  id,
  name: "Data of the group",
  type: "STORAGE",
  status: "UP",
  description: "files",
  site: "example.org",
  storage: { protocol: "SFTP", host: "data.example.org", port: 22, rootDir: "/scratch", homeDir: "/home/a", auth, ...storage },
  author: "somebody",
  ...more,
});
const executionSystem = (id: string, more: object = {}): Json => ({
  ...storageSystem(id),
  type: "EXECUTION",
  executionType: "HPC",
  scheduler: "SLURM",
  queues: [{ name: "short", maxNodes: "4", maxMemoryPerNode: "64GB", maxRequestedTime: "24:00:00" }],
  login: { protocol: "SSH", host: "login.example.org", port: 22, auth },
  environment: "A=1",
  startupScript: "./setup",
  scratchDir: "/scratch",
  maxSystemJobs: 100,
  ...more,
});

describe("systems", () => {
  let scene: Scene;
  let store: Store;
  let admin: Asker;
  let owner: Asker;
  let friend: Asker;
  let stranger: Asker;
  before(async () => {
    // Without background work, which would take away a cluster that is not there.
    scene = await aScene({ command: "serve" });
    ({ admin, owner, friend, stranger } = scene);
    store = new Store({ connection: scene.havre.database.connection, maxConnections: 2, onError: () => {} });
  });
  after(async () => {
    await store.close();
    await scene.havre.stop();
  });

  const aSystem = async (more: object = {}, by = owner): Promise<string> => {
    const id = unique();
    await by.post("/systems/v2", storageSystem(id, more));
    return id;
  };
  const at = (id: string, rest = ""): string => `/systems/v2/${id}${rest}`;
  const give = (id: string, username: string, role: string) => owner.post(at(id, "/roles"), form({ username, role }));

  it("a storage system comes back as it was described, without its secrets", async () => {
    const id = unique();
    const made = await owner.post("/systems/v2/", storageSystem(id));
    const { storage, _links, uuid, lastModified, lastUpdated, created, ...rest } = made;
    assert.deepEqual(rest, {
      id,
      name: "Data of the group",
      type: "STORAGE",
      description: "files",
      status: "UP",
      public: false,
      default: false,
      site: "example.org",
      available: true,
      globalDefault: false,
      owner: "owner",
      revision: 1,
    });
    assert.deepEqual(storage, {
      protocol: "SFTP",
      host: "data.example.org",
      port: 22,
      auth: { type: "PASSWORD" },
      rootDir: "/scratch",
      homeDir: "/home/a",
      mirror: false,
      publicAppsDir: null,
      resource: null,
      zone: null,
      container: null,
      region: null,
      proxy: null,
    });
    assert.match(uuid, /^\d{16}-242ac11a-0001-006$/);
    for (const date of [lastModified, lastUpdated, created]) assert.match(date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
    assert.deepEqual(Object.keys(_links), ["self", "roles", "credentials", "owner", "metadata", "history"]);
    assert.deepEqual(await owner.get(new URL(_links.self.href).pathname), made);
    for (const href of [_links.roles, _links.credentials, _links.owner, _links.history])
      await owner.get(new URL(href.href).pathname);
  });

  it("the same id again describes it anew, and so does its own path; nobody else's", async () => {
    const id = await aSystem();
    const { status, body } = (await owner.ask(
      "POST",
      "/systems/v2",
      storageSystem(id, { description: "new", name: "Other" }),
    )) as Json;
    assert.deepEqual([status, body.result.description, body.result.revision, body.result.name], [200, "new", 2, "Other"]);
    const again = await owner.good(200, "POST", at(id), storageSystem(id, { site: "" }));
    assert.deepEqual([again.revision, again.site], [3, null]);
    assert.match(await owner.refused(400, "POST", at(id), storageSystem("another")), /another/);
    await stranger.refused(403, "POST", "/systems/v2", storageSystem(id));
    await stranger.refused(403, "POST", at(id), storageSystem(id));
    await stranger.refused(404, "GET", at(id));
    await owner.refused(404, "POST", at(unique()), storageSystem(""));
    assert.match(await owner.refused(400, "POST", at(id), executionSystem(id)), /STORAGE/);
  });

  it("a password that is not sent again stays, and is not led elsewhere by an administrator of the system", async () => {
    const id = await aSystem();
    const sealed = async () => {
      const row = store.db.selectFrom("storage").innerJoin("system", "system.storage_id", "storage.id").selectAll("storage");
      return (await row.where("system.name", "=", id).executeTakeFirstOrThrow()).password_sealed.toString("hex");
    };
    const first = await sealed();
    await give(id, "friend", "ADMIN");
    const bare = { type: "PASSWORD", username: "remote" };
    await friend.good(200, "POST", at(id), storageSystem(id, {}, { auth: bare, rootDir: "/scratch" }));
    assert.equal(await sealed(), first);
    const lead = storageSystem(id, {}, { auth: bare, host: "elsewhere.example.org" });
    assert.match(await friend.refused(400, "POST", at(id), lead), /old one is not sent there/);
    await owner.good(200, "POST", at(id), lead);
    assert.equal((await friend.get(at(id))).storage.host, "elsewhere.example.org");
  });

  it("an execution system has queues and a login, and they fit together", async () => {
    const id = unique();
    const made = await owner.post("/systems/v2", executionSystem(id));
    assert.deepEqual(
      [
        made.type,
        made.executionType,
        made.scheduler,
        made.maxSystemJobs,
        made.maxSystemJobsPerUser,
        made.environment,
        made.scratchDir,
      ],
      ["EXECUTION", "HPC", "SLURM", 100, -1, "A=1", "/scratch"],
    );
    assert.deepEqual(made.queues, [
      {
        name: "short",
        mappedName: "short",
        maxJobs: 10,
        maxUserJobs: 10,
        maxNodes: 4,
        maxProcessorsPerNode: -1,
        maxMemoryPerNode: "64GB",
        maxRequestedTime: "24:00:00",
        customDirectives: null,
        description: null,
        default: true,
      },
    ]);
    assert.deepEqual([made.login.host, made.login.port, made.login.protocol], ["login.example.org", 22, "SSH"]);
    const cli = await owner.post(
      "/systems/v2",
      executionSystem(unique(), { executionType: "cli", scheduler: "fork", queues: undefined }),
    );
    assert.deepEqual([cli.executionType, cli.queues[0].name], ["CLI", "default"]);
    for (const [more, words] of [
      [{ executionType: "CLI" }, /FORK/],
      [{ scheduler: "FORK" }, /FORK/],
      [{ executionType: "CONDOR" }, /CONDOR/],
      [{ scheduler: "CUSTOM_CONDOR" }, /CONDOR/],
      [{ scheduler: "UNKNOWN" }, /batch scheduler/],
      [{ scheduler: "LLAMA" }, /scheduler must be one of/],
      [{ executionType: undefined }, /executionType is missing/],
      [{ queues: undefined }, /queues is missing/],
      [{ queues: [{}] }, /name is missing/],
      [{ queues: [{ name: "a" }, { name: "a" }] }, /same name/],
      [
        {
          queues: [
            { name: "a", default: true },
            { name: "b", default: true },
          ],
        },
        /Exactly one/,
      ],
      [{ queues: [{ name: "a", maxRequestedTime: "soon" }] }, /24:00:00/],
      [{ queues: [{ name: "a", maxMemoryPerNode: "much" }] }, /64GB/],
      [{ login: undefined }, /login is missing/],
      [{ login: { protocol: "GSISSH", host: "h", auth } }, /not supported/],
      [{ login: { protocol: "SSH", host: "h" } }, /login.auth is missing/],
      [{ login: { protocol: "SSH", host: "h", auth: { type: "LOCAL" } } }, /does not open this login/],
      [{ login: { protocol: "LOCAL", host: "h", auth: { type: "LOCAL" } } }, /only its administrators/],
      [{ maxSystemJobs: -2 }, /maxSystemJobs/],
    ] as const)
      assert.match(await owner.refused(400, "POST", "/systems/v2", executionSystem(unique(), more)), words, JSON.stringify(more));
  });

  it("work on this server itself is registered by an administrator, by the name of a cluster that there is", async () => {
    const local = (host: string) => ({
      executionType: "CLI",
      scheduler: "FORK",
      queues: undefined,
      login: { protocol: "LOCAL", host, auth: { type: "LOCAL" } },
    });
    assert.match(
      await admin.refused(400, "POST", "/systems/v2", executionSystem(unique(), local("nowhere"))),
      /cluster of this server/,
    );
    const cluster = { name: "batch", engine: "slurm", place: 9, can: "{}", images: "[]", nodes: "[]", seen_at: new Date() };
    await store.db.insertInto("compute_cluster").values(cluster).execute();
    const made = await admin.post("/systems/v2", executionSystem(unique(), local("batch")));
    assert.deepEqual([made.login.protocol, made.login.host, made.login.auth], ["LOCAL", "batch", { type: "LOCAL" }]);
  });

  it("each protocol that Havre speaks keeps its parts; others are refused by name", async () => {
    const keys = { type: "APIKEYS", publicKey: "access", privateKey: SECRET };
    const s3 = {
      protocol: "S3",
      host: "s3.example.org",
      port: 443,
      container: "bucket",
      rootDir: "/a b/é",
      homeDir: "x",
      auth: keys,
    };
    const back = async (storage: object, by = owner) =>
      (await by.post("/systems/v2", storageSystem(unique(), {}, storage))).storage;
    const one = await back(s3);
    assert.deepEqual(
      [one.protocol, one.host, one.port, one.container, one.rootDir, one.homeDir, one.auth],
      ["S3", "s3.example.org", 443, "bucket", "/a b/é", "/x", { type: "APIKEYS" }],
    );
    const local = await back({ ...s3, host: "http://10.0.0.1", port: 9000, region: "eu-1" });
    assert.deepEqual([local.host, local.port, local.region], ["http://10.0.0.1", 9000, "eu-1"]);
    const dav = await back({ protocol: "webdav", host: "dav.example.org", port: 8443, rootDir: "/remote", auth });
    assert.deepEqual([dav.protocol, dav.port, dav.rootDir, dav.homeDir], ["WEBDAV", 8443, "/remote", "/home/a"]);
    const keyed = await back({ auth: { type: "SSHKEYS", username: "u", publicKey: "ssh-ed25519 A", privateKey: KEY } });
    assert.deepEqual(keyed.auth, { type: "SSHKEYS" });
    const irods = { protocol: "IRODS", host: "irods.example.org", port: undefined, zone: "tempZone", auth };
    const grid = await back({ ...irods, rootDir: "/", homeDir: "/tempZone/home/ada" });
    assert.deepEqual(
      [grid.protocol, grid.host, grid.port, grid.zone, grid.rootDir, grid.homeDir],
      ["IRODS", "irods.example.org", 1247, "tempZone", "/tempZone", "/home/ada"],
    );
    const project = await back({
      ...irods,
      port: 2247,
      rootDir: "/tempZone/home/project",
      homeDir: "/in",
      auth: { ...auth, type: "PAM" },
    });
    assert.deepEqual([project.port, project.rootDir, project.homeDir], [2247, "/tempZone/home/project", "/in"]);
    const six = await back({ host: "2001:db8::1", port: 2222 });
    assert.deepEqual([six.host, six.port], ["[2001:db8::1]", 2222]);
    const folder = { protocol: "LOCAL", host: undefined, port: undefined, rootDir: "/srv/x", auth: { type: "LOCAL" } };
    assert.deepEqual((await back(folder, admin)).rootDir, "/srv/x");
    const refused = async (storage: object, words: RegExp) =>
      assert.match(
        await owner.refused(400, "POST", "/systems/v2", storageSystem(unique(), {}, storage)),
        words,
        JSON.stringify(storage),
      );
    await refused(folder, /not a valid choice/);
    for (const protocol of ["GRIDFTP", "FTP", "HTTP", "GSIFTP"])
      await refused({ protocol }, /is not supported: Havre speaks SFTP, S3/);
    await refused({ protocol: "" }, /storage.protocol is missing/);
    await refused({ auth: { type: "X509", username: "u", credential: "c" } }, /X509/);
    await refused({ auth: { type: "APIKEYS" } }, /does not go with this protocol/);
    await refused({ auth: { type: "PASSWORD", username: "u" } }, /password/);
    await refused({ auth: { type: "SSHKEYS", username: "u", privateKey: KEY } }, /publicKey/);
    await refused({ auth: undefined }, /storage.auth is missing/);
    await refused({ auth: { type: "PASSWORD", server: { endpoint: "x", port: 1, protocol: "MYPROXY" } } }, /credential server/);
    await refused({ host: "a/b" }, /host/);
    await refused({ host: "user@h" }, /host/);
    await refused({ port: 0 }, /port/);
    await refused({ rootDir: "/a/../b" }, /'\.\.'/);
    await refused({ homeDir: "/../b" }, /'\.\.'/);
    await refused({ protocol: "S3", auth: keys }, /container is missing/);
    await refused({ ...irods, zone: undefined }, /zone is missing/);
    await refused({ ...irods, zone: "a]b" }, /no name of a zone/);
    await refused({ auth: { ...auth, type: "PAM" } }, /does not go with this protocol/);
  });

  it("an id is of letters, digits, dots and dashes, not like one that Havre gives, and for ever its owner's", async () => {
    for (const id of ["ab", "a b", "a_b", "é".repeat(3), "x".repeat(65), "storage-77"])
      await owner.refused(400, "POST", "/systems/v2", storageSystem(id));
    await owner.refused(400, "POST", "/systems/v2", storageSystem(""));
    const id = await aSystem();
    await owner.put(at(id), { action: "SETDEFAULT" });
    assert.equal(await owner.delete(at(id)), null);
    await owner.refused(404, "GET", at(id));
    assert.match(await friend.refused(403, "POST", "/systems/v2", storageSystem(id)), /stays theirs/);
    assert.equal((await owner.post("/systems/v2", storageSystem(id))).revision, 1);
  });

  it("a document in a part of a multipart body will do", async () => {
    const id = unique();
    const parts = new FormData();
    parts.set("fileToUpload", new Blob([JSON.stringify(storageSystem(id))], { type: "text/plain" }), "system.json");
    assert.equal((await owner.post("/systems/v2", parts)).id, id);
  });

  it("a storage of the portal is the same row: seen, used and removed from either side", async () => {
    const portal = await new Client(scene.havre.url).signIn({ username: "friend", password: PASSWORD });
    const made = await portal.post("/api/v1/storages/", {
      name: "From the portal",
      engine: "WEBDAV",
      location: "https://dav.example.org/files/",
      username: "u",
      password: SECRET,
    });
    const seen = await friend.get(at(`storage-${made.id}`));
    assert.deepEqual(
      [seen.name, seen.owner, seen.storage.protocol, seen.storage.rootDir],
      ["From the portal", "friend", "WEBDAV", "/files"],
    );
    const id = await aSystem({ name: "From a program" }, friend);
    const found = (await portal.get("/api/v1/storages/")).results.find((one: Json) => one.name === "From a program");
    assert.equal(found.location, "sftp://data.example.org/scratch");
    await portal.delete(`/api/v1/storages/${found.id}/`);
    await friend.refused(404, "GET", at(id));
    await friend.delete(at(`storage-${made.id}`));
    assert.equal(
      (await portal.get("/api/v1/storages/")).results.some((one: Json) => one.id === made.id),
      false,
    );
  });

  it("lists are narrowed, searched, sorted and projected", async () => {
    const first = await aSystem({ name: "Zebra" }, stranger);
    const second = unique();
    await stranger.post("/systems/v2", executionSystem(second, { name: "Aardvark" }));
    const list = async (query: string) => (await stranger.get(`/systems/v2/?${query}`)).map((one: Json) => one.id);
    assert.deepEqual(await list(""), [first, second].sort());
    assert.deepEqual(await list("type=STORAGE"), [first]);
    assert.deepEqual(await list("type=execution"), [second]);
    assert.deepEqual(await list("public=True"), []);
    assert.deepEqual(await list("default=False"), [first, second].sort());
    assert.deepEqual(await list(`id.like=${first}`), [first]);
    assert.deepEqual(await list("queues.name=short&scheduler=SLURM"), [second]);
    assert.deepEqual(await list("storage.protocol.in=S3,FTP"), []);
    assert.deepEqual(await list("sortBy=name"), [second, first]);
    assert.deepEqual(await list("sortBy=name&sort=desc&limit=1"), [first]);
    assert.deepEqual(await list("limit=1&offset=1"), [[first, second].sort()[1]]);
    const [summary] = await stranger.get("/systems/v2?limit=1");
    assert.deepEqual(Object.keys(summary), [
      "id",
      "name",
      "type",
      "description",
      "status",
      "public",
      "default",
      "lastUpdated",
      "_links",
    ]);
    const [projected] = await stranger.get("/systems/v2?filter=id,storage.host,login.host&type=EXECUTION");
    assert.deepEqual(projected, { id: second, storage: { host: "data.example.org" }, login: { host: "login.example.org" } });
    await stranger.refused(400, "GET", "/systems/v2?llama=1");
    await stranger.refused(400, "GET", "/systems/v2?type=llama");
    await stranger.refused(400, "GET", "/systems/v2?public=llama");
  });

  it("roles: each may what those below may, and nobody gives the owner's or takes it", async () => {
    const id = await aSystem();
    await friend.refused(404, "GET", at(id));
    assert.deepEqual(
      (await give(id, "friend", "guest")).map((one: Json) => [one.username, one.role]),
      [["friend", "GUEST"]],
    );
    assert.equal((await friend.get(at(id))).id, id);
    await friend.refused(403, "PUT", at(id), form({ action: "setDefault" }));
    await give(id, "friend", "USER");
    assert.equal((await friend.put(at(id), form({ action: "setDefault" }))).default, true);
    await friend.refused(403, "PUT", at(id), form({ action: "disable" }));
    await friend.refused(403, "POST", at(id, "/roles"), { username: "stranger", role: "USER" });
    await give(id, "friend", "PUBLISHER");
    assert.equal((await friend.get(at(id, "/roles/friend"))).role, "PUBLISHER");
    await give(id, "friend", "ADMIN");
    await friend.post(at(id, "/roles/stranger"), { username: "", role: "USER" });
    await friend.refused(403, "DELETE", at(id));
    await friend.refused(403, "GET", at(id, "/credentials"));
    assert.deepEqual(
      (await friend.get(at(id, "/roles"))).map((one: Json) => [one.username, one.role]),
      [
        ["owner", "OWNER"],
        ["friend", "ADMIN"],
        ["stranger", "USER"],
      ],
    );
    assert.equal((await friend.get(at(id, "/roles?limit=1&offset=1")))[0].username, "friend");
    assert.match(await friend.refused(400, "POST", at(id, "/roles/stranger"), { role: "OWNER" }), /registered/);
    assert.match(await friend.refused(400, "POST", at(id, "/roles/stranger"), { role: "KING" }), /role must be one of/);
    await friend.refused(400, "DELETE", at(id, "/roles/owner"));
    await friend.refused(404, "POST", at(id, "/roles/nobody-at-all"), { role: "USER" });
    await owner.refused(404, "GET", at(id, "/roles/admin"));
    assert.equal(await owner.good(200, "POST", at(id, "/roles"), { username: "stranger", role: "NONE" }), null);
    await owner.refused(404, "GET", at(id, "/roles/stranger"));
    assert.equal(await owner.delete(at(id, "/roles/friend")), null);
    await friend.refused(404, "GET", at(id));
    await give(id, "friend", "USER");
    assert.equal(await owner.delete(at(id, "/roles")), null);
    assert.deepEqual((await owner.get(at(id, "/roles"))).length, 1);
  });

  it("a public system is everybody's, keeps its roles for later, and can be everybody's default", async () => {
    const id = await aSystem();
    const act = (action: string, by = admin) => by.put(at(id), { action });
    await give(id, "friend", "ADMIN");
    for (const action of ["PUBLISH", "UNPUBLISH", "SETGLOBALDEFAULT", "UNSETGLOBALDEFAULT"])
      await owner.refused(403, "PUT", at(id), { action });
    assert.match(await admin.refused(400, "PUT", at(id), { action: "SETGLOBALDEFAULT" }), /public/);
    assert.equal((await act("publish")).public, true);
    assert.equal((await stranger.get(at(id))).public, true);
    assert.equal((await stranger.get(at(id, "/roles/stranger"))).role, "USER");
    for (const [method, path] of [
      ["POST", "/roles"],
      ["POST", "/roles/friend"],
      ["DELETE", "/roles/friend"],
      ["DELETE", "/roles"],
    ] as const)
      await owner.refused(501, method, at(id, path), { username: "friend", role: "USER" });
    assert.equal((await act("SETGLOBALDEFAULT")).globalDefault, true);
    const other = await aSystem();
    await admin.put(at(other), { action: "PUBLISH" });
    await admin.put(at(other), { action: "SETGLOBALDEFAULT" });
    assert.equal((await admin.get(at(id))).globalDefault, false);
    assert.equal((await stranger.get("/systems/v2?public=true&globalDefault=true")).length, 1);
    await admin.put(at(other), { action: "UNSETGLOBALDEFAULT" });
    await admin.delete(at(other));
    await act("UNPUBLISH");
    await stranger.refused(404, "GET", at(id));
    assert.equal((await friend.get(at(id, "/roles/friend"))).role, "ADMIN");
  });

  it("one's default of a kind is one; unsetting what is none changes nothing", async () => {
    const [one, two] = [await aSystem(), await aSystem()];
    await owner.put(at(one), { action: "SETDEFAULT" });
    await owner.put(at(two), { action: "SETDEFAULT" });
    assert.deepEqual([(await owner.get(at(one))).default, (await owner.get(at(two))).default], [false, true]);
    await owner.put(at(one), { action: "UNSETDEFAULT" });
    assert.equal((await owner.get("/systems/v2?default=true"))[0].id, two);
    assert.equal((await owner.put(at(two), { action: "unsetdefault" })).default, false);
  });

  it("one that is disabled is seen by who may enable it, and by nobody else", async () => {
    const id = await aSystem();
    await give(id, "friend", "USER");
    assert.equal((await owner.put(at(id), { action: "DISABLE" })).available, false);
    await friend.refused(404, "GET", at(id));
    assert.equal((await owner.put(at(id), { action: "ENABLE" })).available, true);
    await friend.get(at(id));
    await owner.refused(400, "PUT", at(id), { action: "LLAMA" });
    await owner.refused(400, "PUT", at(id), {});
    await owner.refused(404, "PUT", at(unique()), { action: "ENABLE" });
  });

  it("a copy is its maker's, private, and without roles or credentials", async () => {
    const id = await aSystem();
    await give(id, "friend", "USER");
    const [copy, byName] = [unique(), unique()];
    const made = await friend.good(201, "PUT", at(id), { action: "CLONE", id: copy });
    assert.deepEqual([made.id, made.owner, made.public, made.storage.homeDir], [copy, "friend", false, "/home/a"]);
    await friend.refused(404, "GET", at(copy, "/credentials"));
    assert.equal((await friend.get(at(copy, "/roles"))).length, 1);
    await friend.good(201, "PUT", at(id), form({ action: "clone", name: byName }));
    await friend.refused(400, "PUT", at(id), { action: "CLONE", id: copy });
    await friend.refused(400, "PUT", at(id), { action: "CLONE" });
    await stranger.refused(403, "PUT", at(id), { action: "CLONE", id: unique() });
    const local = await aSystem({ storage: { protocol: "LOCAL", rootDir: "/srv/y", auth: { type: "LOCAL" } } }, admin);
    await admin.post(at(local, "/roles"), { username: "friend", role: "USER" });
    assert.match(await friend.refused(403, "PUT", at(local), { action: "CLONE", id: unique() }), /administrator/);
  });

  it("credentials are kept, listed without secrets, and removed: the system's own and those of internal users", async () => {
    const id = unique();
    await owner.post("/systems/v2", executionSystem(id));
    const path = at(id, "/credentials");
    const listed = async (rest = "") => owner.get(`${path}${rest}`);
    const all = await listed();
    assert.deepEqual(
      all.credentials.map((one: Json) => [one.type, one.username, one.default, one.parentType, one.internalUsername]),
      [
        ["PASSWORD", "remote", true, "STORAGE", null],
        ["PASSWORD", "remote", true, "EXECUTION", null],
      ],
    );
    assert.deepEqual(
      [all.type, all.username, all.password, all.valid, all.expirationDate],
      ["PASSWORD", "remote", null, true, null],
    );
    assert.equal((await listed("?limit=1&offset=1")).credentials.length, 1);
    const own = { type: "PASSWORD", username: "robot", password: SECRET };
    assert.equal(await owner.post(`${path}/ada`, own), null);
    await owner.post(`${path}/ada/storage`, { ...own, username: "robot2" });
    await owner.post(`${path}/grace/LOGIN`, form(own));
    await owner.post(path, { ...own, internalUsername: "body" });
    assert.deepEqual((await listed("/ada")).credentials.map((one: Json) => one.username).sort(), ["robot", "robot2"]);
    const byType = await listed("/ada/storage");
    assert.deepEqual([byType.username, byType.internalUsername, byType.credentials], ["robot2", "ada", undefined]);
    assert.equal((await listed("/grace/execution")).username, "robot");
    assert.equal((await listed("/body")).credentials.length, 2);
    await owner.refused(404, "GET", `${path}/grace/storage`);
    await owner.refused(404, "GET", `${path}/ada/llama`);
    await owner.refused(404, "GET", `${path}/nobody`);
    await owner.post(`${path}/default/storage`, { type: "SSHKEYS", username: "k", publicKey: "ssh-ed25519 A", privateKey: KEY });
    assert.equal((await listed("/default/storage")).type, "SSHKEYS");
    for (const [body, words] of [
      [{ type: "APIKEYS", username: "a", password: "b" }, /does not open/],
      [{ type: "X509" }, /X509/],
      [{ type: "PASSWORD", username: "x" }, /password/],
      [{ type: "PASSWORD", password: "x" }, /username/],
      [{}, /type is missing/],
    ] as const)
      assert.match(await owner.refused(400, "POST", path, body), words, JSON.stringify(body));
    assert.equal(await owner.delete(`${path}/ada/storage`), null);
    assert.equal((await listed("/ada")).credentials.length, 1);
    await owner.delete(`${path}/ada`);
    await owner.refused(404, "GET", `${path}/ada`);
    await owner.delete(path);
    await owner.refused(404, "GET", path);
    const plain = await aSystem();
    assert.match(await owner.refused(400, "POST", at(plain, "/credentials/default/login"), own), /storage system/);
  });

  it("nothing secret is in the tables, the log or the history", async () => {
    const rows = JSON.stringify([
      await store.db.selectFrom("system").selectAll().execute(),
      await store.db.selectFrom("system_credential").selectAll().execute(),
      await store.db.selectFrom("storage").selectAll().execute(),
      await store.db.selectFrom("event").selectAll().execute(),
    ]);
    for (const text of [rows, scene.havre.log.join("\n")]) assert.equal(text.includes(SECRET), false);
  });

  it("its history tells who did what, oldest first", async () => {
    const id = await aSystem();
    await give(id, "friend", "USER");
    await owner.put(at(id), { action: "DISABLE" });
    const history = await owner.get(at(id, "/history"));
    assert.deepEqual(
      history.map((one: Json) => [one.status, one.createdBy, one.description]),
      [
        ["CREATED", "owner", "System created"],
        ["ROLES_GRANT", "owner", "USER role granted to friend"],
        ["DISABLED", "owner", "System disabled"],
      ],
    );
    assert.equal((await owner.get(at(id, "/history?limit=1&offset=1")))[0].status, "ROLES_GRANT");
    await stranger.refused(404, "GET", at(id, "/history"));
  });

  it("one that a study delivers to is not removed", async () => {
    const id = await aSystem();
    const row = await store.db.selectFrom("system").select("storage_id").where("name", "=", id).executeTakeFirstOrThrow();
    const portal = await new Client(scene.havre.url).signIn({ username: "owner", password: PASSWORD });
    const field = await store.db.selectFrom("study_field").select("id").limit(1).executeTakeFirstOrThrow();
    const study = await portal.post("/api/v1/studies/", {
      name: "Sleep",
      code: "S",
      description: "",
      human_subject: false,
      field: field.id,
    });
    await portal.post(`/api/v1/studies/${study.id}/storages/`, { storage: row.storage_id });
    const locations = await store.db
      .selectFrom("location")
      .select("id")
      .where("storage_id", "=", row.storage_id as number)
      .execute();
    assert.equal(locations.length, 1);
    assert.match(await owner.refused(412, "DELETE", at(id)), /still delivers/);
    assert.equal((await owner.get(at(id))).id, id);
  });
});
