import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { decodeJwt, SignJWT } from "jose";
import { until } from "../harness/havre.ts";
import { type GodockerClient, taskWith } from "./client.ts";
import { aGodocker, type Godocker } from "./server.ts";

const SECRET = "a secret that other services check our tokens with";
const TASK = "/api/1.0/task";
const ENDLESS = { command: { cmd: "sleep 600" } };

describe("GO-Docker: what a site may set, as clients see it", () => {
  let server: Godocker;
  let admin: GodockerClient;
  let alice: GodockerClient;
  let bob: GodockerClient;
  before(async () => {
    server = await aGodocker({
      COMPUTE_CPU: "4",
      COMPUTE_LABELS: "storage=ssd, licence=2",
      GODOCKER_SECRET_PASSPHRASE: SECRET,
      GODOCKER_TOKEN_LIFE: "1h",
      TASK_MAX_DOWNLOAD: "1 KiB",
      TASK_OWNER_QUOTAS: "0",
      TASK_RATE_LIMIT: "3",
      TASK_RATE_LIMIT_ALL: "4",
      TASK_SHARE_STUDIES: "1",
    });
    [admin, alice, bob] = [await server.admin(), await server.user(), await server.user()];
    await admin.ok("POST", "/api/1.0/project", {
      id: "genomes",
      owner: alice.id,
      members: [bob.id],
      quota_cpu: 1000,
      quota_ram: 1.5,
    });
  });
  after(() => server?.stop());

  const killAll = async (...of: readonly GodockerClient[]): Promise<void> => {
    for (const one of of) await one.ok("DELETE", `/api/1.0/user/${one.id}/task`);
    for (const one of of)
      await until(async () => (await one.ok("GET", `${TASK}/active`)).length === 0, `no task of ${one.id} is left`, 30_000);
  };

  it("GODOCKER_TOKEN_LIFE, GODOCKER_SECRET_PASSPHRASE: a token says when it ends, and is refused after that", async () => {
    const { exp = 0, iat = 0 } = decodeJwt(alice.token);
    assert.equal(exp - iat, 3600);
    const token = (from: number): Promise<string> =>
      new SignJWT({ user: { id: alice.id } })
        .setProtectedHeader({ alg: "HS256" })
        .setAudience("urn:godocker/api")
        .setIssuedAt(iat + from)
        .setExpirationTime(iat + from + 3600)
        .sign(new TextEncoder().encode(SECRET));
    const asked = async (from: number) => ({ authorization: `Bearer ${await token(from)}` });
    await server.nobody().ok("GET", `${TASK}/active`, undefined, await asked(-1800));
    await server.nobody().refused(401, "GET", `${TASK}/active`, undefined, await asked(-7200));
  });

  it("COMPUTE_LABELS: clients are told of them; a task without what it asks for waits, and units are counted", async () => {
    const { constraints } = await server.config();
    assert.deepEqual(constraints, [
      { name: "licence", value: ["2"] },
      { name: "storage", value: ["ssd"] },
    ]);
    const asking = (...label: readonly string[]) => ({ ...ENDLESS, requirements: { label } });
    const both = await alice.submit(asking("storage==ssd", "resource==licence", "resource==licence"));
    await alice.running(both);
    const one = await bob.submit(asking("resource==licence"));
    const never = await bob.submit(asking("storage==tape"));
    const beside = await bob.submit(asking("storage==ssd"));
    await bob.running(beside);
    for (const id of [one, never]) assert.equal((await bob.task(id)).status.primary, "pending");
    assert.match((await bob.when(never, task => task.status.reason !== null, "says why")).status.reason, /resources/);
    await alice.ok("DELETE", `${TASK}/${both}`);
    assert.deepEqual((await bob.running(one)).requirements.label, ["resource==licence"]);
    assert.equal((await bob.task(never)).status.primary, "pending");
    await killAll(alice, bob);
  });

  it("quotas of user and project stand in a task as they were when it was submitted", async () => {
    await admin.ok("PUT", `/api/1.0/user/${bob.id}`, { usage: { quota_time: 7200, quota_gpu: 3 } });
    const id = await bob.submit({ user: { project: "genomes" } });
    await admin.ok("PUT", `/api/1.0/user/${bob.id}`, { usage: { quota_time: 0, quota_gpu: 0 } });
    await admin.ok("POST", "/api/1.0/project/genomes", { quota_cpu: 2000 });
    const { requirements } = await bob.over(id);
    const said = ["user", "project"].map(whose => ["time", "cpu", "ram", "gpu"].map(of => requirements[`${whose}_quota_${of}`]));
    assert.deepEqual(said, [
      [7200, 0, 0, 3],
      [0, 1000, 1.5, 0],
    ]);
    const alone = (await bob.over(await bob.submit())).requirements;
    assert.deepEqual([alone.project_quota_cpu, alone.user_quota_time], [0, 0]);
  });

  it("TASK_OWNER_QUOTAS: an owner's client sends the whole project back, and only an administrator's quotas count", async () => {
    const project = await alice.ok("GET", "/api/1.0/project/genomes");
    const sent = { ...project, description: "said by its owner", quota_cpu: 0, quota_time: 99, prio: 100 };
    const changed = await alice.ok("POST", "/api/1.0/project/genomes", sent);
    assert.deepEqual(changed, { ...project, description: "said by its owner" });
    assert.equal((await admin.ok("POST", "/api/1.0/project/genomes", { quota_time: 99 })).quota_time, 99);
    await admin.ok("POST", "/api/1.0/project/genomes", { quota_time: 0 });
  });

  it("TASK_MAX_DOWNLOAD: larger files are listed, and not given out", async () => {
    const id = await alice.submit({ command: { cmd: "head -c 1024 /dev/zero > small; head -c 1025 /dev/zero > large" } });
    await alice.over(id);
    const files = `${TASK}/${id}/files`;
    const names = (await alice.ok("GET", files)).map((file: { name: string }) => file.name);
    assert.ok(names.includes("small") && names.includes("large"));
    assert.equal((await alice.raw("GET", `${files}/small`)).text.length, 1024);
    assert.match(await alice.refused(403, "GET", `${files}/large`), /1024 bytes/);
  });

  it("TASK_SHARE_STUDIES: members of a project see and manage each other's tasks in it, and no others", async () => {
    assert.equal((await server.config()).share_project_tasks, true);
    const shared = await alice.submit({ ...ENDLESS, user: { project: "genomes" } });
    const own = await alice.submit(ENDLESS);
    assert.equal((await bob.task(shared)).user.id, alice.id);
    await bob.refused(403, "GET", `${TASK}/${own}`);
    const eve = await server.user();
    for (const [method, path] of [
      ["GET", `${TASK}/${shared}`],
      ["GET", `${TASK}/${shared}/files`],
      ["DELETE", `${TASK}/${shared}`],
    ] as const)
      await eve.refused(403, method, path);
    await bob.refused(403, "DELETE", `${TASK}/${own}`);
    await bob.ok("DELETE", `${TASK}/${shared}`);
    assert.equal((await bob.over(shared)).status.secondary, "killed");
    await killAll(alice);
  });

  it("TASK_RATE_LIMIT, TASK_RATE_LIMIT_ALL: too many that wait are 503, and nothing is made of them", async () => {
    const carol = await server.user();
    const full = await carol.submit({ ...ENDLESS, requirements: { cpu: 4 } });
    await carol.running(full);
    await carol.refused(503, "POST", TASK, taskWith({ requirements: { array: { values: "1:4:1" } } }));
    const waiting = await carol.submit({ requirements: { array: { values: "1:3:1" } } });
    assert.match(await carol.refused(503, "POST", TASK, taskWith({})), /3 tasks waiting/);
    const active = (await carol.ok("GET", `${TASK}/active`)).filter((task: { parent_task_id: unknown }) => !task.parent_task_id);
    assert.deepEqual(active.map((task: { id: number }) => task.id).toSorted(), [full, waiting].toSorted());
    const dave = await server.user();
    for (let n = 0; n < 3; n++) await dave.submit();
    const eve = await server.user();
    await until(async () => {
      const { status, text } = await eve.raw("POST", TASK, taskWith({ status: { primary: "created" } }));
      return status === 503 && /Too many tasks wait/.test(text);
    }, "too many wait in all");
    await killAll(carol, dave, eve);
    await until(async () => (await eve.raw("POST", TASK, taskWith({}))).status === 200, "tasks are taken again");
  });
});
