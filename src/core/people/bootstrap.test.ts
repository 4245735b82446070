import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ensureAccounts, findHawkHolder, setMembership, signInByPassword, tokensOf } from "./index.ts";
import { SYSTEM } from "./model.ts";
import { accountNamed, aPerson, type PeopleBench, peopleBench } from "./people.fixture.ts";

const HAWK = { key: "hookkey1", secret: "a-secret-agreed-on-beforehand-32" };
const ADMIN = { username: "admin", email: "admin@example.org", password: "password", isStaff: true, isSuperuser: true };
const HOOK = { username: "tusdhook", email: "", isSuperuser: true, hawk: HAWK };
const VRW = { username: "vrw", email: "vrw@example.org", password: "securepassword", groups: ["vrw-api"] };

describe("the accounts that the settings ask for", () => {
  let bench: PeopleBench;
  before(async () => {
    bench = await peopleBench();
  });
  after(() => bench.close());
  const eventCount = async () => (await bench.world.store.db.selectFrom("event").select("id").execute()).length;

  it("are made once, although many processes start together", async () => {
    await Promise.all(Array.from({ length: 4 }, () => ensureAccounts(bench.world, [ADMIN, HOOK, VRW])));
    assert.equal(await eventCount(), 3);
    const admin = await signInByPassword(bench.world, { username: "admin", password: "password", ip: "10.0.0.1" });
    assert.deepEqual([admin.isSuperuser, admin.isStaff], [true, true]);
    assert.deepEqual((await accountNamed(bench.world, "vrw"))?.person.groups, ["vrw-api"]);
  });

  it("a predefined token signs as its account, which has no password", async () => {
    const holder = await findHawkHolder(bench.world, HAWK.key);
    assert.deepEqual([holder?.person.username, holder?.person.isSuperuser, holder?.secret], ["tusdhook", true, HAWK.secret]);
    assert.equal((await accountNamed(bench.world, "tusdhook"))?.passwordHash, undefined);
  });

  it("a later start changes nothing that is so already, and no password", async () => {
    const before = [await eventCount(), await accountNamed(bench.world, "admin")];
    await ensureAccounts(bench.world, [{ ...ADMIN, password: "another", email: "x@example.org" }, HOOK, VRW]);
    assert.deepEqual([await eventCount(), await accountNamed(bench.world, "admin")], before);
  });

  it("rights, groups and the token follow the settings; other groups stay", async () => {
    await setMembership(bench.world, SYSTEM, "vrw-api", "vrw", false);
    await setMembership(bench.world, SYSTEM, "others", "vrw", true);
    const next = { key: "hookkey2", secret: HAWK.secret };
    await ensureAccounts(bench.world, [VRW, { ...HOOK, hawk: next }]);
    const vrw = await accountNamed(bench.world, "vrw");
    assert.deepEqual([...(vrw?.person.groups ?? [])].sort(), ["others", "vrw-api"]);
    const hook = await accountNamed(bench.world, "tusdhook");
    assert.ok(hook);
    assert.deepEqual(
      (await tokensOf(bench.world, hook.person.id)).map(token => token.key),
      ["hookkey2"],
    );
    assert.equal(await findHawkHolder(bench.world, HAWK.key), undefined);
  });

  it("a key that is somebody else's is refused with its account's name", async () => {
    const other = await aPerson(bench.world);
    const key = (await tokensOf(bench.world, other.id))[0]?.key ?? "";
    await assert.rejects(ensureAccounts(bench.world, [{ ...HOOK, hawk: { key, secret: HAWK.secret } }]), {
      kind: "conflict",
      message: 'The Hawk key for the account "tusdhook" belongs to another account.',
    });
  });
});
