import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { findApiTokenHolder, findHawkHolder, findSession, openSession, signInByPassword } from "../core/people/index.ts";
import { NOBODY } from "../core/people/model.ts";
import { accountNamed, aPerson, GOOD_PASSWORD, type PeopleBench, peopleBench } from "../core/people/people.fixture.ts";
import { errands } from "../store/errands.ts";
import { runAdmin } from "./admin.ts";

describe("havre admin", () => {
  let bench: PeopleBench;
  before(async () => {
    bench = await peopleBench();
  });
  after(() => bench.close());

  async function* typed(text: string) {
    yield Buffer.from(text);
  }
  async function admin(command: string, input = ""): Promise<{ code: number; text: string }> {
    const lines: string[] = [];
    const code = await runAdmin(bench.with({}), command.split(" "), line => lines.push(line), typed(input));
    return { code, text: lines.join("\n") };
  }
  const signIn = (username: string, password: string) => signInByPassword(bench.world, { username, password, ip: "10.0.0.1" });

  it("user create makes an account with a password that is printed once", async () => {
    const { code, text } = await admin(
      "user create anna --email anna@example.org --first-name Anna --superuser --group a --group b",
    );
    assert.equal(code, 0);
    const password = /^password: (\w{20})$/m.exec(text)?.[1] ?? "";
    const person = await signIn("anna", password);
    assert.deepEqual([person.isStaff, person.isSuperuser, person.firstName, person.groups], [true, true, "Anna", ["a", "b"]]);
  });

  it("--password-stdin reads the password, prints none, and checks it", async () => {
    const { code, text } = await admin("user create bas --password-stdin --json", `${GOOD_PASSWORD}\n`);
    assert.equal(code, 0);
    assert.equal(JSON.parse(text).username, "bas");
    assert.ok(!text.includes("password"));
    await signIn("bas", GOOD_PASSWORD);
    assert.deepEqual(await admin("user create cas --password-stdin", "123456789\n"), {
      code: 1,
      text: "password: This password is too common. This password is entirely numeric.",
    });
    assert.deepEqual(await admin("user create cas --password-stdin"), {
      code: 2,
      text: "Standard input has no password.\nSee: havre admin --help",
    });
  });

  it("a name that is taken or bad is refused with the reason", async () => {
    await aPerson(bench.world, { username: "taken" });
    assert.deepEqual(await admin("user create taken"), { code: 1, text: "username: A user with that username already exists." });
    assert.equal((await admin("user create a/b")).code, 1);
  });

  it("user password ends every session and lifts a lock-out", async () => {
    await aPerson(bench.world, { username: "dirk" });
    const credentials = { username: "dirk", password: GOOD_PASSWORD, ip: "10.0.0.2", userAgent: "", replaces: undefined };
    const { id } = await openSession(bench.world, NOBODY, credentials);
    for (let i = 0; i < 5; i++) await assert.rejects(signIn("dirk", "wrong"));
    const password = /password: (\w+)/.exec((await admin("user password dirk")).text)?.[1] ?? "";
    assert.equal(await findSession(bench.world, id), undefined);
    await signIn("dirk", password);
  });

  it("user list and user show tell no secret", async () => {
    const person = await aPerson(bench.world, { username: "eva", groups: ["vrw-api"] });
    assert.match((await admin("user list")).text, /^\d+ {2}eva {2}eva@example\.org {2}vrw-api$/m);
    const shown = JSON.parse((await admin("user show eva --json")).text);
    assert.deepEqual([shown.id, shown.groups, shown.tokens.length], [person.id, ["vrw-api"], 1]);
    const hash = (await accountNamed(bench.world, "eva"))?.passwordHash ?? "";
    assert.ok(!JSON.stringify(shown).includes(hash));
    assert.match((await admin("user show eva")).text, /^token hawk: \w{8}, never used$/m);
  });

  it("user deactivate puts somebody out, user activate lets them in", async () => {
    await aPerson(bench.world, { username: "finn" });
    assert.equal((await admin("user deactivate finn")).text, "finn is inactive.");
    await assert.rejects(signIn("finn", GOOD_PASSWORD));
    await admin("user activate finn");
    await signIn("finn", GOOD_PASSWORD);
  });

  it("groups take and lose members", async () => {
    await aPerson(bench.world, { username: "gijs" });
    for (let i = 0; i < 2; i++) assert.equal((await admin("group add crew gijs")).text, "gijs is in crew.");
    assert.match((await admin("group list")).text, /^crew \(1\)$/m);
    assert.equal(JSON.parse((await admin("group list crew --json")).text)[0].username, "gijs");
    assert.equal((await admin("group remove crew gijs")).text, "gijs is not in crew.");
    assert.equal((await admin("group list crew")).text, "");
    assert.equal((await admin("group add a/b gijs")).code, 1);
  });

  it("tokens are shown and rotated; the old ones are void", async () => {
    await aPerson(bench.world, { username: "hugo" });
    const first = JSON.parse((await admin("token show hugo --json")).text);
    assert.equal((await findHawkHolder(bench.world, first.key))?.secret, first.secret);
    const second = JSON.parse((await admin("token rotate hugo --kind hawk --json")).text);
    assert.equal(await findHawkHolder(bench.world, first.key), undefined);
    assert.equal((await findHawkHolder(bench.world, second.key))?.secret, second.secret);
    const token = /^token: (\S+)$/.exec((await admin("token rotate hugo --kind api")).text)?.[1] ?? "";
    assert.equal((await findApiTokenHolder(bench.world, token))?.username, "hugo");
    const events = await bench.world.store.db.selectFrom("event").select("data").execute();
    for (const secret of [first.secret, second.secret, token]) assert.ok(!JSON.stringify(events).includes(secret));
  });

  it("loads universities once, however often it is asked", async () => {
    const first = JSON.parse((await admin("load university --json")).text);
    assert.ok(first.added > 50);
    assert.equal(JSON.parse((await admin("load university --json")).text).added, 0);
  });

  it("loads a site's own list, adds what is new to what is there, and says which entry is wrong", async () => {
    const folder = await mkdtemp(join(tmpdir(), "havre-list-"));
    const file = join(folder, "list.json");
    const load = async (value: unknown) => {
      await writeFile(file, typeof value === "string" ? value : JSON.stringify(value));
      return admin(`load university ${file} --json`);
    };
    const own = { name: "Hanze", ror: "https://ror.org/00xqtxw43", faculties: { Arts: ["Design", "Design"], Law: [] } };
    assert.deepEqual(JSON.parse((await load([own])).text), { added: 1 });
    // The same organisation by its ROR id, whatever its name; one more field.
    const more = { ...own, name: "Hanze UAS", faculties: { Arts: ["Design", "Dance"] } };
    assert.deepEqual(JSON.parse((await load([more])).text), { added: 1 });
    const rows = await bench.world.store.db
      .selectFrom("organisation")
      .select(["name", "ror"])
      .where("name", "like", "Hanze%")
      .execute();
    assert.deepEqual(rows, [{ name: "Hanze", ror: "https://ror.org/00xqtxw43" }]);
    const refused: readonly (readonly [unknown, RegExp])[] = [
      ["{", /^This is no JSON/],
      [{}, /must be a JSON array/],
      [[own, { name: "" }], /^Entry 2 has no name/],
      [[{ name: "X", faculties: [] }], /^Entry 1 has faculties that are no object/],
      [[{ name: "X", faculties: { Arts: [1] } }], /^Entry 1 has a faculty "Arts"/],
      [[{ name: "X", ror: "https://ror.org/00xqtxw44" }], /is no ROR id/],
    ];
    for (const [value, words] of refused) {
      const { code, text } = await load(value);
      assert.equal(code, 1);
      assert.match(text, words);
    }
    assert.equal((await admin("load university /not/there.json")).code, 2);
    await rm(folder, { recursive: true });
  });

  it("lists parked errands with their reason, and queues them again", async () => {
    assert.match((await admin("errand list")).text, /Nothing is parked/);
    const queue = errands(bench.world.store.db);
    await queue.add("k", {});
    const [errand] = await queue.claim("x", ["k"], 1, 1000);
    await queue.park(errand?.id ?? 0, "x", "the disk is on fire");
    assert.match((await admin("errand list")).text, /the disk is on fire/);
    assert.equal((await admin(`errand retry ${errand?.id}`)).code, 0);
    assert.equal((await admin(`errand retry ${errand?.id}`)).code, 1);
    assert.equal((await queue.parked()).length, 0);
  });

  it("a mistyped command is answered with what is wrong, code 2", async () => {
    for (const [command, word] of [
      ["user creat x", 'no command "user creat"'],
      ["user", 'no command "user"'],
      ["user create", "needs NAME"],
      ["group add crew", "needs GROUP and NAME"],
      ["user list extra", '"extra" is one word too many'],
      ["token rotate taken", "needs --kind hawk or --kind api"],
      ["user list --nope", "--nope"],
    ] as const) {
      const { code, text } = await admin(command);
      assert.equal(code, 2);
      assert.ok(text.includes(word) && text.endsWith("See: havre admin --help"), text);
    }
    assert.deepEqual(await admin("user show not-there"), { code: 1, text: 'There is no account "not-there".' });
  });

  it("--help shows every command", async () => {
    const { code, text } = await admin("--help");
    assert.equal(code, 0);
    for (const command of [
      "user create",
      "user password",
      "user list",
      "user show",
      "group add",
      "group remove",
      "group list",
      "token show",
      "token rotate",
    ])
      assert.ok(text.includes(command), command);
  });
});
