import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import { createConnection } from "node:net";
import { after, before, describe, it } from "node:test";
import { jwtVerify } from "jose";
import { until } from "../harness/havre.ts";
import { type GodockerClient, taskWith } from "./client.ts";
import { aGodocker, type Godocker, SHARED_SECRET } from "./server.ts";

const missing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";
const sleeping = { command: { cmd: "#!/bin/sh\nsleep 600\n" } };

describe("GO-Docker tasks, row by row of the contract", { skip: missing }, () => {
  let server: Godocker;
  let alice: GodockerClient;
  let bob: GodockerClient;
  let admin: GodockerClient;
  before(async () => {
    server = await aGodocker({ COMPUTE_CPU: "8", TASK_RETRIES: "1" });
    [alice, bob, admin] = await Promise.all([server.user(), server.user(), server.admin()]);
  });
  after(() => server.stop());

  it("row 31 api_task_add, row 36 api_task_get: a task is taken with little, and its document has all that clients read", async () => {
    const id = await alice.submit({ date: 17.5, user: { project: "default", id: "somebody", uid: 0 }, notify: null });
    const pending = await alice.task(id);
    assert.ok(Math.abs(pending.date - Date.now() / 1000) < 60, "the server's clock counts");
    assert.deepEqual([pending.user.id, pending.user.project, pending.user.sgids], [alice.id, "default", []]);
    assert.deepEqual([pending.meta.description, pending.meta.tags, pending.parent_task_id], ["", [], null]);
    assert.deepEqual(pending.requirements.array, { values: null, task_id: null, nb_tasks: 0, nb_tasks_over: 0, tasks: [] });
    assert.deepEqual([pending.requirements.maxlifespan, pending.requirements.failure_policy], ["7d", 1]);
    assert.ok("date_over" in pending.status);
    const task = await alice.over(id);
    assert.deepEqual([task.status.secondary, task.status.exitcode, task.container.meta.State.ExitCode], ["", 0, 0]);
    assert.ok(task.container.meta.Node.Name && task.status.date_running <= task.status.date_over);
    assert.deepEqual(task.container.ports, []);
    const own = task.container.volumes.find((volume: { name: string }) => volume.name === "go-docker");
    assert.deepEqual([own.acl, own.mount], ["rw", "/mnt/go-docker"]);
    assert.equal(await readFile(`${own.path}/god.log`, "utf8"), "hello\n");
    assert.match(await readFile(`${own.path}/god.info`, "utf8"), /^\d+\n\d+\n$/);
    await bob.refused(403, "GET", `/api/1.0/task/${id}`);
    await bob.refused(404, "GET", "/api/1.0/task/999999999");
    assert.equal((await admin.task(id)).id, id);
  });

  it("row 31: what is broken is refused, and nothing is made of it", async () => {
    const { total } = await alice.ok("GET", "/api/1.0/task/status/all/count");
    for (const [bad, word] of [
      [{ meta: { name: "" } }, "meta.name"],
      [{ container: { image: null } }, "container.image"],
      [{ command: { cmd: "" } }, "command.cmd"],
      [{ requirements: { cpu: "many" } }, "cpu"],
      [{ requirements: { cpu: 1.5 } }, "cpu"],
      [{ requirements: { ram: 0 } }, "ram"],
      [{ requirements: { array: { values: "9:1" } } }, "array"],
      [{ requirements: { array: { values: "1:20000" } } }, "array"],
      [{ requirements: { tasks: ["x"] } }, "tasks"],
      [{ requirements: { tasks: [999999999] } }, "999999999"],
      [{ requirements: { ports: [70000] } }, "ports"],
      [{ requirements: { maxlifespan: "long" } }, "maxlifespan"],
      [{ requirements: { gpus: 1 } }, "GPU"],
      [{ requirements: { executor: "moon" } }, "moon"],
      [{ requirements: { network: "moon" } }, "public, user or project"],
      [{ requirements: { network: "user" } }, "user's own"],
      [{ requirements: { tmpstorage: { size: "big" } } }, "tmpstorage"],
      [{ container: { volumes: "home" } }, "volumes"],
      [{ meta: { tags: "a" } }, "tags"],
    ] as const)
      assert.ok((await alice.refused(400, "POST", "/api/1.0/task", taskWith(bad))).includes(word), word);
    await alice.refused(400, "POST", "/api/1.0/task", "{");
    await alice.refused(400, "POST", "/api/1.0/task", "[]");
    await alice.refused(403, "POST", "/api/1.0/task", taskWith({ user: { project: "nobodys" } }));
    await alice.refused(401, "POST", "/api/1.0/task", taskWith({}), { authorization: "Bearer x.y.z" });
    assert.equal((await alice.ok("GET", "/api/1.0/task/status/all/count")).total, total);
  });

  it("row 31: numbers as text, empty parents, volumes without a right, an administrator for another: as real clients send them", async () => {
    const parent = await alice.submit();
    const id = await alice.submit({
      requirements: { cpu: "1", tasks: [String(parent), ""], label: null, uris: ["https://a/b"] },
      container: { volumes: [{ name: "home" }, { name: "" }, { name: "go-docker", acl: "rw" }] },
      command: { cmd: "cat godocker-uris.txt; touch /mnt/home/x || true" },
      unknown: { key: 1 },
    });
    const task = await alice.over(id);
    assert.deepEqual(task.requirements.tasks, [parent]);
    assert.ok(task.status.date_running >= (await alice.over(parent)).status.date_over);
    const names = task.container.volumes.map((volume: { name: string; acl: string }) => `${volume.name} ${volume.acl}`);
    assert.deepEqual(names, ["home ro", "go-docker rw"]);
    const forAlice = await admin.submit({ user: { id: alice.id } });
    assert.equal((await alice.over(forAlice)).user.id, alice.id);
  });

  it("row 29 api_task_active, row 30 api_task_active_all: arrays and their children stand in them", async () => {
    const id = await bob.submit({ ...sleeping, requirements: { array: { values: "5:9:2" } } });
    await bob.running(id + 1);
    const ids = (await bob.ok("GET", "/api/1.0/task/active")).map((task: { id: number }) => task.id);
    assert.deepEqual(ids, [id, id + 1, id + 2, id + 3]);
    assert.deepEqual(await bob.ok("GET", "/api/1.0/task/active?project=other"), []);
    const child = await bob.task(id + 2);
    assert.deepEqual([child.parent_task_id, child.requirements.array.task_id, child.requirements.array.values], [id, 7, null]);
    assert.deepEqual((await bob.task(id)).requirements.array.tasks, [id + 1, id + 2, id + 3]);
    await bob.refused(403, "GET", "/api/1.0/task/active/all");
    assert.ok((await admin.ok("GET", "/api/1.0/task/active/all")).some((task: { id: number }) => task.id === id + 3));
    await bob.ok("DELETE", `/api/1.0/task/${id + 2}`);
    assert.equal((await bob.over(id + 2)).status.exitcode, 137);
    assert.equal((await bob.ok("GET", `/api/1.0/task/${id}/suspend`)).status.secondary, "suspend rejected");
    const held = await bob.submit({ requirements: { array: { values: "2" } }, status: { primary: "created" } });
    assert.equal((await bob.ok("GET", `/api/1.0/task/${held + 2}/suspend`)).status.secondary, "suspend rejected");
    assert.deepEqual((await bob.task(held + 2)).status.secondary, "suspend rejected", "as long as it waits");
    assert.equal((await bob.task(held + 1)).status.secondary, null);
    await bob.refused(403, "GET", `/api/1.0/task/${held + 1}/pending`);
    await bob.ok("DELETE", `/api/1.0/task/${held}`);
    await bob.ok("DELETE", `/api/1.0/task/${id}`);
    const parent = await bob.over(id);
    assert.deepEqual(
      [parent.status.secondary, parent.status.exitcode, parent.requirements.array.nb_tasks_over],
      ["killed", 137, 3],
    );
  });

  it("row 37 api_task_kill: at once before it began, with everything it started after that, and never twice", async () => {
    const waiting = await alice.submit({ status: { primary: "created" } });
    const killed = await alice.ok("DELETE", `/api/1.0/task/${waiting}`);
    assert.deepEqual(
      [killed.status.primary, killed.status.secondary, killed.status.exitcode, killed.status.duration],
      ["over", "killed", 137, 0],
    );
    assert.ok(!("date_running" in killed.status));
    assert.equal(killed.container.meta.State.ExitCode, 137);
    const id = await alice.submit(sleeping);
    await alice.running(id);
    assert.equal((await alice.ok("DELETE", `/api/1.0/task/${id}`)).status.secondary, "kill requested");
    const over = await alice.over(id);
    assert.deepEqual([over.status.secondary, over.status.exitcode], ["killed", 137]);
    assert.equal((await alice.ok("DELETE", `/api/1.0/task/${id}`)).status.primary, "over");
    await bob.refused(403, "DELETE", `/api/1.0/task/${id}`);
    await bob.refused(404, "DELETE", "/api/1.0/task/999999999");
  });

  it("row 43 api_task_pending: lets go what was kept back", async () => {
    const id = await alice.submit({ status: { primary: "created" } });
    assert.equal((await alice.task(id)).status.primary, "created");
    await alice.ok("GET", `/api/1.0/task/${id}/pending`);
    await alice.over(id);
    await alice.refused(403, "GET", `/api/1.0/task/${id}/pending`);
    const word = await alice.submit({ status: { primary: "strange" } });
    await alice.over(word);
  });

  it("row 48 api_task_suspend, row 45 api_task_resume: freeze and go on; otherwise they are rejected", async () => {
    const id = await alice.submit(sleeping);
    await alice.running(id);
    assert.equal((await alice.ok("GET", `/api/1.0/task/${id}/resume`)).status.secondary, "resume rejected");
    assert.equal((await alice.ok("GET", `/api/1.0/task/${id}/suspend`)).status.secondary, "suspend requested");
    const suspended = await alice.when(id, task => task.status.secondary === "suspended", "suspended");
    assert.equal(suspended.status.primary, "running");
    await alice.ok("GET", `/api/1.0/task/${id}/resume`);
    await alice.when(id, task => task.status.secondary === "resumed", "resumed");
    await alice.ok("DELETE", `/api/1.0/task/${id}`);
    await alice.over(id);
    await alice.refused(403, "GET", `/api/1.0/task/${id}/suspend`);
    await alice.refused(403, "GET", `/api/1.0/task/${id}/resume`);
  });

  it("row 44 api_task_reschedule: the same number begins anew, and whoever asked is told that it waits again", async () => {
    const id = await alice.submit({ ...sleeping, notify: { email: true } });
    const before = await alice.running(id);
    assert.equal((await alice.ok("GET", `/api/1.0/task/${id}/reschedule`)).status.secondary, "reschedule requested");
    const again = await alice.when(id, task => task.status.date_running > before.status.date_running, "started again");
    assert.equal(again.id, id);
    await alice.ok("DELETE", `/api/1.0/task/${id}`);
    await alice.over(id);
    const mails = (await server.mailsAbout(id)).toSorted();
    assert.deepEqual(mails, ["task-over", "task-pending", "task-pending", "task-running", "task-running"]);
    await alice.refused(403, "GET", `/api/1.0/task/${id}/reschedule`);
  });

  it("row 28 api_task: only its lifespan may change, and that counts at once", async () => {
    const id = await alice.submit(sleeping);
    await alice.running(id);
    await alice.refused(403, "PUT", `/api/1.0/task/${id}`, { name: "cpu", value: "8" });
    await alice.refused(400, "PUT", `/api/1.0/task/${id}`, { name: "maxlifespan", value: "soon" });
    const changed = await alice.ok("PUT", `/api/1.0/task/${id}`, { name: "maxlifespan", value: "2s" });
    assert.equal(changed.requirements.maxlifespan, "2s");
    const over = await alice.over(id);
    assert.deepEqual([over.status.reason, over.status.exitcode], ["Max duration reached", 137]);
    await alice.refused(403, "PUT", `/api/1.0/task/${id}`, { name: "maxlifespan", value: "6d" });
  });

  it("row 47 api_task_status, row 38 api_task_monitor, row 49 api_task_token", async () => {
    const id = await alice.submit({ command: { cmd: "#!/bin/sh\nwhile :; do :; done\n" } });
    await alice.running(id);
    assert.equal((await alice.ok("GET", `/api/1.0/task/${id}/status`)).status.primary, "running");
    const { stats, id: monitored } = await until(async () => {
      const seen = await alice.ok("GET", `/api/1.0/task/${id}/monitor`);
      return seen.stats.length >= 2 && seen;
    }, "there are measurements");
    assert.equal(monitored, id);
    assert.ok(
      stats.at(-1).cpu.usage.total > stats[0].cpu.usage.total &&
        stats[0].memory.usage >= 0 &&
        !Number.isNaN(Date.parse(stats[0].timestamp)),
    );
    await bob.refused(403, "GET", `/api/1.0/task/${id}/monitor`);
    const { token } = await alice.ok("GET", `/api/1.0/task/${id}/token`);
    const { payload } = await jwtVerify(token, new TextEncoder().encode(SHARED_SECRET), { audience: "urn:godocker/api" });
    assert.equal((payload.task as { id: number }).id, id);
    await alice.ok("DELETE", `/api/1.0/task/${id}`);
    await alice.over(id);
    await alice.refused(404, "GET", `/api/1.0/task/${id}/monitor`);
  });

  it("row 39 api_task_over, row 42 api_task_over_cursor, row 40 api_task_over_all, row 41 api_task_over_all_cursor: pages, order, search", async () => {
    const carol = await server.user();
    const ids: number[] = [];
    for (const name of ["zebra", "apple", "mango"]) ids.push(await carol.submit({ meta: { name, tags: [`t-${name}`] } }));
    for (const id of ids) await carol.over(id);
    const listed = async (query: string): Promise<number[]> =>
      (await carol.ok("GET", `/api/1.0/task/over${query}`)).map((task: { id: number }) => task.id);
    assert.deepEqual(await listed(""), ids.toReversed());
    assert.deepEqual(await listed("?reverse=true"), ids);
    assert.deepEqual(await listed("?orderBy=name"), [ids[1], ids[2], ids[0]]);
    assert.deepEqual(await listed("?orderBy=name&reverse=true&start=1&limit=1"), [ids[2]]);
    assert.deepEqual(await listed("?regex=T-MAN|zebr"), [ids[2], ids[0]]);
    assert.deepEqual(await listed("?start_date=9999999999"), []);
    const [page] = await carol.ok("GET", "/api/1.0/task/over?draw=7&limit=2");
    assert.deepEqual([page.draw, page.data.length, page.recordsTotal, page.recordsFiltered], ["7", 2, 3, 3]);
    for (const bad of ["regex=(", "orderBy=colour", "limit=x", "start_date=x"])
      await carol.refused(400, "GET", `/api/1.0/task/over?${bad}`);
    const posted = (path: string, body?: unknown) => carol.ok("POST", `/api/1.0/task/over/${path}`, body);
    assert.equal((await posted("0/100")).length, 3, "a body is not needed");
    assert.equal((await posted("1/0")).length, 2, "0 is no limit");
    assert.equal((await posted("0/100", { start: 0, end: 5 })).length, 0);
    assert.equal((await carol.ok("POST", "/api/1.0/task/over/0/0?project=other")).length, 0);
    await carol.refused(403, "GET", "/api/1.0/task/over/all");
    await carol.refused(403, "POST", "/api/1.0/task/over/all/0/10");
    assert.ok((await admin.ok("GET", "/api/1.0/task/over/all")).length > 3);
    assert.equal((await admin.ok("POST", "/api/1.0/task/over/all/0/2")).length, 2);
  });

  it("row 34 api_task_file: lists and bytes, and no way out of the task's folder", async () => {
    const id = await alice.submit({
      command: { cmd: "#!/bin/sh\nmkdir d; echo '{\"a\":1}' > d/x.json; ln -s /etc/passwd out; ln -s d/x.json in\n" },
    });
    const created = await alice.submit({ status: { primary: "created" } });
    assert.deepEqual(await alice.ok("GET", `/api/1.0/task/${created}/files`), []);
    const { container } = await alice.over(id);
    const folder = container.volumes.find((volume: { name: string }) => volume.name === "go-docker").path;
    await symlink("/", `${folder}/root`);
    const list = await alice.ok("GET", `/api/1.0/task/${id}/files`);
    assert.deepEqual(
      list.map((entry: { name: string; type: string }) => `${entry.name} ${entry.type}`),
      ["cmd.sh file", "d dir", "god.err file", "god.info file", "god.log file", "in file"],
    );
    assert.deepEqual(await alice.ok("GET", `/api/1.0/task/${id}/files/`), list);
    assert.deepEqual(await alice.ok("GET", `/api/1.0/task/${id}/files/d`), [{ name: "x.json", type: "file", size: 8 }]);
    const file = await alice.raw("GET", `/api/1.0/task/${id}/files/d/x.json`);
    assert.deepEqual(
      [file.status, file.headers["content-type"], file.headers["content-length"], file.text],
      [200, "application/octet-stream", "8", '{"a":1}\n'],
    );
    for (const way of ["out", "root/etc/passwd", "..%2F..%2Ftask", "d/../../x", "%2Fetc%2Fpasswd", "nothing", "a%00b"]) {
      const { status, text } = await alice.raw("GET", `/api/1.0/task/${id}/files/${way}`);
      assert.ok([400, 403, 404].includes(status), `${way}: ${status} ${text.slice(0, 100)}`);
    }
    await bob.refused(403, "GET", `/api/1.0/task/${id}/files`);
  });

  it("row 46 api_task_share, row 35 api_task_file_share, row 50 api_task_unshare: a token opens one task, to look at, until it is taken back", async () => {
    const id = await alice.submit();
    const other = await alice.submit();
    await alice.over(id);
    const { token } = await alice.ok("GET", `/api/1.0/task/${id}/share`);
    assert.deepEqual(await alice.ok("GET", `/api/1.0/task/${id}/share`), { token });
    const nobody = server.nobody();
    const header = { "x-godocker-share": token };
    assert.equal((await nobody.ok("GET", `/api/1.0/task/${id}`, undefined, header)).id, id);
    assert.equal((await nobody.ok("GET", `/api/1.0/task/${id}?share=${token}`)).id, id);
    assert.ok(!JSON.stringify(await alice.task(id)).includes(token));
    assert.ok((await nobody.ok("GET", `/api/1.0/task/${id}/files?share=${token}`)).length > 3);
    assert.equal((await nobody.raw("GET", `/api/1.0/task/${id}/files/god.log`, undefined, header)).text, "hello\n");
    assert.equal((await nobody.raw("GET", `/api/1.0/task/${id}/share/${token}/files/god.log`)).text, "hello\n");
    assert.ok((await nobody.ok("GET", `/api/1.0/task/${id}/share/${token}/files`)).length > 3);
    await nobody.refused(403, "GET", `/api/1.0/task/${id}/share/wrong/files`);
    await nobody.refused(404, "GET", `/api/1.0/task/999999999/share/${token}/files`);
    await nobody.refused(403, "GET", `/api/1.0/task/${other}?share=${token}`);
    await nobody.refused(401, "GET", `/api/1.0/task/${id}`);
    for (const [method, path] of [
      ["DELETE", ""],
      ["GET", "/token"],
      ["GET", "/archive"],
      ["GET", "/unshare"],
    ] as const)
      await nobody.refused(401, method, `/api/1.0/task/${id}${path}?share=${token}`, undefined, header);
    assert.equal((await alice.ok("GET", `/api/1.0/task/${id}`, undefined, { "x-godocker-share": "wrong" })).id, id);
    await bob.refused(403, "GET", `/api/1.0/task/${id}/unshare`);
    assert.deepEqual(await alice.ok("GET", `/api/1.0/task/${id}/unshare`), { token: null });
    await alice.ok("GET", `/api/1.0/task/${id}/unshare`);
    await nobody.refused(403, "GET", `/api/1.0/task/${id}`, undefined, header);
    await nobody.refused(403, "GET", `/api/1.0/task/${id}/share/${token}/files`);
    assert.notEqual((await alice.ok("GET", `/api/1.0/task/${id}/share`)).token, token);
  });

  it("row 46 and 50 with an array: an element's token opens that element alone, the array's opens its elements as well", async () => {
    const id = await alice.submit({ requirements: { array: { values: "1:3" } } });
    await alice.over(id);
    const [first, second, third] = [id + 1, id + 2, id + 3];
    const tokenOf = async (of: number): Promise<string> => (await alice.ok("GET", `/api/1.0/task/${of}/share`)).token;
    const opened = async (token: string): Promise<number[]> => {
      const open: number[] = [];
      for (const number of [id, first, second, third]) {
        const ways = await Promise.all([
          server.nobody().raw("GET", `/api/1.0/task/${number}?share=${token}`),
          bob.raw("GET", `/api/1.0/task/${number}`, undefined, { "x-godocker-share": token }),
          server.nobody().raw("GET", `/api/1.0/task/${number}/status?share=${token}`),
          server.nobody().raw("GET", `/api/1.0/task/${number}/files?share=${token}`),
          server.nobody().raw("GET", `/api/1.0/task/${number}/share/${token}/files`),
          ...(number === id ? [] : [server.nobody().raw("GET", `/api/1.0/task/${number}/share/${token}/files/god.log`)]),
        ]);
        const [status, ...others] = new Set(ways.map(way => way.status));
        assert.deepEqual(others, [], "every form alike");
        assert.ok(status === 200 || status === 403);
        if (status === 200) open.push(number);
      }
      return open;
    };
    const ofSecond = await tokenOf(second);
    assert.equal(await tokenOf(second), ofSecond);
    assert.deepEqual(await opened(ofSecond), [second]);
    const ofFirst = await tokenOf(first);
    const ofAll = await tokenOf(id);
    assert.equal(new Set([ofFirst, ofSecond, ofAll]).size, 3);
    assert.deepEqual(await opened(ofSecond), [second]);
    assert.deepEqual(await opened(ofAll), [id, first, second, third]);
    await server.nobody().refused(403, "GET", `/api/1.0/task/${id}/share/${ofSecond}/files/3/god.log`);
    assert.equal((await server.nobody().raw("GET", `/api/1.0/task/${id}/share/${ofAll}/files/3/god.log`)).text, "hello\n");
    await alice.ok("GET", `/api/1.0/task/${second}/unshare`);
    assert.deepEqual(await opened(ofSecond), []);
    assert.deepEqual(await opened(ofFirst), [first], "the others stay shared");
    const anew = await tokenOf(second);
    assert.notEqual(anew, ofSecond);
    await alice.ok("GET", `/api/1.0/task/${id}/unshare`);
    assert.deepEqual(await opened(ofAll), []);
    assert.deepEqual(await opened(anew), [second]);
    await alice.ok("DELETE", `/api/1.0/task/${id}/archive`);
    await server.nobody().refused(404, "GET", `/api/1.0/task/${second}?share=${anew}`);
  });

  it("row 32 api_task_archive, row 33 api_task_archive_delete, row 7 api_archive, row 8 api_archive_delete", async () => {
    const dave = await server.user();
    const [first, second, tagged] = [
      await dave.submit(),
      await dave.submit(),
      await dave.submit({ meta: { name: "x", tags: ["mine"] } }),
    ];
    const kept = await dave.submit(sleeping);
    for (const id of [first, second, tagged]) await dave.over(id);
    await dave.refused(403, "GET", `/api/1.0/task/${kept}/archive`);
    await dave.refused(403, "DELETE", `/api/1.0/task/${kept}/archive`);
    assert.equal((await dave.ok("GET", `/api/1.0/task/${first}/archive`)).status.primary, "archived");
    assert.deepEqual(await dave.ok("GET", `/api/1.0/task/${first}/files`), []);
    await dave.refused(404, "GET", `/api/1.0/task/${first}/files/god.log`);
    assert.equal((await dave.ok("DELETE", `/api/1.0/task/${first}/archive`)).id, first);
    await dave.refused(404, "GET", `/api/1.0/task/${first}`);
    assert.deepEqual((await dave.ok("GET", "/api/1.0/archive/1")).tasks, []);
    await dave.refused(400, "GET", "/api/1.0/archive/x");
    const { db } = server.havre.world.store;
    const threeDaysAgo = new Date(Date.now() - 3 * 86_400_000);
    await db.updateTable("task").set({ ended_at: threeDaysAgo }).where("id", "=", second).execute();
    assert.deepEqual((await dave.ok("GET", "/api/1.0/archive/4")).tasks, []);
    assert.deepEqual((await dave.ok("GET", "/api/1.0/archive/3")).tasks, [second], "so old it is");
    assert.deepEqual((await dave.ok("GET", "/api/1.0/archive/0")).tasks, [tagged], "what is archived is left");
    assert.deepEqual((await dave.ok("DELETE", "/api/1.0/archive/1?tag=mine")).tasks, [], "not so old");
    assert.deepEqual((await dave.ok("DELETE", "/api/1.0/archive/0?tag=min")).tasks, [], "another tag");
    assert.deepEqual((await dave.ok("DELETE", "/api/1.0/archive/0?tag=mine")).tasks, [tagged]);
    assert.deepEqual((await dave.ok("DELETE", "/api/1.0/archive/0")).tasks, [second]);
    assert.equal((await dave.running(kept)).id, kept);
    await dave.ok("DELETE", `/api/1.0/task/${kept}`);
    const gone = (await alice.submit()) as number;
    await alice.over(gone);
    const waiting = await alice.submit({ requirements: { tasks: [gone] }, status: { primary: "created" } });
    await alice.ok("DELETE", `/api/1.0/task/${gone}/archive`);
    await alice.ok("GET", `/api/1.0/task/${waiting}/pending`);
    await alice.over(waiting);
  });

  it("row 11 api_count_running", async () => {
    const nobody = server.nobody();
    for (const status of ["pending", "running", "kill", "all"]) {
      const { total, status: said } = await nobody.ok("GET", `/api/1.0/task/status/${status}/count`);
      assert.ok(Number.isInteger(total) && said === status);
    }
    await nobody.refused(400, "GET", "/api/1.0/task/status/strange/count");
  });

  it("parents, failures and mails: each change of state is told to whoever asked", async () => {
    const failing = await alice.submit({ command: { cmd: "sleep 2; exit 9" }, notify: { email: true } });
    const child = await alice.submit({ requirements: { tasks: [failing] } });
    assert.equal((await alice.over(failing)).status.exitcode, 9);
    assert.equal((await alice.over(child)).status.exitcode, 0);
    const mails = await server.mailsAbout(failing);
    assert.deepEqual(mails.toSorted(), ["task-over", "task-pending", "task-running"]);
    assert.deepEqual(await server.mailsAbout(child), []);
  });

  it("interactive tasks and ports: a port of the node leads into the task", async t => {
    if (!(await server.config()).executor_features.includes("interactive")) {
      await alice.refused(403, "POST", "/api/1.0/task", taskWith({ command: { interactive: true, cmd: "" } }));
      return t.skip("ports cannot be opened here");
    }
    const id = await alice.submit({
      command: { interactive: true, cmd: "" },
      requirements: { ports: [8080] },
      container: { image: "host" },
    });
    const task = await alice.when(id, seen => seen.status.primary !== "pending", "begun");
    assert.deepEqual(
      task.container.port_mapping.map((port: { container: number }) => port.container),
      [22, 8080],
    );
    assert.deepEqual(
      task.container.ports,
      task.container.port_mapping.map((port: { host: number }) => String(port.host)),
    );
    const greeting = await until(
      () =>
        new Promise<string | undefined>(resolve => {
          const socket = createConnection(task.container.port_mapping[0].host, "127.0.0.1");
          socket.once("data", data => {
            resolve(String(data));
            socket.destroy();
          });
          socket.once("error", () => resolve(undefined));
          socket.once("close", () => resolve(undefined));
          socket.setTimeout(1000, () => {
            resolve(undefined);
            socket.destroy();
          });
        }),
      "the ssh server answers",
    );
    assert.match(greeting, /^SSH-2\.0-/);
    await alice.ok("DELETE", `/api/1.0/task/${id}`);
    assert.deepEqual((await alice.over(id)).container.ports, []);
  });
});
