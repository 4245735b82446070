import assert from "node:assert/strict";
import type { Asker, Json } from "./client.ts";
import { type Ops, today } from "./ops.ts";
import { anOffering, PASSWORD } from "./scene.ts";

/** Signing in, organizations, projects, roles, users. */
export function peopleOps(bench: Ops): void {
  const { ops } = bench;
  ops("1 to 7", "signs in, shows and renews the token, tells the version", async () => {
    const { scene, owner, staff } = bench.now();
    const body = { username: "stranger", password: "wrong" };
    assert.deepEqual(await scene.nobody.refused(401, "POST", "/api-auth/password/", body), {
      detail: "Invalid username/password.",
    });
    assert.deepEqual(await scene.nobody.refused(400, "POST", "/api-auth/password/", { username: "x" }), {
      password: ["This field is required."],
    });
    const { token } = await scene.nobody.post("/api-auth/password/", { username: "stranger", password: PASSWORD });
    assert.match(token, /^[0-9a-f]{40}$/);
    assert.equal(scene.stranger.token, token, "one live token per user");
    const me = await scene.stranger.get("/api/users/me/");
    assert.deepEqual([me.username, me.token, me.token_lifetime, me.permissions], ["stranger", token, null, []]);
    assert.equal((await scene.stranger.get(`/api/users/${me.uuid}/token/`)).token, token);
    assert.equal((await staff.get(`/api/users/${me.uuid}/token/`)).token, token);
    await owner.refused(403, "GET", `/api/users/${me.uuid}/token/`);
    const fresh = await staff.post(`/api/users/${me.uuid}/refresh_token/`);
    await scene.stranger.refused(401, "GET", "/api/users/me/");
    const again = new (scene.stranger.constructor as typeof Asker)(scene.havre.url, fresh.token);
    assert.match((await again.get("/api/version/")).version, /^\d/);
    assert.equal((await scene.nobody.get("/api/configuration/")).WALDUR_CORE.SITE_NAME, "Havre");
    assert.equal((await again.ask("POST", "/api-auth/logout/")).status, 204);
    assert.deepEqual(await again.refused(401, "GET", "/api/users/me/"), { detail: "Invalid token." });
  });

  ops("3", "a token with a lifetime ends when it is not used", async () => {
    const { scene, staff } = bench.now();
    const [user] = await staff.get("/api/users/?username=member");
    await scene.member.patch(`/api/users/${user.uuid}/`, { token_lifetime: 60 });
    await scene.member.get("/api/users/me/");
    await scene.store.db
      .updateTable("token")
      .set({ last_used_at: new Date(Date.now() - 61_000) })
      .where("kind", "=", "key")
      .execute();
    assert.deepEqual(await scene.member.refused(401, "GET", "/api/users/me/"), { detail: "Token has expired." });
    const { token } = await scene.nobody.post("/api-auth/password/", { username: "member", password: PASSWORD });
    (scene as { member: Asker }).member = new (scene.nobody.constructor as typeof Asker)(scene.havre.url, token);
    await scene.member.patch(`/api/users/${user.uuid}/`, { token_lifetime: null });
  });

  ops("8 to 14", "organizations: made by the staff, changed by their owners, seen by whoever has to do with them", async () => {
    const { scene, owner, staff } = bench.now();
    await owner.refused(403, "POST", "/api/customers/", { name: "Mine" });
    const made = await staff.create("/api/customers/", {
      name: "Third",
      country: "NL",
      email: "t@example.org",
      domain: "third.example",
    });
    assert.deepEqual([made.country_name, made.display_name, made.domain], ["Netherlands", "Third", "third.example"]);
    assert.deepEqual(await staff.refused(400, "POST", "/api/customers/", { name: "Third" }), {
      name: ["Organization with this name already exists."],
    });
    await owner.refused(404, "GET", `/api/customers/${made.uuid}/`);
    assert.equal((await staff.get(`/api/customers/${made.uuid}/`)).uuid, made.uuid);
    assert.equal((await staff.patch(`/api/customers/${made.uuid}/`, { abbreviation: "T3" })).display_name, "T3 | Third");
    const put = await staff.put(`/api/customers/${made.uuid}/`, { name: "Third!" });
    assert.deepEqual([put.name, put.abbreviation, put.email], ["Third!", "T3", "t@example.org"]);
    assert.deepEqual(
      (await staff.get("/api/customers/?query=third.example")).map((one: Json) => one.name),
      ["Third!"],
    );
    assert.deepEqual(
      (await owner.get("/api/customers/?owned_by_current_user=true")).map((one: Json) => one.name),
      ["Customer"],
    );
    await scene.member.refused(403, "PATCH", `/api/customers/${scene.customer.uuid}/`, { name: "x" });
    await staff.delete(`/api/customers/${made.uuid}/`);
    assert.deepEqual(await staff.refused(409, "DELETE", `/api/customers/${scene.customer.uuid}/`), {
      detail: "Cannot delete organization with existing projects",
    });
    const people = await owner.get(`/api/customers/${scene.customer.uuid}/users/`);
    assert.deepEqual(people.map((one: Json) => [one.username, one.role_name]).sort(), [
      ["admin2", null],
      ["manager", null],
      ["member", null],
      ["owner", "CUSTOMER.OWNER"],
    ]);
    await scene.member.refused(403, "GET", `/api/customers/${scene.customer.uuid}/users/`);
    assert.deepEqual(await owner.get(`/api/customers/${scene.customer.uuid}/stats/`), { components: [] });
    assert.deepEqual(await scene.member.get(`/api/projects/${scene.project.uuid}/stats/`), { components: [] });
    await scene.member.refused(403, "GET", `/api/customers/${scene.customer.uuid}/stats/`);
  });

  ops("11", "a blocked organization can be read, and nothing in it changed", async () => {
    const { staff } = bench.now();
    const home = await staff.create("/api/customers/", { name: "Blocked" });
    const project = await staff.create("/api/projects/", { name: "B", customer: home.url });
    await staff.patch(`/api/customers/${home.uuid}/`, { blocked: true });
    const words = ["Blocked organization is not available."];
    assert.deepEqual(await staff.refused(400, "PATCH", `/api/projects/${project.uuid}/`, { name: "C" }), words);
    assert.deepEqual(await staff.refused(400, "POST", "/api/projects/", { name: "D", customer: home.url }), words);
    assert.equal((await staff.get(`/api/projects/${project.uuid}/`)).name, "B");
  });

  ops("15 to 22", "projects: fields and their refusals, filters, move, removal, types", async () => {
    const { scene, owner, staff } = bench.now();
    const create = (body: object) =>
      owner.refused(400, "POST", "/api/projects/", { name: "P", customer: scene.customer.url, ...body });
    assert.deepEqual(await owner.refused(400, "POST", "/api/projects/", {}), {
      name: ["This field is required."],
      customer: ["This field is required."],
    });
    assert.deepEqual(await create({ name: " " }), { name: ["This field may not be blank."] });
    assert.deepEqual(await create({ name: "x".repeat(501) }), { name: ["Ensure this field has no more than 500 characters."] });
    assert.deepEqual(await create({ customer: 7 }), { customer: ["Incorrect type. Expected URL string, received int."] });
    assert.deepEqual(await create({ customer: "/api/users/1/" }), { customer: ["Invalid hyperlink - No URL match."] });
    assert.deepEqual(await create({ customer: scene.provider.url }), {
      customer: ["Invalid hyperlink - Object does not exist."],
    });
    assert.deepEqual(await create({ oecd_fos_2007_code: "9.9" }), { oecd_fos_2007_code: ['"9.9" is not a valid choice.'] });
    assert.deepEqual(await create({ end_date: today(-1) }), { end_date: ["Cannot be earlier than the current date."] });
    assert.deepEqual(await create({ end_date: "soon" }), {
      end_date: ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],
    });
    await scene.member.refused(403, "POST", "/api/projects/", { name: "M", customer: scene.customer.url });
    await scene.store.db.insertInto("study_type").values({ name: "PhD" }).execute();
    const [type] = await owner.get("/api/project-types/?name=ph");
    assert.equal((await owner.get(`/api/project-types/${type.uuid}/`)).name, "PhD");
    const project = await owner.create("/api/projects/", {
      name: "Dated",
      customer: scene.customer.url,
      description: "<p onclick=x>Hi</p><script>alert(1)</script> ",
      type: type.url,
      end_date: today(9),
      oecd_fos_2007_code: "2.10",
    });
    assert.deepEqual(
      [project.description, project.type_name, project.end_date, project.oecd_fos_2007_label],
      ["<p>Hi</p>", "PhD", today(9), "Industrial biotechnology"],
    );
    await scene.manager.refused(404, "GET", `/api/projects/${project.uuid}/`);
    await scene.manager.refused(403, "PATCH", `/api/projects/${scene.project.uuid}/`, { end_date: today(3) });
    assert.equal((await scene.manager.patch(`/api/projects/${scene.project.uuid}/`, { is_industry: true })).is_industry, true);
    assert.deepEqual(
      await owner.refused(400, "PUT", `/api/projects/${project.uuid}/`, { name: "x", customer: scene.provider.url }),
      {
        customer: ["Use move_project to change the organization."],
      },
    );
    const put = await owner.put(`/api/projects/${project.uuid}/`, { name: "Dated", customer: scene.customer.url });
    assert.deepEqual([put.description, put.end_date, put.oecd_fos_2007_code], ["<p>Hi</p>", today(9), "2.10"]);
    const names = async (filter: string) => (await owner.get(`/api/projects/?${filter}`)).map((one: Json) => one.name);
    assert.deepEqual(await names("name=ate"), ["Dated"]);
    assert.deepEqual(await names("name_exact=ate"), []);
    assert.deepEqual(await names(`customer=${scene.customer.uuid}&o=-name`), ["Sleep", "Dated"]);
    assert.deepEqual(await names(`customer=${scene.provider.uuid}`), []);
    assert.deepEqual(await names("customer_abbreviation=cu&query=sle"), ["Sleep"]);
    assert.deepEqual(await names(`created_before=${today(-1)}`), []);
    assert.deepEqual(await names(`user_uuid=${scene.users.member.uuid}`), ["Sleep"]);
    assert.deepEqual((await scene.admin.get("/api/projects/?can_manage=true")).length, 0);
    assert.deepEqual((await scene.admin.get("/api/projects/?can_admin=true")).length, 1);
    await owner.refused(403, "POST", `/api/projects/${project.uuid}/move_project/`, { customer: { url: scene.customer.url } });
    const moved = await staff.post(`/api/projects/${project.uuid}/move_project/`, { customer: { url: scene.provider.url } });
    assert.equal(moved.customer_name, "Provider");
    assert.equal((await owner.ask("GET", `/api/projects/${project.uuid}/`)).status, 200, "its maker still owns it");
    await staff.delete(`/api/projects/${project.uuid}/`);
  });

  ops("23 to 28", "roles on projects, customers, offerings and providers, with their ends", async () => {
    const { scene, owner, seller, staff } = bench.now();
    const { stranger } = scene.users;
    const offering = await anOffering(scene, { name: "Managed" });
    const provider = (await seller.get(`/api/marketplace-service-providers/?customer_uuid=${scene.provider.uuid}`))[0];
    const places: readonly (readonly [Asker, string, string])[] = [
      [scene.manager, `/api/projects/${scene.project.uuid}/`, "PROJECT.MEMBER"],
      [staff, `/api/customers/${scene.customer.uuid}/`, "CUSTOMER.OWNER"],
      [seller, `/api/marketplace-provider-offerings/${offering.uuid}/`, "OFFERING.MANAGER"],
      [staff, `/api/marketplace-service-providers/${provider.uuid}/`, "CUSTOMER.SUPPORT"],
    ];
    const roles = await owner.get("/api/roles/");
    for (const [as, path, name] of places) {
      const role = roles.find((one: Json) => one.name === name);
      const soon = new Date(Date.now() + 3_600_000).toISOString();
      const later = new Date(Date.now() + 7_200_000).toISOString();
      const body = { role: role.uuid, user: stranger.uuid };
      const given = await as.create(`${path}add_user/`, { ...body, expiration_time: soon });
      assert.equal(new Date(given.expiration_time).toISOString(), soon);
      await as.refused(400, "POST", `${path}add_user/`, { ...body, expiration_time: soon });
      await as.create(`${path}add_user/`, { ...body, expiration_time: later });
      const listed = await as.get(`${path}list_users/?user=${stranger.uuid}&role=${name}`);
      assert.deepEqual(
        listed.map((one: Json) => new Date(one.expiration_time).toISOString()),
        [later],
      );
      assert.deepEqual(await as.post(`${path}update_user/`, body), { expiration_time: null });
      assert.equal((await as.get(`${path}list_users/?search_string=stranger`)).length, 1);
      await as.post(`${path}delete_user/`, body);
      await as.post(`${path}delete_user/`, body);
      assert.deepEqual(await as.refused(400, "POST", `${path}update_user/`, body), {
        non_field_errors: ["User does not have this role in this scope."],
      });
    }
    const path = `/api/projects/${scene.project.uuid}/add_user/`;
    const wrong = (body: object) =>
      scene.manager.refused(400, "POST", path, { role: "PROJECT.MEMBER", user: stranger.uuid, ...body });
    assert.deepEqual(await wrong({ role: "PROJECT.KING" }), { role: ["Role is not found."] });
    assert.deepEqual(await wrong({ user: scene.project.uuid }), { user: ["User is not found."] });
    assert.deepEqual(await wrong({ user: "x" }), { user: ["Must be a valid UUID."] });
    assert.deepEqual(await wrong({ role: "CUSTOMER.OWNER" }), { non_field_errors: ["Role is not valid for this scope."] });
    assert.deepEqual(await wrong({ expiration_time: "2020-01-01" }), {
      expiration_time: ["Expiration time should be greater than current time."],
    });
    assert.deepEqual(await wrong({ user: scene.users.manager.uuid }), { non_field_errors: ["User can not manage own role."] });
    await scene.admin.refused(403, "POST", path, { role: "PROJECT.MEMBER", user: stranger.uuid });
    const own = await scene.member.get("/api/user-permissions/?is_active=true");
    assert.deepEqual(
      own.map((one: Json) => [one.role_name, one.scope_type, one.scope_name, one.customer_name]),
      [["PROJECT.MEMBER", "project", "Sleep", "Customer"]],
    );
    assert.equal(roles.length, 7);
  });

  ops("25", "a role that has expired is as if it never was", async () => {
    const { scene, owner, seller } = bench.now();
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const body = { role: "PROJECT.MEMBER", user: scene.users.seller.uuid, expiration_time: soon };
    await scene.manager.create(`/api/projects/${scene.project.uuid}/add_user/`, body);
    await seller.get(`/api/projects/${scene.project.uuid}/`);
    await scene.store.db
      .updateTable("permission")
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where("expires_at", "is not", null)
      .execute();
    await seller.refused(404, "GET", `/api/projects/${scene.project.uuid}/`);
    assert.equal((await owner.get(`/api/projects/${scene.project.uuid}/list_users/`)).length, 3);
  });

  ops("29 to 33", "users find one another; the staff makes them and tells who is what", async () => {
    const { scene, owner, staff } = bench.now();
    await owner.refused(403, "POST", "/api/users/", { username: "nope" });
    const made = await staff.create("/api/users/", {
      username: "Dora",
      email: "d@example.org",
      organization: "Groningen",
      job_title: "Dr",
    });
    assert.deepEqual([made.username, made.organization, made.is_staff], ["dora", "Groningen", false]);
    assert.deepEqual(await staff.refused(400, "POST", "/api/users/", { username: "dora" }), {
      username: ["A user with that username already exists."],
    });
    const seen = await owner.get(`/api/users/${made.uuid}/`);
    assert.deepEqual([seen.full_name, seen.is_staff, seen.permissions], ["", undefined, []]);
    await owner.refused(403, "PATCH", `/api/users/${made.uuid}/`, { first_name: "x" });
    assert.equal((await staff.patch(`/api/users/${made.uuid}/`, { first_name: "Dora" })).full_name, "Dora");
    const own = await scene.member.put(`/api/users/${scene.users.member.uuid}/`, {
      job_title: "Student",
      email: "evil@example.org",
    });
    assert.deepEqual([own.job_title, own.email], ["Student", "member@example.org"]);
    const names = async (filter: string) => (await owner.get(`/api/users/?${filter}`)).map((one: Json) => one.username);
    assert.deepEqual(await names("full_name=dor"), ["dora"]);
    assert.deepEqual(await names("username=dor"), []);
    assert.deepEqual(await names(`project_uuid=${scene.project.uuid}&o=-username`), ["member", "manager", "admin2"]);
    assert.deepEqual(await names(`customer_uuid=${scene.customer.uuid}&query=owner`), ["owner"]);
    await staff.patch(`/api/users/${made.uuid}/`, { is_active: false });
    await owner.refused(404, "GET", `/api/users/${made.uuid}/`);
    await owner.refused(403, "POST", `/api/users/${scene.users.member.uuid}/change_password/`, {
      new_password: "another-Good-1",
    });
    assert.deepEqual(
      Object.keys(await staff.refused(400, "POST", `/api/users/${made.uuid}/change_password/`, { new_password: "1" })),
      ["new_password"],
    );
  });
}
