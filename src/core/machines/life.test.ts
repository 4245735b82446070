import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DAY, HOUR, MINUTE } from "../../kernel/clock.ts";
import { workspaces } from "../../store/workspaces.ts";
import { actorOf } from "../people/model.ts";
import { aPerson } from "../people/people.fixture.ts";
import { endMachines, extendMachine, noteOrphans, orphansAmong, reconcile, reportWorkspace, type SeenServer } from "./index.ts";
import { type MachineBench, machineBench } from "./machines.fixture.ts";

const signal = new AbortController().signal;

describe("the end of a machine", () => {
  let bench: MachineBench;
  before(async () => {
    bench = await machineBench();
  });
  after(() => bench.close());
  const end = () => endMachines(bench.world, signal);
  const told = async () => (await bench.mails()).map(({ kind, subject }) => `${kind} ${subject.replace(/^.*: /, "")}`);

  it("is told 30, 7 and 1 days before, once each, and then the machine is removed", async () => {
    const { id, workspace } = await bench.machine("vrw");
    const left = async (days: number): Promise<string[]> => {
      const { endingAt } = (await bench.workspace(workspace)) ?? assert.fail();
      bench.clock.advance(endingAt.getTime() - bench.clock.now().getTime() - days * DAY);
      assert.equal(await end(), 0);
      assert.equal(await end(), 0);
      return told();
    };
    assert.deepEqual(await left(31), []);
    assert.deepEqual(await left(30), ["machine-ending your machine ends in 30 days"]);
    assert.equal((await left(8)).length, 1);
    assert.deepEqual((await left(7)).slice(1), ["machine-ending your machine ends in 7 days"]);
    assert.deepEqual((await left(1)).slice(2), ["machine-ending your machine ends within a day"]);
    assert.match(
      (await bench.mails())[0]?.text ?? "",
      /ends on 1 January 2027 at 01:00\. It is then removed, with everything that is on it\./,
    );
    assert.equal((await bench.workspace(workspace))?.status, "NEW");
    bench.clock.advance(DAY);
    assert.equal(await end(), 1);
    assert.equal(await end(), 0);
    assert.equal((await bench.workspace(workspace))?.status, "DELETE");
    assert.deepEqual((await told()).slice(3), ["machine-ended your machine has ended"]);
    assert.deepEqual(await bench.events(id), ["machine.created", "machine.removed", "machine.moved"]);
  });

  it("that was missed by a server that was off is told as it is now", async () => {
    const before = (await told()).length;
    const { workspace } = await bench.machine();
    bench.clock.advance(363 * DAY);
    await end();
    assert.deepEqual((await told()).slice(before), ["machine-ending your machine ends in 2 days"]);
    bench.clock.advance(9 * DAY);
    assert.equal(await end(), 1);
    const after = await bench.workspace(workspace);
    assert.deepEqual([after?.status, after?.task], ["DELETE", "delete"]);
    assert.ok(await bench.errand(workspace), "the cloud is asked to remove it");
  });

  it("moves when the administration extends the machine, with notices of its own", async () => {
    const { id, workspace } = await bench.machine("vrw");
    bench.clock.advance(360 * DAY);
    await end();
    const before = (await told()).length;
    const staff = actorOf(await aPerson(bench.world as never, { password: undefined, isStaff: true }));
    await extendMachine(bench.world, staff, { id });
    bench.clock.advance(10 * DAY);
    assert.equal(await end(), 0);
    assert.equal((await bench.workspace(workspace))?.status, "NEW");
    const { endingAt } = (await bench.workspace(workspace)) ?? assert.fail();
    bench.clock.advance(endingAt.getTime() - bench.clock.now().getTime() - 25 * DAY);
    await end();
    assert.deepEqual((await told()).slice(before), ["machine-ending your machine ends in 25 days"]);
  });

  it("is told in the researcher's language, and by nobody's mail to who has no address", async () => {
    const own = await machineBench();
    const { db } = own.world.store;
    await db.updateTable("person").set({ language: "nl" }).where("id", "=", own.person.id).execute();
    await own.machine("vrw");
    own.clock.advance(360 * DAY);
    await endMachines(own.world, signal);
    const [mail] = await own.mails();
    assert.equal(mail?.subject, "Machine: uw machine stopt over 5 dagen");
    assert.match(mail.text, /^Beste Robin Vos,/);
    await db.updateTable("person").set({ email: "" }).where("id", "=", own.person.id).execute();
    own.clock.advance(4 * DAY);
    await endMachines(own.world, signal);
    assert.equal((await own.mails()).length, 1);
    await own.close();
  });
});

describe("what a cloud has, against what we think it has", () => {
  let bench: MachineBench;
  before(async () => {
    bench = await machineBench();
  });
  after(() => bench.close());

  const aBuilt = async () => {
    const made = await bench.machine();
    const cloudId = `server-${made.id}`;
    await workspaces(bench.world.store.db).update(made.workspace as never, { status: "DONE", power: "on", cloudId, task: null });
    const { key } = await bench.world.store.db
      .selectFrom("machine")
      .select("key")
      .where("id", "=", made.id)
      .executeTakeFirstOrThrow();
    const server: SeenServer = { remoteId: cloudId, key, name: "machine", state: "running" };
    return { ...made, server };
  };
  const look = (...seen: SeenServer[]) => reconcile(bench.world, "openstack", seen);
  const status = async ({ workspace }: { workspace: number }) => (await bench.workspace(workspace))?.status;

  it("what was stopped or started by hand shows, and a machine that came back is DONE", async () => {
    const [one, two] = [await aBuilt(), await aBuilt()];
    await look(one.server, { ...two.server, state: "stopped" });
    assert.deepEqual([await status(one), await status(two)], ["DONE", "OFFLINE"]);
    await look(one.server);
    assert.deepEqual([await status(one), await status(two)], ["DONE", "OFFLINE"]);
    bench.clock.advance(50 * MINUTE);
    await look(one.server, two.server);
    assert.equal(await status(two), "DONE");
    // It counts anew.
    await look(one.server);
    bench.clock.advance(50 * MINUTE);
    await look(one.server);
    assert.equal(await status(two), "OFFLINE");
    bench.clock.advance(10 * MINUTE);
    await look(one.server);
    assert.equal(await status(two), "TERMINATED");
    assert.deepEqual(
      (await bench.mails()).map(({ kind }) => kind),
      ["machine-terminated"],
    );
    await workspaces(bench.world.store.db).update(one.workspace as never, { status: "DELETE" });
  });

  it("a look that finds none of several gives none up, however long", async () => {
    const all = [await aBuilt(), await aBuilt()];
    await look();
    bench.clock.advance(24 * HOUR);
    await look();
    for (const one of all) assert.equal(await status(one), "OFFLINE");
    await look(...all.map(({ server }) => server));
    for (const one of all) assert.equal(await status(one), "DONE");
  });

  it("orphans are told once, never removed, and forgotten when they are gone", async () => {
    const known = await aBuilt();
    const stray: SeenServer = { remoteId: "stray", key: "00000000-0000-4000-8000-000000000000", name: "stray", state: "running" };
    const twin: SeenServer = { ...known.server, remoteId: "twin" };
    const orphans = await orphansAmong(bench.world, [
      known.server,
      stray,
      twin,
      { ...stray, remoteId: "ending", state: "going" },
    ]);
    assert.deepEqual(
      orphans.map(({ remoteId }) => remoteId),
      ["stray", "twin"],
    );
    const note = async (seen: readonly SeenServer[]) =>
      (await noteOrphans(bench.world, "openstack", seen)).map(({ remoteId }) => remoteId);
    assert.deepEqual(await note(orphans), ["stray", "twin"]);
    assert.deepEqual(await note(orphans), []);
    assert.deepEqual(
      (await workspaces(bench.world.store.db).orphans()).map(({ remoteId }) => remoteId),
      ["stray", "twin"],
    );
    assert.deepEqual(await note([twin]), []);
    assert.deepEqual(
      (await workspaces(bench.world.store.db).orphans()).map(({ remoteId }) => remoteId),
      ["twin"],
    );
    const verbs = await bench.world.store.db
      .selectFrom("event")
      .select("verb")
      .where("object_kind", "=", "orphan")
      .orderBy("id")
      .execute();
    assert.deepEqual(
      verbs.map(({ verb }) => verb),
      ["machine.orphan-found", "machine.orphan-found", "machine.orphan-gone"],
    );
  });

  it("a server of a machine that is being built or removed is no orphan", async () => {
    const { id, workspace } = await bench.machine();
    const { key } = await bench.world.store.db.selectFrom("machine").select("key").where("id", "=", id).executeTakeFirstOrThrow();
    const server: SeenServer = { remoteId: "new", key, name: "m", state: "building" };
    assert.deepEqual(await orphansAmong(bench.world, [server]), []);
    await workspaces(bench.world.store.db).update(workspace as never, { task: "delete", status: "DELETE" });
    assert.deepEqual(await orphansAmong(bench.world, [server]), []);
  });

  it("an outside system's machines are not looked for in a cloud", async () => {
    const made = await bench.machine("vrw");
    await reportWorkspace(bench.world, bench.actor, { id: made.workspace, status: "DONE", remoteId: "vm" });
    await look();
    assert.equal(await status(made), "DONE");
  });
});
