import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { type Document, type GodockerClient, taskWith } from "./client.ts";
import { aGodocker, type Godocker, PROMETHEUS_KEY } from "./server.ts";

const missing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";
const JSON_TYPE = "application/json; charset=UTF-8";

/** Values that nothing here means, of every kind, and texts that a database does not keep. */
const ODD = ["a\0b", "a\ud800b", "x".repeat(5000), "__proto__", "", 5, 1e300, -1, true, [], {}, [null], ["a\0b"], [["x"]]];
const ODD_PARTS = [
  "-1",
  "1.5",
  "9".repeat(15),
  "9".repeat(30),
  "abc",
  "a%00b",
  "%E9",
  "%zz",
  "__proto__",
  "x".repeat(2500),
  "%20",
];

describe("GO-Docker, odd requests: the dialect's own refusal or its own answer, and never a failure of Havre", {
  skip: missing,
}, () => {
  let server: Godocker;
  let alice: GodockerClient;
  let bob: GodockerClient;
  let admin: GodockerClient;
  let nobody: GodockerClient;
  let task: number;
  before(async () => {
    server = await aGodocker({ COMPUTE_CPU: "2" });
    [alice, bob, admin] = await Promise.all([server.user(), server.user(), server.admin()]);
    nobody = server.nobody();
    task = await alice.submit({ status: { primary: "created" } });
    await admin.ok("POST", "/api/1.0/project", { id: "odd", members: [alice.id], owner: bob.id });
  });
  after(() => server.stop());

  /** @returns the status of an answer that is JSON of this dialect, or a file */
  const sane = async (client: GodockerClient, method: string, path: string, body?: unknown, headers = {}): Promise<number> => {
    const { status, text, headers: got } = await client.raw(method, path, body, headers);
    const what = `${method} ${path.slice(0, 120)} ${JSON.stringify(body)?.slice(0, 200)}: ${status} ${text.slice(0, 200)}`;
    assert.ok([200, 400, 401, 403, 404, 405, 503].includes(status), what);
    assert.equal(got["content-type"], JSON_TYPE, what);
    const said = JSON.parse(text);
    if (status !== 200) assert.deepEqual([said.code, typeof said.title, said.msg], [status, "string", said.message], what);
    return status;
  };

  it("a submission with something else in any field", async () => {
    const held = { status: { primary: "created" } };
    const parts: Readonly<Record<string, readonly string[]>> = {
      meta: ["name", "description", "tags"],
      requirements:
        "cpu ram gpus array label tasks ports uris failure_policy network tmpstorage maxlifespan executor project_quota_cpu".split(
          " ",
        ),
      container: ["image", "volumes", "root", "network", "id", "meta", "ports"],
      command: ["cmd", "interactive", "script"],
      user: ["project", "uid", "credentials"],
      notify: ["email"],
    };
    for (const odd of ODD) {
      for (const [part, fields] of Object.entries(parts)) {
        await sane(alice, "POST", "/api/1.0/task", { ...taskWith(held), [part]: odd });
        for (const field of fields) await sane(alice, "POST", "/api/1.0/task", taskWith({ ...held, [part]: { [field]: odd } }));
      }
      for (const more of [
        { requirements: { array: { values: odd } } },
        { requirements: { tmpstorage: { size: odd } } },
        { requirements: { label: [odd, `disk==${odd}`] } },
        { requirements: { executor: `local:${odd}` } },
        { container: { volumes: [odd] } },
        { container: { volumes: [{ name: odd, acl: odd }] } },
        { meta: { tags: [odd] } },
        { status: { primary: odd } },
      ] as Document[])
        await sane(alice, "POST", "/api/1.0/task", taskWith({ ...held, ...more }));
      await sane(admin, "POST", "/api/1.0/task", taskWith({ ...held, user: { id: odd } }));
    }
    await alice.ok("DELETE", `/api/1.0/user/${alice.id}/task`);
    task = await alice.submit(held);
  });

  it("other documents with something else in any field", async () => {
    const user = `/api/1.0/user/${alice.id}`;
    const quotas = ["prio", "quota_time", "quota_cpu", "quota_ram", "quota_gpu"];
    const rows: readonly (readonly [GodockerClient, string, string, (field: string, odd: unknown) => Document, string[]])[] = [
      [
        alice,
        "PUT",
        `/api/1.0/task/${task}`,
        (field, odd) => ({ name: "maxlifespan", value: "6d", [field]: odd }),
        ["name", "value"],
      ],
      [
        admin,
        "POST",
        "/api/1.0/project/odd",
        (field, odd) => ({ [field]: odd }),
        ["description", "members", "owner", "volumes", ...quotas],
      ],
      [
        admin,
        "POST",
        "/api/1.0/project",
        (field, odd) => ({ id: "odd", [field]: odd }),
        ["id", "description", "members", "owner"],
      ],
      [
        admin,
        "POST",
        "/api/1.0/project/odd",
        (field, odd) => ({ volumes: [{ name: "v", path: "/v", [field]: odd }] }),
        ["name", "path", "mount", "acl"],
      ],
      [alice, "PUT", user, (field, odd) => ({ [field]: odd }), ["email", "credentials", "usage", "id"]],
      [alice, "PUT", user, (field, odd) => ({ credentials: { [field]: odd } }), ["public", "private"]],
      [admin, "PUT", user, (field, odd) => ({ usage: { [field]: odd } }), quotas],
      [alice, "POST", "/api/1.0/app/token", (field, odd) => ({ [field]: odd }), ["name"]],
      [nobody, "POST", "/api/1.0/authenticate", (field, odd) => ({ user: "none", apikey: "", [field]: odd }), ["user", "apikey"]],
      [nobody, "POST", "/api/1.0/prometheus", (field, odd) => ({ key: PROMETHEUS_KEY, stat: [], [field]: odd }), ["key", "stat"]],
      [
        nobody,
        "POST",
        "/api/1.0/prometheus",
        (field, odd) => ({ key: PROMETHEUS_KEY, stat: [{ name: "god_odd", value: 1, [field]: odd }] }),
        ["name", "value", "host"],
      ],
      [
        admin,
        "POST",
        "/api/1.0/guest/status",
        (field, odd) => ({ id: alice.id, guest_status: true, [field]: odd }),
        ["id", "guest_status"],
      ],
      [
        alice,
        "POST",
        "/api/1.0/marketplace/recipe/odd",
        (field, odd) => ({ description: "d", task, [field]: odd }),
        ["description", "task", "visibility"],
      ],
      [
        alice,
        "PUT",
        "/api/1.0/marketplace/recipe/odd",
        (field, odd) => ({ [field]: odd }),
        ["description", "task", "visibility"],
      ],
      [alice, "POST", "/api/1.0/task/over/0/10", (field, odd) => ({ [field]: odd }), ["start", "end"]],
    ];
    for (const [client, method, path, body, fields] of rows)
      for (const field of fields) for (const odd of ODD) await sane(client, method, path, body(field, odd));
  });

  it("something else in any part of an address", async () => {
    for (const odd of ODD_PARTS) {
      for (const after of [
        "",
        "/pending",
        "/suspend",
        "/archive",
        "/status",
        "/monitor",
        "/share",
        "/token",
        "/files",
        "/share/t/files/x",
      ])
        assert.equal(await sane(alice, "GET", `/api/1.0/task/${odd}${after}`), 404, `${odd}${after}`);
      for (const path of [
        ...[
          `task/status/${odd}/count`,
          `archive/${odd}`,
          `image/${odd}`,
          `marketplace/recipe/${odd}`,
          odd,
          `task/${task}/${odd}/x`,
        ],
        ...[`project/${odd}`, `project/${odd}/usage`, `project/${odd}/billing/2026/1`, `user/${odd}`, `user/${odd}/project`],
        ...[`user/${odd}/usage`, `user/${odd}/files`, `user/${odd}/billing/2026/1`, `user/${alice.id}/files/${odd}`],
        ...[`user/${alice.id}/billing/${odd}/1`, `user/${alice.id}/billing/2026/${odd}`, `task/${task}/files/${odd}`],
        ...[`app/token/${odd}/user`, `task/over?regex=${odd}`, `task/over?start=${odd}`, `task/over?limit=${odd}`],
        ...[`task/over?orderBy=${odd}`, `task/over?start_date=${odd}`, `task/over?draw=${odd}`, `task/active?project=${odd}`],
        ...[`task/${task}?share=${odd}`, `task/over?limit=1&limit=${odd}`],
      ])
        await sane(admin, "GET", `/api/1.0/${path}`);
      for (const path of [`task/over/${odd}/1`, `task/over/all/0/${odd}`, `task/over/0/1?project=${odd}`, `project/${odd}`])
        await sane(admin, "POST", `/api/1.0/${path}`);
      for (const path of [
        `archive/9?tag=${odd}`,
        `user/${bob.id}/task?tag=${odd}`,
        `project/${odd}/quota`,
        `app/token/${odd}`,
        `user/${odd}0`,
      ])
        await sane(admin, "DELETE", `/api/1.0/${path}`);
      for (const path of [`${odd}/off`, `all/${odd}`]) await sane(admin, "POST", `/admin/maintenance/${path}`);
    }
    for (const odd of ["-1", "1.5", "x"])
      for (const path of [`${odd}/1`, `0/${odd}`]) assert.equal(await sane(alice, "POST", `/api/1.0/task/over/${path}`), 400);
    for (const [year, month] of [
      ["2026", "0"],
      ["2026", "13"],
      ["2026", "0x1"],
      ["2026", "1e0"],
      ["2e3", "1"],
      ["26", "1"],
    ])
      assert.equal(await sane(alice, "GET", `/api/1.0/user/${alice.id}/billing/${year}/${month}`), 400, `${year}/${month}`);
    assert.equal(await sane(nobody, "GET", "/api/1.0/nothing"), 404);
    assert.equal(await sane(alice, "PATCH", "/api/1.0/task"), 405);
  });

  it("bodies that are no JSON, of another type, and too large", async () => {
    const rows = [
      ["POST", "/api/1.0/task"],
      ["PUT", `/api/1.0/task/${task}`],
      ["POST", "/api/1.0/project"],
      ["PUT", `/api/1.0/user/${alice.id}`],
      ["POST", "/api/1.0/guest/status"],
      ["POST", "/api/1.0/app/token"],
      ["POST", "/api/1.0/task/over/0/1"],
    ] as const;
    for (const [method, path] of rows) {
      for (const body of ["{", "[]", "5", '"x"', " ", Buffer.from([0xff, 0xfe, 0])])
        assert.equal(await sane(admin, method, path, body), 400, `${method} ${path} ${body}`);
      for (const type of ["text/csv", ""]) assert.equal(await sane(admin, method, path, "a", { "content-type": type }), 400);
      assert.equal(await sane(admin, method, path, JSON.stringify({ more: "x".repeat(2 ** 20) })), 403);
      assert.equal(await sane(nobody, method, path, "{"), 401, "who it is comes before what was said");
    }
    assert.deepEqual(await alice.ok("GET", "/api/1.0/task/active?project=none", ""), [], "a type without a body is no error");
  });

  it("requirements.array.values: both ends count, and what is no range is refused before anything is made", async () => {
    const indexes = async (values: unknown): Promise<string> => {
      const { status, text } = await alice.raw(
        "POST",
        "/api/1.0/task",
        taskWith({ requirements: { array: { values } }, status: { primary: "created" } }),
      );
      if (status !== 200) return String(status);
      const { tasks } = (await alice.task(JSON.parse(text).id)).requirements.array;
      const last = await Promise.all([tasks[0], tasks.at(-1)].map(id => alice.task(id)));
      return `${tasks.length}: ${last.map(child => child.requirements.array.task_id).join("…")}`;
    };
    for (const [values, said] of [
      ["1:4:2", "2: 1…3"],
      ["5:9:2", "3: 5…9"],
      ["5:9", "5: 5…9"],
      ["3", "3: 1…3"],
      [3, "3: 1…3"],
      ["7:7", "1: 7…7"],
      ["0:0", "1: 0…0"],
      ["1:10000:1", "10000: 1…10000"],
      ["1:100000000:10000", "10000: 1…99990001"],
    ] as const)
      assert.equal(await indexes(values), said, String(values));
    const { total } = await nobody.ok("GET", "/api/1.0/task/status/all/count");
    for (const bad of "1:4:0 1:4:-1 4:1 : :: 1::2 :2 1: 1:2:3:4 a:b 1.5:2 0 -1:2 10001 1:10001 9999999999 1:1e3 ١:٣ +1:3 1;3".split(
      " ",
    ))
      assert.equal(await indexes(bad), "400", bad);
    assert.equal((await nobody.ok("GET", "/api/1.0/task/status/all/count")).total, total);
  });
});
