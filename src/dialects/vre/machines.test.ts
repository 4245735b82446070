import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Person } from "../../core/people/model.ts";
import { newSshKeyPair } from "../../kernel/ssh.ts";
import { GIB } from "../../kernel/units.ts";
import { machines } from "../../store/machines.ts";
import { type MachinesServer, machinesServer } from "./machines.fixture.ts";

const NOT_FOUND = { status: 404, body: { detail: "Not found." } };
const ROOT = "/api/v1/virtualmachines/";
const REQUIRED = ["This field is required."];

describe("virtual machines on the wire", () => {
  let server: MachinesServer;
  let owner: Person;
  let researcher: Person;
  let stranger: Person;
  let staff: Person;
  let superuser: Person;
  let study: { id: number };
  before(async () => {
    server = await machinesServer();
    [owner, researcher, stranger, staff, superuser] = [
      await server.person(),
      await server.person({ firstName: "Robin", lastName: "Vos" }),
      await server.person(),
      await server.person({ isStaff: true }),
      await server.person({ isSuperuser: true }),
    ];
    study = await server.study(owner, {}, { researcher });
  });
  after(() => server.close());
  const get = (as: Person, machine: { id: number }, rest = "") => server.call(as, "GET", `${ROOT}${machine.id}/${rest}`);
  const put = (as: Person, machine: { id: number }, more: object = {}) =>
    server.call(as, "PUT", `${ROOT}${machine.id}/`, server.write(study, { ...more }));
  const post = (as: Person, machine: { id: number }, verb: string, body: object = {}) =>
    server.call(as, "POST", `${ROOT}${machine.id}/${verb}/`, body);

  describe("asking for one", () => {
    it("answers 200 with the whole machine, its caller as the researcher, and nothing built yet", async () => {
      const { status, body } = await server.ask(researcher, study, {
        name: "Analysis",
        base_memory_amount: 2,
        base_storage_amount: 3,
        additional_memory_type: server.part("memory", "16 GB block"),
        additional_memory_amount: 1,
        additional_gpu_type: server.part("gpu", "GPU"),
        additional_gpu_amount: 1,
      });
      assert.equal(status, 200);
      const { id, created_at, updated_at, workspace, ...rest } = body;
      assert.ok(Number.isInteger(id) && created_at && updated_at);
      const named = (one: { name: string } | null) => one?.name ?? null;
      assert.deepEqual(
        {
          ...rest,
          study: rest.study.id,
          researcher: rest.researcher.last_name,
          profile: named(rest.profile),
          operating_system: named(rest.operating_system),
          networks: rest.networks.map(named),
          base_memory_type: named(rest.base_memory_type),
          base_storage_type: named(rest.base_storage_type),
          additional_memory_type: named(rest.additional_memory_type),
          additional_storage_type: named(rest.additional_storage_type),
        },
        {
          name: "Analysis",
          remote_id: "",
          provider: { id: "openstack", name: "OpenStack" },
          study: study.id,
          researcher: "Vos",
          profile: "Small",
          operating_system: "Debian 13",
          // Those of the profile, as none were named.
          networks: ["Research network"],
          base_memory_type: "4 GB block",
          base_memory_amount: 2,
          base_storage_type: "10 GB block",
          base_storage_amount: 3,
          additional_gpu_type: server.part("gpu", "GPU"),
          additional_gpu_amount: 1,
          additional_memory_type: "16 GB block",
          additional_memory_amount: 1,
          additional_storage_type: null,
          additional_storage_amount: 0,
          access: [],
          total_memory: 24 * GIB,
          total_storage: 30 * GIB,
          ssh_public_key: "",
          is_own: true,
          can: ["change", "delete"],
        },
      );
      assert.deepEqual(workspace, {
        status: "NEW",
        status_message: "",
        power: "unknown",
        task: "build",
        starting_at: "2026-01-01T01:00:00+01:00",
        // A year is one of the calendar.
        ending_at: "2027-01-01T01:00:00+01:00",
      });
      assert.deepEqual(await server.events("machine", id), ["machine.created"]);
    });

    it("of a cloud it queues the building, of an outside system it waits to be fetched", async () => {
      await server.world.store.db.deleteFrom("errand").execute();
      const { body: queued } = await server.ask(researcher, study, { provider: "vrw" });
      assert.equal(queued.workspace.task, null);
      assert.deepEqual(await server.errands(), []);
      const { body: driven } = await server.ask(researcher, study);
      const workspace = await server.workspaceOf(driven);
      assert.deepEqual(await server.errands(), [{ kind: "run-machine", payload: { workspace } }]);
    });

    it("a year from 29 February ends on 28 February, and a setting may give another life", async () => {
      const own = await machinesServer({ vrwMachineLife: { count: 6, unit: "month" } });
      own.clock.advance(new Date("2028-02-29T12:00:00Z").getTime() - own.clock.now().getTime());
      const person = await own.person();
      const { body: year } = await own.ask(person, await own.study(person));
      assert.equal(year.workspace.ending_at, "2029-02-28T13:00:00+01:00");
      const { body: half } = await own.ask(person, await own.study(person), { provider: "vrw" });
      assert.equal(half.workspace.ending_at, "2028-08-29T14:00:00+02:00");
      await own.close();
    });

    it("names every missing field", async () => {
      const { status, body } = await server.call(researcher, "POST", ROOT, {});
      assert.equal(status, 400);
      assert.deepEqual(body, {
        name: REQUIRED,
        provider: REQUIRED,
        study: REQUIRED,
        profile: REQUIRED,
        operating_system: REQUIRED,
        base_memory_type: REQUIRED,
        base_storage_type: REQUIRED,
      });
    });

    it("refuses each wrong value in words, and makes nothing", async () => {
      const before = (await server.call(superuser, "GET", `${ROOT}?page_size=1`)).body.count;
      const vrwOs = server.part("os", "Windows 11", "vrw");
      const memory = server.part("memory", "4 GB block");
      const cases: [object, object][] = [
        [{ provider: "aws" }, { provider: ['"aws" is not a valid choice.'] }],
        [{ name: "x".repeat(201) }, { name: ["Ensure this field has no more than 200 characters."] }],
        [{ name: " " }, { name: ["This field may not be blank."] }],
        [{ name: "a\nb" }, { name: ["This field may not contain line breaks or other control characters."] }],
        [{ study: "x" }, { study: ["Incorrect type. Expected pk value, received str."] }],
        [{ profile: 999_999 }, { profile: ['Invalid pk "999999" - object does not exist.'] }],
        [{ operating_system: memory }, { operating_system: [`Invalid pk "${memory}" - object does not exist.`] }],
        [{ operating_system: vrwOs }, { operating_system: ["This part belongs to another provider."] }],
        [{ base_memory_amount: 0 }, { base_memory_amount: ["Ensure this value is greater than or equal to 1."] }],
        [{ base_storage_amount: "much" }, { base_storage_amount: ["A valid integer is required."] }],
        [{ base_storage_amount: 10_001 }, { base_storage_amount: ["Ensure this value is less than or equal to 10000."] }],
        [{ additional_memory_amount: 1 }, { additional_memory_type: ["Choose a type for this amount."] }],
        [
          { additional_storage_amount: 2, additional_storage_type: null },
          { additional_storage_type: ["Choose a type for this amount."] },
        ],
        [{ additional_gpu_amount: -1 }, { additional_gpu_amount: ["Ensure this value is greater than or equal to 0."] }],
        [{ additional_gpu_type: memory }, { additional_gpu_type: [`Invalid pk "${memory}" - object does not exist.`] }],
        [{ networks: "all" }, { networks: ['Expected a list of items but got type "str".'] }],
        [{ networks: [999_999] }, { networks: ['Invalid pk "999999" - object does not exist.'] }],
        [{ networks: [server.part("network", "Internet", "vrw")] }, { networks: ["This part belongs to another provider."] }],
      ];
      for (const [wrong, body] of cases)
        assert.deepEqual(
          await server.ask(researcher, study, wrong as Record<string, unknown>),
          { status: 400, body },
          JSON.stringify(wrong),
        );
      assert.equal((await server.call(superuser, "GET", `${ROOT}?page_size=1`)).body.count, before);
    });

    it("refuses another's study as one that does not exist, and parts that are not offered any more", async () => {
      const theirs = await server.study(stranger);
      const no = { status: 400, body: { study: [`Invalid pk "${theirs.id}" - object does not exist.`] } };
      assert.deepEqual(await server.ask(researcher, theirs), no);
      assert.deepEqual(await server.ask(staff, theirs), no);
      const { db } = server.world.store;
      const gone = server.part("os", "Ubuntu 24.04");
      await db.updateTable("machine_part").set({ is_available: false }).where("id", "=", gone).execute();
      assert.deepEqual(await server.ask(researcher, study, { operating_system: gone }), {
        status: 400,
        body: { operating_system: ["This part is not available any more."] },
      });
      await db.updateTable("machine_part").set({ is_available: true }).where("id", "=", gone).execute();
      await db.updateTable("machine_profile").set({ is_available: false }).where("id", "=", server.profile("Large")).execute();
      assert.deepEqual(await server.ask(researcher, study, { profile: server.profile("Large") }), {
        status: 400,
        body: { profile: ["This profile is not available any more."] },
      });
    });

    it("refuses a cloud that this server is not connected to", async () => {
      const own = await machinesServer({ openstackUrl: "" });
      const person = await own.person();
      assert.deepEqual(await own.ask(person, await own.study(person)), {
        status: 400,
        body: { provider: ["This server is not connected to OpenStack."] },
      });
      await own.close();
    });

    it("takes a public key, and keeps no private one that was pasted by mistake", async () => {
      const { publicKey, privateKey } = newSshKeyPair("robin@laptop");
      const { body } = await server.ask(researcher, study, { ssh_public_key: `  ${publicKey}\n` });
      assert.equal(body.ssh_public_key, publicKey);
      const refused = await server.ask(researcher, study, { ssh_public_key: privateKey });
      assert.equal(refused.status, 400);
      assert.match(refused.body.ssh_public_key[0], /^STOP: this is a PRIVATE key\. It was not stored\./);
      const inside = privateKey.split("\n")[2] ?? "";
      assert.ok(!JSON.stringify(refused.body).includes(inside));
      const rows = await server.world.store.db.selectFrom("event").selectAll().execute();
      assert.ok(!JSON.stringify(rows).includes(inside));
      assert.match(
        (await server.ask(researcher, study, { ssh_public_key: "hello" })).body.ssh_public_key[0],
        /^This is no SSH public key/,
      );
    });
  });

  describe("seeing them", () => {
    it("the list has the caller's, newest first, also of one study only", async () => {
      const person = await server.person();
      const [one, two] = [await server.study(person), await server.study(person)];
      const made = [await server.ask(person, one), await server.ask(person, two), await server.ask(person, one)].map(
        ({ body }) => body.id,
      );
      const ids = async (query: string) =>
        (await server.call(person, "GET", `${ROOT}${query}`)).body.results.map(({ id }: { id: number }) => id);
      assert.deepEqual(await ids(""), made.toReversed());
      assert.deepEqual(await ids(`?study=${one.id}`), [made[2], made[0]]);
      assert.deepEqual(await ids("?page_size=1&page=2"), [made[1]]);
      assert.deepEqual(await ids("?page=last&page_size=2"), [made[0]]);
      assert.deepEqual(await server.call(person, "GET", `${ROOT}?page=5`), { status: 404, body: { detail: "Invalid page." } });
      assert.equal((await server.call(person, "GET", `${ROOT}?study=x`)).status, 404);
      assert.equal((await server.call(stranger, "GET", ROOT)).body.count, 0);
      assert.equal((await server.call(undefined, "GET", ROOT)).status, 401);
    });

    it("the owner of the study does not see a researcher's machine; the administration does", async () => {
      const { body: machine } = await server.ask(researcher, study);
      for (const as of [owner, stranger]) {
        assert.deepEqual(await get(as, machine), NOT_FOUND);
        assert.deepEqual(await put(as, machine), NOT_FOUND);
        assert.deepEqual(await server.call(as, "DELETE", `${ROOT}${machine.id}/`), NOT_FOUND);
        for (const verb of ["start", "stop", "reboot", "retry"]) assert.deepEqual(await post(as, machine, verb), NOT_FOUND);
      }
      for (const as of [staff, superuser]) {
        const { status, body } = await get(as, machine);
        assert.deepEqual([status, body.is_own], [200, false]);
      }
    });

    it("who left the study keeps the machine, and learns no more of the study than its name", async () => {
      const place = await server.study(owner, { description: "Inside matters" }, { researcher });
      const { body: machine } = await server.ask(researcher, place);
      assert.equal(machine.study.description, "Inside matters");
      await server.call(owner, "POST", `/api/v1/studies/${place.id}/contributors/`, [
        { researcher_id: owner.id, role: "ADMINISTRATOR" },
      ]);
      const seen = (await get(researcher, machine)).body.study;
      assert.deepEqual([seen.name, seen.description, seen.contributors, seen.upload_code], ["A study", "", [], undefined]);
    });
  });

  describe("getting in", () => {
    const secrets = { loginKey: "-----BEGIN KEY----- of the tests", password: "the password of the tests" };
    const withAccess = async () => {
      const machine = await server.built(researcher, study);
      await machines(server.world.store.db).putAccess(machine.id, {
        username: "robin",
        ip: "192.0.2.7",
        publicKey: "ssh-ed25519 AAAA",
        loginKeySealed: server.world.secrets.seal(secrets.loginKey, "machine.login-key"),
        passwordSealed: server.world.secrets.seal(secrets.password, "machine.password"),
      });
      return machine;
    };
    const tells = (body: unknown): boolean => Object.values(secrets).some(secret => JSON.stringify(body).includes(secret));

    it("the secrets are shown to the machine's researcher who asks for this one machine, kept in no cache, and noted", async () => {
      const machine = await withAccess();
      const shown = await get(researcher, machine);
      const [{ id, created_at, updated_at, ...access }] = shown.body.access;
      assert.ok(id && created_at && updated_at);
      assert.deepEqual(access, {
        username: "robin",
        password: secrets.password,
        login_key: secrets.loginKey,
        virtual_machine_ip: "192.0.2.7",
        public_key: "ssh-ed25519 AAAA",
        has_secrets: true,
      });
      assert.equal(shown.headers?.["cache-control"], "no-store");
      assert.deepEqual(await server.events("machine", machine.id), ["machine.created", "machine.access-shown"]);
    });

    it("nobody else is shown them, and no list, change or verb shows them", async () => {
      const machine = await withAccess();
      const answers = [
        await get(staff, machine),
        await get(superuser, machine),
        await get(researcher, machine, "?reveal=false"),
        await server.call(researcher, "GET", `${ROOT}?page_size=1000`),
        await server.call(superuser, "GET", `${ROOT}?page_size=1000`),
        await put(researcher, machine),
        await post(researcher, machine, "reboot"),
      ];
      for (const { status, body } of answers) {
        assert.ok(status < 300, JSON.stringify(body));
        assert.equal(tells(body), false);
      }
      const [access] = (await get(researcher, machine, "?reveal=false")).body.access;
      assert.deepEqual([access.password, access.login_key, access.has_secrets], ["", "", true]);
      assert.ok(!(await server.events("machine", machine.id)).includes("machine.access-shown"));
      const kept = await server.world.store.db.selectFrom("machine_access").selectAll().execute();
      assert.equal(tells(kept.map(row => `${row.login_key_sealed} ${row.password_sealed}`)), false);
    });

    it("there is no access before there is an address", async () => {
      const machine = await server.built(researcher, study);
      await machines(server.world.store.db).putAccess(machine.id, { username: "robin", publicKey: "ssh-ed25519 AAAA" });
      assert.deepEqual((await get(researcher, machine)).body.access, []);
    });
  });

  describe("changing one", () => {
    it("words change at once and make no workspace", async () => {
      const machine = await server.built(researcher, study);
      const { status, body } = await put(researcher, machine, { name: "Renamed", networks: undefined });
      assert.deepEqual([status, body.name, body.workspace.status, body.networks.length], [200, "Renamed", "DONE", 1]);
      const count = server.world.store.db.selectFrom("workspace").where("machine_id", "=", machine.id);
      assert.equal((await count.selectAll().execute()).length, 1);
      assert.equal((await server.call(researcher, "PATCH", `${ROOT}${machine.id}/`, {})).status, 405);
    });

    it("another size is built in by the cloud; until then nothing else changes", async () => {
      const machine = await server.built(researcher, study);
      const { status, body } = await put(researcher, machine, { base_memory_amount: 2 });
      assert.deepEqual(
        [status, body.total_memory, body.workspace.status, body.workspace.task],
        [200, 8 * GIB, "UPDATING", "change"],
      );
      const refused = await put(researcher, machine, { base_memory_amount: 3 });
      assert.deepEqual(refused, {
        status: 409,
        body: { detail: "This machine is being built or changed: wait until that is done." },
      });
      assert.equal((await get(researcher, machine)).body.total_memory, 8 * GIB);
    });

    it("of an outside system it waits to be fetched again", async () => {
      const machine = await server.built(researcher, study, { provider: "vrw" });
      const { body } = await put(researcher, machine, { provider: "vrw", base_memory_amount: 2 });
      assert.deepEqual([body.workspace.status, body.workspace.task], ["UPDATING", null]);
    });

    it("what a machine that exists cannot become is refused, and changes nothing", async () => {
      const machine = await server.built(researcher, study, { base_storage_amount: 2 });
      const cases: [object, object][] = [
        [{ provider: "vrw" }, { provider: ["A machine stays with its provider: make another machine."] }],
        [
          { operating_system: server.part("os", "Ubuntu 24.04"), base_storage_amount: 2 },
          { operating_system: ["The operating system of a machine that exists cannot be changed: make another machine."] },
        ],
        [{ base_storage_amount: 1 }, { additional_storage_amount: ["Storage cannot become smaller: it holds data."] }],
        [
          { base_storage_amount: 2, networks: [server.part("network", "Internet")] },
          { networks: ["The networks of a machine that exists cannot be changed: make another machine."] },
        ],
        [
          { base_storage_amount: 2, ssh_public_key: newSshKeyPair("x").publicKey },
          { ssh_public_key: ["The machine has its key already: add another one inside the machine."] },
        ],
      ];
      for (const [change, body] of cases)
        assert.deepEqual(await put(researcher, machine, change), { status: 400, body }, JSON.stringify(change));
      const seen = (await get(researcher, machine)).body;
      assert.deepEqual([seen.total_storage, seen.operating_system.name, seen.workspace.status], [20 * GIB, "Debian 13", "DONE"]);
    });
  });

  describe("running one", () => {
    it("starts, stops and restarts what a cloud has built, when that can be done", async () => {
      const machine = await server.built(researcher, study);
      const [running, stopped] = [
        { status: "DONE", power: "on", task: null },
        { status: "OFFLINE", power: "off", task: null },
      ] as const;
      const cases = [
        ["start", stopped, running, /cannot be started now/],
        ["stop", running, stopped, /cannot be stopped now/],
        ["reboot", running, stopped, /cannot be restarted now/],
      ] as const;
      for (const [verb, good, bad, words] of cases) {
        await server.setWorkspace(machine, bad);
        const refused = await post(researcher, machine, verb);
        assert.equal(refused.status, 409);
        assert.match(refused.body.detail, words);
        await server.setWorkspace(machine, good);
        const { status, body, headers } = await post(researcher, machine, verb);
        assert.deepEqual([status, body.workspace.task, headers?.["cache-control"]], [202, verb, "no-store"]);
        // The same again waits for the first.
        assert.equal((await post(researcher, machine, verb)).status, 409);
      }
      assert.deepEqual((await server.events("machine", machine.id)).slice(1), [
        "machine.started",
        "machine.stopped",
        "machine.rebooted",
      ]);
    });

    it("what an outside system built it alone can start and stop", async () => {
      const machine = await server.built(researcher, study, { provider: "vrw" });
      for (const verb of ["start", "stop", "reboot"])
        assert.deepEqual(await post(researcher, machine, verb), {
          status: 409,
          body: { detail: "The provider of this machine cannot be asked to start or stop machines from here." },
        });
    });

    it("what failed is tried again, and nothing else is", async () => {
      const { body: machine } = await server.ask(researcher, study);
      assert.deepEqual(await post(researcher, machine, "retry"), {
        status: 409,
        body: { detail: "Nothing of this machine has failed that could be tried again." },
      });
      await server.setWorkspace(machine, { status: "ERROR", taskFailed: true, statusMessage: "No room." });
      assert.deepEqual((await get(researcher, machine)).body.can, ["change", "resize", "retry", "delete"]);
      const { status, body } = await post(researcher, machine, "retry");
      assert.deepEqual(
        [status, body.workspace.status, body.workspace.status_message, body.workspace.task],
        [202, "NEW", "", "build"],
      );
      const { body: queued } = await server.ask(researcher, study, { provider: "vrw" });
      await server.setWorkspace(queued, { status: "ERROR" });
      assert.equal((await post(researcher, queued, "retry")).body.workspace.status, "NEW");
    });
  });

  describe("ending one", () => {
    it("DELETE answers 204, again too, and the machine is gone once its provider has removed it", async () => {
      const machine = await server.built(researcher, study);
      const remove = () => server.call(researcher, "DELETE", `${ROOT}${machine.id}/`);
      assert.deepEqual(await remove(), { status: 204, body: undefined });
      assert.deepEqual(await remove(), { status: 204, body: undefined });
      const { body } = await get(researcher, machine);
      assert.deepEqual([body.workspace.status, body.workspace.task, body.can], ["DELETE", "delete", []]);
      assert.deepEqual(
        (await server.events("machine", machine.id)).filter(verb => verb === "machine.removed"),
        ["machine.removed"],
      );
      assert.equal((await put(researcher, machine)).body.detail, "This machine has been removed: it cannot be changed any more.");
    });

    it("one that its provider took away goes at once", async () => {
      const machine = await server.built(researcher, study);
      await server.setWorkspace(machine, { status: "TERMINATED" });
      assert.equal((await server.call(researcher, "DELETE", `${ROOT}${machine.id}/`)).status, 204);
      assert.deepEqual(await get(researcher, machine), NOT_FOUND);
    });

    it("a study with machines is not removed, and the answer says what to do", async () => {
      const place = await server.study(owner);
      const machine = await server.built(owner, place);
      assert.deepEqual(await server.call(owner, "DELETE", `/api/v1/studies/${place.id}/`), {
        status: 409,
        body: { detail: "One virtual machine belongs to this study. Remove it first, and wait until it is gone." },
      });
      await server.setWorkspace(machine, { status: "TERMINATED" });
      await server.call(owner, "DELETE", `${ROOT}${machine.id}/`);
      assert.equal((await server.call(owner, "DELETE", `/api/v1/studies/${place.id}/`)).status, 204);
    });

    it("the administration gives more time: one more life, or until a moment", async () => {
      const machine = await server.built(researcher, study);
      assert.equal((await post(researcher, machine, "extend")).status, 403);
      const ending = async (body?: object) => (await post(staff, machine, "extend", body)).body.workspace.ending_at;
      assert.equal(await ending(), "2028-01-01T01:00:00+01:00");
      assert.equal(await ending({ ending_at: "2026-06-30T12:00:00+02:00" }), "2026-06-30T12:00:00+02:00");
      assert.equal(await ending({ ending_at: "2030-01-01" }), "2030-01-01T01:00:00+01:00");
      assert.deepEqual(await post(staff, machine, "extend", { ending_at: "2025-01-01" }), {
        status: 400,
        body: { ending_at: ["This moment is over already."] },
      });
      for (const wrong of ["tomorrow", "2026-13-01", 7, "2026-01-01T10:00:00"])
        assert.match(
          (await post(staff, machine, "extend", { ending_at: wrong })).body.ending_at[0],
          /^Datetime has wrong format/,
          String(wrong),
        );
      await server.setWorkspace(machine, { status: "DELETE" });
      assert.equal((await post(staff, machine, "extend")).status, 409);
    });
  });
});
