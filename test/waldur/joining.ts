import assert from "node:assert/strict";
import { newSshKeyPair } from "../../src/kernel/ssh.ts";
import { type Asker, type Json, signedIn } from "./client.ts";
import type { Ops } from "./ops.ts";
import { anOffering, aResource, PASSWORD } from "./scene.ts";

/** SSH keys, and roles that people are asked by mail to take. */
export function joiningOps(bench: Ops): void {
  const { ops } = bench;

  ops("34, 113", "somebody's own SSH keys, which providers of theirs see as well", async () => {
    const { scene, seller, owner, staff } = bench.now();
    const { publicKey } = newSshKeyPair("me@laptop");
    const made = await scene.member.create("/api/keys/", { name: "laptop", public_key: ` ${publicKey}\n` });
    assert.deepEqual([made.name, made.type, made.public_key, made.is_shared], ["laptop", "ssh-ed25519", publicKey, false]);
    assert.match(made.fingerprint_sha256, /^SHA256:[\w+/]{43}$/);
    assert.match(made.fingerprint_md5, /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    const named = await scene.member.create("/api/keys/", { public_key: newSshKeyPair("its own comment").publicKey });
    assert.equal(named.name, "its own comment");
    assert.deepEqual(await scene.member.refused(400, "POST", "/api/keys/", { name: "again", public_key: publicKey }), {
      non_field_errors: ["You have a key of this name, or this very key, already."],
    });
    for (const wrong of ["", "ssh-rsa AAAA", newSshKeyPair("x").privateKey, 7])
      assert.ok((await scene.member.refused(400, "POST", "/api/keys/", { name: "n", public_key: wrong })).public_key);
    assert.equal((await scene.member.get("/api/keys/?name=laptop")).length, 1);
    assert.equal((await scene.member.get(`/api/keys/${made.uuid}/`)).uuid, made.uuid);
    await staff.refused(404, "GET", `/api/keys/${made.uuid}/`);
    await owner.refused(404, "DELETE", `/api/keys/${made.uuid}/`);
    await aResource(scene, await anOffering(scene, { name: "Keyed" }));
    const [provider] = await seller.get(`/api/marketplace-service-providers/?customer_uuid=${scene.provider.uuid}`);
    const keys = `/api/marketplace-service-providers/${provider.uuid}/keys/`;
    assert.deepEqual(
      (await seller.get(keys)).map((key: Json) => [key.name, key.user_uuid]),
      [made, named].map(key => [key.name, scene.users.member.uuid]),
    );
    await owner.refused(404, "GET", keys);
    await scene.member.delete(`/api/keys/${made.uuid}/`);
    await scene.member.delete(`/api/keys/${named.uuid}/`);
    assert.deepEqual(await scene.member.get("/api/keys/"), []);
  });

  const lastMail = async (recipient: string): Promise<{ text: string; kind: string }> =>
    bench
      .now()
      .scene.store.db.selectFrom("mail")
      .select(["text", "kind"])
      .where("recipient", "=", recipient)
      .orderBy("id", "desc")
      .executeTakeFirstOrThrow();
  const linkIn = (text: string): string => /\/join\/(\S+)/.exec(text)?.[1] ?? "";
  let count = 0;
  const newcomer = async (): Promise<{ email: string; join: () => Promise<Asker> }> => {
    const { scene, staff } = bench.now();
    const username = `newcomer-${++count}`;
    const email = `${username}@example.org`;
    return {
      email,
      async join() {
        const user = await staff.create("/api/users/", { username, email: email.toUpperCase() });
        await staff.post(`/api/users/${user.uuid}/change_password/`, { new_password: PASSWORD });
        return signedIn(scene.havre.url, username, PASSWORD);
      },
    };
  };
  const rolesOf = async (self: Asker): Promise<string[]> =>
    (await self.get("/api/users/me/")).permissions.map((one: Json) => `${one.role_name} ${one.scope_name}`);

  ops("35 to 40", "somebody without an account is asked by mail to take a role, and takes it", async () => {
    const { scene, staff } = bench.now();
    const { email, join } = await newcomer();
    const role = (await staff.get("/api/roles/")).find((one: Json) => one.name === "PROJECT.MEMBER");
    const body = { email, role: role.uuid, scope: scene.project.url, full_name: "New Comer", extra_invitation_text: "Do come." };
    const made = await scene.manager.create("/api/user-invitations/", body);
    assert.deepEqual(
      [made.state, made.role_name, made.scope_name, made.customer_name, made.created_by_username],
      ["pending", "PROJECT.MEMBER", "Sleep", "Customer", "manager"],
    );
    const path = `/api/user-invitations/${made.uuid}/`;
    const { text } = await lastMail(email);
    assert.ok(text.includes("Do come."));
    assert.equal(linkIn(text).replaceAll("-", ""), made.uuid);
    assert.deepEqual(await scene.nobody.post(`${path}check/`), { email, civil_number_required: false });
    assert.equal((await scene.owner.get(path)).uuid, made.uuid);
    assert.equal(
      (await scene.manager.get(`/api/user-invitations/?state=pending&email=${email}&scope_uuid=${scene.project.uuid}`)).length,
      1,
    );
    assert.deepEqual(await scene.member.get(`/api/user-invitations/?email=${email}`), []);
    await scene.member.refused(404, "GET", path);
    // What one may not give one may not offer either.
    await scene.member.refused(403, "POST", "/api/user-invitations/", body);
    const outside = await (await newcomer()).join();
    await outside.refused(400, "POST", "/api/user-invitations/", body);
    assert.deepEqual(await scene.manager.refused(400, "POST", "/api/user-invitations/", { ...body, role: "CUSTOMER.OWNER" }), {
      non_field_errors: ["Role and scope should belong to the same content type."],
    });
    for (const wrong of [{ role: "NO.ROLE" }, { scope: "/api/nothing/" }, { email: "x" }, { scope: scene.users.member.url }])
      await scene.manager.refused(400, "POST", "/api/user-invitations/", { ...body, ...wrong });
    await outside.refused(400, "POST", `${path}accept/`);
    const self = await join();
    assert.deepEqual(await rolesOf(self), []);
    await self.post(`${path}accept/`);
    assert.deepEqual(await rolesOf(self), ["PROJECT.MEMBER Sleep"]);
    await self.refused(400, "POST", `${path}accept/`);
    await scene.nobody.refused(404, "POST", `${path}check/`);
    await scene.manager.refused(400, "POST", `${path}cancel/`);
    await scene.manager.refused(400, "POST", `${path}send/`);
    assert.equal((await scene.owner.get(path)).state, "accepted");
  });

  ops("37, 38", "an invitation is taken back, ends by itself, and is sent again", async () => {
    const { scene } = bench.now();
    const { email, join } = await newcomer();
    const made = await scene.owner.create("/api/user-invitations/", { email, role: "PROJECT.ADMIN", scope: scene.project.url });
    const path = `/api/user-invitations/${made.uuid}/`;
    const self = await join();
    await scene.owner.post(`${path}cancel/`);
    await self.refused(400, "POST", `${path}accept/`);
    await scene.owner.post(`${path}send/`);
    await scene.store.db
      .updateTable("role_invitation")
      .set({ expires_at: new Date(0) })
      .where("email", "=", email)
      .execute();
    assert.equal((await scene.owner.get(path)).state, "expired");
    await self.refused(400, "POST", `${path}accept/`);
    await scene.owner.post(`${path}send/`);
    const mails = await scene.store.db.selectFrom("mail").select("id").where("recipient", "=", email).execute();
    assert.equal(mails.length, 3);
    await self.post(`${path}accept/`);
    assert.deepEqual(await rolesOf(self), ["PROJECT.ADMIN Sleep"]);
  });

  ops("39", "whoever lost the right to give a role gives none by an older invitation", async () => {
    const { scene } = bench.now();
    const { email, join } = await newcomer();
    const giver = await (await newcomer()).join();
    const grant = { role: "PROJECT.MANAGER", user: (await giver.get("/api/users/me/")).uuid };
    await scene.owner.create(`/api/projects/${scene.project.uuid}/add_user/`, grant);
    const made = await giver.create("/api/user-invitations/", {
      email,
      role: "PROJECT.MANAGER",
      scope: scene.project.url,
    });
    await scene.owner.post(`/api/projects/${scene.project.uuid}/delete_user/`, grant);
    const self = await join();
    await self.refused(400, "POST", `/api/user-invitations/${made.uuid}/accept/`);
    assert.deepEqual(await rolesOf(self), []);
  });

  ops("41", "an owner of an organisation is agreed to by whoever runs the server, by the link in a mail", async () => {
    const { scene } = bench.now();
    const ask = async (): Promise<{ made: Json; token: string; join: () => Promise<Asker>; email: string }> => {
      const { email, join } = await newcomer();
      const made = await scene.owner.create("/api/user-invitations/", {
        email,
        role: "CUSTOMER.OWNER",
        scope: scene.customer.url,
      });
      assert.equal(made.state, "requested");
      const { text, kind } = await lastMail("admin@example.org");
      assert.equal(kind, "account-role-approval");
      return { made, join, email, token: /approve\/(\S+)/.exec(text)?.[1] ?? "" };
    };
    const first = await ask();
    const decide = (verb: string, token: string, status: number) =>
      scene.nobody.refused(status, "POST", `/api/user-invitations/${verb}/`, { token });
    const sent = await scene.store.db.selectFrom("mail").select("id").where("recipient", "=", first.email).execute();
    assert.equal(sent.length, 0, "nothing goes out before");
    const self = await first.join();
    await self.refused(400, "POST", `/api/user-invitations/${first.made.uuid}/accept/`);
    for (const wrong of ["x", `${first.token}x`, first.token.replace(/^./, digit => (digit === "0" ? "1" : "0"))])
      await decide("approve", wrong, 400);
    await decide("approve", first.token, 200);
    await decide("approve", first.token, 400);
    await decide("reject", first.token, 400);
    await self.post(`/api/user-invitations/${first.made.uuid}/accept/`);
    assert.deepEqual(await rolesOf(self), ["CUSTOMER.OWNER Customer"]);
    const second = await ask();
    await decide("reject", second.token, 200);
    assert.equal((await scene.owner.get(`/api/user-invitations/${second.made.uuid}/`)).state, "rejected");
    await scene.owner.refused(400, "POST", `/api/user-invitations/${second.made.uuid}/send/`);
  });

  ops("35", "an invitation to a project that begins later waits for its day", async () => {
    const { scene } = bench.now();
    const { email } = await newcomer();
    const later = await scene.owner.create("/api/projects/", {
      name: "Later",
      customer: scene.customer.url,
      start_date: "2999-01-01",
    });
    const made = await scene.owner.create("/api/user-invitations/", { email, role: "PROJECT.MEMBER", scope: later.url });
    assert.equal(made.state, "project");
    assert.equal((await scene.store.db.selectFrom("mail").select("id").where("recipient", "=", email).execute()).length, 0);
  });
}
