import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SignJWT } from "jose";
import { setActive } from "../../src/core/people/index.ts";
import { SYSTEM } from "../../src/core/people/model.ts";
import { compute } from "../../src/store/compute.ts";
import { until } from "../harness/havre.ts";
import { GodockerClient, taskWith } from "./client.ts";
import { aGodocker, type Godocker, PROMETHEUS_KEY, SHARED_SECRET } from "./server.ts";

const missing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";

describe("GO-Docker users, projects, recipes and places, row by row of the contract", { skip: missing }, () => {
  let server: Godocker;
  let alice: GodockerClient;
  let bob: GodockerClient;
  let admin: GodockerClient;
  before(async () => {
    server = await aGodocker({ COMPUTE_CPU: "4", COMPUTE_VOLUMES: "db=ro:/usr/share,scratch=rw:/tmp/none/$USERID:/scratch" });
    [alice, bob, admin] = await Promise.all([server.user(), server.user(), server.admin()]);
  });
  after(() => server.stop());

  it("row 9 api_auth: a token for the right key, and nothing for a wrong one, an old one, a signature of another", async () => {
    const nobody = server.nobody();
    const key = await server.keyOf(alice.id);
    assert.ok(key.length >= 32);
    await nobody.refused(401, "POST", "/api/1.0/authenticate", { user: alice.id, apikey: "wrong" });
    await nobody.refused(401, "POST", "/api/1.0/authenticate", { user: "nobody-at-all", apikey: key });
    await nobody.refused(401, "POST", "/api/1.0/authenticate", {});
    await nobody.refused(401, "POST", "/api/1.0/authenticate");
    await nobody.refused(400, "POST", "/api/1.0/authenticate", "not json");
    const claims = { user: { id: alice.id }, aud: "urn:godocker/api" };
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode("another secret that is long enough"));
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify({ ...claims, exp: 9999999999 })).toString("base64url")}.`;
    for (const token of [forged, none, "x", `${alice.token}x`])
      await nobody.refused(401, "GET", "/api/1.0/task/active", undefined, { authorization: `Bearer ${token}` });
    await nobody.refused(401, "GET", "/api/1.0/task/active");
    assert.deepEqual(await nobody.ok("GET", "/api/1.0/task/active", undefined, { authorization: `bearer ${alice.token}` }), []);
    const eve = await server.user();
    await setActive(server.havre.world, SYSTEM, eve.id, false);
    await eve.refused(401, "GET", "/api/1.0/task/active");
  });

  it("doubled slashes, trailing slashes and bodies without content work as clients send them", async () => {
    const nobody = server.nobody();
    assert.deepEqual(await nobody.ok("GET", "//api/1.0/ping"), { msg: "pong" });
    assert.deepEqual(await nobody.ok("GET", "/api/1.0/ping/"), { msg: "pong" });
    assert.deepEqual(await alice.ok("GET", "//api/1.0/task/active/"), []);
    assert.deepEqual(await alice.ok("POST", "/api/1.0/task/over/0/100"), []);
  });

  it("row 19 api_ping, row 10 api_config, row 51 api_usage: what everybody may know", async () => {
    const nobody = server.nobody();
    const config = await nobody.ok("GET", "/api/1.0/config");
    for (const list of ["images", "volumes", "constraints", "executor_features", "dynamic_fields", "executors", "networks"])
      assert.ok(Array.isArray(config[list]), list);
    assert.deepEqual(config.images[0], { name: "host", url: "host", interactive: false, default: true });
    assert.deepEqual(
      config.volumes,
      [
        ["home", "rw"],
        ["db", "ro"],
        ["scratch", "rw"],
      ].map(([name, acl]) => ({ name, acl })),
    );
    assert.deepEqual(config.defaults, { cpu: 1, ram: 0.06 });
    assert.ok(config.executor_features.includes("kill") && config.executor_features.includes("pause"));
    assert.ok(!JSON.stringify(config).includes("/usr/share"), "no paths of the host");
    const [node] = await nobody.ok("GET", "/api/1.0/usage");
    assert.ok(node.name && node.cpu[1] === 4 && node.mem[1] > 0 && node.disk[1] > 0);
  });

  it("row 10 with several clusters: what one of them can may be asked for, and each says what it cannot", async () => {
    const carol = await server.user();
    const { store } = server.havre.world;
    const [local] = await compute(store.db).clusters();
    assert.ok(local);
    const can = { ...local.can, images: false, suspend: false, ports: false, networks: ["host"] };
    const node = { ...local.nodes[0]!, name: "batch1", labels: { disk: "slow" } };
    const batch = { ...local, name: "batch", can, images: ["host"], nodes: [node] };
    await compute(store.db).noteCluster(batch, -1);
    try {
      const config = await server.config();
      const ofLocal = ["kill", ...(local.can.suspend ? ["pause"] : []), ...(local.can.ports ? ["interactive"] : [])];
      assert.deepEqual(config.executors, ["batch", "local"]);
      assert.deepEqual(config.features_by_executor, { batch: ["kill"], local: ofLocal });
      assert.deepEqual(config.executor_features, ofLocal);
      assert.deepEqual(config.constraints, [{ name: "disk", value: ["slow"] }]);
      const nodes = (await server.nobody().ok("GET", "/api/1.0/usage")).map((each: { name: string }) => each.name);
      assert.deepEqual(nodes, ["batch1", local.nodes[0]!.name]);
      const asked = taskWith({ command: { interactive: true, cmd: "" }, status: { primary: "created" } });
      const said = await until(async () => {
        const { status, text } = await carol.raw("POST", "/api/1.0/task", asked);
        return status === 403 && text;
      }, "whoever names no cluster is on the first");
      assert.match(said, local.can.ports ? /The cluster batch .* It can be on local\./ : /The cluster batch /);
      const id = await carol.submit({ requirements: { executor: "batch" } });
      assert.equal((await carol.ok("GET", `/api/1.0/task/${id}/suspend`)).status.secondary, "suspend rejected");
      await carol.ok("DELETE", `/api/1.0/task/${id}`);
      const here = await carol.submit({ requirements: { executor: "local:x:native" } });
      assert.deepEqual((await carol.over(here)).requirements.executor, "local:x:native");
    } finally {
      const unknown = taskWith({ requirements: { executor: "batch" }, status: { primary: "created" } });
      await compute(store.db).keepClusters(["local"]);
      await until(async () => {
        const { status } = await carol.raw("POST", "/api/1.0/task", unknown);
        return status === 400;
      }, "the second cluster is gone");
    }
  });

  it("row 10: only images that may be named are offered, the default first", async () => {
    const narrow = await aGodocker({ COMPUTE_CPU: "1", TASK_IMAGES: "tools:1", TASK_OTHER_IMAGES: "0", TASK_ALLOW_ROOT: "0" });
    try {
      const { images, allow_user_images, allow_root } = await narrow.config();
      assert.deepEqual(images, [{ name: "tools:1", url: "tools:1", interactive: false, default: true }]);
      assert.deepEqual([allow_user_images, allow_root], [false, false]);
      assert.deepEqual(await narrow.nobody().ok("GET", "/api/1.0/image"), { "tools:1": 0 });
      const carol = await narrow.user();
      await carol.refused(403, "POST", "/api/1.0/task", taskWith({}));
      await carol.refused(403, "POST", "/api/1.0/task", taskWith({ container: { image: "tools:1", root: true } }));
    } finally {
      await narrow.stop();
    }
  });

  it("row 13 api_images, row 12 api_image_count: how often images were run", async () => {
    const before = (await alice.ok("GET", "/api/1.0/image")).host;
    await alice.over(await alice.submit());
    assert.ok((await alice.ok("GET", "/api/1.0/image")).host > before);
    assert.deepEqual(Object.keys(await alice.ok("GET", "/api/1.0/image/host")), ["host"]);
    assert.deepEqual(await alice.ok("GET", "/api/1.0/image/docker.io/some/thing:1"), { "docker.io/some/thing:1": 0 });
    assert.deepEqual(await alice.ok("GET", "/api/1.0/image/some%2Fthing"), { "some/thing": 0 });
  });

  it("row 1 admin_maintenance, row 2 admin_set_maintenance: nothing new is taken, what waits does not start, what runs goes on", async () => {
    await alice.refused(403, "GET", "/admin/maintenance");
    await alice.refused(403, "POST", "/admin/maintenance/all/on");
    await admin.refused(400, "POST", "/admin/maintenance/all/maybe");
    const [all, ...nodes] = await admin.ok("GET", "/admin/maintenance");
    assert.deepEqual(all, { name: "all", status: "off" });
    assert.equal(nodes.length, 1);
    const held = await alice.submit({ status: { primary: "created" } });
    const running = await alice.submit({ command: { cmd: "sleep 600" } });
    await alice.running(running);
    assert.equal((await admin.ok("POST", "/admin/maintenance/all/on"))[0].status, "on");
    await alice.refused(503, "POST", "/api/1.0/task", taskWith({}));
    await alice.ok("GET", `/api/1.0/task/${held}/pending`);
    assert.equal((await server.config()).maintenance, true);
    await alice.ok("DELETE", `/api/1.0/task/${running}`);
    await alice.over(running);
    assert.equal((await alice.task(held)).status.primary, "pending");
    await admin.ok("POST", "/admin/maintenance/all/off");
    await alice.over(held);
    const flagged = await admin.ok("POST", `/admin/maintenance/${nodes[0].name}/on`);
    assert.deepEqual(flagged[1], { name: nodes[0].name, status: "on" });
    await admin.ok("POST", `/admin/maintenance/${nodes[0].name}/off`);
  });

  it("row 27 api_prometheus, row 58 prometheus: numbers that other programs push stand beside ours", async () => {
    const stat = [
      { name: "god_scheduler_run_duration", value: 1.5 },
      { name: "god_watcher_job_error", value: 1, host: 'a"b' },
    ];
    await server.nobody().refused(403, "POST", "/api/1.0/prometheus", { key: "wrong", stat });
    await server.nobody().refused(403, "POST", "/api/1.0/prometheus", { stat: "broken" });
    await server
      .nobody()
      .refused(400, "POST", "/api/1.0/prometheus", { key: PROMETHEUS_KEY, stat: [{ name: "bad name", value: 1 }] });
    for (let n = 0; n < 2; n++)
      assert.ok((await server.nobody().ok("POST", "/api/1.0/prometheus", { key: PROMETHEUS_KEY, stat })).msg);
    const { status, headers, text } = await server.nobody().raw("GET", "/metrics");
    assert.equal(status, 200);
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^god_scheduler_run_duration 1\.5$/m);
    assert.match(text, /^god_watcher_job_error\{host="a\\"b"\} 2$/m);
    assert.match(text, /^havre_tasks\{state="pending"\} \d+$/m);
    assert.match(text, /havre_http_request_seconds_count\{method="GET",path="\/api\/1\.0\/config"/);
  });

  it("row 60 user_info, row 61 user_info_edit, row 62 user_list: the whole document comes back, and what may be changed is", async () => {
    const own = await alice.ok("GET", `/api/1.0/user/${alice.id}`);
    assert.deepEqual(Object.keys(own.usage), ["prio", "quota_time", "quota_cpu", "quota_ram", "quota_gpu", "disk"]);
    assert.deepEqual([own.id, own.usage.prio, own.credentials.public, own.admin], [alice.id, 50, "", false]);
    assert.equal(own.credentials.apikey, await server.keyOf(alice.id));
    await bob.refused(403, "GET", `/api/1.0/user/${alice.id}`);
    await bob.refused(403, "GET", "/api/1.0/user/nobody-at-all");
    await admin.refused(404, "GET", "/api/1.0/user/nobody-at-all");
    const changed = await alice.ok("PUT", `/api/1.0/user/${alice.id}`, {
      ...own,
      admin: true,
      uid: 0,
      email: "new@example.org",
      credentials: { ...own.credentials, public: "ssh-ed25519 AAAA", apikey: "mine" },
      usage: { ...own.usage, prio: 100, quota_time: 5 },
    });
    assert.deepEqual(
      [changed.credentials.public, changed.email, changed.admin, changed.uid],
      ["ssh-ed25519 AAAA", "new@example.org", false, own.uid],
    );
    assert.deepEqual([changed.usage.prio, changed.usage.quota_time, changed.credentials.apikey], [50, 0, own.credentials.apikey]);
    await bob.refused(403, "PUT", `/api/1.0/user/${alice.id}`, own);
    const raised = await admin.ok("PUT", `/api/1.0/user/${alice.id}`, { usage: { prio: 70, quota_ram: 0.5 } });
    assert.deepEqual([raised.usage.prio, raised.usage.quota_ram, raised.credentials.public], [70, 0.5, "ssh-ed25519 AAAA"]);
    await admin.refused(400, "PUT", `/api/1.0/user/${alice.id}`, { usage: { prio: 170 } });
    await admin.ok("PUT", `/api/1.0/user/${alice.id}`, { usage: { prio: 50, quota_ram: 0 } });
    await alice.refused(403, "GET", "/api/1.0/user");
    assert.ok((await admin.ok("GET", "/api/1.0/user")).some((user: { id: string }) => user.id === alice.id));
  });

  it("row 52 api_user_apikey: the old key is refused at once, tokens go on", async () => {
    const carol = await server.user();
    const old = await server.keyOf(carol.id);
    await bob.refused(403, "DELETE", `/api/1.0/user/${carol.id}/apikey`);
    const { apikey } = await carol.ok("DELETE", `/api/1.0/user/${carol.id}/apikey`);
    await carol.refused(401, "POST", "/api/1.0/authenticate", { user: carol.id, apikey: old });
    await GodockerClient.signIn(server.havre.url, carol.id, apikey);
    assert.deepEqual(await carol.ok("GET", "/api/1.0/task/active"), []);
    assert.ok((await admin.ok("DELETE", `/api/1.0/user/${carol.id}/apikey`)).apikey !== apikey);
  });

  it("row 63 user_usage, row 26 api_project_usage, row 53 api_user_billing: what was asked for counts by day and month", async () => {
    const carol = await server.user();
    await admin.ok("POST", "/api/1.0/project", { id: "billed", members: [carol.id], owner: bob.id });
    const id = await carol.submit({ user: { project: "billed" }, requirements: { cpu: 2, ram: 0.125 } });
    await carol.over(id);
    await carol.over(await carol.submit());
    const now = new Date();
    const day = [now.getUTCFullYear(), now.getUTCMonth() + 1, now.getUTCDate()].join("_");
    const [today] = await carol.ok("GET", `/api/1.0/user/${carol.id}/usage`);
    assert.deepEqual([today.date, today.cpu, today.gpu], [day, 3, 0]);
    assert.ok(typeof today.time === "number" && today.ram > 0.15);
    assert.equal((await carol.ok("GET", "/api/1.0/project/billed/usage"))[0].cpu, 2);
    await alice.refused(403, "GET", "/api/1.0/project/billed/usage");
    await alice.refused(404, "GET", "/api/1.0/project/nothing/usage");
    assert.ok((await alice.ok("GET", "/api/1.0/project/default/usage")).length > 0);
    await bob.refused(403, "GET", `/api/1.0/user/${carol.id}/usage`);
    const month = `${now.getUTCFullYear()}/${now.getUTCMonth() + 1}`;
    const rows = await carol.ok("GET", `/api/1.0/user/${carol.id}/billing/${month}?force=1`);
    assert.deepEqual(
      rows.map((row: { _id: { project: string }; cpu: number }) => [row._id.project, row.cpu]),
      [
        ["default", 1],
        ["billed", 2],
      ],
    );
    assert.deepEqual(await carol.ok("GET", `/api/1.0/user/${carol.id}/billing/2020/01`), []);
    const books = compute(server.havre.world.store.db);
    const { id: person } = await server.havre.world.store.db
      .selectFrom("person")
      .select("id")
      .where("username", "=", carol.id)
      .executeTakeFirstOrThrow();
    for (const [at, cpu] of [
      ["2024-02-29T23:59:59Z", 1],
      ["2024-02-01T00:00:00Z", 2],
      ["2024-03-01T00:00:00Z", 4],
    ] as const)
      await books.addUsage(person, 0, new Date(at), { tasks: 1, cpu, memoryMib: 1024, gpus: 0, seconds: 5, cpuSeconds: 5 * cpu });
    assert.deepEqual(await carol.ok("GET", `/api/1.0/user/${carol.id}/billing/2024/02`), [
      { _id: { user: carol.id, project: "default" }, cpu: 3, ram: 2, gpus: 0, totaltime: 10 },
    ]);
    const [row] = await bob.ok("GET", `/api/1.0/project/billed/billing/${month}`);
    assert.deepEqual([row._id, row.cpu, row.gpus], [{ user: carol.id, project: "billed" }, 2, 0]);
    await carol.refused(403, "GET", `/api/1.0/project/billed/billing/${month}`);
    await carol.refused(400, "GET", `/api/1.0/user/${carol.id}/billing/2020/13`);
    await alice.refused(403, "GET", `/api/1.0/user/${carol.id}/billing/${month}`);
  });

  it("row 20 to 25, projects: studies by their slug, with members, quotas and folders", async () => {
    await alice.refused(403, "POST", "/api/1.0/project", { id: "mine" });
    await admin.refused(400, "POST", "/api/1.0/project", {});
    await admin.refused(400, "POST", "/api/1.0/project", { id: "../x" });
    await admin.refused(403, "POST", "/api/1.0/project", { id: "default" });
    const made = await admin.ok("POST", "/api/1.0/project", {
      id: "genome.v1",
      owner: alice.id,
      members: [bob.id],
      prio: 60,
      quota_cpu: 10,
    });
    assert.deepEqual(
      [made.id, made.owner, made.members.toSorted(), made.prio, made.quota_cpu, made.volumes],
      ["genome.v1", alice.id, [alice.id, bob.id].toSorted(), 60, 10, []],
    );
    await admin.refused(403, "POST", "/api/1.0/project", { id: "genome.v1" });
    assert.equal((await alice.ok("GET", "/api/1.0/project/genome.v1")).description, "");
    await bob.refused(403, "GET", "/api/1.0/project/genome.v1");
    await admin.refused(404, "GET", "/api/1.0/project/nothing");
    assert.deepEqual(
      (await alice.ok("GET", "/api/1.0/project")).map((project: { id: string }) => project.id),
      ["genome.v1"],
    );
    assert.deepEqual(await server.user().then(user => user.ok("GET", "/api/1.0/project")), []);
    assert.ok((await admin.ok("GET", "/api/1.0/project")).length >= 2);
    const edited = await alice.ok("POST", "/api/1.0/project/genome.v1", {
      ...made,
      description: "new",
      quota_time: 3600,
      volumes: [{ name: "x", path: "/etc", mount: "/x", acl: "rw" }],
      owner: bob.id,
    });
    assert.deepEqual([edited.description, edited.quota_time, edited.volumes, edited.owner], ["new", 3600, [], alice.id]);
    const lent = await admin.ok("POST", "/api/1.0/project/genome.v1", {
      volumes: [{ name: "lent", path: "/usr/share", mount: "/lent", acl: "ro" }],
    });
    assert.deepEqual(lent.volumes, [{ name: "lent", path: "/usr/share", mount: "/lent", acl: "ro" }]);
    await admin.refused(400, "POST", "/api/1.0/project/genome.v1", { volumes: [{ name: "x", path: "../etc" }] });
    await alice.refused(400, "POST", "/api/1.0/project/genome.v1", { members: ["nobody-at-all"] });
    await bob.refused(403, "POST", "/api/1.0/project/genome.v1", {});
    await admin.refused(403, "POST", "/api/1.0/project/default", { prio: 90 });
    const id = await bob.submit({
      user: { project: "genome.v1" },
      container: { volumes: [{ name: "lent" }] },
      command: { cmd: "ls /lent | wc -l" },
    });
    const task = await bob.over(id);
    assert.deepEqual([task.user.project, task.container.volumes[0].name], ["genome.v1", "lent"]);
    await bob.ok("GET", "/api/1.0/task/active?project=genome.v1");
    await alice.refused(403, "DELETE", "/api/1.0/project/genome.v1/quota");
    assert.ok((await admin.ok("DELETE", "/api/1.0/project/genome.v1/quota")).msg);
    assert.deepEqual(await bob.ok("GET", "/api/1.0/project/genome.v1/usage"), []);
    await alice.refused(403, "DELETE", "/api/1.0/project/genome.v1");
    assert.equal((await admin.ok("DELETE", "/api/1.0/project/genome.v1")).id, "genome.v1");
    await admin.refused(404, "GET", "/api/1.0/project/genome.v1");
    await admin.refused(403, "DELETE", "/api/1.0/project/default");
  });

  it("row 55 api_user_project_list: always the one that everybody is in", async () => {
    const [first, ...others] = await bob.ok("GET", `/api/1.0/user/${bob.id}/project`);
    assert.deepEqual([first.id, first.prio, first.volumes], ["default", 50, []]);
    assert.ok(others.some((project: { id: string }) => project.id === "billed"));
    await alice.refused(403, "GET", `/api/1.0/user/${bob.id}/project`);
  });

  it("quotas: a task whose turn comes when they are used up ends without having run", async () => {
    const carol = await server.user();
    await admin.ok("PUT", `/api/1.0/user/${carol.id}`, { usage: { quota_cpu: 2 } });
    assert.equal((await carol.over(await carol.submit())).status.exitcode, 0);
    const { status } = await carol.over(await carol.submit({ requirements: { cpu: 2 } }));
    assert.deepEqual([status.secondary, status.exitcode, status.duration], ["quota reached", 1, 0]);
    assert.ok(!("date_running" in status));
    await admin.ok("PUT", `/api/1.0/user/${carol.id}`, { usage: { quota_cpu: 0 } });
    assert.equal((await carol.over(await carol.submit({ requirements: { cpu: 2 } }))).status.exitcode, 0);
  });

  it("disk: whoever keeps more than their quota starts nothing until they archived some of it", async () => {
    const small = await aGodocker({ COMPUTE_CPU: "2", TASK_DISK_QUOTA: "100 KiB" });
    try {
      const carol = await small.user();
      const first = await carol.submit({ command: { cmd: "head -c 200000 /dev/zero > big" } });
      await carol.over(first);
      assert.ok((await carol.ok("GET", `/api/1.0/user/${carol.id}`)).usage.disk >= 200_000);
      assert.equal((await carol.over(await carol.submit())).status.secondary, "quota reached");
      await carol.ok("GET", `/api/1.0/task/${first}/archive`);
      assert.equal((await carol.over(await carol.submit())).status.exitcode, 0);
    } finally {
      await small.stop();
    }
  });

  it("row 56 api_user_task_delete: kills by tag, or all", async () => {
    const carol = await server.user();
    const sleeping = { command: { cmd: "sleep 600" } };
    const [first, second] = [
      await carol.submit({ ...sleeping, meta: { name: "a", tags: ["red"] } }),
      await carol.submit(sleeping),
    ];
    await bob.refused(403, "DELETE", `/api/1.0/user/${carol.id}/task`);
    assert.deepEqual(await carol.ok("DELETE", `/api/1.0/user/${carol.id}/task?tag=red`), [first]);
    await carol.over(first);
    assert.deepEqual(await admin.ok("DELETE", `/api/1.0/user/${carol.id}/task`), [second]);
    await carol.over(second);
  });

  it("row 54 api_user_file: a user's own storage, which their tasks read", async () => {
    const carol = await server.user();
    assert.deepEqual(await carol.ok("GET", `/api/1.0/user/${carol.id}/files`), []);
    await carol.over(await carol.submit());
    const { homeDirectory, uid } = await carol.ok("GET", `/api/1.0/user/${carol.id}`);
    const data = join(homeDirectory, "../../data", String(uid - 100_000));
    await mkdir(join(data, "in"), { recursive: true });
    await writeFile(join(data, "in", "file.txt"), "given", { mode: 0o644 });
    assert.deepEqual(await carol.ok("GET", `/api/1.0/user/${carol.id}/files`), [{ name: "in", type: "dir", size: 0 }]);
    assert.equal((await carol.raw("GET", `/api/1.0/user/${carol.id}/files/in/file.txt`)).text, "given");
    const task = await carol.over(await carol.submit({ command: { cmd: "cat $GODOCKER_DATA/in/file.txt" } }));
    const own = task.container.volumes.find((volume: { name: string }) => volume.name === "go-docker");
    assert.equal(await readFile(join(own.path, "god.log"), "utf8"), "given");
    await bob.refused(403, "GET", `/api/1.0/user/${carol.id}/files`);
    await carol.refused(404, "GET", `/api/1.0/user/${carol.id}/files/nothing`);
  });

  it("row 14 to 18, recipes: private until made public, and they outlive their task", async () => {
    const task = await alice.submit({ meta: { name: "to keep" }, command: { cmd: "echo kept" } });
    const path = "/api/1.0/marketplace/recipe/hello-world";
    await alice.refused(400, "POST", path, { description: "no task" });
    await alice.refused(404, "POST", path, { description: "d", task: 999999999 });
    await bob.refused(403, "POST", path, { description: "d", task });
    const made = await alice.ok("POST", path, { description: "d", task });
    assert.deepEqual([made.id, made.user, made.visibility, made.task], ["hello-world", alice.id, "private", task]);
    await alice.refused(403, "POST", path, { description: "d", task });
    await bob.refused(403, "GET", path);
    await server.nobody().refused(401, "GET", path);
    await server.nobody().refused(404, "GET", "/api/1.0/marketplace/recipe/none");
    const list = async (client: GodockerClient): Promise<string[]> =>
      (await client.ok("GET", "/api/1.0/marketplace/recipe")).map((recipe: { id: string }) => recipe.id);
    assert.deepEqual([await list(alice), await list(bob), await list(server.nobody())], [["hello-world"], [], []]);
    await bob.refused(403, "PUT", path, { description: "stolen" });
    await alice.refused(400, "PUT", path, { visibility: "some" });
    const shown = await alice.ok("PUT", path, { visibility: "public" });
    assert.deepEqual([shown.visibility, shown.description], ["public", "d"]);
    await alice.over(task);
    await alice.ok("DELETE", `/api/1.0/task/${task}/archive`);
    const { template } = await server.nobody().ok("GET", path);
    assert.equal(template.command.cmd, "echo kept");
    assert.equal((await bob.over(await bob.submit(template))).status.exitcode, 0);
    await bob.refused(403, "DELETE", path);
    assert.ok((await alice.ok("DELETE", path)).msg);
    await alice.refused(404, "DELETE", path);
  });

  it("row 3 to 6, application tokens: another service learns whose they are, when it proves itself", async () => {
    await alice.refused(400, "POST", "/api/1.0/app/token", {});
    const { token, name } = await alice.ok("POST", "/api/1.0/app/token", { name: "notebook" });
    assert.equal(name, "notebook");
    const [listed] = await alice.ok("GET", "/api/1.0/app/token");
    assert.deepEqual([listed.token, listed.name, typeof listed.date], [token, "notebook", "number"]);
    assert.deepEqual(await bob.ok("GET", "/api/1.0/app/token"), []);
    const sign = (claims: Record<string, unknown>, secret = SHARED_SECRET): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h").sign(new TextEncoder().encode(secret));
    const asked = (jwt: string, of = token) =>
      [`/api/1.0/app/token/${of}/user`, undefined, { authorization: `Bearer ${jwt}` }] as const;
    const owner = await server.nobody().ok("GET", ...asked(await sign({ app_token: token })));
    assert.deepEqual(Object.keys(owner), ["id", "uid", "gid", "sgids", "email", "homeDirectory"]);
    assert.equal(owner.id, alice.id);
    await server
      .nobody()
      .refused(401, "GET", ...asked(await sign({ app_token: token }, "another secret of at least some length")));
    await server.nobody().refused(401, "GET", ...asked(alice.token));
    await server.nobody().refused(403, "GET", ...asked(await sign({ app_token: "other" })));
    await server.nobody().refused(404, "GET", ...asked(await sign({ app_token: "other" }), "other"));
    await bob.refused(403, "DELETE", `/api/1.0/app/token/${token}`);
    await alice.ok("DELETE", `/api/1.0/app/token/${token}`);
    await alice.refused(404, "DELETE", `/api/1.0/app/token/${token}`);
    await server.nobody().refused(404, "GET", ...asked(await sign({ app_token: token })));
  });

  it("row 57 guest_status: a guest comes in when an administrator says so", async () => {
    const guest = await server.user({ groups: [] });
    await admin.refused(403, "POST", "/api/1.0/guest/status", { id: guest.id, guest_status: true });
    await admin.refused(404, "POST", "/api/1.0/guest/status", { id: "nobody-at-all", guest_status: true });
    await admin.refused(400, "POST", "/api/1.0/guest/status", { id: guest.id });
    await alice.refused(403, "POST", "/api/1.0/guest/status", { id: guest.id, guest_status: true });
    await server.havre.world.store.db
      .updateTable("person")
      .set({ groups: ["guest"] })
      .where("username", "=", guest.id)
      .execute();
    await guest.refused(401, "GET", "/api/1.0/task/active");
    await guest.refused(401, "POST", "/api/1.0/authenticate", { user: guest.id, apikey: await server.keyOf(guest.id) });
    const { guest: isGuest, guest_status: status } = await admin.ok("POST", "/api/1.0/guest/status", {
      id: guest.id,
      guest_status: true,
    });
    assert.deepEqual([isGuest, status], [true, true]);
    assert.deepEqual(await guest.ok("GET", "/api/1.0/task/active"), []);
  });

  it("row 59 user_delete: tasks are killed, and all of it goes", async () => {
    const gone = await server.user();
    const [over, running] = [await gone.submit(), await gone.submit({ command: { cmd: "sleep 600" } })];
    await gone.over(over);
    await gone.running(running);
    await alice.refused(403, "DELETE", `/api/1.0/user/${gone.id}`);
    await admin.refused(404, "DELETE", "/api/1.0/user/nobody-at-all");
    assert.equal((await admin.ok("DELETE", `/api/1.0/user/${gone.id}`)).id, gone.id);
    await gone.refused(401, "GET", "/api/1.0/task/active");
    await until(async () => (await admin.raw("GET", `/api/1.0/user/${gone.id}`)).status === 404, "the user is gone");
    await admin.refused(404, "GET", `/api/1.0/task/${over}`);
  });
});
