import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Upload } from "tus-js-client";
import { INITIAL_CATALOGUE, loadCatalogue } from "../../src/core/machines/index.ts";
import { Store } from "../../src/store/store.ts";
import { nameOf, OPERATIONS, type Operation } from "../contract/operations.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { type BrokerClient, HawkClient, JwtClient, type Said } from "./broker-clients.ts";

const PASSWORDS = ["correct-Horse-7-battery", "another-Lantern-44-sheep", "third-Teapot-91-window"] as const;
const OTHER = { username: "colleague", email: "colleague@example.org" };

/** From registration to removal, as the broker's documentation describes it; once for each way of signing in. */
describe("a researcher's life, by clients written for the broker", () => {
  let havre: Havre;
  let admin: Client;
  const folder = mkdtempSync(join(tmpdir(), "havre-clients-"));
  before(async () => {
    havre = await startHavre({ env: { REGISTRATION: "open", ACTIVATION_MAIL: "true", FOLDER_ROOTS: folder } });
    admin = await new Client(havre.url).signIn();
    const store = new Store({ connection: havre.database.connection, maxConnections: 1, onError: () => {} });
    await loadCatalogue({ store }, INITIAL_CATALOGUE, false);
    await store.close();
  });
  after(async () => {
    await havre?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  /** By either client: each signs in by operations of its own. */
  const walked = new Set<string>();
  const api = (): string => `${havre.url}/api`;

  /** What the reader of a mail copies out of its link. */
  const linkTo = (email: string, purpose: string): Promise<{ uid: string; token: string }> =>
    until(async () => {
      const { results } = await admin.get("/api/v1/mails/?page_size=1000");
      const mails = results as { to: string; kind: string; text: string }[];
      const mail = mails.find(({ to, kind }) => to === email && kind === `account-${purpose}`);
      const [, uid = "", token = ""] = new RegExp(`/account/${purpose}/([\\w-]+)/([\\w-]+)`).exec(mail?.text ?? "") ?? [];
      return token === "" ? undefined : { uid, token };
    }, `the ${purpose} mail to ${email}`);

  async function register(client: BrokerClient, username: string, email: string): Promise<number> {
    const made = await client.askAnonymously("POST", "/auth/users/", { username, password: PASSWORDS[0], email });
    assert.deepEqual([made.status, made.body], [201, { email, username, id: made.body.id }]);
    const resent = await client.askAnonymously("POST", "/auth/users/resend_activation/", { email });
    assert.equal(resent.status, 204);
    const opened = await client.askAnonymously("POST", "/auth/users/activation/", await linkTo(email, "activation"));
    assert.equal(opened.status, 204);
    return made.body.id;
  }

  for (const make of [(url: string): BrokerClient => new HawkClient(url), (url: string): BrokerClient => new JwtClient(url)]) {
    const named = make("").name;
    it(`by ${named}`, async () => {
      const client = make(api());
      const username = `walker.${named.replaceAll(" ", "-")}`;
      const email = `${username}@example.org`;
      const good = async (method: string, path: string, body?: unknown, status = 200): Promise<Said["body"]> => {
        const answer = await client.ask(method, path, body);
        assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
        return answer.body;
      };

      // An account, and what one does with it.
      const id = await register(client, username, email);
      const other = await register(client, `${OTHER.username}.${username}`, `${username}.${OTHER.email}`);
      await client.signIn(username, PASSWORDS[0]);
      const self = { id, username, email };
      assert.deepEqual((await good("GET", "/auth/users/")).results, [self]);
      assert.deepEqual(await good("GET", "/auth/users/me/"), self);
      assert.deepEqual(await good("GET", `/auth/users/${id}/`), self);
      for (const [method, path] of [
        ["PUT", "/auth/users/me/"],
        ["PATCH", "/auth/users/me/"],
        ["PUT", `/auth/users/${id}/`],
        ["PATCH", `/auth/users/${id}/`],
      ] as const)
        assert.deepEqual(await good(method, path, { email, username: "ignored" }), self);
      assert.equal((await client.ask("GET", `/auth/users/${other}/`)).status, 404);

      await good("POST", "/auth/users/set_password/", { current_password: PASSWORDS[0], new_password: PASSWORDS[1] }, 204);
      await client.signIn(username, PASSWORDS[1]);
      await good("POST", "/auth/users/reset_password/", { email }, 204);
      const reset = { ...(await linkTo(email, "password")), new_password: PASSWORDS[2] };
      await good("POST", "/auth/users/reset_password_confirm/", reset, 204);
      await client.signIn(username, PASSWORDS[2]);
      await good("POST", "/auth/users/set_username/", { current_password: PASSWORDS[2], new_username: `${username}.2` }, 204);
      await good("POST", "/auth/users/reset_username/", { email }, 204);
      const renamed = { ...(await linkTo(email, "username")), new_username: `${username}.3` };
      await good("POST", "/auth/users/reset_username_confirm/", renamed, 204);
      await client.signIn(`${username}.3`, PASSWORDS[2]);

      // Where one works, and with whom.
      const university = (await good("GET", "/v1/universities/")).results[0];
      const faculty = (await good("GET", `/v1/universities/${university.id}/faculties/?page=last`)).results.at(-1);
      const fields = await good("GET", `/v1/universities/${university.id}/faculties/${faculty.id}/study_fields/`);
      await good("PATCH", "/v1/researchers/me/", { first_name: "Wil", last_name: "Walker", faculty: faculty.id });
      assert.deepEqual(await good("GET", "/v1/studies/fields/"), fields.results);
      const [colleague, ...nobody] = (await good("GET", "/v1/researchers/")).results;
      assert.deepEqual([colleague.id, colleague.last_name, nobody], [id, "Walker", []]);

      // A study with people.
      const roles = await good("GET", "/v1/studies/roles/");
      assert.deepEqual(
        roles.map((role: { id: string }) => role.id),
        ["ADMINISTRATOR", "RESEARCHER", "MEMBER"],
      );
      const write = { code: "W-1", name: "A walk", human_subject: false, field: fields.results[0].id };
      const made = await good("POST", "/v1/studies/", { ...write, contributors: [other] });
      assert.deepEqual(await good("GET", `/v1/studies/${made.id}/`), made);
      assert.deepEqual((await good("GET", "/v1/studies/?page=1")).results, [made]);
      const changed = await good("PUT", `/v1/studies/${made.id}/`, { ...write, description: "On foot.", owner: other, id: 1 });
      assert.deepEqual([changed.description, changed.id, changed.owner.id], ["On foot.", made.id, id]);
      assert.deepEqual(changed.contributors, made.contributors);
      const people = [
        { researcher_id: id, role: "ADMINISTRATOR" },
        { researcher_id: other, role: "MEMBER" },
      ];
      const listed = await good("POST", `/v1/studies/${made.id}/contributors/`, people);
      assert.deepEqual(
        listed.map((one: { role: string }) => one.role),
        ["ADMINISTRATOR", "MEMBER"],
      );
      assert.deepEqual((await good("GET", `/v1/studies/${made.id}/contributors/`)).results, listed);

      // Somebody is invited, hands in a file, and it arrives. Only staff may write into folders of the server.
      const storage = await admin.post("/api/v1/storages/", {
        name: "shelf",
        engine: "FOLDER",
        location: folder,
        username: "",
        password: "",
      });
      await admin.post(`/api/v1/studies/${made.id}/storages/`, { storage: storage.id, path: username });
      const guest = { study: made.id, name: "Gerda Guest", email: `guest.of.${email}` };
      const invitation = await good("POST", "/v1/invitations/", guest, 201);
      const study = await good("GET", `/v1/studies/${made.id}/`);
      assert.deepEqual([study.has_storage, study.total_invitations, study.total_files], [true, 1, 0]);
      await upload(study.api_upload_url, { filename: "steps.csv", upload_code: invitation.upload_code });
      const drop = await until(async () => {
        const { results } = await good("GET", `/v1/dropoffs/?study=${made.id}&status=DONE`);
        return results[0];
      }, "the drop is delivered");
      assert.deepEqual([drop.original_filename, drop.filesize, drop.uploader.name], ["steps.csv", 5, "Gerda Guest"]);
      assert.equal(readFileSync(join(folder, username, "steps.csv"), "utf8"), "1,2,3");

      await lifeOfAMachine(good, admin, made.id);

      // And all ends.
      const kept = await client.ask("DELETE", "/auth/users/me/", { current_password: PASSWORDS[2] });
      assert.equal(kept.status, 409);
      await good("DELETE", `/v1/studies/${made.id}/`, undefined, 204);
      assert.equal((await client.ask("GET", `/v1/studies/${made.id}/`)).status, 404);
      assert.equal((await client.ask("DELETE", `/auth/users/${other}/`, { current_password: PASSWORDS[0] })).status, 403);
      await good("DELETE", `/auth/users/${id}/`, { current_password: PASSWORDS[2] }, 204);
      await assert.rejects(client.signIn(`${username}.3`, PASSWORDS[2]));
      await client.signIn(`${OTHER.username}.${username}`, PASSWORDS[0]);
      await good("DELETE", "/auth/users/me/", { current_password: PASSWORDS[0] }, 204);

      const served = OPERATIONS.filter(operation => !/^\/auth\/(hawk|jwt)\//.test(operation.path));
      assert.deepEqual(
        served.filter(operation => !wasWalked(client, operation)).map(nameOf),
        [],
        "operations that nobody walked",
      );
      for (const operation of OPERATIONS) if (wasWalked(client, operation)) walked.add(nameOf(operation));
    });
  }

  it("comes past every documented operation", () => assert.deepEqual([...walked].sort(), OPERATIONS.map(nameOf).sort()));
});

/** What a machine is made of, and one that an outside system builds and removes. */
async function lifeOfAMachine(
  good: (method: string, path: string, body?: unknown, status?: number) => Promise<Said["body"]>,
  admin: Client,
  study: number,
): Promise<void> {
  const providers = await good("GET", "/v1/virtualmachines/providers/");
  assert.ok(providers.some((one: { id: string }) => one.id === "vrw"));
  const first: Record<string, number> = {};
  for (const kind of ["gpu", "memory", "network", "os", "profiles", "storage"]) {
    const { results } = await good("GET", `/v1/virtual_machines/vrw/${kind}/`);
    assert.ok(results.length > 0 && results.every((part: Said["body"]) => part.provider.id === "vrw"), kind);
    const all = (await good("GET", `/v1/virtualmachines/${kind}/?page_size=1000`)).results;
    assert.ok(
      results.every((part: Said["body"]) => all.some((one: Said["body"]) => one.id === part.id)),
      kind,
    );
    assert.deepEqual(await good("GET", `/v1/virtualmachines/${kind}/${results[0].id}/`), results[0]);
    first[kind] = results[0].id;
  }
  const write = {
    name: "a machine",
    provider: "vrw",
    study,
    profile: first.profiles,
    operating_system: first.os,
    base_memory_type: first.memory,
    base_storage_type: first.storage,
  };
  const made = await good("POST", "/v1/virtualmachines/", write);
  assert.deepEqual([made.access, made.remote_id, made.study.id], [[], "", study]);
  assert.deepEqual((await good("GET", "/v1/virtualmachines/")).results, [made]);
  assert.deepEqual(await good("GET", `/v1/virtualmachines/${made.id}/`), made);
  const changed = await good("PUT", `/v1/virtualmachines/${made.id}/`, { ...write, base_memory_amount: 2 });
  assert.equal(changed.total_memory, 2 * made.total_memory);
  await good("DELETE", `/v1/virtualmachines/${made.id}/`, undefined, 204);
  // The row goes once the outside system has removed the machine.
  const waiting = (await admin.get("/api/v1/vrw/workspaces/?status=DELETE")).results as { id: number; study: { id: number } }[];
  for (const { id } of waiting.filter(one => one.study.id === study))
    await admin.put(`/api/v1/vrw/workspaces/${id}/status/`, { status: "TERMINATED" });
  assert.deepEqual((await good("GET", "/v1/virtualmachines/")).results, []);
}

/** Parameters are numbers, but for the name of a provider: else "me" would pass for an id. */
function wasWalked({ walked }: BrokerClient, operation: Operation): boolean {
  const path = operation.path.replaceAll("{provider}", "[a-z]+").replaceAll(/\{\w+\}/g, "\\d+");
  const pattern = new RegExp(`^${operation.method} ${path}$`);
  return [...walked].some(one => pattern.test(one));
}

const upload = (endpoint: string, metadata: Record<string, string>): Promise<void> =>
  new Promise((resolve, reject) =>
    new Upload(Buffer.from("1,2,3"), { endpoint, metadata, onError: reject, onSuccess: () => resolve() }).start(),
  );
