import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Person } from "../../core/people/model.ts";
import { newSshKeyPair } from "../../kernel/ssh.ts";
import { GIB } from "../../kernel/units.ts";
import { type MachinesServer, machinesServer } from "./machines.fixture.ts";

const NOT_FOUND = { status: 404, body: { detail: "Not found." } };
const FORBIDDEN = { status: 403, body: { detail: "You do not have permission to perform this action." } };
const TAKEN = { status: 409, body: { detail: "Another system has taken this workspace up already." } };
const ROOT = "/api/v1/vrw/workspaces/";

describe("the queue of the VRW provider, on the wire", () => {
  let server: MachinesServer;
  let researcher: Person;
  let puller: Person;
  let study: { id: number };
  before(async () => {
    server = await machinesServer();
    researcher = await server.person({ firstName: "Robin", lastName: "Vos" });
    puller = await server.person({ groups: [server.world.settings.vrwGroup] });
    study = await server.study(researcher, { name: "Sleep" });
  });
  after(() => server.close());

  const aMachine = async (more: object = {}): Promise<{ id: number; workspace: number }> => {
    const { body } = await server.ask(researcher, study, { provider: "vrw", ...more });
    return { id: body.id, workspace: await server.workspaceOf(body) };
  };
  const list = async (query = "") => (await server.call(puller, "GET", `${ROOT}${query}`)).body;
  const report = (workspace: number, body: object, method: "PUT" | "PATCH" = "PUT", as = puller) =>
    server.call(as, method, `${ROOT}${workspace}/status/`, body);
  const machineOf = async ({ id }: { id: number }) =>
    (await server.call(researcher, "GET", `/api/v1/virtualmachines/${id}/`)).body;

  it("is for the group and for superusers", async () => {
    const { workspace } = await aMachine();
    const superuser = await server.person({ isSuperuser: true });
    const others = [researcher, await server.person({ isStaff: true })];
    for (const as of others) {
      assert.deepEqual(await server.call(as, "GET", ROOT), FORBIDDEN);
      assert.deepEqual(await server.call(as, "GET", `${ROOT}${workspace}/`), FORBIDDEN);
      assert.deepEqual(await report(workspace, { status: "DONE" }, "PUT", as), FORBIDDEN);
    }
    assert.equal((await server.call(undefined, "GET", ROOT)).status, 401);
    assert.equal((await server.call(superuser, "GET", ROOT)).status, 200);
  });

  it("tells everything that the outside system must know, in the fields of the contract", async () => {
    const made = await aMachine({
      name: "Analysis",
      base_memory_amount: 2,
      additional_gpu_type: server.part("gpu", "GPU", "vrw"),
      additional_gpu_amount: 1,
    });
    const { status, body } = await server.call(puller, "GET", `${ROOT}${made.workspace}/`);
    assert.equal(status, 200);
    const { request_date, ...rest } = body;
    assert.match(request_date, /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(rest, {
      id: made.workspace,
      study: { id: study.id, name: "Sleep" },
      researcher: { first_name: "Robin", last_name: "Vos", email_address: researcher.email },
      type: "Small",
      disk: 10 * GIB,
      memory: 8 * GIB,
      gpu: 1,
      start_date: "2026-01-01T01:00:00+01:00",
      end_date: "2027-01-01T01:00:00+01:00",
      end_data: "2027-01-01T01:00:00+01:00",
      status: "NEW",
      remote_id: "",
      // Our additions.
      name: "Analysis",
      username: researcher.username,
      operating_system: { name: "Debian 13", code: "debian-13" },
      networks: [{ name: "Research network", code: "research" }],
      ssh_public_key: "",
    });
  });

  it("lists oldest first, of all or of one status, and not those of a cloud", async () => {
    const own = await machinesServer();
    const [person, reader] = [await own.person(), await own.person({ groups: ["vrw-api"] })];
    const place = await own.study(person);
    const made = [];
    for (const provider of ["vrw", "openstack", "vrw", "vrw"])
      made.push(await own.workspaceOf((await own.ask(person, place, { provider })).body));
    const ids = async (query: string) =>
      (await own.call(reader, "GET", `${ROOT}${query}`)).body.results.map(({ id }: { id: number }) => id);
    assert.deepEqual(await ids(""), [made[0], made[2], made[3]]);
    await own.call(reader, "PUT", `${ROOT}${made[2]}/status/`, { status: "UPDATING" });
    assert.deepEqual(await ids("?status=NEW"), [made[0], made[3]]);
    assert.deepEqual(await ids("?status=NEW&page_size=1&page=2"), [made[3]]);
    assert.deepEqual(await ids("?status=TERMINATED"), []);
    for (const status of ["new", "", "WAITING", "NEW%20"])
      assert.deepEqual(await own.call(reader, "GET", `${ROOT}?status=${status}`), NOT_FOUND, status);
    assert.deepEqual(await own.call(reader, "GET", `${ROOT}${made[1]}/`), NOT_FOUND);
    assert.deepEqual(await own.call(reader, "PUT", `${ROOT}${made[1]}/status/`, { status: "UPDATING" }), NOT_FOUND);
    await own.close();
  });

  it("a report answers with status and remote id", async () => {
    const { workspace } = await aMachine();
    assert.deepEqual(await report(workspace, { status: "UPDATING" }), {
      status: 200,
      body: { status: "UPDATING", remote_id: "" },
    });
    assert.deepEqual(await report(workspace, { remote_id: "vm-7" }, "PATCH"), {
      status: 200,
      body: { status: "UPDATING", remote_id: "vm-7" },
    });
    assert.deepEqual(await report(workspace, { status: "DONE", remote_id: "vm-8" }), {
      status: 200,
      body: { status: "DONE", remote_id: "vm-8" },
    });
    assert.deepEqual(await report(workspace, { status: "DONE" }, "PATCH"), {
      status: 200,
      body: { status: "DONE", remote_id: "vm-8" },
    });
  });

  it("a report that makes no sense is refused in words", async () => {
    const { workspace } = await aMachine();
    const cases: [object, object][] = [
      [{}, { status: ["This field is required."] }],
      [{ status: "BUILDING" }, { status: ['"BUILDING" is not a valid choice.'] }],
      [{ status: null }, { status: ["This field may not be null."] }],
      [{ status: "DONE", remote_id: "x".repeat(201) }, { remote_id: ["Ensure this field has no more than 200 characters."] }],
      [
        { status: "DONE", access: "none" },
        { access: { non_field_errors: ["Invalid data. Expected a dictionary, but got str."] } },
      ],
      [
        { status: "DONE", access: { virtual_machine_ip: "here" } },
        { access: { virtual_machine_ip: ["Enter a valid IPv4 or IPv6 address."] } },
      ],
    ];
    for (const [wrong, body] of cases)
      assert.deepEqual(await report(workspace, wrong), { status: 400, body }, JSON.stringify(wrong));
    assert.deepEqual(await report(999_999, { status: "DONE" }), NOT_FOUND);
    assert.equal(
      (await list(`?status=NEW&page_size=1000`)).results.find(({ id }: { id: number }) => id === workspace).status,
      "NEW",
    );
  });

  it("eight who take one up at once: one does, the others are told", async () => {
    const { workspace } = await aMachine();
    const answers = await Promise.all(Array.from({ length: 8 }, () => report(workspace, { status: "UPDATING" })));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) assert.deepEqual(answer, TAKEN);
    assert.deepEqual(await report(workspace, { status: "UPDATING" }), TAKEN);
  });

  it("who lost the answer to a claim asks again with the same remote id, and gets the same answer", async () => {
    const { workspace } = await aMachine();
    const claim = (remote_id: string) => report(workspace, { status: "UPDATING", remote_id });
    const mine = { status: 200, body: { status: "UPDATING", remote_id: "mine" } };
    assert.deepEqual(await claim("mine"), mine);
    assert.deepEqual(await claim("mine"), mine);
    assert.deepEqual(await claim("another's"), TAKEN);
    assert.deepEqual((await server.events("machine", await idOf(workspace))).slice(1), ["machine.moved"]);
  });

  it("what was given back is free again; what was built keeps its id", async () => {
    const { workspace } = await aMachine();
    await report(workspace, { status: "UPDATING", remote_id: "first" });
    assert.deepEqual(await report(workspace, { status: "NEW" }), { status: 200, body: { status: "NEW", remote_id: "" } });
    assert.equal((await report(workspace, { status: "UPDATING", remote_id: "second" })).status, 200);
    await report(workspace, { status: "DONE" });
    assert.deepEqual(await report(workspace, { status: "DONE", remote_id: "third" }), {
      status: 409,
      body: { detail: 'This workspace is done already, as "second".' },
    });
  });

  it("a move that the table does not have is refused", async () => {
    const { workspace } = await aMachine();
    await report(workspace, { status: "DONE", remote_id: "vm" });
    assert.deepEqual(await report(workspace, { status: "NEW" }), {
      status: 409,
      body: { detail: "A workspace that is DONE cannot become NEW." },
    });
  });

  it("the access that it reports is sealed, and shown to the researcher alone; the mail tells that the machine is ready", async () => {
    const made = await aMachine({ name: "Ready" });
    const access = { virtual_machine_ip: "2001:db8::7", username: "rvos", password: " a password \n", login_key: "a key" };
    await report(made.workspace, { status: "DONE", remote_id: "vm", access });
    const [shown] = (await machineOf(made)).access;
    assert.deepEqual(
      [shown.username, shown.password, shown.login_key, shown.virtual_machine_ip],
      ["rvos", access.password, "a key", "2001:db8::7"],
    );
    const row = await server.world.store.db
      .selectFrom("machine_access")
      .selectAll()
      .where("machine_id", "=", made.id)
      .executeTakeFirstOrThrow();
    assert.ok(!row.password_sealed?.includes(access.password) && !row.login_key_sealed?.includes("a key"));
    const mails = (await server.mailsTo(researcher.email)).filter(({ subject }) => subject.startsWith("Ready:"));
    assert.deepEqual(
      mails.map(({ kind }) => kind),
      ["machine-ready"],
    );
    assert.ok(!mails.some(({ text }) => text.includes("a password") || text.includes("a key")));
    assert.ok(!(await list(`?page_size=1000`)).results.some((one: object) => JSON.stringify(one).includes("a key")));
  });

  it("a private key that it reports for a machine with a public key of the researcher's is not kept", async () => {
    const made = await aMachine({ ssh_public_key: newSshKeyPair("mine").publicKey });
    const access = { virtual_machine_ip: "192.0.2.1", login_key: "a key" };
    assert.equal((await report(made.workspace, { status: "DONE", remote_id: "own", access })).status, 200);
    const [shown] = (await machineOf(made)).access;
    assert.deepEqual([shown.virtual_machine_ip, shown.login_key, shown.has_secrets], ["192.0.2.1", "", false]);
  });

  it("without a user name of its own the access has the researcher's", async () => {
    const made = await aMachine();
    await report(made.workspace, { access: { virtual_machine_ip: "192.0.2.1" } }, "PATCH");
    const [access] = (await machineOf(made)).access;
    assert.deepEqual([access.username, access.has_secrets], [researcher.username, false]);
  });

  it("a machine that was to be removed goes when that is reported, and not before", async () => {
    const made = await aMachine();
    await report(made.workspace, { status: "DONE", remote_id: "vm" });
    await server.call(researcher, "DELETE", `/api/v1/virtualmachines/${made.id}/`);
    assert.deepEqual(
      (await list(`?status=DELETE`)).results.map(({ id, remote_id }: { id: number; remote_id: string }) => [id, remote_id]),
      [[made.workspace, "vm"]],
    );
    assert.equal((await report(made.workspace, { status: "DONE" })).status, 409);
    assert.deepEqual(await report(made.workspace, { status: "TERMINATED" }), {
      status: 200,
      body: { status: "TERMINATED", remote_id: "vm" },
    });
    assert.deepEqual(await server.call(puller, "GET", `${ROOT}${made.workspace}/`), NOT_FOUND);
    assert.deepEqual(await report(made.workspace, { status: "TERMINATED" }), NOT_FOUND);
    assert.equal((await server.call(researcher, "GET", `/api/v1/virtualmachines/${made.id}/`)).status, 404);
    assert.deepEqual((await server.events("machine", made.id)).slice(-2), ["machine.moved", "machine.gone"]);
  });

  it("one that its provider took away by itself stays to be seen, and its researcher is told", async () => {
    const made = await aMachine({ name: "Lost" });
    await report(made.workspace, { status: "DONE", remote_id: "vm" });
    await report(made.workspace, { status: "TERMINATED" });
    const { workspace, can } = await machineOf(made);
    assert.deepEqual([workspace.status, can], ["TERMINATED", ["delete"]]);
    const kinds = (await server.mailsTo(researcher.email))
      .filter(({ subject }) => subject.startsWith("Lost:"))
      .map(({ kind }) => kind);
    assert.deepEqual(kinds, ["machine-ready", "machine-terminated"]);
  });

  const idOf = async (workspace: number): Promise<number> =>
    (
      await server.world.store.db
        .selectFrom("workspace")
        .select("machine_id")
        .where("id", "=", workspace)
        .executeTakeFirstOrThrow()
    ).machine_id;
});
