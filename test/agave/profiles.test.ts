import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Json } from "./client.ts";
import { aScene, PASSWORD, type Scene } from "./scene.ts";

describe("profiles", () => {
  let scene: Scene;
  before(async () => {
    scene = await aScene();
  });
  after(() => scene.havre.stop());

  it("somebody is found by name, and `me` is whoever asks", async () => {
    const { owner, friend } = scene;
    const me = await owner.get("/profiles/v2/me");
    assert.deepEqual(
      [me.username, me.email, me.firstName, me.first_name, me.full_name, me.status, me.gender],
      ["owner", "owner@example.org", "owner", "owner", "owner", "active", null],
    );
    const names =
      "username email firstName lastName position institution phone fax researchArea department city state country gender first_name last_name full_name mobile_phone status uid create_time uuid _links";
    assert.deepEqual(
      names.split(" ").filter(name => !(name in me)),
      [],
    );
    assert.match(me.uuid, /-001$/);
    assert.match(me.create_time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
    assert.deepEqual(await friend.get("/profiles/v2/owner"), me);
    assert.equal((await owner.get(new URL(me._links.self.href).pathname)).uuid, me.uuid);
    assert.match(await owner.refused(404, "GET", "/profiles/v2/nobody-at-all"), /nobody-at-all/);
  });

  it("a list is narrowed by what stands in a profile: names in part, addresses whole", async () => {
    const names = async (query: string) => (await scene.owner.get(`/profiles/v2?${query}`)).map((one: Json) => one.username);
    assert.deepEqual(await names(""), ["admin", "friend", "owner", "stranger"]);
    assert.deepEqual(await names("username=owner"), ["owner"]);
    assert.deepEqual(await names("email=OWNER@example.org"), ["owner"]);
    assert.deepEqual(await names("email=owner"), []);
    assert.deepEqual(await names("first_name=FRI"), ["friend"]);
    assert.deepEqual(await names("name=trang"), ["stranger"]);
    assert.deepEqual(await names("last_name=x"), []);
    assert.deepEqual(await names("status=active&limit=2&offset=1"), ["friend", "owner"]);
    assert.deepEqual(await names("limit=0"), []);
    for (const bad of ["limit=-1", "offset=-1", "limit=x"]) await scene.owner.refused(400, "GET", `/profiles/v2?${bad}`);
  });

  it("an administrator makes, changes and puts out; nobody else does", async () => {
    const { admin, owner } = scene;
    const person = { username: "dana", password: PASSWORD, email: "dana@example.org" };
    for (const [method, path] of [
      ["POST", "/profiles/v2"],
      ["PUT", "/profiles/v2/friend"],
      ["DELETE", "/profiles/v2/friend"],
    ] as const)
      await owner.refused(403, method, path, person);
    const made = await admin.post("/profiles/v2", new URLSearchParams({ ...person, firstName: "Dana", city: "Groningen" }));
    assert.deepEqual([made.first_name, made.city], ["Dana", "Groningen"]);
    const changed = await admin.put("/profiles/v2/dana", {
      last_name: "Dee",
      gender: "FEMALE",
      researchArea: "Sleep",
      phone: "1",
    });
    assert.deepEqual(
      [changed.full_name, changed.gender, changed.researchArea, changed.phone, changed.city],
      ["Dana Dee", "female", "Sleep", "1", "Groningen"],
    );
    assert.equal((await admin.delete("/profiles/v2/dana")).status, "deleted");
    await owner.refused(404, "GET", "/profiles/v2/dana");
    assert.equal((await admin.get("/profiles/v2/dana")).status, "deleted");
    assert.match(await admin.refused(412, "DELETE", "/profiles/v2/me"), /your own account/);
  });

  it("refuses what is no account", async () => {
    const { admin } = scene;
    const good = { username: "x", password: PASSWORD, email: "x@example.org" };
    for (const [change, words] of [
      [{ username: "" }, /username is missing/],
      [{ email: "llama" }, /email must be a valid address/],
      [{ password: "12345678" }, /too common|numeric/],
      [{ username: "owner" }, /already exists/],
      [{ gender: "llama" }, /gender must be one of/],
      [{ city: "a\nb" }, /one line/],
      [{ username: { a: 1 } }, /username must be a text/],
    ] as const)
      assert.match(await admin.refused(400, "POST", "/profiles/v2", { ...good, ...change }), words);
    assert.match(await admin.refused(400, "POST", "/profiles/v2", "{"), /no JSON/);
    assert.match(await admin.refused(400, "PUT", "/profiles/v2/owner", []), /JSON object/);
  });
});
