import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadCatalogue } from "../../core/machines/index.ts";
import type { Person } from "../../core/people/model.ts";
import { GIB } from "../../kernel/units.ts";
import { type MachinesServer, machinesServer } from "./machines.fixture.ts";

const NOT_FOUND = { status: 404, body: { detail: "Not found." } };
const KINDS = ["gpu", "memory", "network", "os", "profiles", "storage"];

describe("what machines are made of, on the wire", () => {
  let server: MachinesServer;
  let person: Person;
  before(async () => {
    server = await machinesServer();
    person = await server.person();
  });
  after(() => server.close());
  const get = (url: string) => server.call(person, "GET", url);

  for (const kind of KINDS) {
    it(`${kind}: a page of all, a page of a provider's, and one`, async () => {
      const all = (await get(`/api/v1/virtualmachines/${kind}/?page_size=1000`)).body;
      const providers = ["vrw", "openstack"];
      const each = await Promise.all(
        providers.map(async id => (await get(`/api/v1/virtual_machines/${id}/${kind}/?page_size=1000`)).body),
      );
      assert.ok(all.count > 0);
      assert.deepEqual(Object.keys(all), ["count", "next", "previous", "results"]);
      assert.equal(each[0].count + each[1].count, all.count);
      for (const [index, id] of providers.entries())
        assert.ok(each[index].results.every((one: { provider: { id: string } }) => one.provider.id === id));
      const [first] = all.results;
      assert.deepEqual(await get(`/api/v1/virtualmachines/${kind}/${first.id}/`), { status: 200, body: first });
    });

    it(`${kind}: only read, for whoever signed in, and only of what is there`, async () => {
      const path = `/api/v1/virtualmachines/${kind}/`;
      assert.equal((await server.call(undefined, "GET", path)).status, 401);
      for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
        assert.deepEqual(await server.call(person, method, path, {}), {
          status: 405,
          body: { detail: `Method "${method}" not allowed.` },
        });
        assert.equal((await server.call(person, method, `${path}1/`, {})).status, 405);
        assert.equal((await server.call(person, method, `/api/v1/virtual_machines/vrw/${kind}/`, {})).status, 405);
      }
      assert.deepEqual(await get(`/api/v1/virtual_machines/aws/${kind}/`), NOT_FOUND);
      assert.deepEqual(await get(`${path}999999/`), NOT_FOUND);
      assert.deepEqual(await get(`${path}?page=99`), { status: 404, body: { detail: "Invalid page." } });
      assert.equal((await get(`/api/v1/virtual_machines/vrw/${kind}/1/`)).status, 404);
    });
  }

  it("a part of one kind is not found among another", async () => {
    const id = server.part("memory", "4 GB block");
    assert.equal((await get(`/api/v1/virtualmachines/memory/${id}/`)).status, 200);
    assert.deepEqual(await get(`/api/v1/virtualmachines/storage/${id}/`), NOT_FOUND);
  });

  it("each kind has the fields that the contract gives it", async () => {
    const shape = async (kind: string, id: number) => {
      const { created_at, updated_at, id: _, ...rest } = (await get(`/api/v1/virtualmachines/${kind}/${id}/`)).body;
      assert.match(created_at, /^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$/);
      assert.match(updated_at, /^\d{4}/);
      return rest;
    };
    const provider = { id: "openstack", name: "OpenStack" };
    assert.deepEqual(await shape("memory", server.part("memory", "4 GB block")), {
      name: "4 GB block",
      provider,
      unit_value: 4 * GIB,
    });
    assert.deepEqual(await shape("storage", server.part("storage", "100 GB block")), {
      name: "100 GB block",
      provider,
      unit_value: 100 * GIB,
    });
    assert.deepEqual(await shape("network", server.part("network", "Internet")), {
      name: "Internet",
      provider,
      unit_value: 1,
      network_type: "public",
    });
    assert.deepEqual(await shape("gpu", server.part("gpu", "GPU")), { name: "GPU", provider });
    assert.deepEqual(await shape("os", server.part("os", "Debian 13")), { name: "Debian 13", provider });
    const profile = await shape("profiles", server.profile("Large with a GPU"));
    assert.deepEqual(
      {
        ...profile,
        os: profile.os.name,
        memory_type: profile.memory_type.name,
        storage_type: profile.storage_type.unit_value,
        gpu_type: profile.gpu_type.name,
        networks: profile.networks.map((one: { name: string }) => one.name),
      },
      {
        name: "Large with a GPU",
        description: "4 x 16 GB block memory, 5 x 100 GB block storage",
        cloud_id: "",
        provider,
        os: "Ubuntu 24.04",
        memory_type: "16 GB block",
        memory_amount: 4,
        storage_type: 100 * GIB,
        storage_amount: 5,
        gpu_type: "GPU",
        gpu_amount: 1,
        networks: ["Research network"],
      },
    );
    assert.equal((await shape("profiles", server.profile("Small"))).gpu_type, null);
  });

  it("the providers, and whether this server is connected to them", async () => {
    assert.deepEqual(await get("/api/v1/virtualmachines/providers/"), {
      status: 200,
      body: [
        { id: "vrw", name: "VRW", connected: true },
        { id: "openstack", name: "OpenStack", connected: true },
      ],
    });
    const alone = await machinesServer({ openstackUrl: "" });
    const { body } = await alone.call(await alone.person(), "GET", "/api/v1/virtualmachines/providers/");
    assert.deepEqual(body[1], { id: "openstack", name: "OpenStack", connected: false });
    await alone.close();
  });

  it("what is not offered any more is in no list, and still answers by its id", async () => {
    const own = await machinesServer();
    const reader = await own.person();
    const offered = async (kind: string): Promise<string[]> =>
      (await own.call(reader, "GET", `/api/v1/virtual_machines/vrw/${kind}/?page_size=1000`)).body.results.map(
        (one: { name: string }) => one.name,
      );
    assert.ok((await offered("os")).includes("Windows 11"));
    const parts = [{ kind: "os", provider: "vrw", name: "Windows 11", isAvailable: false }] as const;
    const small = {
      provider: "vrw",
      name: "Small",
      isAvailable: false,
      os: "Windows 11",
      memory: ["4 GB block", 1],
      storage: ["10 GB block", 1],
      networks: [],
    } as const;
    assert.equal(await loadCatalogue(own.world, { parts, profiles: [small] }, true), 0);
    assert.ok(!(await offered("os")).includes("Windows 11"));
    assert.ok(!(await offered("profiles")).includes("Small"));
    assert.equal(
      (await own.call(reader, "GET", `/api/v1/virtualmachines/os/${own.part("os", "Windows 11", "vrw")}/`)).status,
      200,
    );
    assert.equal(
      (await own.call(reader, "GET", `/api/v1/virtualmachines/profiles/${own.profile("Small", "vrw")}/`)).body.os.name,
      "Windows 11",
    );
    await own.close();
  });

  it("a catalogue with a profile of parts that are not there changes nothing", async () => {
    const before = (await get("/api/v1/virtualmachines/os/?page_size=1000")).body;
    const parts = [{ kind: "os", provider: "vrw", name: "Plan 9" }] as const;
    const wrong = {
      provider: "vrw",
      name: "X",
      os: "Plan 10",
      memory: ["4 GB block", 1],
      storage: ["10 GB block", 1],
      networks: [],
    } as const;
    await assert.rejects(loadCatalogue(server.world, { parts, profiles: [wrong] }, true), {
      kind: "invalid",
      message: 'vrw has no part of kind os with the name "Plan 10".',
    });
    assert.deepEqual((await get("/api/v1/virtualmachines/os/?page_size=1000")).body, before);
  });
});
