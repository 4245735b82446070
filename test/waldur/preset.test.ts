import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadPreset } from "../../src/core/presets/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { asHavreError } from "../../src/kernel/errors.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { Store } from "../../src/store/store.ts";
import { type Havre, startHavre } from "../harness/havre.ts";
import { Asker, signedIn } from "./client.ts";

const uuid = (n: number): string => String(n).padStart(32, "a");
const dashed = (n: number): string => uuid(n).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
const KEY = "a-token-from-elsewhere";
/** That of the server. */
const SECRET = "a secret key of the tests, long enough for all";

const PRESET = {
  _metadata: { title: "A small world", version: "1" },
  users: [
    { uuid: uuid(1), username: "chief", is_staff: true, password: "Chief-of-all-7" },
    { uuid: uuid(2), username: "rita", first_name: "Rita", email: "rita@example.org", password: "Rita-has-one-8", llama: 1 },
    { uuid: uuid(3), username: "agent" },
  ],
  auth_tokens: [{ key: KEY, user_uuid: dashed(3) }],
  customers: [
    { uuid: uuid(10), name: "Buyer", abbreviation: "B", domain: "b.example" },
    { uuid: uuid(11), name: "Seller" },
  ],
  projects: [{ uuid: uuid(20), name: "Project", customer_uuid: uuid(10), backend_id: "p-1", oecd_fos_2007_code: "1.2" }],
  category_groups: [{ uuid: uuid(30), title: "Group" }],
  categories: [{ uuid: uuid(31), title: "HPC", group_uuid: uuid(30) }],
  service_providers: [{ uuid: uuid(12), customer_uuid: uuid(11) }],
  offerings: [
    {
      uuid: uuid(40),
      name: "Cluster",
      type: "Marketplace.Slurm",
      customer_uuid: uuid(11),
      category_uuid: uuid(31),
      state: 2,
      shared: true,
    },
  ],
  offering_components: [
    {
      uuid: uuid(41),
      offering_uuid: uuid(40),
      type: "cpu",
      name: "CPU",
      billing_type: "usage",
      measured_unit: "h",
      max_value: 9,
    },
  ],
  plans: [{ uuid: uuid(42), name: "Plan", offering_uuid: uuid(40), unit: "month" }],
  plan_components: [{ plan_uuid: uuid(42), component_type: "cpu", price: "0.1000000000" }],
  user_roles: [
    { user_uuid: uuid(2), role_name: "PROJECT.MANAGER", scope_type: "structure.project", scope_uuid: uuid(20) },
    { user_uuid: uuid(3), role_name: "CUSTOMER.OWNER", scope_type: "customer", scope_uuid: uuid(11) },
  ],
  offering_users: [{ uuid: uuid(50), offering_uuid: uuid(40), user_uuid: uuid(2), username: "rita1" }],
  resources: [
    {
      uuid: uuid(60),
      name: "Old",
      offering_uuid: uuid(40),
      project_uuid: uuid(20),
      plan_uuid: uuid(42),
      limits: { cpu: 2 },
      backend_id: "b-1",
    },
    { uuid: uuid(61), name: "Gone", offering_uuid: uuid(40), project_uuid: uuid(20), state: "Terminated" },
  ],
  orders: [
    {
      uuid: uuid(62),
      marketplace_resource_uuid: uuid(60),
      type: "Create",
      state: "done",
      limits: { cpu: 2 },
      created_by_uuid: uuid(2),
    },
  ],
  llamas: [],
};

describe("a preset", () => {
  let havre: Havre;
  const folder = mkdtempSync(join(tmpdir(), "havre-preset-"));
  before(async () => {
    havre = await startHavre();
  });
  after(async () => {
    await havre.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** In this process: starting another takes long. */
  const loadHere = async (preset: unknown): Promise<string> => {
    const store = new Store({ connection: havre.database.connection, maxConnections: 2, onError: () => {} });
    try {
      await loadPreset({ store, clock: systemClock, secrets: new Secrets(SECRET) }, preset);
      return "loaded";
    } catch (error) {
      return asHavreError(error).message;
    } finally {
      await store.close();
    }
  };
  const load = (preset: unknown): { status: number | null; text: string } => {
    const file = join(folder, "preset.json");
    writeFileSync(file, JSON.stringify(preset));
    const { PATH = "", HOME = "" } = process.env;
    const env = {
      PATH,
      HOME,
      DATABASE_URL: havre.database.url,
      DATA_DIR: havre.dataDir,
      SECRET_KEY: SECRET,
    };
    const { status, stdout } = spawnSync(process.execPath, ["src/main.ts", "admin", "load", "preset", file], {
      env,
      encoding: "utf8",
    });
    return { status, text: stdout };
  };

  it("is loaded from the command line: its tokens, passwords and uuids serve", async () => {
    const { status, text } = load(PRESET);
    assert.equal(status, 0, text);
    assert.match(text, /warning: llamas: skipped/);
    assert.match(text, /warning: users\[1\]: llama skipped/);
    assert.match(text, /offerings: 1/);
    const rita = await signedIn(havre.url, "rita", "Rita-has-one-8");
    const agent = new Asker(havre.url, KEY);
    assert.equal((await agent.get("/api/users/me/")).uuid, uuid(3));
    const project = await rita.get(`/api/projects/${uuid(20)}/`);
    assert.deepEqual([project.backend_id, project.customer_uuid, project.oecd_fos_2007_code], ["p-1", uuid(10), "1.2"]);
    const [offering] = await rita.get("/api/marketplace-public-offerings/");
    assert.deepEqual([offering.uuid, offering.plans[0].prices, offering.components[0].max_value], [uuid(40), { cpu: 0.1 }, 9]);
    assert.equal((await agent.get(`/api/marketplace-service-providers/?customer_uuid=${uuid(11)}&field=uuid`))[0].uuid, uuid(12));
    assert.equal((await agent.get(`/api/marketplace-offering-users/?offering_uuid=${uuid(40)}`))[0].username, "rita1");
    const chief = await signedIn(havre.url, "chief", "Chief-of-all-7");
    assert.equal((await chief.get("/api/users/me/")).is_staff, true);
    const order = await rita.create("/api/marketplace-orders/", {
      project: uuid(20),
      offering: uuid(40),
      plan: uuid(42),
      limits: { cpu: 3 },
    });
    assert.deepEqual([order.cost, order.state], ["0.3000000000", "pending-consumer"]);
    const resource = await rita.get(`/api/marketplace-resources/${uuid(60)}/`);
    assert.deepEqual(
      [resource.state, resource.cost, resource.limits, resource.backend_id],
      ["OK", "0.2000000000", { cpu: 2 }, "b-1"],
    );
    assert.equal((await rita.get(`/api/marketplace-resources/${uuid(61)}/`)).state, "Terminated");
    const old = await rita.get(`/api/marketplace-orders/${uuid(62)}/`);
    assert.deepEqual(
      [old.type, old.state, old.created_by_username, old.marketplace_resource_uuid],
      ["Create", "done", "rita", uuid(60)],
    );
    assert.equal((await rita.get(`/api/marketplace-resources/${uuid(60)}/plan_periods/`)).length, 1);
  });

  it("again changes nothing, and brings what was changed back", async () => {
    const rita = await signedIn(havre.url, "rita", "Rita-has-one-8");
    await rita.patch(`/api/projects/${uuid(20)}/`, { description: "changed" });
    const users = (await rita.get("/api/users/")).length;
    assert.equal(await loadHere(PRESET), "loaded");
    assert.equal((await rita.get(`/api/projects/${uuid(20)}/`)).description, "");
    assert.equal((await rita.get("/api/users/")).length, users);
    assert.equal((await rita.get(`/api/projects/${uuid(20)}/list_users/`)).length, 1);
    assert.equal((await rita.get(`/api/marketplace-resources/${uuid(60)}/plan_periods/`)).length, 1);
    assert.equal((await new Asker(havre.url, KEY).get("/api/users/me/")).username, "agent");
  });

  it("with a mistake in it loads nothing", async () => {
    const wrong: readonly (readonly [object, RegExp])[] = [
      [
        {
          customers: [
            { uuid: uuid(70), name: "New" },
            { uuid: uuid(70), name: "Twice" },
          ],
        },
        /is there twice/,
      ],
      [{ customers: [{ uuid: uuid(70) }] }, /name is missing/],
      [{ customers: [{ uuid: "x", name: "New" }] }, /is no uuid/],
      [
        { customers: [{ uuid: uuid(70), name: "New" }], projects: [{ uuid: uuid(71), name: "P", customer_uuid: uuid(99) }] },
        /nothing has the uuid/,
      ],
      [{ customers: [{ uuid: uuid(70), name: "Buyer" }] }, /has this name already/],
      [
        { resources: [{ uuid: uuid(74), name: "R", offering_uuid: uuid(40), project_uuid: uuid(20), state: "llama" }] },
        /is none of/,
      ],
      [
        { resources: [{ uuid: uuid(74), name: "R", offering_uuid: uuid(40), project_uuid: uuid(20), limits: { x: 1 } }] },
        /resources\[0\]/,
      ],
      [{ orders: [{ uuid: uuid(75), marketplace_resource_uuid: uuid(99) }] }, /nothing has the uuid/],
      [
        { offering_components: [{ uuid: uuid(72), offering_uuid: uuid(40), type: "x", name: "X", billing_type: "llama" }] },
        /refuses a value/,
      ],
    ];
    for (const [preset, words] of wrong) {
      assert.match(await loadHere({ categories: [{ uuid: uuid(73), title: "Never" }], ...preset }), words);
    }
    const chief = await signedIn(havre.url, "chief", "Chief-of-all-7");
    assert.deepEqual(await chief.get("/api/marketplace-categories/?title=Never"), []);
    assert.deepEqual(await chief.get("/api/customers/?name=New"), []);
  });
});
